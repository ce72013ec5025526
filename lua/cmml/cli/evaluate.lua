--- `cmml evaluate`: how well models serve users, ratings or scenarios they have never seen.
--
-- @module cmml.cli.evaluate
local common = require "cmml.cli.common"
local evaluate_scenarios = require "cmml.cli.evaluate_scenarios"
local loaded = require "cmml.cli.loaded"
local progress = require "cmml.base.progress"
local scenarios = require "cmml.cli.scenarios"
local wrap = require("cmml.base.text").wrap

local evaluate = {
  summary = "judge models on users or scenarios that they have never seen",
  usage = "cmml evaluate --model FILE[,FILE..] --data DIR [OPTIONS]",
}

evaluate.options = common.join({
  { name = "model", kind = "string", arg = "FILES", required = true,
    help = "model files, with commas between them" },
}, common.data_options, scenarios.data_options, {
  { name = "draws", kind = "integer", arg = "N",
    help = "draws of support and query a user, who counts with the mean, or of the support of a "
      .. "scenario [default: 5, of scenarios 1]" },
  { name = "seed", kind = "integer", arg = "N",
    help = "seed of the draws [default: 1000, of scenarios 1]" },
  { name = "cutoffs", kind = "string", arg = "LIST", setting = "scenario",
    help = "scenario setting: recall and NDCG of the first so many, with commas [default: "
      .. "10,20,50]" },
  { name = "max-users", kind = "integer", arg = "N", setting = "scenario",
    help = "scenario setting: judge at most so many users of a scenario, a fixed sample [default: "
      .. "all]" },
  { name = "relevant", kind = "number", arg = "X", setting = "user",
    help = "user setting: show also how well each query is ranked: query items rated X or higher "
      .. "are to be found [default: this is not shown]" },
  { name = "shuffle-labels", kind = "flag", setting = "user",
    help = "user setting: permute the labels within each support set before adapting: what is "
      .. "lost is what the model reads from them" },
  { name = "no-simple", kind = "flag", setting = "user",
    help = "user setting: leave out the simple predictors, which are counted on the same training "
      .. "ratings" },
  { name = "no-rivals", kind = "flag",
    help = "leave out matrix factorisation and item-kNN, which learn from them; of scenarios CF "
      .. "score, popularity and popularity in the support" },
  { name = "quiet", kind = "flag", help = "no progress" },
}, { common.modules_option })

for i, option in ipairs(evaluate.options) do
  if option.name == "support" then
    evaluate.options[i] = { name = "support", kind = "string", arg = "N[,N..]",
      setting = "user",
      help = "user setting: ratings at most that a task adapts to; with several numbers: results "
        .. "by support, each the beginning of the next larger one [default: 40]" }
  elseif option.name == "query" then
    evaluate.options[i] = { name = "query", kind = "integer", arg = "N", setting = "user",
      help = "user setting: ratings at most that a task is judged by [default: 10]" }
  end
end

-- "0,1,5" as numbers.
local function sizes_of(text)
  local sizes = {}
  for word in (text .. ","):gmatch("([^,]*),") do
    local size = math.tointeger(tonumber(word))
    if not size or size < 0 then
      return nil, ("--support must be whole numbers from 0 with commas between them, not %q")
        :format(text)
    end
    sizes[#sizes + 1] = size
  end
  return sizes
end

-- Adds models to the results of each evaluation and size. Each is judged over its own catalogue;
-- the draws depend on the data alone.
local function judge(cmml, values, data, models, results)
  local found = cmml.users.evaluate_protocol(models, data, { sizes = values.sizes, query = values.query,
    seed = values.seed, shuffle_labels = values.shuffle_labels, draws = values.draws,
    relevant = values.relevant })
  for e, evaluation in ipairs(found) do
    results[e] = results[e] or { name = evaluation.name, leaky = evaluation.leaky, by_size = {} }
    for k, list in ipairs(evaluation.by_size) do
      local all = results[e].by_size[k] or {}
      results[e].by_size[k] = table.move(list, 1, #list, #all + 1, all)
    end
  end
end

-- The predictors that no file holds, learnt from the training ratings of the data.
local function others(cmml, values, data)
  return common.join(values.no_simple and {} or cmml.fit_simple(data),
    values.no_rivals and {} or cmml.fit_rivals(data))
end

-- One table, or with several supports one for each metric.
local function print_metrics(cmml, values, titles, evaluation, names)
  if #values.sizes == 1 then
    print(cmml.metrics.format_results(titles, evaluation.by_size[1], names, evaluation.leaky))
    return
  end
  for i, name in ipairs(names) do
    print(("%s%s\n\n%s"):format(i > 1 and "\n" or "", name, cmml.metrics.format_by_support(titles,
      values.sizes, evaluation.by_size, name, evaluation.leaky)))
  end
end

local function report(cmml, values, titles, evaluation, protocol)
  local first = evaluation.by_size[1][1]
  local who = evaluation.name == "cold users" and "%d test users" or evaluation.name .. ": %d users"
  local text = (who .. " (%d skipped), support up to %s, %d query ratings, mean of %d draws; "
    .. "protocol %s%s"):format(first.mae.tasks, first.mae.skipped,
    table.concat(values.sizes, ", "), values.query, values.draws, protocol,
    values.shuffle_labels and "; labels permuted within each support set" or "")
  print(wrap(text, 0, 79) .. "\n")
  print_metrics(cmml, values, titles, evaluation, { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" })
  if values.relevant then -- these exist for the same users whatever the model, auc for fewer
    print(("\nrelevant: rated %g or higher; of %d users with such a rating in every draw (auc: of "
      .. "%d, with others, too)\n"):format(values.relevant, first["ndcg@1"].tasks,
      first.auc.tasks))
    print_metrics(cmml, values, titles, evaluation, { "ndcg@1", "ndcg@3", "recall@3",
      "reciprocal_rank", "auc" })
  end
end

-- Models of users, on ratings.
local function run_users(cmml, values, entries)
  local sizes, message = sizes_of(values.support or "40")
  if not sizes then
    return nil, message
  end
  values = loaded.complete(values, entries[1])
  values.sizes, values.query = sizes, values.query or 10
  values.draws, values.seed = values.draws or 5, values.seed or 1000
  local dataset
  dataset, message = common.read_dataset(cmml, values)
  if not dataset then
    return nil, message
  end
  local results, titles, data = {}, {}, nil
  for i, entry in ipairs(entries) do
    data, message = common.split(cmml, values, dataset, entry.model.catalogue)
    if not data then
      return nil, ("%s: %s"):format(entry.path, message)
    end
    local ok
    ok, message = loaded.check_kept(entry, data)
    if not ok then
      return nil, message
    end
    titles[i] = loaded.title_of(entry, entries)
    local show = progress.judging(cmml.core, titles[i], values.quiet)
    judge(cmml, values, data, { entry.model }, results)
    show.finish()
  end
  local show = progress.judging(cmml.core, "the others", values.quiet)
  local rivals = others(cmml, values, data)
  for _, model in ipairs(rivals) do
    titles[#titles + 1] = model.title
  end
  if #rivals > 0 then
    judge(cmml, values, data, rivals, results)
    show.finish()
  end
  for i, evaluation in ipairs(results) do
    io.write(i > 1 and "\n" or "")
    report(cmml, values, titles, evaluation, data.protocol)
  end
  return true
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function evaluate.run(cmml, values)
  local entries, message = loaded.read(cmml, values.model)
  if not entries then
    return nil, message
  end
  local setting = entries[1].model.setting or "user"
  for _, entry in ipairs(entries) do
    local is = entry.model.setting or "user"
    if is ~= setting then
      return nil, scenarios.unlike(entry.path, is, entries[1].path)
    end
  end
  local ok
  ok, message = scenarios.check_options(cmml, evaluate, values, setting, entries[1].path)
  if not ok then
    return nil, message
  elseif setting == "user" and not cmml.core.exists(values.data .. "/ratings.dat")
    and cmml.scenarios.loaders(values.data) then
    return nil, scenarios.unlike(entries[1].path, setting, values.data)
  end
  return (setting == "user" and run_users or evaluate_scenarios.run)(cmml, values, entries)
end

return evaluate
