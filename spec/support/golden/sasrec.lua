-- Kind of `mml_sasrec`: the sequence encoder of MML, a transformer with norms behind the sums,
-- assembled from the library's layers.
local cmml = require "cmml"

local nn = cmml.nn
local eps = 1e-12 -- of every layer norm

-- Layers under the names of the file, with its parameters as leaves.
local function build(case)
  local width, inner = case:option "width", case:option "inner"
  local norm = { width = width, eps = eps }
  local layers = {}
  for l = 1, case:option "layers" do
    local block = nn.list {}
    block:register("attention",
      nn.attention { width = width, heads = case:option "heads", causal = true })
    block:register("attention_norm", nn.layer_norm(norm))
    block:register("ffn", nn.list { nn.linear { inp = width, out = inner },
      nn.linear { inp = inner, out = width } })
    block:register("ffn_norm", nn.layer_norm(norm))
    layers[l] = block
  end
  local net = nn.list {}
  if case:option("learner", "id") == "id" and case:has "param.item.weight" then
    net:register("item", nn.embedding { size = case:option "items", width = width })
  end
  net:register("position", nn.embedding { size = case:option "time", width = width })
  net:register("input_norm", nn.layer_norm(norm))
  net:register("layer", nn.list(layers))
  for _, name in ipairs { "item_map", "feature_map" } do
    if case:has(("param.%s.weight"):format(name)) then
      net:register(name, nn.linear { inp = case:option "feature_width", out = width })
    end
  end
  local values = {}
  for name in net:parameters() do
    values[name] = case:tensor("param." .. name)
  end
  net:load_parameters(values)
  for name, tensor in net:parameters() do
    case:leaf(name, tensor)
  end
  return net
end

-- A vector for every item.
local function item_vectors(case, net)
  if net.item then
    return net.item.weight
  end
  local vectors = net.item_map(case:tensor "input.feature")
  case:expect("output.item", vectors)
  return vectors
end

-- What the features of two places add to what one gives to the other, for all heads.
local function feature_bias(case, net, sequence, shape)
  if not net.feature_map then
    return nil
  end
  local g = net.feature_map(case:tensor "input.feature"):gather_rows(sequence):reshape(shape)
  local bias = g:matmul(g:transpose()) * case:option "feature_scale"
  case:expect("output.attention_bias", bias)
  return bias:reshape { shape[1], 1, shape[2], shape[2] }
end

-- The vectors of users, from the vectors of the items of their sequences [batch, time, width], and
-- a list of what the layers read and give.
local function encode(case, net, e, lengths, bias)
  local h = net.input_norm(e + net.position.weight)
  local hidden = { h }
  for l = 1, case:option "layers" do
    local block = net.layer:at(l)
    local s = block.attention_norm(h + block.attention(h, lengths, bias))
    h = block.ffn_norm(s + block.ffn:at(2)(block.ffn:at(1)(s):gelu()))
    hidden[l + 1] = h
  end
  local user = cmml.last_step(h, lengths)
  case:expect("output.user", user)
  return user, hidden
end

-- States the scores of a positive and a negative item for each user, and their loss.
local function compare(case, user, positive, negative)
  positive, negative = user:row_dot(positive), user:row_dot(negative)
  case:expect("output.positive_score", positive)
  case:expect("output.negative_score", negative)
  case:differentiate(cmml.bpr(positive, negative))
end

local function run(case)
  local net, lengths = build(case), case:segments "input.lengths"
  local sequence, shape = case:ids "input.sequence"
  local batch, time, width = shape[1], shape[2], case:option "width"
  local items = item_vectors(case, net)
  case:size("items", items.shape[1])
  case:size("lengths", lengths:totable())
  case:size("time", time)

  local bias = feature_bias(case, net, sequence, { batch, time, width })
  local user, hidden = encode(case, net,
    items:gather_rows(sequence):reshape { batch, time, width }, lengths, bias)
  for l, h in ipairs(hidden) do
    case:expect(("output.hidden.%d"):format(l - 1), h)
  end
  case:expect("output.all_scores", user:matmul(items:transpose()))
  compare(case, user, items:gather_rows((case:ids "input.positive")),
    items:gather_rows((case:ids "input.negative")))
end

return {
  { match = function(case)
    return case.config.heads and case:has "input.sequence"
  end, run = run },
  build = build, encode = encode, compare = compare,
}
