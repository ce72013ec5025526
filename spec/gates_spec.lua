-- The gates of the house: what each of them refuses.
local gate = require "spec.support.gate"

-- Puts a line before the last `end` of a file, or before its last `return`.
local function with(line)
  return function(text)
    return (text:gsub("\n([^\n]+\n)$", "\n  " .. line:gsub("%%", "%%%%") .. "\n%1"))
  end
end

describe("the gate of floors", function()
  it("refuses what reaches up, however it does", function()
    for line, said in pairs {
      ['require "cmml.cli.main"'] = 'require "cmml.cli.main"',
      ['use "train.train"'] = "train.train", ["cmml.evaluate()"] = "cmml.evaluate",
      ["pcall(require, 'cmml.cli.main')"] = 'require "cmml.cli.main"',
      ["use('train.train')"] = "train.train", ['local _ = cmml["evaluate"]'] = "cmml.evaluate",
      ['local _ = "--" .. tostring(cmml.evaluate)'] = "cmml.evaluate",
      ["local _, als = nil, cmml.vectors"] = "cmml.vectors",
      ["local settings, _ = cmml.settings print(settings.users)"] = "cmml.settings",
    } do
      gate.refuses("floors", said, "lua/cmml/nn/layers.lua", with(line))
    end
  end)

  it("takes texts and comments for what they are", function()
    local status, output = gate.run("floors", "lua/cmml/nn/layers.lua",
      with "local _ = 'uses cmml.evaluate()' --[[ cmml.train ]] -- use 'train.train'")
    assert.equal("0", status, output)
  end)

  it("knows a name by all the ways in which a part defines it", function()
    for _, line in ipairs { "cmml.evaluate, cmml.added = nil, nil", 'cmml["added"] = nil',
      "local loaded = cmml.loaders loaded.added = nil" } do
      local name = line:find "loaded" and "cmml.loaders.added" or "cmml.added"
      gate.refuses("floors", ("uses %s of the floor loaders"):format(name),
        "lua/cmml/nn/layers.lua", with("local _ = " .. name), {
        ["lua/cmml/loaders/movielens.lua"] = with(line) })
    end
  end)

  it("refuses one setting in the code of another, and one in that of all", function()
    gate.refuses("floors", "of the setting users", "lua/cmml/settings/scenarios/tasks.lua",
      with 'use "settings.users.tasks"')
    gate.refuses("floors", "of one setting, but is for all", "lua/cmml/settings/setting.lua",
      with 'use "settings.users.tasks"')
  end)

  it("refuses a list of parts that is not that of the folders", function()
    gate.refuses("floors", "parts", "lua/cmml/parts.lua", function(text)
      return (text:gsub('    "nn.layers",\n', ""))
    end)
    gate.refuses("floors", "late = false of floor svg", "lua/cmml/parts.lua", function(text)
      return (text:gsub('("svg", late =) true', "%1 false"))
    end)
    gate.refuses("floors", "floor base", "lua/cmml/parts.lua", function(text)
      return (text:gsub("\n}\n$", '\n  { floor = "base", late = false },\n}\n'))
    end)
    gate.refuses("floors", "nn/added.lua: is a part, but", "lua/cmml/nn/added.lua", function()
      return "return\n  function ( cmml )\n  cmml.added = true\nend\n"
    end)
    gate.refuses("floors", "nn/added.lua: is neither a part", "lua/cmml/nn/added.lua", function()
      return "return function(library)\n  library.added = true\nend\n"
    end)
  end)
end)

describe("the gate of names", function()
  it("refuses comparisons with names of settings and kinds", function()
    gate.refuses("names", 'compares with "users", the name of a setting',
      "lua/cmml/train/train.lua", with 'local _ = cmml.name == "users"')
    gate.refuses("names", 'compares with "scenarios"', "lua/cmml/cli/train.lua",
      with "local _ = 'scenarios' ~= cmml.name")
    gate.refuses("names", 'compares with "item_knn", the name of a kind',
      "lua/cmml/evaluate/evaluate.lua", with 'local _ = cmml.name == "item_knn"')
    gate.refuses("names", 'compares with "users"', "lua/cmml/train/train.lua",
      with 'local _ = ("--" == cmml.name) or cmml.name == ("users")')
  end)

  it("refuses a table by their names, and nothing that is a word like any other", function()
    gate.refuses("names", 'goes by "scenarios"', "lua/cmml/train/train.lua",
      with 'local _ = { users = 1, f(function() return { 2 } end), ["scenarios"] = 3 }')
    gate.refuses("names", 'goes by "popularity", the name of a kind', "lua/cmml/train/train.lua",
      with "local _ = { item_knn = 1; popularity = 2 }")
    local status, output = gate.run("names", "lua/cmml/train/train.lua",
      with 'local _ = { users = { scenarios = 1 } } -- cmml.name == "users"')
    assert.equal("0", status, output)
  end)
end)

describe("the gate of layers", function()
  it("refuses a header of a folder above, and Lua outside of the binding", function()
    gate.refuses("layers", "ops/ops.h", "csrc/kernels/blas.c", function(text)
      return '#include "ops/ops.h"\n' .. text
    end)
    gate.refuses("layers", "lua.h", "csrc/tasks/groups.c", function(text)
      return "#include <lua.h>\n" .. text
    end)
  end)
end)

describe("the gate of the locale", function()
  it("refuses functions of Lua that follow the locale, wherever a file shows them", function()
    local lines = { "table.sort(cmml.names)", "local _ = ('x'):lower()", "_ = tonumber '0.5'",
      '_ = ("%.3f"):format(1)', '_ = ("a %d " .. "%5.1e"):format(1, 2)', '_ = ("a"):match "^%a+$"',
      "_ = os.date '%A'",
      '_ = "table.sort" .. ("%s %d %%g"):format("", 1) -- tonumber("0.5"):lower()' }
    local first
    local status, output = gate.run("locale", "lua/cmml/nn/layers.lua", function(text)
      first = 1 + select(2, text:gsub("\n", ""))
      return text .. table.concat(lines, "\n") .. "\n"
    end)
    assert.equal("1", status)
    for i = 1, #lines do -- the last one is right
      local said = output:find(("layers.lua:%d: "):format(first + i - 1), 1, true) ~= nil
      assert.equal(i < #lines, said, lines[i] .. "\n" .. output)
    end
  end)

  it("refuses those of C", function()
    local lines = { "double f(const char *s) { return strtod(s, 0); }",
      'int g(char *s, double x) { return snprintf(s, 9, "%d %.3f", 1, x); }',
      "int h(int c) { return tolower(c); }",
      "const char *j(lua_State *L) { return luaL_checkstring(L, 1); }",
      "const char *k(lua_State *L) { return luaL_optlstring(L, 1, \"\", 0); }",
      "const char *l(lua_State *L) { return luaL_tolstring(L, 1, 0); }",
      'int i(char *s) { return snprintf(s, 9, "%d", 1); }' }
    local first
    local _, output = gate.run("locale", "csrc/tasks/groups.c", function(text)
      first = 1 + select(2, text:gsub("\n", ""))
      return text .. table.concat(lines, "\n") .. "\n"
    end)
    for i = 1, #lines do
      local said = output:find(("groups.c:%d: "):format(first + i - 1), 1, true) ~= nil
      assert.equal(i < #lines, said, lines[i] .. "\n" .. output)
    end
  end)
end)
