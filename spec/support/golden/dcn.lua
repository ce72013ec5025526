-- Kinds of `dcn`: its network on rows of content features, and on pairs of given rows.
local cmml = require "cmml"
local content = require "spec.support.golden.content"

local kinds = {}

-- The weights of the network. Its cross layers lie in one tensor, those of a file apart.
local function read_network(case, inp)
  local parameters = {}
  for _, kind in ipairs { "weight", "bias" } do
    local layers = {}
    for l = 1, case:option "cross" do
      layers[l] = case:tensor(("param.cross.%d.%s"):format(l - 1, kind)):reshape { 1, -1 }
    end
    parameters["cross_" .. kind] = cmml.concat(layers, 1)
  end
  local network = cmml.cross_network { inp = inp, cross = case:option "cross",
    deep = case:option "deep", init = cmml.nn.init(1) }
  for name in network:parameters() do
    parameters[name] = parameters[name] or case:tensor("param." .. name)
  end
  return cmml.nn.functional(network, parameters)
end

-- The vectors of a part's rows: embedded fields, mapped to the columns of the network.
local function user_rows(case, part)
  local function embed(side, bags)
    local columns = {}
    for i, field in ipairs(content.fields(case, side, part)) do
      columns[i] = cmml.embedding_bag(case:tensor(("param.embedding.%s.weight"):format(field.name)),
        bags[i].ids, bags[i].segments)
    end
    return cmml.concat(columns)
  end
  local x = content.rows(case, part, embed)
  local weight = case:tensor "param.project.weight"
  case:size("embedding", x.shape[2] // 8)
  case:size("projection", weight.shape[1])
  return cmml.linear(x, weight, case:tensor "param.project.bias")
end

-- Scores of rows, whose parts the file has, too.
local function scored(case, prefix, network, x)
  local scores, parts = network.score(x, network:weights(), cmml.segments { x.shape[1] },
    { parts = true })
  case:expect(prefix .. "score", scores)
  case:expect(prefix .. "deep", parts.deep)
  case:expect(prefix .. "cross", parts.cross)
  return scores
end

local function run_user(case)
  local x = user_rows(case, "row")
  case:size("rows", x.shape[1])
  local scores = scored(case, "output.", read_network(case, x.shape[2]), x)
  case:differentiate(cmml.mse(scores, case:tensor "input.label"))
end

local function run_scenario(case)
  local positive, negative = case:tensor "input.positive.x", case:tensor "input.negative.x"
  case:size("rows", positive.shape[1])
  case:size("width", positive.shape[2])
  local network = read_network(case, positive.shape[2])
  local above = scored(case, "output.positive.", network, positive)
  local below = scored(case, "output.negative.", network, negative)
  case:differentiate(cmml.scenarios.pair_losses.hinge(above:reshape { -1, 1 },
    below:reshape { -1, 1 }):mean())
end

kinds.cases = {
  { match = function(case)
    return case.config.vocabulary
  end, run = run_user },
  { match = function(case)
    return case.config.width
  end, run = run_scenario },
}
kinds.read_network, kinds.user_rows = read_network, user_rows

return kinds
