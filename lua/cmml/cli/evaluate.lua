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
  { name = "shuffle-labels", kind = "flag",
    help = "permute the labels within each support set before adapting: what is lost is what the "
      .. "model reads from them" },
  { name = "no-simple", kind = "flag",
    help = "leave out the simple predictors, which are counted on the same training ratings" },
})

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function evaluate.run(cmml, values)
  local models, titles = {}, {}
  for path in values.model:gmatch("[^,]+") do
    local model, found = cmml.load(path)
    if not model then
      return nil, found
    end
    local notes = type(found.notes) == "table" and found.notes or {}
    values.protocol = values.protocol or notes.protocol
    models[#models + 1] = model
    titles[#titles + 1] = notes.seed and ("%s, seed %s"):format(model.title, tostring(notes.seed))
      or model.title
  end
  if #models == 0 then
    return nil, "--model names no file"
  end
  local data, message = common.read_data(cmml, values, models[1].catalogue)
  if not data then
    return nil, message
  end
  if not values.no_simple then
    for _, model in ipairs(cmml.fit_simple(data)) do
      models[#models + 1], titles[#titles + 1] = model, model.title
    end
  end
  local tasks = cmml.tasks { ratings = data.all, users = data.test, bags = data.bags, batch = 64,
    support = values.support, query = values.query, seed = values.seed,
    shuffle_labels = values.shuffle_labels }
  local results = cmml.evaluate(models, tasks, { draws = values.draws })
  print(("%d test users (%d skipped), support up to %d, %d query ratings, mean of %d draws; "
    .. "protocol %s%s\n"):format(results[1].mae.tasks, results[1].mae.skipped, values.support,
    values.query, values.draws, values.protocol or "full",
    values.shuffle_labels and "; labels permuted within each support set" or ""))
  print(cmml.format_results(titles, results))
  return true
end

return evaluate
