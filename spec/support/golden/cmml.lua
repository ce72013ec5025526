-- Kind of `cmml_user_`: the whole network on ragged support and query sets of several users.
local cmml = require "cmml"

local item_fields = { "rate", "genre", "director", "actor" }
local user_fields = { "gender", "age", "occupation", "zip" }

local function fields(case, names)
  local vocabulary, list = case:option "vocabulary", {}
  for i, name in ipairs(names) do
    list[i] = { name = name, size = vocabulary[name],
      multi = case:has(("input.support.%s.values"):format(name)) }
    if not list[i].size then
      error(("config.vocabulary has no %s"):format(name), 0)
    end
  end
  return list
end

local function embed(case, net, part)
  local function side(name, names)
    local bags = {}
    for i, field in ipairs(names) do
      local input = ("input.%s.%s"):format(part, field)
      if case:has(input .. ".values") then
        bags[i] = { ids = case:ids(input .. ".values"),
          segments = case:segments(input .. ".lengths") }
      else
        bags[i] = { ids = case:ids(input) }
      end
    end
    return net:embed_fields(name, bags)
  end
  return cmml.concat { side("item", item_fields), side("user", user_fields) }
end

-- The library's part of a name that the config asks for, or the case is skipped.
local function part(case, key, registry)
  local name = case:option(key)
  if not registry[name] then
    case.skip(("no %s %s yet"):format(key, name))
  end
  return name
end

local function build(case)
  local vocabulary = 0
  for _ in pairs(case:option "vocabulary") do
    vocabulary = vocabulary + 1
  end
  if vocabulary ~= #item_fields + #user_fields then
    error(("config.vocabulary has %d fields"):format(vocabulary), 0)
  end
  local net = cmml.network {
    encoder = part(case, "encoder", cmml.encoders), hybrid = part(case, "hybrid", cmml.hybrids),
    modulation = part(case, "head", cmml.modulations),
    item_fields = fields(case, item_fields), user_fields = fields(case, user_fields),
    width = case:option "embedding", encoder_widths = case:option "encoder_widths",
    encoder_detach = case:option "encoder_detach", label_hidden = case:option "label_hidden",
    hyper = case:option "hyper", backbone = case:option "backbone",
    activation = case:option "activation", init = cmml.nn.init(1),
  }
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

local function run(case)
  local net = build(case)
  local support, query = case:segments "input.support.lengths", case:segments "input.query.lengths"
  case:size("support", support:totable())
  case:size("query", query:totable())
  local support_x, query_x = embed(case, net, "support"), embed(case, net, "query")
  local label = case:tensor "input.query.label"
  local context = net:context(support_x, case:tensor "input.support.label", support)
  local score, parts = net:score(query_x, context, query, { parts = true })

  case:expect("output.support.x", support_x)
  case:expect("output.query.x", query_x)
  case:expect("output.context", context)
  case:expect("output.condition", parts.condition)
  for l, generated in ipairs(parts.hyper) do
    case:expect(("output.hyper.%d"):format(l - 1), generated)
  end
  case:expect("output.backbone", parts.backbone)
  case:expect("output.score", score)
  case:expect("output.task_loss", cmml.segment_mean(cmml.square(score - label), query))
  case:differentiate(cmml.task_mse(score, label, query))
end

return {
  { match = function(case)
    return case.config.vocabulary and case.config.encoder
  end, run = run },
}
