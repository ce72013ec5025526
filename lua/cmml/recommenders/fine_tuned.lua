--- Networks over sequences that take gradient steps on what a person did: what came next until the
-- last item that was shown.
--
-- All people of a batch take their steps together, without a matrix for each (see
-- network/fast_weights.lua). With `fine_tune_items` the vectors of items take steps, too: a copy of
-- those that a person's steps touch, the items that were shown and those they are compared with;
-- all others are everybody's.
--
-- @module cmml.recommenders.fine_tuned
local changed = require("cmml.base.options").changed

return function(cmml, use)
  local core = cmml.core
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  use "network.fast_weights"
  local fine_tuned = {}

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

  -- Parts of a sum over rows: each row of a task counts alike but the last one, which has nothing
  -- behind it; and whether any task has another.
  local function shares_of(segments)
    local shares, any = {}, false
    for _, n in ipairs(segments:totable()) do
      for row = 1, n do
        shares[#shares + 1] = row < n and 1 / (n - 1) or 0
      end
      any = any or n > 1
    end
    return core.tensor(shares), any
  end

  -- What each task touches: places of the rows' items, of what follows and of what they are
  -- compared with in each step, among distinct pairs of task and item; the task and item of these.
  local function touched_by(rows, negatives, n)
    local owners = rows.segments:groups():totable()
    local place, tasks, items = {}, {}, {}
    local function places_of(ids)
      local list = {}
      for row, item in ipairs(ids:totable()) do
        local key = (owners[row] - 1) * n + item
        if not place[key] then
          tasks[#tasks + 1], items[#items + 1] = owners[row], item
          place[key] = #tasks
        end
        list[row] = place[key]
      end
      return core.ids(list)
    end
    local found = { items = places_of(rows.items), negatives = {} }
    for step, ids in ipairs(negatives) do
      found.negatives[step] = places_of(ids)
    end
    local after = found.items:totable() -- a row's target is the next row of its task
    for row = 1, #after do
      after[row] = after[row + 1] or after[row]
    end
    found.following = core.ids(after)
    found.tasks, found.rows = core.ids(tasks), core.ids(items)
    return found
  end

  -- The weights of tasks behind their steps.
  local function steps_of(self, own, rows, shares)
    local opt, negatives = self.options, {}
    local key = { seed = 0, draw = 1, tasks = { 1 } }
    for step = 1, opt.fine_tune_steps do
      negatives[step] = next_item.others(self.known, rows.items, key, step)
    end
    local found = touched_by(rows, negatives, #self.catalogue.items)
    local start = self.module.items:of(found.rows):detach()
    local tunes = opt.fine_tune_items
    local weights = cmml.fast_weights(#rows.segments, function(through, step, tables)
      local table_ = tunes and tables.items or start
      local states = own.states(self, table_:gather_rows(found.items), rows, nil,
        through(rows.segments))
      local errors = next_item.compared(states, table_:gather_rows(found.following),
        table_:gather_rows(found.negatives[step])) * shares
      return errors:reshape({ -1, 1 }):segment_sum(rows.segments):reshape { -1 }
    end, { steps = opt.fine_tune_steps, lr = opt.fine_tune_lr,
      rows = tunes and { items = start } or nil,
      row_owners = tunes and { items = found.tasks } or nil })
    return weights, tunes and { tasks = found.tasks, items = found.rows,
      vectors = weights.rows.items, places = found.items } or nil
  end

  -- Puts the scores of the items that people's steps changed in place of those of everybody.
  local function with_touched(self, users, touched, scores)
    local n = #self.catalogue.items
    local own = core.row_dot(users:gather_rows(touched.tasks), touched.vectors)
    local of_all = core.row_dot(users:gather_rows(touched.tasks),
      self.module.items:of(touched.items))
    local places, items = {}, touched.items:totable()
    for i, task in ipairs(touched.tasks:totable()) do
      places[i] = (task - 1) * n + items[i]
    end
    local flat = scores:reshape { -1, 1 }
    return flat:scatter_add_rows((own - of_all):reshape { -1, 1 }, core.ids(places))
      :reshape(scores.shape)
  end

  --- A declaration of a kind for `kind`: that of `sequence_network`, whose function states takes a
  -- table of functions `through` besides, which layers go through.
  -- @tparam table own see `sequence_network`; tune_steps is the default number
  -- of steps, if it is not 10
  -- @treturn table
  function fine_tuned.declared(own)
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
      local shares, any = shares_of(rows.segments)
      if not any or self.options.fine_tune_steps == 0 then
        return plain_adapt(self, support)
      end
      local weights, touched = steps_of(self, own, rows, shares)
      local e = touched and touched.vectors:gather_rows(touched.places)
        or self.module.items:of(rows.items)
      local states = own.states(self, e, rows, nil, weights(rows.segments))
      return { users = core.embedding(states, core.last_rows(rows.segments)):detach(),
        touched = touched, diverged = weights.diverged }
    end
    function all.score_all(self, state)
      local scores = plain_all(self, state)
      return state.touched and with_touched(self, state.users, state.touched, scores) or scores
    end
    function all.score(self, state, rows)
      if not state.touched then
        return network.score(self, state.users, rows)
      end
      return core.pick_scores(all.score_all(self, state), rows.items, rows.segments)
    end
    return all
  end

  return fine_tuned
end
