--- Evaluation in the scenario setting: adapt to the support of a scenario, rank for each of its
-- users all items that are not known of the user, and see where the held-out ones stand.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_leaks = use "settings.scenarios.leaks"

  local function check_models(models, data)
    if type(models) ~= "table" or #models == 0 then
      raise("evaluate_ranking: a list of recommenders was expected", 3)
    end
    for m, model in ipairs(models) do
      if type(model) ~= "table" or not model.adapt_rows then
        raise(("evaluate_ranking: entry %d of the list must be a recommender, not %s"):format(m,
          type(model)), 3)
      elseif model.setting ~= "scenario" then
        raise(("evaluate_ranking: entry %d, %s, is for ratings of users, not for scenarios"):format(
          m, tostring(model)), 3)
      end
      for _, side in ipairs { "users", "items" } do
        local known = model.catalogue and model.catalogue[side]
        if known and #known ~= #data[side] then
          raise(("evaluate_ranking: entry %d, %s, knows %d %s, but the split has %d: they are not "
            .. "of the same data"):format(m, tostring(model), #known, side, #data[side]), 3)
        end
      end
    end
  end

  local known = { part = { "string", "test" }, cutoffs = { "table", { 10, 20, 50 } },
    seed = { "integer", 1 }, draws = { "integer", 1 }, max_users = "integer?",
    support = "integer?", support_negatives = "integer?", order = "string?",
    negatives = "string?", batch = { "integer", 16 }, chunk = { "integer", 20000 },
    scenarios = "table?", on_scenario = "function?" }

  -- The most cutoffs, and the highest, that core.ranking_metrics takes.
  local most, highest = 1000, (1 << 31) - 1

  local function check_numbers(opt)
    for _, name in ipairs { "draws", "batch", "chunk", "max_users" } do
      if opt[name] and opt[name] < 1 then
        raise(("evaluate_ranking: %s must be at least 1, but is %d"):format(name, opt[name]), 3)
      end
    end
    if opt.seed < 0 then
      raise(("evaluate_ranking: seed must not be negative, as %d is"):format(opt.seed), 3)
    end
    args.sizes("evaluate_ranking: cutoffs", opt.cutoffs, 4)
    if #opt.cutoffs > most then
      raise(("evaluate_ranking: %d cutoffs are too many: at most %d are supported"):format(
        #opt.cutoffs, most), 3)
    end
    for _, k in ipairs(opt.cutoffs) do
      if k > highest then
        raise(("evaluate_ranking: cutoffs must be at most %d, as %d is not"):format(highest, k), 3)
      end
    end
  end

  -- The supports of a model are drawn as its preset says, unless the caller says how.
  local function tasks_for(model, split, opt, list)
    local training, options = model.training or {}, { scenarios = list, query = 0,
      batch = opt.batch, seed = opt.seed }
    for _, key in ipairs { "support", "support_negatives", "order", "negatives" } do
      options[key] = opt[key] == nil and training[key] or opt[key]
    end
    return split:tasks(options)
  end

  -- The users that a scenario is judged by: all, or a sample that depends on seed and scenario.
  local function judges(split, scenario, opt)
    local users = core.pair_users(split.pairs[opt.part], scenario)
    if not opt.max_users or #users <= opt.max_users then
      return users:totable()
    end
    local chosen = core.choose(#users, opt.max_users, { seed = opt.seed, epoch = scenario,
      stream = core.streams.judges })
    local list = core.map_ids(chosen, users):totable()
    table.sort(list)
    return list
  end

  -- The lists that a scenario is judged on, a few thousand rows at a time.
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

  -- Adds a chunk's metrics to a model's values.
  local function add_values(values, found, first, draws)
    for name, list in pairs(found) do
      local column = values[name] or {}
      values[name] = column
      for i, value in ipairs(list) do
        column[first + i] = (column[first + i] or 0) + value / draws
      end
    end
  end

  -- Judges all models on one scenario, which is task t of their states.
  local function judge(models, split, scenario, t, states, values, first, opt, users)
    local empty = {}
    for i = 1, states.tasks do
      empty[i] = 0
    end
    for rows in lists_of(split, scenario, users, opt) do
      empty[t] = #rows.items
      local segments = core.segments(empty)
      for m, model in ipairs(models) do
        local scores = #rows.items > 0 and cmml.no_grad(model.score_rows, model, states[m],
          rows.items, segments, rows.users) or core.full({ 0 }, 0)
        local metrics = cmml.metrics.ranking(scores, rows.labels, rows.segments, opt.cutoffs)
        local kept = { auc = metrics.auc }
        for _, k in ipairs(opt.cutoffs) do
          for _, name in ipairs { "recall", "ndcg" } do
            local key = ("%s@%d"):format(name, k)
            kept[key] = metrics[key]
          end
        end
        add_values(values[m], kept, first, opt.draws)
      end
      first = first + #rows.segments
    end
    return first
  end

  local function summaries(values, spans)
    local result = {}
    for name, list in pairs(values) do
      local summary, by_scenario = cmml.metrics.summary(list), {}
      for i, span in ipairs(spans) do
        by_scenario[i] = cmml.metrics.summary(table.move(list, span[1], span[2], 1, {})).mean
      end
      summary.values, summary.by_scenario = list, by_scenario
      result[name] = summary
    end
    return result
  end

  --- Evaluates recommenders of the scenario setting by full ranking. Of each scenario and each user
  -- of whom items of it are held out, all items of the scenario are ranked but those that are known
  -- of the user; what is held out is to be found. Raises where something that is judged was there
  -- to be learnt from (not for a split that is leaky as a whole), and where nothing is held out.
  -- @tparam table models list of recommenders
  -- @tparam ScenarioSplit split
  -- @tparam[opt] table options part ("test", the default, or "valid"); cutoffs (default {10, 20,
  -- 50}); seed and draws of the supports (default 1 and 1: values are means over draws); max_users
  -- (of a scenario, a fixed random sample; default all); support, support_negatives, order,
  -- negatives (see `ScenarioSplit:tasks`; default: what the model's preset says, else that of
  -- `tasks`); batch (scenarios adapted to at once, 16), chunk (rows scored at once, 20000);
  -- scenarios (list of numbers; default: those of the part); on_scenario(done, count)
  -- @treturn table for each model a table by metric (recall@k, ndcg@k, auc): mean, interval, tasks
  -- and skipped (pairs of scenario and user), values (one a pair, NaN where all or none of the list
  -- is held out), by_scenario (means). Field pairs of the list: {scenario, user} of the values,
  -- always in the same order; field scenarios: numbers in the order of by_scenario; field leaky;
  -- field unchecked: whether a model has vectors or counts from a file, which does not tell what
  -- they were made of, so that a leak in them would not be seen
  function cmml.evaluate_ranking(models, split, options)
    local opt = args.check("evaluate_ranking", options, known)
    args.check("evaluate_ranking", { split = split }, { split = "cmml.ScenarioSplit" })
    args.one_of("evaluate_ranking: part", opt.part, { "test", "valid" })
    check_models(models, split.data)
    check_numbers(opt)
    local scenarios, values, tasks = opt.scenarios or split[opt.part], {}, {}
    if #scenarios == 0 then
      raise(("evaluate_ranking: there are no %s scenarios"):format(opt.part), 2)
    end
    for _, scenario in ipairs(scenarios) do
      if not split.data.scenarios[scenario] then
        raise(("evaluate_ranking: there is no scenario %s; the data have %d"):format(
          tostring(scenario), #split.data.scenarios), 2)
      end
    end
    local unchecked = check_leaks(models, split, opt.part)
    for m, model in ipairs(models) do
      values[m], tasks[m] = {}, tasks_for(model, split, opt, scenarios)
    end
    local users, spans, where = {}, {}, { scenario = {}, user = {} }
    for i, scenario in ipairs(scenarios) do
      users[i] = judges(split, scenario, opt)
      spans[i] = { #where.user + 1, #where.user + #users[i] }
      for _, user in ipairs(users[i]) do
        table.insert(where.scenario, scenario)
        table.insert(where.user, user)
      end
    end
    if #where.user == 0 then
      raise(("evaluate_ranking: there is nothing to judge: of no user is an item of the %d %s "
        .. "scenarios held out; %s of the split"):format(#scenarios, opt.part, split.leaky
        and "lower support_pairs" or opt.part == "test" and "raise held_out"
        or "raise valid_held_out"), 2)
    end
    for draw = 1, opt.draws do
      local done = 0
      for list in tasks[1]:people(draw) do
        local states = { tasks = #list }
        for m, model in ipairs(models) do
          states[m] = cmml.no_grad(model.adapt_rows, model, tasks[m]:draw(draw, list).support)
        end
        for t, scenario in ipairs(list) do
          done = done + 1
          judge(models, split, scenario, t, states, values, spans[done][1] - 1, opt, users[done])
          if opt.on_scenario then
            opt.on_scenario((draw - 1) * #scenarios + done, opt.draws * #scenarios)
          end
        end
      end
    end
    local results = { pairs = where, scenarios = scenarios, leaky = split.leaky,
      unchecked = unchecked }
    for m in ipairs(models) do
      results[m] = summaries(values[m], spans)
    end
    return results
  end
end
