-- The command line under each protocol: what is evaluated was not learnt, what is leaky says so.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function runs(...)
  local output, said, code = cli(...)
  assert.equal(0, code, output .. said)
  return output
end

local function fails(text, ...)
  local output, said, code = cli(...)
  assert.equal(1, code, output .. said)
  assert.equal("", output)
  assert.truthy(said:find(text, 1, true), said)
end

describe("protocols of cmml train and cmml evaluate", function()
  local root, data, model

  local function train(where, ...)
    runs("train", "--data", data, "--out", root .. where, "--quiet", "--epochs=1", ...)
    return root .. where .. "/best.safetensors"
  end

  local function evaluate(path, ...)
    return "evaluate", "--data", data, "--model", path, "--draws=1", "--query=3", ...
  end

  local function headings(text)
    local found = {}
    for line in text:gmatch "[^\n]+" do
      found[#found + 1] = line:match "^([^|]-)%d+ t?e?s?t? ?users, support"
    end
    return found
  end

  setup(function()
    root = temporary.folder()
    data = root .. "/data"
    assert(core.mkdir(data))
    people.write(core, data, { users = 40, items = 49, rated = 20, extra = true })
    model = train("/warm", "--protocol=warm")
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("evaluate held-out ratings of training users as they were trained", function()
    local text = runs(evaluate(model, "--support", "0,5"))
    assert.same({ "warm users: ", "" }, headings(text))
    assert.truthy(text:find("protocol warm\n", 1, true))
    assert.equal(8, select(2, text:gsub("\n| model +| support 0 +| support 5 ", "")))
    assert.falsy(text:find("leaky", 1, true))
    local info = runs("info", "--model", model)
    assert.truthy(info:find('protocol = "warm"', 1, true), info)
    assert.truthy(info:find("held_out = 10", 1, true), info)
  end)

  it("refuse what was trained on, unless the protocol is leaky by name", function()
    local full, capped = train "/full", train("/capped", "--protocol=warm", "--cap=8")
    fails("was trained with protocol full, but is to be evaluated with warm: what would be "
      .. "evaluated was not held out from it. Evaluate it as it was trained, or under --protocol "
      .. "warm-leaky",
      evaluate(full, "--protocol=warm"))
    fails("was trained with data_seed 1, but is to be evaluated with 2",
      evaluate(model, "--data-seed=2"))
    fails("was trained with valid 0.05, but is to be evaluated with 0.2",
      evaluate(model, "--valid=0.2"))
    assert(core.write_file(root .. "/few", "7\n9\n"))
    fails("was trained with test users: 8, but is to be evaluated with 2",
      evaluate(model, "--test-users", root .. "/few"))
    assert.equal(2, #headings(runs(evaluate(capped))))
    local text = runs(evaluate(full, "--protocol=warm-leaky", "--baselines=global_mean,item_mean"))
    assert.same({ "warm users (leaky): ", "" }, headings(text))
    assert.equal(1, select(2, text:gsub("\n| model %(leaky%) +| mae ", "")))
    assert.equal(1, select(2, text:gsub("\n| model +| mae ", "")))
    text = runs(evaluate(full, "--protocol=warm-leaky", "--baselines=global_mean,item_mean",
      "--support=0,5"))
    assert.equal(4, select(2, text:gsub("\n| model %(leaky%) +| support 0 ", "")))
  end)

  it("evaluate the quadrants that have people", function()
    local quadrants = train("/melu", "--protocol=melu")
    local text = runs(evaluate(quadrants, "--baselines=global_mean,item_mean"))
    assert.same({ "warm: ", "user cold: " }, headings(text))
    fails("was trained with protocol warm, but is to be evaluated with melu",
      evaluate(model, "--protocol=melu"))
    fails("melu takes no cap", evaluate(quadrants, "--cap=5"))
  end)

  it("are found by name", function()
    fails("there is no protocol cold for ratings of users; known: full, capped, warm,", "train",
      "--data", data, "--out", root .. "/none", "--protocol=cold")
  end)
end)
