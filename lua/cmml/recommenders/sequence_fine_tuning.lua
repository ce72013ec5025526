--- Networks over sequences that take gradient steps on what a person did: what came next until the
-- last item that was shown.
--
-- All people of a batch take their steps together (see network/fine_tuning.lua); what items are
-- compared with in a step is drawn for each place of a sequence, so that nobody's steps depend on
-- who else is there. With `fine_tune_items` vectors of items take steps, too: a person's own copy
-- of those that the steps touch.
--
-- @module cmml.recommenders.sequence_fine_tuning
local changed = require("cmml.base.options").changed

return function(cmml, use)
  local core = cmml.core
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  use "network.fine_tuning"
  local fine_tuning = {}

  local options = {
    { name = "fine_tune_steps", kind = "integer", from = 0, to = 1000, default = 10,
      unit = "steps", group = "model", search = "5|10|50",
      help = "number of gradient steps on what a person did, before lists are made; by comparisons "
        .. "with items drawn at random" },
    { name = "fine_tune_lr", kind = "number", above = 0, default = 0.05, group = "model",
      search = "log:1e-3:0.5", help = "learning rate of these steps" },
    { name = "fine_tune_items", kind = "boolean", default = false, group = "model",
      help = "whether vectors of items take these steps, too" },
  }

  -- What people learn from: all rows but the last, of those with more than one, and what came
  -- behind each; nil where nobody has two.
  local function known_steps(rows)
    local read, following, places, lengths, at = {}, {}, {}, {}, 0
    for person, n in ipairs(rows.segments:totable()) do
      for place = 1, n - 1 do
        read[#read + 1], following[#following + 1] = at + place, at + place + 1
        places[#places + 1] = place
      end
      lengths[person], at = math.max(n - 1, 0), at + n
    end
    return #read > 0 and { items = core.map_ids(core.ids(read), rows.items),
      positives = core.map_ids(core.ids(following), rows.items),
      segments = core.segments(lengths) } or nil, places
  end

  -- People with weights of their own; nil where nobody has anything to learn from.
  local function tuned(self, rows)
    local opt, data, places = self.options, known_steps(rows)
    if not data or opt.fine_tune_steps == 0 then
      return nil
    end
    data.negatives = {}
    for step = 1, opt.fine_tune_steps do
      data.negatives[step] = next_item.others(self.known, data.positives,
        { seed = 0, draw = 1, tasks = { 1 } }, step, places)
    end
    return cmml.fine_tune({ encoder = self.module.encoder, items = self.module.items:all() }, data,
      { steps = opt.fine_tune_steps, rate = opt.fine_tune_lr, items = opt.fine_tune_items,
        encode = function(_, items)
          return network.encoder_options(self, items)
        end })
  end

  --- A declaration of a kind for `kind`: that of `sequence_network`, whose encoder's layers may go
  -- through functions that are given it (`through`, as of `sequence_encoder`).
  -- @tparam table own see `sequence_network`; tune_steps is the default number of steps, if it is
  -- not 10
  -- @treturn table
  function fine_tuning.declared(own)
    local with, given = table.move(own.options or {}, 1, #(own.options or {}), 1, {}), {}
    for key, value in pairs(own) do
      given[key] = value
    end
    given.tune_steps = nil
    for i, option in ipairs(options) do
      with[#with + 1] = i == 1 and own.tune_steps and changed(option, {
        default = own.tune_steps }) or option
    end
    given.options = with
    given.steps = { "fine_tune_steps" }
    local all = network.declared(given)
    function all.cannot_freeze(self)
      return self.options.fine_tune_steps > 0 and "it takes gradient steps on what a person did, "
        .. "which no graph has; with fine_tune_steps = 0 it adapts by a forward pass" or nil
    end
    local plain_adapt, plain_all = all.adapt, all.score_all
    function all.adapt(self, support)
      local rows = latest.rows(support, self.options.length)
      local people = tuned(self, rows)
      if not people then
        return plain_adapt(self, support)
      end
      return { users = core.embedding(people:encode(rows.items, rows.segments),
        core.last_rows(rows.segments)), people = self.options.fine_tune_items and people or nil,
        diverged = people.diverged }
    end
    function all.score_all(self, state)
      return state.people and state.people:scores(state.users) + self.ties
        or plain_all(self, state)
    end
    function all.score(self, state, rows)
      if not state.people then
        return network.score(self, state.users, rows)
      end
      return core.pick_scores(all.score_all(self, state), rows.items, rows.segments)
    end
    return all
  end

  return fine_tuning
end
