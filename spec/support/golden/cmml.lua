-- Kinds of `cmml_user_` and `cmml_scenario_`: the whole network on ragged support and query sets of
-- several tasks.
local cmml = require "cmml"
local content = require "spec.support.golden.content"

-- The options of the network that both settings have.
local function options_of(case)
  local options = { encoder = case:option "encoder", hybrid = case:option "hybrid",
    modulation = case:option "head", encoder_widths = case:option "encoder_widths",
    hyper = case:option "hyper", backbone = case:option "backbone",
    activation = case:option "activation", init = cmml.nn.init(1) }
  if options.modulation == "soft" then
    options.modulation_options = { modules = case:option "modules" }
  end
  return options
end

local function load(case, net)
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

local function build(case)
  local options = options_of(case)
  options.item_fields = content.fields(case, "item", "support")
  options.user_fields = content.fields(case, "user", "support")
  options.width, options.label_hidden = case:option "embedding", case:option "label_hidden"
  options.encoder_detach = case:option "encoder_detach"
  return load(case, cmml.network(options))
end

local function expect_parts(case, parts)
  case:expect("output.condition", parts.condition)
  for l, generated in ipairs(parts.hyper or {}) do
    case:expect(("output.hyper.%d"):format(l - 1), generated)
  end
  for l, weights in ipairs(parts.route or {}) do
    case:expect(("output.route.%d"):format(l - 1), weights)
  end
  case:expect("output.backbone", parts.backbone)
end

local function embed(case, net, part)
  return content.rows(case, part, function(side, bags)
    return net:embed_fields(side, bags)
  end)
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
  expect_parts(case, parts)
  case:expect("output.score", score)
  case:expect("output.task_loss", cmml.segment_mean(cmml.square(score - label), query))
  case:differentiate(cmml.task_mse(score, label, query))
end

-- For each task its positives, then its negatives: the rows among all positives, then negatives.
local function support_order(positives, negatives)
  local rows, lengths, labels = {}, {}, {}
  local p, n = 0, positives:rows()
  local wanted = negatives:totable()
  for t, count in ipairs(positives:totable()) do
    for _ = 1, count do
      p = p + 1
      rows[#rows + 1], labels[#labels + 1] = p, 1
    end
    for _ = 1, wanted[t] do
      n = n + 1
      rows[#rows + 1], labels[#labels + 1] = n, 0
    end
    lengths[t] = count + wanted[t]
  end
  return cmml.ids(rows), cmml.segments(lengths), cmml.tensor(labels)
end

local function run_scenario(case)
  local options = options_of(case)
  options.dim, options.label, options.encoder_detach = case:option "width", "binary", false
  local net = load(case, cmml.network(options))
  local positives = case:segments "input.support_positive.lengths"
  local negatives = case:segments "input.support_negative.lengths"
  local query = case:segments "input.query.lengths"
  case:size("positives", positives:totable())
  case:size("negatives", negatives:totable())
  case:size("query", query:totable())
  local rows, segments, labels = support_order(positives, negatives)
  local support = cmml.concat({ case:tensor "input.support_positive.x",
    case:tensor "input.support_negative.x" }, 1)
  local context = net:context(cmml.gather_rows(support, rows), labels, segments)
  local both = cmml.concat({ case:tensor "input.query_positive.x",
    case:tensor "input.query_negative.x" }, 1)
  local lengths = query:totable()
  table.move(query:totable(), 1, #query, #lengths + 1, lengths)
  local score, parts = net:score(both, cmml.concat({ context, context }, 1),
    cmml.segments(lengths), { parts = true })
  local n = query:rows()
  local positive, negative = score:slice(1, 1, n), score:slice(1, n + 1, 2 * n)
  local tasks = cmml.segment_mean(cmml.relu(1 - positive + negative), query)

  case:expect("output.context", context)
  expect_parts(case, parts)
  case:expect("output.score_positive", positive)
  case:expect("output.score_negative", negative)
  case:expect("output.task_loss", tasks)
  case:differentiate(tasks:mean())
end

return {
  { match = function(case)
    return case.config.vocabulary and case.config.encoder
  end, run = run },
  { match = function(case)
    return case.config.positives and case.config.encoder
  end, run = run_scenario },
}
