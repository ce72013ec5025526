-- The newcomer's walk of doc/architecture.md leads through rooms that are there: each
-- `file:function` is a file, in which the function is defined.
local docs = require "spec.support.docs"

local text = docs.read "doc/architecture.md"
local walk = assert(text:match "\n## A newcomer's walk\n(.-)\n## ", "the walk is missing")

local function quoted(name)
  return (name:gsub("[^%w_]", "%%%0"))
end

-- Whether a source defines a function: in C at the beginning of a line, in Lua by its whole name,
-- or as a field of that name.
local function defines(path, source, name)
  if path:find "%.c$" then
    return ("\n" .. source):find("\n[%a_][^\n;]-%f[%w_]" .. name .. "%([^;]-{") ~= nil
  end
  local last = name:match "[%w_]+$"
  return source:find("function " .. quoted(name) .. "(", 1, true) ~= nil
    or source:find("function " .. name .. "(", 1, true) ~= nil
    or not name:find "[.:]" and source:find("%f[%w_]" .. last .. " = function%(") ~= nil
end

describe("the newcomer's walk", function()
  local rooms = {}
  for path, name in walk:gmatch "`([%w_/]+%.%l+):([%w_.:]+)`" do
    rooms[#rooms + 1] = { path = path:find "^csrc/" and path or "lua/cmml/" .. path, name = name }
  end

  it("goes through Lua and C, in both settings", function()
    local parts, seen = { "csrc/", "settings/users", "settings/scenarios", "train/", "pipeline/",
      "recommenders/", "evaluate/" }, {}
    for _, room in ipairs(rooms) do
      for _, part in ipairs(parts) do
        seen[part] = seen[part] or room.path:find(part, 1, true) ~= nil
      end
    end
    assert.is_true(#rooms >= 50, #rooms)
    for _, part in ipairs(parts) do
      assert.is_true(seen[part], part)
    end
  end)

  it("names files and functions that are there", function()
    local faults = {}
    for _, room in ipairs(rooms) do
      if not docs.exists(room.path) then
        faults[#faults + 1] = "there is no " .. room.path
      elseif not defines(room.path, docs.read(room.path), room.name) then
        faults[#faults + 1] = ("%s defines no %s"):format(room.path, room.name)
      end
    end
    assert.same({}, faults)
  end)

  it("would be found wrong", function()
    local train = docs.read "lua/cmml/train/train.lua"
    assert.is_true(defines("x.lua", train, "cmml.train"))
    assert.is_false(defines("x.lua", train, "cmml.trian"))
    assert.is_false(defines("x.lua", train, "core.clock")) -- called there, but not defined
    local tasks = docs.read "csrc/tasks/interactions.c"
    assert.is_true(defines("x.c", tasks, "cm_draw_tasks"))
    assert.is_false(defines("x.c", tasks, "cm_draw_task"))
    assert.is_false(defines("x.c", tasks, "cm_ids_new"))
  end)
end)
