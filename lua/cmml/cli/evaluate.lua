--- `cmml evaluate`: how well models serve users they have never seen.
--
-- @module cmml.cli.evaluate
local args = require "cmml.args"
local common = require "cmml.cli.common"

local evaluate = {
  summary = "judge models on users they have never seen",
  usage = "cmml evaluate --model FILE[,FILE..] --data DIR [OPTIONS]",
}

evaluate.options = common.join({
  { name = "model", kind = "string", arg = "FILES", required = true,
    help = "model files, with commas between them" },
}, common.data_options, {
  { name = "draws", kind = "integer", arg = "N", default = 5,
    help = "draws of support and query a user; a user counts with the mean" },
  { name = "seed", kind = "integer", arg = "N", default = 1000, help = "seed of the draws" },
  { name = "relevant", kind = "number", arg = "X",
    help = "show also how well each query is ranked: query items rated X or higher are to be "
      .. "found [default: this is not shown]" },
  { name = "shuffle-labels", kind = "flag",
    help = "permute the labels within each support set before adapting: what is lost is what the "
      .. "model reads from them" },
  { name = "no-simple", kind = "flag",
    help = "leave out the simple predictors, which are counted on the same training ratings" },
  { name = "no-rivals", kind = "flag",
    help = "leave out matrix factorisation and item-kNN, which learn from them" },
})

for i, option in ipairs(evaluate.options) do
  if option.name == "support" then
    evaluate.options[i] = { name = "support", kind = "string", arg = "N[,N..]", default = "40",
      help = "ratings at most that a task adapts to; with several numbers: results by support, "
        .. "each the beginning of the next larger one" }
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

-- What a model file may say of its training. Test users are a list: a text would be a path, which
-- no model file is to choose.
local noted = { protocol = "string?", cap = "integer?", data_seed = "integer?", valid = "number?",
  test_users = "table?" }

-- What the options leave open is as in the training of the first model.
local function complete(values, entry)
  local filled, notes = setmetatable({}, { __index = values }), {}
  for key in pairs(noted) do
    notes[key] = entry.notes[key]
  end
  for key, value in pairs(args.check(entry.path .. ": notes", notes, noted, 0)) do
    if values[key] == nil then
      filled[key] = value
    end
  end
  return filled
end

-- Refuses test users that a model was not kept from.
local function check_unseen(path, notes, data)
  local held_out = {}
  for _, user in ipairs(type(notes.test_users) == "table" and notes.test_users or {}) do
    held_out[user] = true
  end
  for _, row in ipairs(notes.test_users and data.test or {}) do
    local user = data.dataset.users:text(row)
    if not held_out[user] then
      return nil, ("%s was trained on user %s, who is to be tested on: give the users that it was "
        .. "kept from (--test-users)"):format(path, user)
    end
  end
  return true
end

local function load_all(cmml, list)
  local loaded = {}
  for path in list:gmatch("[^,]+") do
    local model, found = cmml.load(path)
    if not model then
      return nil, found
    end
    loaded[#loaded + 1] = { path = path, model = model,
      notes = type(found.notes) == "table" and found.notes or {} }
  end
  if #loaded == 0 then
    return nil, "--model names no file"
  end
  return loaded
end

-- What a model is called in the table: by its seed, or by its path if that does not tell it apart.
local function title_of(entry, loaded)
  local function name(of)
    return of.notes.seed and ("%s, seed %s"):format(of.model.title, tostring(of.notes.seed))
      or of.model.title
  end
  local same = 0
  for _, other in ipairs(loaded) do
    same = same + (name(other) == name(entry) and 1 or 0)
  end
  return same > 1 and entry.path or name(entry)
end

-- Adds models to the results of each size. Each is judged over its own catalogue; the draws depend
-- on the data alone.
local function judge(cmml, values, data, models, results)
  local tasks = cmml.tasks { ratings = data.all, users = data.test, bags = data.bags, batch = 64,
    query = values.query, seed = values.seed, shuffle_labels = values.shuffle_labels }
  local by_size = cmml.evaluate_by_support(models, tasks, values.sizes,
    { draws = values.draws, relevant = values.relevant })
  for k, found in ipairs(by_size) do
    results[k] = table.move(found, 1, #found, #(results[k] or {}) + 1, results[k] or {})
  end
end

-- The predictors that no file holds, learnt from the training ratings of the data.
local function others(cmml, values, data)
  return common.join(values.no_simple and {} or cmml.fit_simple(data),
    values.no_rivals and {} or cmml.fit_rivals(data))
end

-- One table, or with several supports one for each metric.
local function print_metrics(cmml, values, titles, results, names)
  if #values.sizes == 1 then
    print(cmml.format_results(titles, results[1], names))
    return
  end
  for i, name in ipairs(names) do
    print(("%s%s\n\n%s"):format(i > 1 and "\n" or "", name,
      cmml.format_by_support(titles, values.sizes, results, name)))
  end
end

local function report(cmml, values, titles, results)
  local first = results[1][1]
  print(("%d test users (%d skipped), support up to %s, %d query ratings, mean of %d draws; "
    .. "protocol %s%s\n"):format(first.mae.tasks, first.mae.skipped,
    table.concat(values.sizes, ", "), values.query, values.draws, values.protocol or "full",
    values.shuffle_labels and "; labels permuted within each support set" or ""))
  print_metrics(cmml, values, titles, results, { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" })
  if values.relevant then -- these exist for the same users whatever the model, auc for fewer
    print(("\nrelevant: rated %g or higher; of %d users with such a rating in every draw (auc: of "
      .. "%d, with others, too)\n"):format(values.relevant, first["ndcg@1"].tasks,
      first.auc.tasks))
    print_metrics(cmml, values, titles, results, { "ndcg@1", "ndcg@3", "recall@3",
      "reciprocal_rank", "auc" })
  end
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function evaluate.run(cmml, values)
  local sizes, message = sizes_of(values.support)
  if not sizes then
    return nil, message
  end
  local loaded
  loaded, message = load_all(cmml, values.model)
  if not loaded then
    return nil, message
  end
  values = complete(values, loaded[1])
  values.sizes = sizes
  local dataset
  dataset, message = common.read_dataset(cmml, values)
  if not dataset then
    return nil, message
  end
  local results, titles, data = {}, {}, nil
  for i, entry in ipairs(loaded) do
    data, message = common.split(cmml, values, dataset, entry.model.catalogue)
    if not data then
      return nil, ("%s: %s"):format(entry.path, message)
    end
    local ok
    ok, message = check_unseen(entry.path, entry.notes, data)
    if not ok then
      return nil, message
    end
    judge(cmml, values, data, { entry.model }, results)
    titles[i] = title_of(entry, loaded)
  end
  local rivals = others(cmml, values, data)
  for _, model in ipairs(rivals) do
    titles[#titles + 1] = model.title
  end
  if #rivals > 0 then
    judge(cmml, values, data, rivals, results)
  end
  report(cmml, values, titles, results)
  return true
end

return evaluate
