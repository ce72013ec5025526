-- Examples of the reference (@usage in comments) run as they stand, over the made data.
require "spec.support.close"
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"
local comments = require "reference.comments"

local cmml = require "cmml"

-- What examples may use without making it: what a reader has at hand by then.
local function surroundings()
  local dataset = assert(cmml.movielens "data/made")
  local data = assert(cmml.cold_users(dataset))
  local model = cmml.cmml(data.catalogue)
  return { cmml = cmml, dataset = dataset, data = data, model = model,
    person = model:adapt { { "15", 5 }, { "5", 1 } } }
end

-- Every example: list of {path, line, text}.
local function examples()
  local list = {}
  for _, path in ipairs(gate.files("lua/cmml", ".lua")) do
    for line, block in pairs(comments.lua(path)) do
      for _, text in ipairs(block.usage) do
        list[#list + 1] = { path = path, line = line, text = text,
          name = block.code:match "function ([%w_.:]+)" }
      end
    end
  end
  table.sort(list, function(a, b)
    return a.path < b.path or a.path == b.path and a.line < b.line
  end)
  return list
end

describe("examples of the reference", function()
  local all, at_hand = examples(), surroundings()

  it("are there for what is used most", function()
    local shown = {}
    for _, example in ipairs(all) do
      shown[tostring(example.name)] = true
    end
    for _, name in ipairs { "cmml.dataset", "cmml.movielens", "cmml.cold_users", "cmml.cmml",
      "cmml.train", "cmml.evaluate", "cmml.save", "cmml.load", "Recommender:adapt",
      "Adapted:recommend", "cmml.kind", "cmml.experiment" } do
      assert.is_true(shown[name], name)
    end
  end)

  for _, example in ipairs(all) do
    it(("of %s run and print"):format(example.name), function()
      local printed = {}
      local env = setmetatable({ print = function(...)
        printed[#printed + 1] = table.pack(...)
      end }, { __index = function(_, name)
        return at_hand[name] or _G[name]
      end, __newindex = function(_, name)
        error("a global is made: " .. name, 2)
      end })
      local place = ("%s:%d"):format(example.path, example.line)
      assert(load(example.text, "=" .. place, "t", env))()
      assert.is_true(#printed > 0 or not example.text:find "print", place)
      for _, values in ipairs(printed) do
        for i = 1, values.n do
          assert.not_nil(values[i], place .. ": prints nil")
        end
      end
    end)
  end

  it("stand in what cmml.help shows, line by line as they were written", function()
    local shown, original = {}, print
    _G.print = function(text)
      shown[#shown + 1] = text
    end
    local ok, message = pcall(cmml.help, "cold_users")
    _G.print = original
    assert(ok, message)
    assert.truthy(table.concat(shown, "\n"):find(
      "  example\n    local data = assert(cmml.cold_users(dataset, {", 1, true))
  end)
end)
