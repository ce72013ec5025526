-- The kinds of `melu_` and `metacs_`: gradient steps of tasks on their supports, in both forms
-- where there are two.
local cmml = require "cmml"
local content = require "spec.support.golden.content"

local Both = cmml.nn.class "golden.Melu"
local layers = { "fc1", "fc2", "out" }
local orders = { "first", "second" }

-- Names of the case's parameters by the module's.
local function names_of(module)
  local names = {}
  for name in module:parameters() do
    local layer, rest = name:match "^mlp%.(%d)(.*)$"
    names[name] = layer and layers[tonumber(layer) + 1] .. rest or name
  end
  return names
end

-- The fields of both sides.
local function fields_of(case)
  local fields = content.fields(case, "item", "support")
  for _, field in ipairs(content.fields(case, "user", "support")) do
    fields[#fields + 1] = field
  end
  return fields
end

-- Options of a module that are the case's to say.
local function options_of(case, form)
  return { hidden = case:option "hidden", inner_steps = case:option "inner_steps",
    inner_rate = { case:option "inner_rate" }, order = orders[case:option "order"], form = form,
    init = cmml.nn.init(1) }
end

local function load(case, module)
  local names, values = names_of(module), {}
  for name in module:parameters() do
    values[name] = case:tensor("param." .. names[name])
  end
  module:load_parameters(values)
  for name, tensor in module:parameters() do
    case:leaf(names[name], tensor)
  end
  return module
end

-- States what came of a case; gives the loss.
local function state(case, own, losses, scores, query)
  local label = case:tensor "input.query.label"
  local first = 1
  for task, n in ipairs(query:totable()) do
    case:expect(("output.prediction.%d"):format(task - 1), scores:slice(1, first, first + n - 1))
    first = first + n
    for l, layer in ipairs(own) do
      for key, value in pairs(layer) do
        local shape = { table.unpack(value.shape, 2) }
        case:expect(("output.adapted.%d.%s.%s"):format(task - 1, layers[l], key),
          value:slice(1, task, task):reshape(shape))
      end
    end
  end
  local columns = {}
  for i, loss in ipairs(losses) do
    columns[i] = loss:reshape { -1, 1 }
  end
  case:expect("output.support_loss", cmml.concat(columns))
  local query_loss = cmml.segment_mean(cmml.square(scores - label), query)
  case:expect("output.query_loss", query_loss)
  return query_loss:mean()
end

local function segments_of(case)
  local support, query = case:segments "input.support.lengths", case:segments "input.query.lengths"
  case:size("support", support:totable())
  case:size("query", query:totable())
  return support, query
end

local function run_layers(case)
  case:option "adapted"
  local function in_form(form)
    local module, fields, options = Both.new(), fields_of(case), options_of(case, form)
    options.inp = #fields * case:option "embedding"
    module:register("embedding", cmml.nn.field_embedding { fields = fields,
      width = case:option "embedding", init = options.init })
    module:register("layers", cmml.inner_mlp(options), true)
    load(case, module)
    local function embed(side, bags)
      return module.embedding(content.sides[side], bags)
    end
    local support, query = segments_of(case)
    local adapted = module.layers:adapt(content.rows(case, "support", embed),
      case:tensor "input.support.label", support)
    local scores = adapted(content.rows(case, "query", embed), query)
    return state(case, adapted:layers(), adapted.losses, scores, query)
  end
  local found = {}
  for _, form in ipairs { "generic", "fast" } do
    local gradients = case:differentiate(in_form(form))
    for name, gradient in pairs(gradients) do
      local other = found[name]
      found[name] = gradient
      local apart = other and (other - gradient):abs():max():item() or 0
      if apart > 1e-5 * math.max(1, gradient:abs():max():item()) then
        error(("grad.%s differs by %g between the two forms"):format(name, apart), 0)
      end
    end
  end
end

-- Rows of a part by the fields of both sides, each row a bag of its own.
local function parts_of(case, part, segments)
  local parts, rows = {}, {}
  for i = 1, segments:rows() do
    rows[i] = i
  end
  for i, side in ipairs { "item", "user" } do
    parts[i] = { names = content.sides[side], bags = content.bags(case, side, part),
      rows = cmml.ids(rows), tasks = segments }
  end
  return parts
end

local function run_all(case)
  case:option "adapted"
  local options = options_of(case)
  options.fields, options.width = fields_of(case), case:option "embedding"
  local module = load(case, cmml.inner_network(options))
  local support, query = segments_of(case)
  local adapted = module:adapt(parts_of(case, "support", support),
    case:tensor "input.support.label", support)
  local scores = adapted(parts_of(case, "query", query), query)
  case:differentiate(state(case, adapted:layers(), adapted.losses, scores, query))
end

return {
  { match = function(case)
    return case.config.adapted == "head"
  end, run = run_layers },
  { match = function(case)
    return case.config.adapted == "all"
  end, run = run_all },
}
