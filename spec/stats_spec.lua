-- What data are, in numbers: known answers on small sets, and the command that shows them.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local temporary = require "spec.support.temporary"
local core = cmml.core

local folder
temporary.around(setup, teardown, function(path)
  folder = path
end)

-- Users with 1, 2, 3 and 4 ratings; item 1 has 4, item 4 has 1.
local function made()
  local ratings = {}
  for user = 1, 4 do
    for item = 1, user do
      ratings[#ratings + 1] = { "u" .. user, "i" .. item, item / 2, 1000 + user }
    end
  end
  return cmml.dataset { name = "made", ratings = ratings, items = {
    { id = "i1", kind = "a" }, { id = "i2", kind = "a" }, { id = "i3", kind = "b" }, { id = "i4" },
    { id = "i5", kind = "c" } },
    schema = { item = { { "kind" } } } }
end

describe("Dataset:stats", function()
  it("counts", function()
    local found = made():stats()
    assert.equal(4, found.users)
    assert.equal(4, found.items)
    assert.equal(10, found.entries)
    assert.equal(10 / 16, found.density)
    assert.same({ least = 1, quarter = 1, median = 2, three_quarters = 3, ninety = 4, most = 4,
      mean = 2.5, without = 0 }, found.per_user)
    assert.equal(1, found.per_item.without)
    assert.same({ { 0.5, 4 }, { 1.0, 3 }, { 1.5, 2 }, { 2.0, 1 } }, found.values.histogram)
    assert.equal(0.5, found.values.step)
    assert.equal(1.0, found.values.mean)
    assert.same({ "seconds", 1001, 1004, "1970-01-01", false }, { found.times.unit,
      found.times.first, found.times.last, found.times.first_day, found.times.equal })
    local field = found.item_fields[1]
    assert.same({ "kind", "category", 3, 1 }, { field.name, field.kind, field.values,
      field.missing })
    assert.same({ "a", 2 }, field.common[1])
  end)

  it("puts many different ratings into bins, all of which count", function()
    local ratings = {}
    for i = 1, 1000 do
      ratings[i] = { "u" .. i % 7, "i" .. i, i / 1000 }
    end
    local found = cmml.dataset { ratings = ratings, schema = {} }:stats()
    assert.is_true(found.values.bins)
    assert.equal(10, #found.values.histogram)
    local sum = 0
    for _, bin in ipairs(found.values.histogram) do
      sum = sum + bin[2]
    end
    assert.equal(1000, sum)
    assert.is_nil(found.times)
  end)

  it("says when all times are equal", function()
    local found = cmml.dataset { schema = {},
      ratings = { { "a", "x", 1, 0 }, { "b", "x", 2, 0 } } }:stats()
    assert.is_true(found.times.equal)
  end)
end)

describe("cmml stats", function()
  local function runs(...)
    local output, errors, code = cli("stats", ...)
    assert.equal(0, code, errors)
    return output
  end

  it("tells of ratings of users within 80 columns, with a picture", function()
    local picture = folder .. "/made.svg"
    local output = runs("--data=data/made", "--quiet", "--picture", picture)
    for line in output:gmatch "[^\n]+" do
      assert.truthy(utf8.len(line) <= 80, line)
    end
    for _, part in ipairs { "500", "20089", "1 to 5 in steps of 1", "item genre", "median" } do
      assert.truthy(output:find(part, 1, true), output)
    end
    local svg = assert(core.read_file(picture))
    assert.truthy(svg:find("20089 ratings of 500 users and 300 items", 1, true))
  end)

  it("writes JSON and CSV", function()
    local path = folder .. "/made.json"
    runs("--data=data/made", "--quiet", "--out", path)
    local found = assert(core.json_decode(assert(core.read_file(path))))
    assert.equal(20089, found.entries)
    assert.equal("ratings", found.kind)
    assert.equal(5, #found.histogram)
    local sum = 0
    for _, row in ipairs(found.histogram) do
      sum = sum + row.count
    end
    assert.equal(20089, sum)
    local csv = runs("--data=data/made", "--quiet", "--format=csv")
    assert.equal("table,name,value,of,least", csv:sub(1, 25))
    assert.truthy(csv:find("\r\nfacts,entries,20089,", 1, true), csv)
    assert.truthy(csv:find("\r\nfacts,users,500,", 1, true), csv)
  end)

  it("tells of scenarios, too", function()
    local output = runs("--data=data/made", "--setting=scenarios", "--min-items=5", "--quiet")
    assert.truthy(output:find("scenarios", 1, true), output)
    assert.truthy(output:find("interactions", 1, true), output)
  end)
end)
