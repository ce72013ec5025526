--- Networks over sequences that take gradient steps on what a person did: what came next until the
-- last item that was shown.
--
-- All people of a batch take their steps together, without a matrix for each, and with
-- `fine_tune_items` each has vectors of its own of the items that its steps touch (see
-- network/fine_tuning.lua). What an interaction is compared with in a step depends on its place in
-- the person's sequence, so that nobody's lists depend on who else is adapted.
--
-- @module cmml.recommenders.sequence_fine_tuning
local changed = require("cmml.base.options").changed

return function(cmml, use)
  local core = cmml.core
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  use "network.fine_tuning"
  local sequence_fine_tuning = {}

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

  -- What each person takes steps on, see `fine_tune`: what was done but for the last of it, what
  -- came next behind each, and what that is compared with.
  local function data_of(self, rows)
    local lengths, from, behind, at = {}, {}, {}, 0
    for person, n in ipairs(rows.segments:totable()) do
      for row = at + 1, at + n - 1 do
        from[#from + 1], behind[#behind + 1] = row, row + 1
      end
      lengths[person], at = math.max(n - 1, 0), at + n
    end
    local data = { items = core.map_ids(core.ids(from), rows.items), negatives = {},
      positives = core.map_ids(core.ids(behind), rows.items), segments = core.segments(lengths) }
    local places = data.segments:places()
    for step = 1, self.options.fine_tune_steps do
      data.negatives[step] = next_item.others_at(self.known, data.positives, places, step)
    end
    return data
  end

  -- The network and the items' vectors of people, behind their steps.
  local function fine_tuned(self, data, vectors)
    local opt = self.options
    return cmml.fine_tune({ encoder = self.module.encoder, items = vectors }, data,
      { steps = opt.fine_tune_steps, rate = opt.fine_tune_lr, items = opt.fine_tune_items,
        encode = function(_, items)
          return network.encoder_options(self, items)
        end })
  end

  --- The states of people behind their steps.
  -- @tparam Recommender self
  -- @tparam table support Rows
  -- @tparam[opt] Tensor items vectors of all items [items, width], if not the network's own
  -- @tparam[opt] function last as of `network.declared`, where it is not the usual one
  -- @treturn ?table users [people, width], tuned (FineTuned), diverged; nil: nobody takes a step
  function sequence_fine_tuning.adapted(self, support, items, last)
    local rows = latest.rows(support, self.options.length)
    local data = self.options.fine_tune_steps > 0 and data_of(self, rows) or nil
    if not data or #data.items == 0 then
      return nil
    end
    local tuned, segments = fine_tuned(self, data, items or self.module.items:all()), rows.segments
    local users = core.embedding(tuned:encode(rows.items, segments), core.last_rows(segments))
    -- who did nothing has the state that a forward pass gives of it, as alone
    local empty = 1 - core.segment_sum(core.full({ #rows.items, 1 }, 1), segments):step()
    local nothing = { items = core.ids {}, segments = core.segments { 0 } }
    local of_nothing = (last or network.last)(self, core.full({ 0, users.shape[2] }, 0), nothing)
    return { users = users + empty * of_nothing:detach(), diverged = tuned.diverged, tuned = tuned }
  end

  --- A declaration of a kind for `kind`: that of `sequence_network`, whose encoder takes `through`
  -- besides, functions that layers go through (see `fast_weights`).
  -- @tparam table own see `sequence_network`; tune_steps is the default number
  -- of steps, if it is not 10
  -- @treturn table
  function sequence_fine_tuning.declared(own)
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
      return sequence_fine_tuning.adapted(self, support, nil, own.last)
        or plain_adapt(self, support)
    end
    function all.score_all(self, state)
      return state.tuned and state.tuned:scores(state.users) + self.ties or plain_all(self, state)
    end
    function all.score(self, state, rows)
      if not (state.tuned and self.options.fine_tune_items) then
        return network.score(self, state.users, rows)
      end
      return core.pick_scores(all.score_all(self, state), rows.items, rows.segments)
    end
    return all
  end

  return sequence_fine_tuning
end
