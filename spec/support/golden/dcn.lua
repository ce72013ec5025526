-- Kinds of `dcn` and `dcnf`: DCN's network on rows of content features, and on pairs of given rows;
-- the same fine-tuned on a support.
local cmml = require "cmml"
local content = require "spec.support.golden.content"

-- The network's parameters as they stand in the file.
local function network_parameters(case)
  local all = { cross = {}, deep = {} }
  local function read(name)
    return { weight = case:tensor(("param.%s.weight"):format(name)),
      bias = case:tensor(("param.%s.bias"):format(name)) }
  end
  for l = 1, case:option "cross" do
    all.cross[l] = read(("cross.%d"):format(l - 1))
  end
  for l in ipairs(case:option "deep") do
    all.deep[l] = read(("deep.%d"):format(l - 1))
  end
  all.out = read "out"
  return all
end

-- The network's weights, whose cross layers lie in one tensor. With weights of tasks, too.
local function network_weights(parameters)
  local cross = {}
  for _, kind in ipairs { "weight", "bias" } do
    local layers = {}
    for l, layer in ipairs(parameters.cross) do
      local shape = layer[kind].shape
      table.insert(shape, #shape, 1)
      layers[l] = layer[kind]:reshape(shape)
    end
    cross[kind] = cmml.concat(layers, layers[1].ndim - 1)
  end
  return { cross = cross, deep = parameters.deep, out = parameters.out }
end

-- The embeddings of a case and the map of their joined vectors.
local function content_parameters(case, part)
  local all = { embedding = {} }
  for _, side in ipairs { "item", "user" } do
    for _, field in ipairs(content.fields(case, side, part)) do
      all.embedding[field.name] = case:tensor(("param.embedding.%s.weight"):format(field.name))
    end
  end
  all.project = { weight = case:tensor "param.project.weight",
    bias = case:tensor "param.project.bias" }
  case:size("embedding", all.embedding.rate.shape[2])
  case:size("projection", all.project.weight.shape[1])
  return all
end

-- Scores of rows, and the parts of the network. Weights may be those of one task.
local function scored(parameters, x, segments)
  local network = cmml.cross_network { inp = 1, cross = #parameters.cross } -- with other weights
  return network:score(x, network_weights(parameters), segments, { parts = true })
end

-- The rows x_0 of a part: embedded fields, mapped to the columns of the network.
local function mapped_rows(case, part, parameters, segments)
  local x = content.rows(case, part, function(side, bags)
    local columns = {}
    for i, field in ipairs(content.sides[side]) do
      local weight = parameters.embedding[field]
      columns[i] = cmml.embedding_bag(weight:reshape { -1, weight.shape[weight.ndim] },
        bags[i].ids, bags[i].segments)
    end
    return cmml.concat(columns)
  end)
  return cmml.task_layers.linear(x, parameters.project, segments)
end

local function all_rows(count)
  return cmml.segments { count }
end

local function expect_parts(case, prefix, scores, parts)
  case:expect(prefix .. "score", scores)
  case:expect(prefix .. "deep", parts.deep)
  case:expect(prefix .. "cross", parts.cross)
  return scores
end

local function run_user(case)
  local labels, parameters = case:tensor "input.label", network_parameters(case)
  local segments = all_rows(labels.count)
  case:size("rows", labels.count)
  local x = mapped_rows(case, "row", content_parameters(case, "row"), segments)
  case:differentiate(cmml.mse(expect_parts(case, "output.", scored(parameters, x, segments)),
    labels))
end

-- The mean hinge loss of pairs.
local function hinge(above, below)
  return cmml.scenarios.pair_losses.hinge(above:reshape { -1, 1 }, below:reshape { -1, 1 }):mean()
end

local function run_scenario(case)
  local scores, parameters = {}, network_parameters(case)
  for _, side in ipairs { "positive", "negative" } do
    local x = case:tensor(("input.%s.x"):format(side))
    case:size("rows", x.shape[1])
    case:size("width", x.shape[2])
    scores[side] = expect_parts(case, ("output.%s."):format(side),
      scored(parameters, x, all_rows(x.shape[1])))
  end
  case:differentiate(hinge(scores.positive, scores.negative))
end

-- What was fine-tuned of one task, by the names of the file.
local function expect_tuned(case, tuned, path)
  for key, value in pairs(tuned) do
    local place = math.type(key) and key - 1 or key
    local name = path and ("%s.%s"):format(path, place) or place
    if type(value) ~= "table" then
      local shape = value.shape
      table.remove(shape, 1)
      local file_name = name:find "^embedding" and name .. ".weight" or name
      case:expect("output.tuned." .. file_name, value:reshape(shape))
    else
      expect_tuned(case, value, name)
    end
  end
end

-- Fine-tunes, with the loss of the support as a function of the parameters, and scores before and
-- after it.
local function run_tuning(case, parameters, loss_of, scores_of)
  case:differentiate(loss_of(parameters))
  case:expect("output.score_before", scores_of(parameters))
  local tuned, losses = cmml.inner_adam(cmml.task_layers.spread(parameters, 1), function(weights)
    return loss_of(weights):reshape { 1 }
  end, { steps = case:option "steps", adam = { lr = case:option "rate",
    eps = case:option "adam_eps" } })
  case:expect("output.support_loss", cmml.concat(losses, 1))
  case:expect("output.score_after", scores_of(tuned))
  expect_tuned(case, tuned)
end

local function run_user_tuning(case)
  local parameters, labels = network_parameters(case), case:tensor "input.support.label"
  for key, value in pairs(content_parameters(case, "support")) do
    parameters[key] = value
  end
  local query = #case:ids "input.query.rate"
  case:size("support", labels.count)
  case:size("query", query)
  local function scores_of(weights, part, count)
    local x = mapped_rows(case, part, weights, all_rows(count))
    return (scored(weights, x, all_rows(count)))
  end
  run_tuning(case, parameters, function(weights)
    return cmml.mse(scores_of(weights, "support", labels.count), labels)
  end, function(weights)
    return scores_of(weights, "query", query)
  end)
end

local function run_scenario_tuning(case)
  local above = case:tensor "input.support_positive.x"
  local below = case:tensor "input.support_negative.x"
  local query = case:tensor "input.query.x"
  case:size("support", above.shape[1])
  case:size("query", query.shape[1])
  case:size("width", query.shape[2])
  local function scores_of(weights, x)
    return (scored(weights, x, all_rows(x.shape[1])))
  end
  run_tuning(case, network_parameters(case), function(weights)
    return hinge(scores_of(weights, above), scores_of(weights, below))
  end, function(weights)
    return scores_of(weights, query)
  end)
end

local function has_fields(case)
  return case.config.vocabulary
end

local function has_width(case)
  return case.config.width
end

return {
  dcn = { { match = has_fields, run = run_user }, { match = has_width, run = run_scenario } },
  dcnf = { { match = has_fields, run = run_user_tuning },
    { match = has_width, run = run_scenario_tuning } },
}
