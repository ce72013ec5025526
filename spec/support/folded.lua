--- Made interactions for specs of kinds that fold people in, and what such kinds make of them. The
-- last person is tested, and nobody else took the last item.
local cmml = require "cmml"
local oracle = require "spec.support.item_weights_oracle"

local folded = { n_people = 40, n_items = 17 }

local n_people, n_items = folded.n_people, folded.n_items
local x, entries = oracle.made(n_people, n_items - 1, 3, 11)

--- Them as a data set.
-- @tparam string kind of a data set
-- @tparam[opt] function change of an entry {person, item, weight}, giving a row of the data set
-- @treturn Dataset
function folded.dataset(kind, change)
  local ratings = {}
  for e, entry in ipairs(entries) do
    ratings[e] = change and change(entry)
      or { "p" .. entry[1], "i" .. entry[2], kind ~= "interactions" and entry[3] or nil }
  end
  ratings[#ratings + 1] = { "p" .. n_people, "i" .. n_items, kind ~= "interactions" and 1 or nil }
  return cmml.dataset { name = "d", kind = kind, ratings = ratings }
end

--- A data set of which the last person is tested.
-- @tparam Dataset data
-- @tparam[opt] table options of `cold_users`
-- @treturn table
function folded.split(data, options)
  local given = { test_users = { "p" .. n_people }, valid = 0 }
  for key, value in pairs(options or {}) do
    given[key] = value
  end
  return assert(cmml.cold_users(data, given))
end

--- The interactions as plays that have weights, split.
folded.plays = folded.split(folded.dataset "weights")

--- Them as ratings of 2, 3 or 4, of which those from 3 on are relevant, split.
-- @treturn table
function folded.rated()
  return folded.split(folded.dataset("ratings", function(entry)
    return { "p" .. entry[1], "i" .. entry[2], entry[3] * 2 }
  end), { relevant = 3 })
end

--- A model of a kind, fitted.
-- @tparam string name
-- @tparam table data as `split` gives it
-- @tparam[opt] table options
-- @treturn Recommender
-- @treturn ?string what it told
function folded.fitted(name, data, options)
  local model = cmml.recommenders[name](data.catalogue, options)
  return model, model:fit(model.setting.learnable(data))
end

--- The scores that a person with these items gets, by item.
-- @tparam Recommender model
-- @tparam {integer,...} items
-- @treturn {number,...}
function folded.all_scores(model, items)
  local given, list = {}, {}
  for i, item in ipairs(items) do
    given[i] = { "i" .. item, 1 }
  end
  local person = model:adapt(given)
  local scores = model:score_all(person.state):totable()[1]
  for i = 1, n_items do
    list[i] = scores[model.catalogue.items:id("i" .. i)]
  end
  return list
end

--- Raises unless scores are near what was expected: by a part of it, if it is above 1.
-- @tparam {number,...} expected by item; 0 where there is none
-- @tparam {number,...} found
-- @tparam number bound
function folded.near(expected, found, bound)
  for i = 1, n_items do
    local value = expected[i] or 0
    assert(math.abs(value - found[i]) <= bound * math.max(1, math.abs(value)),
      ("item %d: %.9g was expected, not %.9g"):format(i, value, found[i]))
  end
end

--- The rows that are learnt from, as the option `values` has them.
-- @tparam[opt] function change of a weight; default: 1
-- @treturn table a list of rows of numbers
function folded.learnt(change)
  local rows = {}
  for p = 1, n_people - 1 do
    rows[p] = {}
    for i = 1, n_items do
      local w = x[p][i] or 0
      rows[p][i] = w > 0 and (change and change(w) or 1) or 0
    end
  end
  return rows
end

return folded
