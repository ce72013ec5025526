-- The kind of `itempop`: how often each candidate stands in the support of its task.
local cmml = require "cmml"

local function run(case)
  local items = case:option "items"
  local support, candidates = case:segments "input.support.lengths",
    case:segments "input.candidate.lengths"
  case:size("support", support:totable())
  case:size("candidates", candidates:totable())
  local vocab = cmml.data.vocab()
  for i = 1, items do
    vocab:add(tostring(i))
  end
  local model = cmml.recommenders.support_popularity(cmml.scenarios.catalogue {
    users = cmml.data.vocab(), items = vocab })
  local state = model:adapt_rows { segments = support, items = case:ids "input.support.item",
    labels = cmml.ones { support:rows() } }
  case:expect("output.score", model:score_rows(state, { items = case:ids "input.candidate.item",
    segments = candidates }))
end

return { { match = function(case)
  return case:has "input.candidate.item"
end, run = run } }
