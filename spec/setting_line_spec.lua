-- What the command line says of a third setting, from a file of a user's own: that it is there, and
-- that options and kinds of others are none of its. cli_toys_spec.lua drives it.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("a setting of one's own on the command line", function()
  local folder, data

  setup(function()
    folder = temporary.folder()
    data = folder .. "/data"
    assert(core.mkdir(data))
    local lines = {}
    for i = 1, 12 do
      lines[i] = ("c%d %d %d 8\n"):format(i, i % 7 + 1, i % 3 == 0 and 2 or 3)
    end
    assert(core.write_file(data .. "/counting.txt", table.concat(lines)))
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function called(command, ...)
    local output, said, code = cli(command, "--modules", "spec.support.toy_setting", ...)
    assert.equal(0, code, said .. output)
    return output, said
  end

  it("is in the help, with its kinds and its options", function()
    local output = called("train", "--help")
    assert.matches("counting:? +toy_fitted, toy_forward, toy_inner,%s+toy_nothing\n", output)
    output = called("train", "--help-all")
    assert.truthy(output:find("--max-step", 1, true))
    assert.truthy(output:find("--patience-of-counters", 1, true))
    assert.matches("fraction of the training tasks [^%]]*0%.2 of the counters", (output:gsub("%s+",
      " ")))
  end)

  it("refuses options of other settings, naming both", function()
    local _, said, code = cli("train", "--modules", "spec.support.toy_setting", "--data", data,
      "--model", "toy_inner", "--out", folder .. "/none", "--short-supports", "0.5")
    assert.not_equal(0, code)
    assert.matches("short%-supports applies only to ratings of users.* people who count", said)
    _, said, code = cli("train", "--modules", "spec.support.toy_setting", "--data", data, "--model",
      "item_knn", "--out", folder .. "/none")
    assert.not_equal(0, code)
    assert.matches("item_knn is for ratings of users, not for people who count", said)
  end)
end)
