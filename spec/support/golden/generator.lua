-- The kinds of `mml_item_generator`: vectors of items from their features and those of items like
-- them.
local cmml = require "cmml"
local sasrec = require "spec.support.golden.sasrec"

-- The generator with the parameters of the file, and the families of its items.
local function build(case)
  local n = case:option "items"
  local neighbours, shape = case:ids "input.neighbour"
  case:size("neighbours", shape[2])
  local generator = cmml.item_generator { inp = case:option "feature_width",
    width = case:option "width" }
  local values = {}
  for name in generator:parameters() do
    values[name] = case:tensor("param." .. name)
  end
  generator:load_parameters(values)
  for name, tensor in generator:parameters() do
    case:leaf(name, tensor)
  end
  return generator, cmml.item_families(neighbours, n)
end

local function run_alone(case)
  local generator, families = build(case)
  local items = case:ids "input.item"
  case:size("batch", #items)
  local generated, beta = generator(case:tensor "input.feature", families, items)
  case:expect("output.generated", generated)
  case:expect("output.beta", beta)
  case:differentiate((generated * case:tensor "input.probe"):sum())
end

-- A step of its training: each occurrence of an item takes the generated vector where it is
-- flagged, else the row of a table that is not learnt.
local function run_training(case)
  local generator, families = build(case)
  local net, lengths = sasrec.build(case), case:segments "input.lengths"
  local generated = generator(case:tensor "input.feature", families)
  local table_ = case:tensor "input.item_table"
  local function vectors(name)
    local ids, shape = case:ids("input." .. name)
    local flags = cmml.tensor((case:integers("input.generated_" .. name)))
    return cmml.mixed_items(table_, generated, ids, flags:reshape { -1 }), shape
  end
  local e, shape = vectors "sequence"
  case:size("lengths", lengths:totable())
  case:size("time", shape[2])
  shape[3] = case:option "width"
  local user = sasrec.encode(case, net, e:reshape(shape), lengths)
  sasrec.compare(case, user, (vectors "positive"), (vectors "negative"))
end

return {
  { match = function(case)
    return case:has "input.item_table"
  end, run = run_training },
  { match = function(case)
    return case:has "input.probe"
  end, run = run_alone },
  build = build,
}
