-- How lists order items that nobody took: those of every tenth item lose all their ratings, a model
-- learns from the rest, and of validation people it is told how often such an item that they gave 4
-- or more stands above one that they did not (AUC; 0.5 is chance). Beside it the same order for
-- everybody, that of a person of whom nothing is known (FOLDER: a data folder, or files of ratings
-- and of items; EPOCHS: of the training):
--
--     lua5.4 doc/results/untaken.lua FOLDER|RATINGS,ITEMS [EPOCHS]
local cmml = require "cmml"

local source, epochs = arg[1], math.tointeger(tonumber(arg[2] or "25"))
if not source or not epochs or epochs < 1 then
  error("usage: untaken.lua FOLDER|RATINGS,ITEMS [EPOCHS]", 0)
end

local ratings, items = source:match "^(.-),(.+)$"
local dataset = assert(ratings and cmml.read_dataset { ratings = ratings, items = items }
  or cmml.movielens(source))
local split = assert(cmml.cold_users(dataset, { test_users = 0.2, data_seed = 7, valid = 0.15 }))

-- The ratings without those of every tenth item, of which it is noted who gave 4 or more.
local function without_some()
  local all, at = split.ratings, 0
  local rows, values = all.items:totable(), all.ratings:totable()
  local kept, loved = { lengths = {}, items = {}, ratings = {} }, {}
  for user, length in ipairs(all.users:totable()) do
    local before = #kept.items
    loved[user] = {}
    for i = at + 1, at + length do
      if rows[i] % 10 == 0 then
        loved[user][rows[i]] = values[i] >= 4 or nil
      else
        kept.items[#kept.items + 1], kept.ratings[#kept.ratings + 1] = rows[i], values[i]
      end
    end
    kept.lengths[user], at = #kept.items - before, at + length
  end
  return { users = cmml.segments(kept.lengths), items = cmml.ids(kept.items),
    ratings = cmml.tensor(kept.ratings) }, loved
end

-- How often a loved one of some rows stands above another; nil without either.
local function auc(scores, rows, loved)
  local order, others, above, pairs_ = table.move(rows, 1, #rows, 1, {}), 0, 0, 0
  table.sort(order, function(a, b)
    return scores[a] < scores[b] or scores[a] == scores[b] and a < b
  end)
  for _, row in ipairs(order) do
    if loved[row] then
      above, pairs_ = above + others, pairs_ + 1
    else
      others = others + 1
    end
  end
  return pairs_ > 0 and others > 0 and above / (pairs_ * others) or nil
end

local left, loved = without_some()
local data = { setting = "users", ratings = left, train = split.train, valid = split.valid,
  bags = split.bags, catalogue = split.catalogue, relevant = split.relevant }
local model = cmml.recommenders.cmml_lists(split.catalogue)
cmml.train(model, data, { epochs = epochs })

local rows, unlisted = {}, {}
for _, row in ipairs(model:unlisted()) do
  unlisted[row] = true
end
for row = 10, #split.catalogue.items, 10 do
  rows[#rows + 1] = not unlisted[row] and row or nil
end
local tasks = cmml.users.tasks { ratings = left, users = split.valid, bags = split.bags,
  batch = 32, support = 40, query = 10, seed = 1, rank = "all", relevant = split.relevant }
local same = model:all_scores_of(model:adapt({}).state, 1):totable()[1]
local sum, square, sum_of_same, n = 0, 0, 0, 0
for batch in tasks:batches(1) do
  local scores = model:all_scores_of(model:state_of(batch.support), #batch.tasks):totable()
  for i, user in ipairs(batch.tasks) do
    local own = auc(scores[i], rows, loved[user])
    if own then
      sum, square, n = sum + own, square + own ^ 2, n + 1
      sum_of_same = sum_of_same + auc(same, rows, loved[user])
    end
  end
end
local mean = sum / n
print(("%d items, %d people: AUC %.3f +- %.3f; the same order for all %.3f"):format(#rows, n,
  mean, 1.96 * math.sqrt((square / n - mean ^ 2) / n), sum_of_same / n))
for _, fact in ipairs(model:facts()) do
  print(("%s: %s"):format(fact[1], fact[3]))
end
