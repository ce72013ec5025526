-- The kinds of `mml_fusion`: scores of several learners as one, by weights learnt or given.
local cmml = require "cmml"

local function scores_of(case)
  local scores = case:tensor "input.score"
  case:size("batch", scores.shape[1])
  case:size("modalities", scores.shape[2])
  case:size("items", scores.shape[3])
  return scores
end

local function run_learnt(case)
  local scores, states = scores_of(case), case:tensor "input.state"
  case:size("time", states.shape[3])
  case:size("width", states.shape[4])
  local fusion = cmml.score_fusion { width = states.shape[3] * states.shape[4],
    items = scores.shape[3], hidden = case:option "hidden", last_relu = case:option "last_relu" }
  local values = {}
  for name in fusion:parameters() do
    values[name] = case:tensor("param." .. name)
  end
  fusion:load_parameters(values)
  for name, tensor in fusion:parameters() do
    case:leaf(name, tensor)
  end
  local fused, weights = fusion(states, scores)
  case:expect("output.gate", fusion:gates(states))
  case:expect("output.alpha", weights)
  case:expect("output.fused", fused)
  case:differentiate(cmml.cross_entropy(fused, (case:ids "input.target")))
end

local function run_given(case)
  local scores = scores_of(case)
  case:size("weights", case:tensor("input.weight"):totable())
  local fused = cmml.fuse_standardised(scores, case:tensor "input.weight")
  case:expect("output.fused", fused)
  case:differentiate((fused * case:tensor "input.probe"):sum())
end

return {
  { match = function(case)
    return case:has "param.gate.0.weight"
  end, run = run_learnt },
  { match = function(case)
    return case:has "input.weight"
  end, run = run_given },
}
