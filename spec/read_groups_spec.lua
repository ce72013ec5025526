-- Files that say which item is in which group.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local core = cmml.core

describe("data.read_groups", function()
  local path, items

  before_each(function()
    path, items = os.tmpname(), core.vocab()
    for _, id in ipairs { "a", "b c", "d" } do
      items:add(id)
    end
  end)

  after_each(function()
    os.remove(path)
    os.remove(path .. ".json")
  end)

  local function read(text, options, ending)
    local file = path .. (ending or "")
    assert(core.write_file(file, text))
    return cmml.data.read_groups(file, items, options)
  end

  local function fails(text, part, options, ending)
    refused.with_message(part, read, text, options, ending)
  end

  -- {group, item row} by place.
  local function pairs_of(groups)
    local list, rows = {}, groups.item_ids:totable()
    for i, group in ipairs(groups.group_ids:totable()) do
      list[i] = groups.names[group] .. "=" .. rows[i]
    end
    return list
  end

  it("reads lines of item and group, ids with spaces too", function()
    local groups = assert(read("a\tx\nb c\ty z\n\na\ty z\n"))
    assert.same({ "x=1", "y z=2", "y z=1" }, pairs_of(groups))
    assert.equal(0, groups.unknown_items)
    groups = assert(read("g,i\n\"x, y\",d\n", { delimiter = ",", header = "names", item = "i",
      group = "g", prefix = "tag " }))
    assert.same({ "tag x, y=3" }, pairs_of(groups))
  end)

  it("reads an object of items", function()
    local groups = assert(read('{"d": "x", "a": ["y", 3, "x"]}', nil, ".json"))
    assert.same({ "y=1", "3=1", "x=1", "x=3" }, pairs_of(groups))
  end)

  it("names line and item that are unknown, or leaves them out", function()
    fails("a\tx\n\nq r\ty\n", 'line 3, column 1 (item): "q r" is unknown')
    fails('{"q": ["y"]}', 'item "q" is unknown; unknown = "skip" leaves such out', nil, ".json")
    local groups = assert(read("q\tx\na\tx\nq\ty\nr\tx\n", { unknown = "skip" }))
    assert.same({ 0, 1, 0, 0 }, groups.item_ids:totable())
    assert.equal(2, groups.unknown_items)
    local data = cmml.scenarios.data { groups = groups, users = items, items = items,
      user_ids = core.ids { 1 }, item_ids = core.ids { 1 }, min_items = 1, min_users = 1 }
    assert.equal("x", data.scenarios[1].name)
    assert.equal("y", data.left_out[1].name)
    assert.equal(2, data.unknown_items)
    groups = assert(read('{"q": "x", "a": "x"}', { unknown = "skip" }, ".json"))
    assert.same({ "x=1" }, pairs_of(groups))
    assert.equal(1, groups.unknown_items)
  end)

  it("refuses damaged files and options", function()
    fails("a\n", "line 1: 1 fields where 2 are needed")
    fails("a\tx\ty\n", "line 1: 3 fields where 2 are needed")
    fails("\xff\tx\n", "not valid UTF-8")
    fails('{"a": [true]}', 'item "a" has a group that is boolean true', nil, ".json")
    fails('{"a": null}', 'item "a" has a group that is null', nil, ".json")
    fails('["a"]', "an object was expected", nil, ".json")
    fails("3", "an object was expected", nil, ".json")
    fails("{", ".json", nil, ".json")
    assert.is_nil((cmml.data.read_groups(path .. ".missing", items)))
    for _, case in ipairs { { { header = "first" }, "header" }, { { unknown = "drop" }, "unknown" },
      { { group = "item" }, 'both the column "item"' }, { { encoding = "x" }, "encoding" } } do
      local ok, message = pcall(cmml.data.read_groups, path, items, case[1])
      assert.is_false(ok)
      assert.truthy(message:find(case[2], 1, true), message)
    end
    assert.has_error(function()
      cmml.data.read_groups(7, items)
    end)
  end)
end)
