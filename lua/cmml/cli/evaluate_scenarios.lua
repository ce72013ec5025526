--- `cmml evaluate` in the scenario setting: full ranking in scenarios never seen.
--
-- @module cmml.cli.evaluate_scenarios
local kept = require "cmml.cli.kept"
local loaded = require "cmml.cli.loaded"
local progress = require "cmml.base.progress"
local scenario_run = require "cmml.experiment.scenario_run"
local scenarios = require "cmml.cli.scenarios"
local wrap = require("cmml.base.text").wrap

local evaluate_scenarios = {}

-- What has nothing to learn, and what tables of 80 columns call it.
local rivals = { "cf_score", "popularity", "support_popularity" }
local short = { support_popularity = "support popularity" }

-- "10,20" as numbers.
local function cutoffs_of(text)
  local list = {}
  for word in (text .. ","):gmatch "([^,]*)," do
    local k = math.tointeger(tonumber(word))
    if not k or k < 1 then
      return nil, ("--cutoffs must be whole numbers from 1 with commas between them, not %q")
        :format(text)
    end
    list[#list + 1] = k
  end
  return list
end

local function title_of(model)
  return short[model.kind] or model.title
end

-- Results of the models, each on a split as its preset has it, and of the rivals.
local function judge(cmml, values, data, entries)
  local results, titles, split = {}, {}, nil
  local opt = { cutoffs = values.cutoffs, seed = values.seed or 1, draws = values.draws or 1,
    max_users = values.max_users }
  local function add(title, model)
    local show = progress.judging(cmml.core, title, values.quiet)
    opt.on_scenario = show.on_scenario
    local found = cmml.evaluate_ranking({ model }, split, opt)
    titles[#titles + 1], results[#results + 1] = title, found[1]
    results.pairs, results.scenarios = found.pairs, found.scenarios
    results.unchecked = results.unchecked or found.unchecked and title or nil
    show.finish()
  end
  for _, entry in ipairs(entries) do
    split = scenarios.split(values, data, { split = { query_fraction = entry.notes.query_fraction } })
    local ok, message = kept.check(cmml, entry, split)
    if not ok then
      return nil, message
    end
    add(loaded.title_of(entry, entries), entry.model)
  end
  if not values.no_rivals then
    local model = entries[1].model
    local vectors = model.catalogue.vectors
    split = scenarios.split(values, data)
    scenario_run.add_vectors(split, scenario_run.vectors(cmml, { vectors = values.vectors,
      factors = vectors and vectors.items.shape[2], preset = cmml.presets[model.options.preset] }))
    for _, kind in ipairs(rivals) do
      local rival = scenario_run.rival(cmml, split, kind)
      add(title_of(rival), rival)
    end
  end
  return results, titles, split
end

-- The results with the pairs of some scenarios alone: those of one domain.
local function of_domain(cmml, results, data, domain)
  local part = {}
  for m, result in ipairs(results) do
    part[m] = {}
    for name, metric in pairs(result) do
      local values = {}
      for i, value in ipairs(metric.values) do
        if data.scenarios[results.pairs.scenario[i]].domain == domain then
          values[#values + 1] = value
        end
      end
      part[m][name] = cmml.metrics.summary(values)
    end
  end
  return part
end

-- Tables of as many columns as 80 characters take.
local function print_tables(cmml, titles, results, cutoffs, leaky)
  local widest = 13 -- "model (leaky)"
  for _, title in ipairs(titles) do
    widest = math.max(widest, #title)
  end
  local most = math.max(1, (79 - widest - 4) // 18)
  for _, name in ipairs { "recall", "ndcg" } do
    for first = 1, #cutoffs, most do
      local names = {}
      for i = first, math.min(first + most - 1, #cutoffs) do
        names[#names + 1] = ("%s@%d"):format(name, cutoffs[i])
      end
      -- what could not be checked is said once, above
      local judged = table.move(results, 1, #results, 1, {})
      print("\n" .. cmml.metrics.format_results(titles, judged, names, leaky))
    end
  end
end

local function print_report(cmml, values, results, titles, split)
  local data = split.data
  local first = results[1][("recall@%d"):format(values.cutoffs[1])]
  local leaks = split.leaky and "What is judged was there to be learnt from" or results.unchecked
    and "Leaks would not be seen: the file of %s does not tell what its vectors were made of"
    or "Nothing that is judged was there to be learnt from, as far as the files tell"
  local text = ("%s: %d test scenarios, %d pairs of scenario and user (%d skipped)%s; full "
    .. "ranking, mean of %d draws of the supports; ±: 95 %% interval over pairs; protocol %s. ")
    :format(data.name, #results.scenarios, first.tasks, first.skipped, values.max_users
    and (", at most %d users of a scenario"):format(values.max_users) or "", values.draws or 1,
    split.protocol)
  print(wrap(text .. leaks:format(results.unchecked), 0, 79))
  print_tables(cmml, titles, results, values.cutoffs, split.leaky)
  for _, part in ipairs(data.parts or {}) do
    print(("\nscenarios of %s alone:"):format(part.name))
    print_tables(cmml, titles, of_domain(cmml, results, data, part.name), values.cutoffs,
      split.leaky)
  end
end

--- Runs the command for models of scenarios.
-- @tparam table cmml the library
-- @tparam table values options
-- @tparam table entries models of `loaded.read`
-- @treturn ?true
-- @treturn ?string message
function evaluate_scenarios.run(cmml, values, entries)
  local cutoffs, message = cutoffs_of(values.cutoffs or "10,20,50")
  if not cutoffs then
    return nil, message
  end
  values = loaded.complete(values, entries[1])
  values.cutoffs = cutoffs
  local ok
  for _, entry in ipairs(entries) do
    ok, message = loaded.check_scenarios(entry, values)
    if not ok then
      return nil, message
    end
  end
  local results, titles, split = judge(cmml, values, scenarios.read(cmml, values), entries)
  if not results then
    return nil, titles
  end
  print_report(cmml, values, results, titles, split)
  return true
end

return evaluate_scenarios
