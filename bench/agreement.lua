--- Whether a frozen model gives its people the lists of the live one, and lists of candidates those
-- of all items: for the cold people of a data set, who read up to 40 of their ratings, half of them
-- at most.
--
--     lua5.4 bench/agreement.lua --model frozen.safetensors --data data/ml-1m
--
-- The model file is one of `cmml freeze --retrieval`, of a model trained on the same people.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local program = require "program"

local values = program.options("agreement.lua", "usage: lua5.4 bench/agreement.lua [OPTIONS]", {
  { name = "model", kind = "string", arg = "FILE", required = true, help = "frozen model" },
  { name = "data", kind = "string", arg = "DIR", required = true,
    help = "folder in the format of MovieLens-1M" },
  { name = "people", kind = "integer", default = 1000, from = 1, help = "how many, at most" },
})

local cmml = require "cmml"
local core = cmml.core

local function given(...)
  local value, message = ...
  return value or program.fail(message)
end

local data = given(cmml.cold_users(given(cmml.movielens(values.data))))
local model, predictor = given(cmml.load(values.model)), given(cmml.predictor(values.model))
local lengths = data.ratings.users:totable()
local items, ratings = data.ratings.items:totable(), data.ratings.ratings:totable()

local first = { 0 }
for user, length in ipairs(lengths) do
  first[user + 1] = first[user] + length
end

-- What somebody gives to know: {raw id, rating}, of items that the model has.
local function support_of(user)
  local known = {}
  for at = first[user] + 1, first[user + 1] do
    local id = data.dataset.items:text(items[at])
    known[#known + 1] = predictor:row(id) and { id, ratings[at] } or nil
  end
  local support = {}
  for i, at in ipairs(core.choose(#known, math.min(40, #known // 2), { seed = user }):totable()) do
    support[i] = known[at]
  end
  return support
end

-- Raw ids of a list as a text, and the largest difference of scores to another list.
local function compare(list, other)
  local ids, worst = {}, 0
  for i, entry in ipairs(list) do
    ids[i] = entry.item
    worst = other and math.max(worst, math.abs(entry.score - other[i].score)
      / math.abs(other[1].score)) or 0
  end
  return table.concat(ids, " "), worst
end

local people = math.min(values.people, #data.test)
local same, worst, of = 0, 0, {}
local few = { 500, 200, 100, 50 }
for i = 1, people do
  local support = support_of(data.test[i])
  local person <close> = predictor:context(support)
  local all, live = person:recommend(), model:adapt(support):recommend()
  local ids, difference = compare(all, live)
  same, worst = same + (ids == compare(live) and 1 or 0), math.max(worst, difference)
  for _, candidates in ipairs(predictor.retrieves and few or {}) do
    local list = compare(person:recommend { candidates = math.min(candidates, predictor.items) })
    of[candidates] = (of[candidates] or 0) + (list == ids and 1 or 0)
  end
end
print(("%d cold people: the frozen model's ten best are the live one's for %d, scores within %.1e")
  :format(people, same, worst))
for _, candidates in ipairs(predictor.retrieves and few or {}) do
  print(("%d candidates of %d: the ten best of all items for %d"):format(candidates,
    predictor.items, of[candidates]))
end
