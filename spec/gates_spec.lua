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
    } do
      gate.refuses("floors", said, "lua/cmml/nn/layers.lua", with(line))
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
