--- Batches of tasks of the scenario setting: for each scenario labelled pairs to adapt to, and
-- pairs of a positive and a negative to learn from.
--
-- @module cmml
local args = require "cmml.base.args"
local of_scenarios = require "cmml.settings.scenarios.shared_options"
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local raise = args.error

local known = sets.declare("scenarios.tasks", {
  { name = "candidates", kind = "table", required = true,
    help = "items of the scenarios: scenarios (Segments), items (Ids)" },
  { name = "pairs", kind = "table", required = true,
    help = "known, support and query pairs, see core.draw_scenarios" },
  { name = "scenarios", kind = "table", required = true, help = "list of numbers, one a task" },
  of_scenarios.support, of_scenarios.support_negatives,
  { name = "query", kind = "integer", default = 128, from = 0,
    help = "number of positives to train on; 0: none, and the support takes what there is" },
  of_scenarios.query_negatives,
  { name = "batch", kind = "integer", default = 16, from = 1, unit = "tasks",
    help = "number of tasks at once" },
  sets.changed(shared.seed, { help = "seed of the draws" }),
  of_scenarios.order, of_scenarios.negatives,
  { name = "shuffle", kind = "boolean", default = false,
    help = "visit the scenarios in a fresh order each draw" },
  { name = "rounds", kind = "integer", default = 1, from = 1,
    help = "how often a draw visits each scenario, with a fresh task each time" },
})

return function(cmml, use)
  local Split = use "settings.scenarios.split"
  local core = cmml.core
  local ScenarioTasks = { __name = "cmml.ScenarioTasks" }
  ScenarioTasks.__index = ScenarioTasks

  --- A source of tasks, one a scenario; `ScenarioSplit:tasks` makes it.
  -- @tparam table options see below
  -- @treturn ScenarioTasks
  function cmml.scenarios.tasks(options)
    return setmetatable(known:check(options), ScenarioTasks)
  end

  --- Tasks of a split.
  -- @tparam[opt] table options scenarios ("train", the default, "valid", "test" or a list of
  -- numbers), and those of `scenarios.tasks` but candidates and pairs
  -- @treturn ScenarioTasks
  function Split:tasks(options)
    if options ~= nil and type(options) ~= "table" then
      raise(("ScenarioSplit:tasks: a table of options was expected, not %s"):format(
        args.describe(options)), 2)
    end
    local opt = {}
    for key, value in pairs(options or {}) do
      opt[key] = value
    end
    local which = opt.scenarios or "train"
    if type(which) == "string" then
      which = self[args.one_of("ScenarioSplit:tasks: scenarios", which, { "train", "valid",
        "test" })]
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
  -- users, positives, negatives (those of the first positive, ..)}; tasks (the list), draw and
  -- seed: the key of what is drawn for each task; fallbacks (negatives whose users had touched all
  -- items of their scenario)
  function ScenarioTasks:draw(draw, list)
    local pairs = self.pairs
    local support, query, fallbacks = core.draw_scenarios(self.candidates, pairs.known,
      pairs.support, pairs.query, args.call(core.ids, list), { seed = self.seed, draw = draw,
        support = self.support, support_negatives = self.support_negatives, query = self.query,
        query_negatives = self.query_negatives,
        published = self.negatives == "published",
        positives_first = self.order == "positives-first" })
    return { support = support, query = query, tasks = list, draw = draw, seed = self.seed,
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
    for _, key in ipairs(known:names()) do
      options[key] = self[key]
    end
    options.scenarios = {}
    options.pairs = { known = self.pairs.known, support = self.pairs.support,
      query = self.pairs.query }
    return options
  end
end
