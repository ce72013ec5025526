-- Items that nobody took, in lists of CMML: their scores against the definition, and for whom.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local core = cmml.core

-- Films of one kind are loved by the same people. Nobody rated the last four.
local n_taken = 24
local world = people.world { users = 80, items = n_taken, rated = 10 }
for i, item in ipairs { { id = "new loud", kind = "loud", tags = { "tag0" } },
  { id = "new calm", kind = "calm", tags = { "tag1" } }, { id = "nothing known" },
  { id = "like none", kind = "silent" } } do
  world.items[n_taken + i] = item
end
world.name = "people"
world.schema = cmml.data.schema { item = { { "kind" }, { "tags", multi = true } } }
local data = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.2, valid = 0.2 }))
local items = data.catalogue.items

local function trained(options)
  local all = { width = 16, backbone = { 16, 16 }, hyper = { 16, 16 }, dropout = 0.2 }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  local model = cmml.recommenders.cmml_lists(data.catalogue, all)
  cmml.train(model, data, { epochs = 8, batch = 16, support = 4, query = 3, lr = 0.01 })
  return model
end

local loud = { { "f1", 5 }, { "f3", 4.5 }, { "f2", 1 } }
local calm = { { "f1", 1 }, { "f4", 4.5 }, { "f2", 5 } }

local function scores_of(model, support)
  local scores, of = model:all_scores_of(model:adapt(support).state, 1):totable()[1], {}
  for row, score in ipairs(scores) do
    of[items:text(row)] = score
  end
  return of
end

local function places_of(model, support)
  local places = {}
  for place, shown in ipairs(model:adapt(support):recommend { n = 99 }) do
    places[shown.item] = place
  end
  return places
end

-- The values of the fields of an item, as texts.
local function values_of(record)
  local values = { record.kind and "kind " .. record.kind }
  for _, tag in ipairs(record.tags or {}) do
    values[#values + 1] = "tag " .. tag
  end
  return values
end

-- Cosines of a new item with those that were taken, of rows in which a value that k of all items
-- have counts log(1 + n / k). What no taken item has is no value.
local function similarities_to(id)
  local having, of = {}, {}
  for i, record in ipairs(world.items) do
    of[i] = {}
    for _, value in ipairs(values_of(record)) do
      if value ~= "kind silent" and not of[i][value] then
        having[value], of[i][value] = (having[value] or 0) + 1, true
      end
    end
  end
  local function product(a, b)
    local sum = 0
    for value in pairs(a) do
      sum = sum + (b[value] and math.log(1 + #world.items / having[value]) ^ 2 or 0)
    end
    return sum
  end
  local found, own = {}, nil
  for i, record in ipairs(world.items) do
    own = record.id == id and of[i] or own
  end
  for i = 1, n_taken do
    local both = product(own, of[i])
    found[#found + 1] = both > 0 and { world.items[i].id,
      both / math.sqrt(product(own, own) * product(of[i], of[i])) } or nil
  end
  table.sort(found, function(a, b)
    return a[2] > b[2]
  end)
  return found
end

describe("items that nobody took", function()
  local model = trained()

  it("have the scores of the nearest by their fields, each as far as it is near", function()
    for _, id in ipairs { "new loud", "new calm" } do
      local near = similarities_to(id)
      for _, support in ipairs { loud, calm, {} } do
        local scores, sum, weights = scores_of(model, support), 0, 0
        for _, pair in ipairs(near) do
          sum, weights = sum + pair[2] * scores[pair[1]], weights + pair[2]
        end
        assert.near(sum / weights, scores[id], 1e-4)
        local rows = { segments = core.segments { 2 }, items = core.ids { items:id(id), 1 } }
        local few = model:scores_of(model:adapt(support).state, rows):totable()
        assert.near(scores[id], few[1], 1e-5)
        assert.near(scores[items:text(1)], few[2], 1e-5)
      end
    end
  end)

  it("are shown to whom items like them are, from a file, too", function()
    local path = os.tmpname()
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    for _, one in ipairs { model, loaded, trained { base = "none" } } do
      local for_loud, for_calm = places_of(one, loud), places_of(one, calm)
      assert(for_loud["new loud"] < for_loud["new calm"])
      assert(for_calm["new calm"] < for_calm["new loud"])
    end
    assert.same(scores_of(model, loud), scores_of(loaded, loud))
  end)

  it("are in no list where no field brings them near to others, and counted", function()
    local places = places_of(model, loud)
    assert.is_nil(places["nothing known"])
    assert.is_nil(places["like none"])
    assert.truthy(places["f5"])
    local asked = model:adapt(loud):recommend { items = { "nothing known", "f5" } }
    assert.equal(1, #asked)
    for _, shown in ipairs(model:recommend_all({ loud, {} }, { n = 99 })[2]) do
      assert.are_not.equal("nothing known", shown.item)
    end
    local counts = {}
    for _, fact in ipairs(model:facts()) do
      counts[fact[1]] = fact[2]
      assert.truthy(#fact == 3 and (fact[1] == "base" or fact[3]:find "^2 items that nobody took"))
    end
    assert.same({ 2, 2 }, { counts["by fields"], counts["left out"] })
  end)

  it("are none where all were taken", function()
    local of = people.data(cmml, { users = 80, items = 12, rated = 8 })
    local other = cmml.recommenders.cmml_lists(of.catalogue, { width = 4, backbone = { 4 },
      hyper = { 4 } })
    other:prepare(of)
    assert.same({}, other:unlisted())
    assert.equal(1, #other:facts())
  end)

  it("are refused in files where they are no rows", function()
    local function untaken(rows)
      local contents = model:export()
      for _, entry in ipairs(contents.entries) do
        entry.value = entry.name == "model.content.untaken" and rows or entry.value
      end
      return contents
    end
    for _, rows in ipairs { { 0 }, { -1 }, { 29 }, { 3, 2 }, { 2, 2 } } do
      refused("untaken: row", cmml.import_recommender, untaken(rows))
    end
    refused("the entry untaken is missing", cmml.import_recommender, untaken(core.full({ 2 }, 1)))
  end)
end)

it("ranges of numbers bring items near, and vectors do not", function()
  local ratings, records, schema = {}, {}, { item = { { "year", kind = "number" },
    { "look", kind = "vector" } } }
  for i = 1, 20 do
    records[i] = { id = "f" .. i, year = i <= 10 and 1950 + i % 3 or 2000 + i % 3,
      look = { i, 1 } }
  end
  for u = 1, 40 do
    for i = 1, 20 do
      if (i <= 10) == (u % 2 == 0) and (i + u) % 3 > 0 then
        ratings[#ratings + 1] = { "p" .. u, "f" .. i }
      end
    end
  end
  records[21], records[22] = { id = "old", year = 1951, look = { 1, 1 } }, { id = "new",
    year = 2001, look = { 1, 1 } }
  records[23] = { id = "seen", look = { 1, 1 } }
  local of = assert(cmml.cold_users(cmml.dataset { name = "d", kind = "interactions",
    ratings = ratings, items = records, schema = cmml.data.schema(schema) },
    { test_users = 0.2, valid = 0.2 }))
  local model = cmml.recommenders.cmml_lists(of.catalogue, { width = 4, backbone = { 4 },
    hyper = { 4 } })
  cmml.train(model, of, { epochs = 2, batch = 16, support = 4, query = 3 })
  local places = places_of(model, { { "f2" }, { "f5" } })
  assert(places.old < places.new)
  assert.is_nil(places.seen)
end)
