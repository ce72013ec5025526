-- Rows are found by raw id: the same data in another order give the same, other data are refused.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"

local world = scenario_world.make()
local data = cmml.scenarios.data(world)
local split = data:split { seed = 3 }

-- The same data set with its interactions from the last to the first, and those of some users left
-- out.
local function backwards(keep)
  local copy = {}
  for key, value in pairs(world) do
    copy[key] = value
  end
  copy.interactions = {}
  for i = #world.interactions, 1, -1 do
    local pair = world.interactions[i]
    table.insert(copy.interactions, (not keep or keep(pair[1])) and pair or nil)
  end
  return cmml.scenarios.data(copy)
end

-- Vectors as they come back from a file.
local function through_file(vectors, ids)
  local path = os.tmpname()
  assert(vectors:save(path, ids))
  local loaded = assert(cmml.vectors.load(path))
  os.remove(path)
  return loaded
end

-- The rows of a tensor under other numbers: row i is that of to's i-th id.
local function moved(tensor, from, to)
  local rows, result = tensor:totable(), {}
  for i = 1, #to do
    result[i] = rows[from:id(to:text(i))]
  end
  return cmml.tensor(result)
end

describe("vectors from a file", function()
  local shuffled = backwards()
  local vectors = split:vectors { factors = 4, iterations = 3 }

  local function judged(of)
    return cmml.evaluate({ cmml.recommenders.cf_score(split:catalogue(of)) }, split)[1]["recall@10"]
      .values
  end

  it("are the same in another order of the rows", function()
    assert.are_not.equal(data.users:text(1), shuffled.users:text(1))
    assert.are_not.equal(data.items:text(1), shuffled.items:text(1))
    local copy = vectors:unit_rows()
    copy.users = moved(vectors.users, data.users, shuffled.users)
    copy.items = moved(vectors.items, data.items, shuffled.items)
    local loaded = through_file(copy, shuffled)
    loaded.interactions = shuffled.interactions -- of the old rows: not to be read
    local catalogue = split:catalogue(loaded)
    assert.same(vectors.users:totable(), catalogue.users.vectors.cf:totable())
    assert.same(vectors.items:totable(), catalogue.items.vectors.cf:totable())
    assert.is_nil(catalogue.made_of.vectors)
    assert.equal(data.users:text(5), catalogue.users:text(5))
    assert.same(copy.users:totable(), loaded.users:totable()) -- these stay as they were
    assert.same(judged(vectors), judged(loaded))
  end)

  it("are refused where one is missing, by its id", function()
    local fewer = backwards(function(user)
      return user ~= "u7"
    end)
    local made = cmml.vectors.als { ratings = fewer.interactions, n_items = #fewer.items,
      factors = 2, iterations = 1 }
    refused("there is no vector of u7", split.catalogue, split, through_file(made, fewer))
  end)
end)
