-- Kinds of `metrics_`: metrics of one list, or of several users' lists and their means.
local cmml = require "cmml"

local kinds = {}

-- The metrics of the first k of a result by full name: by name a list for each cutoff.
local function by_cutoff(found, cutoffs)
  local at = {}
  for name, list in pairs(found) do
    local base, k = name:match "^(.*)@(%d+)$"
    for j, cutoff in ipairs(base and cutoffs or {}) do
      at[base] = at[base] or {}
      at[base][j] = cutoff == math.tointeger(k) and list or at[base][j]
    end
  end
  return at
end

local function graded(case)
  local score, rating = case:tensor "input.score", case:tensor "input.rating"
  local cutoffs = case:integers "input.k"
  local function metrics(segments)
    return cmml.core.rating_metrics(score, rating, segments, cutoffs)
  end
  local whole = metrics(cmml.segments { score.count })

  if not case:has "input.lengths" then
    case:option("note", "")
    case:expect("output.mae", whole.mae[1])
    case:expect("output.rmse", whole.rmse[1])
    local at = {}
    for j in ipairs(cutoffs) do
      at[j] = whole["ndcg_exp@" .. cutoffs[j]][1]
    end
    case:expect("output.ndcg_exp", at)
    return
  end

  local segments = case:segments "input.lengths"
  case:size("sizes", segments:totable())
  case:size("k", cutoffs)
  case:option "levels" -- how many different scores were drawn
  local each = metrics(segments)
  local ndcg = by_cutoff(each, cutoffs).ndcg_exp
  local users, means = {}, {}
  for user = 1, #segments do
    users[user] = {}
    for j in ipairs(cutoffs) do
      users[user][j] = ndcg[j][user]
    end
  end
  for j, column in ipairs(ndcg) do
    means[j] = cmml.metrics.summary(column).mean
  end
  case:expect("output.user.ndcg_exp", users)
  case:expect("output.ndcg_exp", means)
  for _, name in ipairs { "mae", "rmse" } do
    case:expect("output.user." .. name, each[name])
    case:expect("output." .. name, cmml.metrics.summary(each[name]).mean)
    case:expect("output.pooled_" .. name, whole[name][1])
  end
end

kinds[1] = {
  match = function(case)
    return case:has "input.rating"
  end,
  run = graded,
}

-- Without what other truth holds: ndcg_exp, of labels 0 and 1 ndcg, the files with ratings;
-- normalized_recall, which is in no file, spec/lists_spec.lua.
local function held_here(at)
  at.ndcg_exp, at.normalized_recall = nil, nil
  return at
end

-- Metrics of relevant and other rows.
local function ranked(case)
  local score, labels = case:tensor "input.score", case:integers "input.label"
  local label = cmml.tensor(labels)
  local cutoffs = case:integers "input.k"
  if not case:has "input.lengths" then
    case:option("note", "")
    local everything = cmml.segments { score.count }
    local found = cmml.core.ranking_metrics(score, label, everything, cutoffs)
    local at = held_here(by_cutoff(found, cutoffs))
    for name, lists in pairs(at) do
      local values = {}
      for j in ipairs(cutoffs) do
        values[j] = lists[j][1]
      end
      case:expect("output." .. name, values)
    end
    for name, list in pairs(found) do
      if not name:find "@" then
        case:expect("output." .. name, list[1])
      end
    end
    return
  end

  local segments = case:segments "input.lengths"
  case:size("sizes", segments:totable())
  case:size("k", cutoffs)
  case:option "levels"
  local positives, row = {}, 0
  for user, length in ipairs(segments:totable()) do
    positives[user] = 0
    for _ = 1, length do
      row = row + 1
      positives[user] = positives[user] + (labels[row] > 0 and 1 or 0)
    end
  end
  case:size("positives", positives)
  local found = cmml.core.ranking_metrics(score, label, segments, cutoffs)
  local at = held_here(by_cutoff(found, cutoffs))
  for name, lists in pairs(at) do
    local users, means = {}, {}
    for user = 1, #segments do
      users[user] = {}
      for j in ipairs(cutoffs) do
        users[user][j] = lists[j][user]
      end
    end
    for j, list in ipairs(lists) do
      means[j] = cmml.metrics.summary(list).mean
    end
    case:expect("output.user." .. name, users)
    case:expect("output." .. name, means)
  end
  for name, list in pairs(found) do
    if not name:find "@" then
      case:expect("output.user." .. name, list)
      case:expect("output." .. name, cmml.metrics.summary(list).mean)
    end
  end
end

kinds[2] = {
  match = function(case)
    return case:has "input.label" and case:has "output.auc"
  end,
  run = ranked,
}

return kinds
