--- Batches of tasks of the scenario setting: for each scenario labelled pairs to adapt to, and
-- pairs of a positive and a negative to learn from.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  use "settings.scenarios.split"
  local core = cmml.core
  local ScenarioTasks = { __name = "cmml.ScenarioTasks" }
  ScenarioTasks.__index = ScenarioTasks

  local known = { candidates = "table", pairs = "table", scenarios = "table",
    support = { "integer", 64 }, support_negatives = { "integer", 64 },
    query = { "integer", 128 }, query_negatives = { "integer", 1 }, batch = { "integer", 16 },
    seed = { "integer", 1 }, order = { "string", "mixed" },
    negatives = { "string", "untouched" }, shuffle = { "boolean", false },
    rounds = { "integer", 1 } }

  --- A source of tasks, one a scenario; `ScenarioSplit:tasks` makes it.
  -- @tparam table options candidates (scenarios: Segments, items: Ids), pairs (known, support and
  -- query, see `core.draw_scenarios`), scenarios (list of numbers), and those of
  -- `ScenarioSplit:tasks`: support, support_negatives, query, query_negatives, batch, seed, order,
  -- negatives, shuffle, rounds
  -- @treturn ScenarioTasks
  function cmml.scenarios.tasks(options)
    local opt = args.check("scenario_tasks", options, known)
    args.one_of("scenario_tasks: order", opt.order, { "mixed", "positives-first" })
    args.one_of("scenario_tasks: negatives", opt.negatives, { "untouched", "published" })
    if opt.batch < 1 or opt.rounds < 1 then
      raise(("scenario_tasks: batch and rounds must be at least 1, not %d and %d"):format(opt.batch,
        opt.rounds), 2)
    elseif opt.query_negatives < 1 then
      raise(("scenario_tasks: query_negatives must be at least 1, but is %d"):format(
        opt.query_negatives), 2)
    elseif opt.support < 0 or opt.support_negatives < 0 or opt.query < 0 then
      raise(("scenario_tasks: support, support_negatives and query must not be negative, as %d, %d "
        .. "and %d"):format(opt.support, opt.support_negatives, opt.query), 2)
    elseif opt.seed < 0 then
      raise(("scenario_tasks: seed must not be negative, as %d is"):format(opt.seed), 2)
    end
    return setmetatable(opt, ScenarioTasks)
  end

  --- Tasks of a split.
  -- @tparam[opt] table options scenarios ("train", the default, "valid", "test" or a list of
  -- numbers); support (positives of a task, 64), support_negatives (64; in proportion where there
  -- are fewer positives); query (positives to learn from, 128; 0: none, and the support takes
  -- what there is), query_negatives (beside each of them, 1); batch (tasks at once, 16); seed;
  -- order of the support ("mixed": a fresh random one a draw; "positives-first"); negatives of the
  -- support ("untouched": uniform over the items of the scenario that the user is not known to have
  -- taken, one after another for each positive; "published": of a random positive's user, only
  -- other than that item); shuffle (visit in a fresh order each draw), rounds (how often a draw
  -- visits each scenario, with a fresh task each time)
  -- @treturn ScenarioTasks
  function cmml.scenarios.Split:tasks(options)
    if options ~= nil and type(options) ~= "table" then
      raise(("tasks: a table of options was expected, not %s"):format(tostring(options)), 2)
    end
    local opt = {}
    for key, value in pairs(options or {}) do
      opt[key] = value
    end
    local which = opt.scenarios or "train"
    if type(which) == "string" then
      which = self[args.one_of("tasks: scenarios", which, { "train", "valid", "test" })]
    end
    opt.scenarios, opt.candidates, opt.pairs = which, self.candidates, self.pairs
    return cmml.scenarios.tasks(opt)
  end

  --- How many batches a draw has.
  -- @treturn integer
  function ScenarioTasks:count()
    return self.rounds * math.ceil(#self.scenarios / self.batch)
  end

  --- Iterates over the scenarios of one draw, batch by batch.
  -- @tparam integer draw epoch, or number of the evaluation draw, from 1
  -- @treturn function giving lists of scenario numbers, and the number that `draw` is to be given
  -- for them
  function ScenarioTasks:people(draw)
    local round, first, scenarios = 0, math.huge, nil
    return function()
      if first > #self.scenarios then
        if round == self.rounds or #self.scenarios == 0 then
          return nil
        end
        round, first, scenarios = round + 1, 1, self.scenarios
        if self.shuffle then
          local order = core.choose(#scenarios, #scenarios, { seed = self.seed,
            epoch = (draw - 1) * self.rounds + round, stream = core.streams.order }):totable()
          scenarios = {}
          for i, at in ipairs(order) do
            scenarios[i] = self.scenarios[at]
          end
        end
      end
      local last = math.min(first + self.batch - 1, #scenarios)
      local list = table.move(scenarios, first, last, 1, {})
      first = last + 1
      return list, (draw - 1) * self.rounds + round
    end
  end

  --- The tasks of some scenarios. A task depends on (seed, draw, scenario) alone.
  -- @tparam integer draw
  -- @tparam table list of scenario numbers
  -- @treturn table support = {segments, users, items, labels}, labels 1 or 0; query = {segments,
  -- users, positives, negatives (those of the first positive, ..)}; scenarios (the list); draw
  -- and seed (its key); fallbacks (negatives whose users had touched all items of their scenario)
  function ScenarioTasks:draw(draw, list)
    local pairs = self.pairs
    local support, query, fallbacks = core.draw_scenarios(self.candidates, pairs.known,
      pairs.support, pairs.query, args.call(core.ids, list), { seed = self.seed, draw = draw,
        support = self.support, support_negatives = self.support_negatives, query = self.query,
        query_negatives = self.query_negatives,
        published = self.negatives == "published",
        positives_first = self.order == "positives-first" })
    return { support = support, query = query, scenarios = list, draw = draw, seed = self.seed,
      fallbacks = fallbacks }
  end

  --- Iterates over the batches of one draw.
  -- @tparam integer draw
  -- @treturn function giving what `draw` gives
  function ScenarioTasks:batches(draw)
    local people = self:people(draw)
    return function()
      local list, number = people()
      return list and self:draw(number, list)
    end
  end

  --- What another thread makes the tasks from.
  -- @treturn table options of `scenarios.tasks`: plain data, Ids and Segments
  function ScenarioTasks:export()
    local options = {}
    for key in pairs(known) do
      options[key] = self[key]
    end
    options.scenarios = {}
    options.pairs = { known = self.pairs.known, support = self.pairs.support,
      query = self.pairs.query }
    return options
  end
end
