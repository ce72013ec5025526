--- Evaluation in the setting scenarios: adapt to the support of a scenario, rank for each of its
-- users all items that are not known of the user, and see where the held-out ones stand.
--
-- @module cmml
local args = require "cmml.base.args"
local defaults = require "cmml.settings.scenarios.defaults"
local of_scenarios = require "cmml.settings.scenarios.shared_options"
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local plain = require "cmml.base.plain"
local raise = args.error

-- An option of tasks that the preset of a model decides unless it is given.
local function as_trained(declared)
  return sets.changed(declared, { default = false, default_text = "the model's preset's" })
end

return function(cmml, use)
  local core = cmml.core
  local Split = use "settings.scenarios.split"
  local check_leaks = use "settings.scenarios.leaks"

  local function check_models(models, data)
    for m, model in ipairs(models) do
      for _, side in ipairs { "users", "items" } do
        local known = model.catalogue and model.catalogue[side]
        if known and #known ~= #data[side] then
          raise(("evaluate: entry %d, %s, knows %d %s, but the split has %d: they are not "
            .. "of the same data"):format(m, tostring(model), #known, side, #data[side]), 3)
        end
      end
    end
  end

  Split.evaluation_options = sets.declare("ScenarioSplit:evaluation", {
    { name = "part", kind = "string", choices = { "test", "valid" }, default = "test",
      help = "which scenarios" },
    sets.changed(shared.seed, { help = "seed of the supports" }),
    { name = "max_users", kind = "integer", from = 1, unit = "users", default_text = "all",
      help = "maximum number of users of a scenario, a fixed random sample" },
    as_trained(of_scenarios.support), as_trained(of_scenarios.support_negatives),
    as_trained(of_scenarios.order), as_trained(of_scenarios.negatives),
    { name = "batch", kind = "integer", default = 16, from = 1, unit = "scenarios",
      help = "number of scenarios adapted to at once" },
    { name = "chunk", kind = "integer", default = 20000, from = 1, unit = "rows",
      help = "number of rows scored at once" },
    { name = "scenarios", kind = "table", help = "list of numbers", default_text = "the part's" },
  })

  -- The supports of a model are drawn as its preset says, unless the caller says how.
  local function tasks_for(model, split, opt, list)
    local training, options = model.training or {}, { scenarios = list, query = 0,
      batch = opt.batch, seed = opt.seed }
    for _, key in ipairs { "support", "support_negatives", "order", "negatives" } do
      options[key] = opt[key] == nil and training[key] or opt[key]
    end
    return split:tasks(options)
  end

  -- The users that a scenario is evaluated on: all, or a sample that depends on seed and scenario.
  local function users_of(split, scenario, opt)
    local users = core.pair_users(split.pairs[opt.part], scenario)
    if not opt.max_users or #users <= opt.max_users then
      return users:totable()
    end
    local chosen = core.choose(#users, opt.max_users, { seed = opt.seed, epoch = scenario,
      stream = core.streams.judges })
    local list = core.map_ids(chosen, users):totable()
    plain.sort(list)
    return list
  end

  -- The lists of a scenario, a few thousand rows at a time.
  local function lists_of(split, scenario, users, opt)
    local n_items = #split.data.scenarios[scenario].items
    local each, first = math.max(1, opt.chunk // n_items), 1
    return function()
      if first > #users then
        return nil
      end
      local some = table.move(users, first, math.min(first + each - 1, #users), 1, {})
      first = first + each
      return core.ranking_rows(split.candidates, scenario, split.pairs[opt.part],
        split.removed[opt.part], core.ids(some))
    end
  end

  -- Rows to be scored as those of one task among those of a batch.
  local function as_task(rows, t, tasks)
    local lengths = {}
    for i = 1, tasks do
      lengths[i] = i == t and #rows.items or 0
    end
    return { segments = core.segments(lengths), lists = rows.segments, items = rows.items,
      users = rows.users, labels = rows.labels }
  end

  -- The lists of the scenarios of a batch, one scenario after another.
  local function batch_lists(split, list, first_scenario, where, opt, told)
    local t, lists, at = 0, nil, 0
    return function()
      while true do
        local rows = lists and lists()
        if rows then
          local before = at
          at = at + #rows.segments
          return as_task(rows, t, #list), before
        elseif t > 0 then
          told()
        end
        t = t + 1
        if t > #list then
          return nil
        end
        local number = first_scenario + t - 1
        lists = lists_of(split, list[t], where.of[number], opt)
        at = where.spans[number][1] - 1
      end
    end
  end

  -- Which users each scenario is evaluated on, and where their values stand.
  local function places(split, scenarios, opt)
    local where = { of = {}, spans = {}, scenario = {}, user = {} }
    for i, scenario in ipairs(scenarios) do
      where.of[i] = users_of(split, scenario, opt)
      where.spans[i] = { #where.user + 1, #where.user + #where.of[i] }
      for _, user in ipairs(where.of[i]) do
        table.insert(where.scenario, scenario)
        table.insert(where.user, user)
      end
    end
    return where
  end

  local function scenarios_of(split, opt)
    local scenarios = opt.scenarios or split[opt.part]
    if #scenarios == 0 then
      raise(("evaluate: there are no %s scenarios"):format(opt.part), 3)
    end
    for _, scenario in ipairs(scenarios) do
      if not split.data.scenarios[scenario] then
        raise(("evaluate: there is no scenario %s; the data have %d"):format(
          plain.tostring(scenario), #split.data.scenarios), 3)
      end
    end
    return scenarios
  end

  --- What `evaluate` asks of tasks, by full ranking. Of each scenario and each user of whom items
  -- of it are held out, all items of the scenario are ranked but those that are known of the user;
  -- what is held out is to be found. Raises where something that is evaluated was there to be
  -- learnt from (not for a split that is leaky as a whole), and where nothing is held out.
  --
  -- Results tell besides: by_scenario of each metric (means; NaN where no pair is left); pairs,
  -- {scenario, user} of the values, always in the same order; scenarios, numbers in the order of
  -- by_scenario; groups, where the pairs of each scenario lie; leaky; unchecked, whether a model
  -- has vectors or counts from a file, which does not tell what they were made of, so that a leak
  -- in them would not be seen.
  -- @tparam table models list of recommenders
  -- @tparam table options of `evaluate`, and those below
  -- @treturn table see evaluate/evaluate.lua
  function Split:evaluation(models, options)
    local opt = options
    check_models(models, self.data)
    local scenarios, tasks = scenarios_of(self, opt), {}
    local unchecked = check_leaks(models, self, opt.part)
    for m, model in ipairs(models) do
      tasks[m] = tasks_for(model, self, opt, scenarios)
    end
    local where = places(self, scenarios, opt)
    if #where.user == 0 then
      raise(("evaluate: there is nothing to evaluate on: of no user is an item of the %d %s "
        .. "scenarios held out; %s of the split"):format(#scenarios, opt.part, self.leaky
        and "lower " .. args.option "support_pairs" or "raise " .. args.option(opt.part == "test"
        and "held_out" or "valid_held_out")), 2)
    end
    local done, draws = 0, opt.draws or defaults.draws
    local function told()
      done = done + 1
      if opt.on_task then
        opt.on_task(done, draws * #scenarios)
      end
    end
    return {
      binary = true, ranks = true, about = { items = models[1].catalogue.items,
        popularity = models[1].catalogue.items.counts and {
          counts = models[1].catalogue.items.counts, people = #self.data.users } },
      noun = { "pair of scenario and user", "pairs of scenario and user" },
      defaults = defaults,
      batches = function(draw)
        local first, people = 1, tasks[1]:people(draw)
        return function()
          local list = people()
          if not list then
            return nil
          end
          local batch = { support = function(m)
            return tasks[m]:draw(draw, list).support
          end, next = batch_lists(self, list, first, where, opt, told) }
          first = first + #list
          return batch
        end
      end,
      finish = function(results)
        results.pairs = { scenario = where.scenario, user = where.user }
        results.scenarios, results.leaky, results.unchecked = scenarios, self.leaky, unchecked
        results.groups = { name = "by_scenario", noun = "scenarios", spans = where.spans }
      end,
    }
  end
end
