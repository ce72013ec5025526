-- A third setting, from a file of a user's own, on the command line: every command finds it by its
-- name or its data, and its kinds by theirs, with nothing but --modules.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local people = require "spec.support.people"
local core = cmml.core

describe("a setting of one's own on the command line", function()
  local folder, data, run

  setup(function()
    folder = people.folder(core)
    data, run = folder .. "/data", folder .. "/run"
    assert(core.mkdir(data))
    local lines = {}
    for i = 1, 12 do
      lines[i] = ("c%d %d %d 8\n"):format(i, i % 7 + 1, i % 3 == 0 and 2 or 3)
    end
    assert(core.write_file(data .. "/counting.txt", table.concat(lines)))
  end)

  teardown(function()
    people.remove(folder)
  end)

  local function called(command, ...)
    local output, said, code = cli(command, "--modules", "spec.support.toy_setting", ...)
    assert.equal(0, code, said .. output)
    return output, said
  end

  it("trains and resumes on data that its loader reads", function()
    called("train", "--data", data, "--model", "toy_inner", "--epochs", "1", "--out", run,
      "--quiet")
    called("train", "--data", data, "--model", "toy_inner", "--epochs", "3", "--out", run,
      "--quiet", "--resume")
    local log = assert(core.read_file(run .. "/log.csv"))
    assert.matches("^epoch,loss,valid_auc,seconds\n1,[^\n]+\n2,[^\n]+\n3,[^\n]+\n$", log)
    called("train", "--data", data, "--model", "toy_fitted", "--out", folder .. "/fitted")
  end)

  it("evaluates with what its files say, by any metric", function()
    local output = called("evaluate", "--data", data, "--model", run .. "/best.safetensors,"
      .. folder .. "/fitted/best.safetensors", "--metrics", "auc,recall@2")
    assert.matches("| model +| auc +| recall@2 +|", output)
    assert.matches("\n| toy, inner steps[^|]*| %d", output)
    assert.matches("\n| toy, fitted[^|]*| %d", output)
  end)

  it("tells of its models, and recommends with options that it declares", function()
    local output = called("info", "--model", run .. "/best.safetensors")
    assert.matches("\nsetting +counting %(people who count%)\nnumbers +24\n", output)
    output = called("recommend", "--model", run .. "/best.safetensors", "--said", "n3,n6", "--n",
      "3")
    assert.equal(3, select(2, output:gsub("\n? +%d+ +%-?[%d.]+ +n%d+", "")))
  end)

  it("is in the help, with its kinds and its options", function()
    local output = called("train", "--help")
    assert.matches("\nkinds for counting: toy_fitted, toy_forward, toy_inner, toy_nothing\n",
      output)
    output = called("train", "--help-all")
    assert.truthy(output:find("--max-step", 1, true))
    assert.truthy(output:find("--patience-of-counters", 1, true))
  end)

  it("is tuned, on a small made world too", function()
    called("tune", "--setting", "counting", "--quick", "--model", "toy_inner", "--space",
      "inner_lr=lin:0.05:0.5", "--trials", "2", "--out", folder .. "/tuned", "--quiet")
  end)

  it("is compared by rows", function()
    assert(core.write_file(folder .. "/rows.lua", [[return {
      { row = "two steps", kind = "toy_inner" },
      { row = "no step", kind = "toy_inner", model = { inner_steps = 0 } },
      { row = "fitted", kind = "toy_fitted" },
    }]]))
    local output = called("experiment", "compare", "--data", data, "--rows", folder .. "/rows.lua",
      "--seeds", "2", "--epochs", "1", "--out", folder .. "/compared", "--quiet")
    for _, row in ipairs { "two steps", "no step", "fitted" } do
      assert.matches("\n| " .. row .. " ", output)
    end
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
