-- Kind of `mml_sasrec`: the sequence encoder, on padded sequences as segments of all their steps.
local cmml = require "cmml"

local nn = cmml.nn

-- The network under the names of the file, with its parameters as leaves.
local function build(case)
  local width = case:option "width"
  local has_features = case:has "param.feature_map.weight"
  local net = nn.list {}
  net.encoder = cmml.sequence_encoder { width = width, heads = case:option "heads",
    layers = case:option "layers", inner = case:option "inner", length = case:option "time",
    features = has_features and case:option "feature_width" or nil,
    feature_scale = has_features and case:option "feature_scale" or nil }
  if case:option("learner", "id") == "id" and case:has "param.item.weight" then
    net:register("item", nn.embedding { size = case:option "items", width = width })
  end
  for _, name in ipairs { "position", "input_norm", "layer", "feature_map" } do
    if net.encoder[name] then
      net:register(name, net.encoder[name])
    end
  end
  if case:has "param.item_map.weight" then
    net:register("item_map", nn.linear { inp = case:option "feature_width", out = width })
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

-- The features of the rows of the sequences, where the encoder reads some; states what they add to
-- what one step gives to another.
local function features_of(case, net, sequence, shape)
  if not net.feature_map then
    return nil
  end
  local features = case:tensor("input.feature"):gather_rows(sequence)
  local g = net.feature_map(features):reshape(shape)
  case:expect("output.attention_bias", g:matmul(g:transpose()) * case:option "feature_scale")
  return features
end

-- The vectors of users, from the vectors of the items of their sequences [batch, time, width], and
-- a list of what the layers read and give.
local function encode(case, net, e, lengths, features)
  local batch, time, width = table.unpack(e.shape)
  local steps = {}
  for b = 1, batch do
    steps[b] = time
  end
  local h, hidden = net.encoder(e:reshape { batch * time, width }, cmml.core.segments(steps),
    { lengths = lengths, features = features, hidden = true })
  for l, rows in ipairs(hidden) do
    hidden[l] = rows:reshape(e.shape)
  end
  local user = cmml.last_step(h:reshape(e.shape), lengths)
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

  local features = features_of(case, net, sequence, { batch, time, width })
  local user, hidden = encode(case, net,
    items:gather_rows(sequence):reshape { batch, time, width }, lengths, features)
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
