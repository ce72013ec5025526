--- `cmml evaluate`: how well models serve users they have never seen.
--
-- @module cmml.cli.evaluate
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
})

-- What the options leave open is as in the training of the first model.
local function complete(values, notes)
  local filled = setmetatable({}, { __index = values })
  for _, key in ipairs { "protocol", "cap", "data_seed", "valid", "test_users" } do
    if values[key] == nil then
      filled[key] = notes[key]
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

-- Each model is judged over its own catalogue; the draws depend on the data alone.
local function judge(cmml, values, data, models)
  local tasks = cmml.tasks { ratings = data.all, users = data.test, bags = data.bags, batch = 64,
    support = values.support, query = values.query, seed = values.seed,
    shuffle_labels = values.shuffle_labels }
  return cmml.evaluate(models, tasks, { draws = values.draws, relevant = values.relevant })
end

local ranking = { "ndcg@1", "ndcg@3", "recall@3", "reciprocal_rank", "auc" }

-- How well the queries are ranked. The metrics exist for the same users whatever the model, the AUC
-- for fewer than the others.
local function print_ranking(cmml, values, titles, results)
  local some, both = results[1]["ndcg@1"], results[1].auc
  print(("\nrelevant: rated %g or higher; of %d users with such a rating in every draw (auc: of "
    .. "%d, with others, too)\n"):format(values.relevant, some.tasks, both.tasks))
  print(cmml.format_results(titles, results, ranking))
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function evaluate.run(cmml, values)
  local loaded, message = load_all(cmml, values.model)
  if not loaded then
    return nil, message
  end
  values = complete(values, loaded[1].notes)
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
    results[i] = judge(cmml, values, data, { entry.model })[1]
    titles[i] = title_of(entry, loaded)
  end
  if not values.no_simple then
    local simple = cmml.fit_simple(data)
    for i, result in ipairs(judge(cmml, values, data, simple)) do
      results[#results + 1], titles[#titles + 1] = result, simple[i].title
    end
  end
  print(("%d test users (%d skipped), support up to %d, %d query ratings, mean of %d draws; "
    .. "protocol %s%s\n"):format(results[1].mae.tasks, results[1].mae.skipped, values.support,
    values.query, values.draws, values.protocol or "full",
    values.shuffle_labels and "; labels permuted within each support set" or ""))
  print(cmml.format_results(titles, results))
  if values.relevant then
    print_ranking(cmml, values, titles, results)
  end
  return true
end

return evaluate
