-- Kinds of `metrics_`: metrics of one list, or of several users' lists and their means.
local cmml = require "cmml"

local kinds = {}

-- The mean of what exists; NaN if nothing does.
local function mean(list)
  local sum, count = 0, 0
  for _, value in ipairs(list) do
    if value == value then
      sum, count = sum + value, count + 1
    end
  end
  return sum / count
end

local function graded(case)
  local score, rating = case:tensor "input.score", case:tensor "input.rating"
  local cutoffs = case:integers "input.k"
  local function metrics(segments)
    return cmml.rating_metrics(score, rating, segments, cutoffs)
  end
  local whole = metrics(cmml.segments { score.count })

  if not case:has "input.lengths" then
    case:option("note", "")
    case:expect("output.mae", whole.mae[1])
    case:expect("output.rmse", whole.rmse[1])
    local at = {}
    for j in ipairs(cutoffs) do
      at[j] = whole.ndcg_exp[j][1]
    end
    case:expect("output.ndcg_exp", at)
    return
  end

  local segments = case:segments "input.lengths"
  case:size("sizes", segments:totable())
  case:size("k", cutoffs)
  case:option "levels" -- how many different scores were drawn
  local each = metrics(segments)
  local users, means = {}, {}
  for user = 1, #segments do
    users[user] = {}
    for j in ipairs(cutoffs) do
      users[user][j] = each.ndcg_exp[j][user]
    end
  end
  for j, column in ipairs(each.ndcg_exp) do
    means[j] = mean(column)
  end
  case:expect("output.user.ndcg_exp", users)
  case:expect("output.ndcg_exp", means)
  for _, name in ipairs { "mae", "rmse" } do
    case:expect("output.user." .. name, each[name])
    case:expect("output." .. name, mean(each[name]))
    case:expect("output.pooled_" .. name, whole[name][1])
  end
end

kinds[1] = {
  match = function(case)
    return case:has "input.rating"
  end,
  run = graded,
}

kinds[2] = {
  match = function(case)
    return case:has "input.label" and case:has "output.auc"
  end,
  run = function(case)
    case.skip(cmml.ranking_metrics and "kind not covered yet: ranking metrics"
      or "no ranking metrics yet")
  end,
}

return kinds
