-- Populations: who takes part is counted by hand, under every protocol, and told.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local tuned_file = require "cmml.experiment.tuned_file"
local core = cmml.core

-- People by how many ratings they have: those with 13 and 100 are the first and last in MeLU's.
local counts = { 1, 12, 13, 14, 20, 30, 40, 50, 60, 70, 80, 90, 99, 100, 101, 110, 120 }
local inside = {}

local function rating_of(u, i)
  return 1 + (u * i + i) % 5
end

local function world()
  local ratings, items = {}, {}
  for u, n in ipairs(counts) do
    inside["u" .. u] = n >= 13 and n <= 100
    for i = 1, n do
      ratings[#ratings + 1] = { "u" .. u, "i" .. (u * 7 + i) % 120, rating_of(u, i), 1000 * u + i }
    end
  end
  for i = 0, 119 do
    items[i + 1] = { id = "i" .. i, title = ("Film %d (%d)"):format(i, 1990 + i % 12) }
  end
  return cmml.dataset { schema = cmml.data.schema {}, ratings = ratings, items = items }
end

describe("the population melu", function()
  local dataset = world()

  local function names(rows)
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = dataset.users:text(row)
    end
    return list
  end

  for _, protocol in ipairs { "full", "capped", "warm", "warm-leaky", "melu", "last", "time" } do
    it("holds people with 13 to 100 ratings alone, and all of them: " .. protocol, function()
      local data = assert(cmml.users.protocol(dataset, { protocol = protocol, valid = 0.2,
        population = "melu", cut = protocol == "time" and 14050 or nil }))
      local seen = 0
      for _, part in ipairs { "train", "valid", "test" } do
        for _, name in ipairs(names(data[part])) do
          assert.is_true(inside[name], part .. ": " .. name)
          seen = seen + 1
        end
      end
      assert.equal(protocol == "melu" and seen or 12, seen) -- melu's quadrants have limits, too
      assert.truthy(seen >= 6)
      for _, evaluation in ipairs(data.evaluations) do
        for _, name in ipairs(names(evaluation.tasks.users)) do
          assert.is_true(inside[name], evaluation.name .. ": " .. name)
        end
      end
      assert.equal("melu", data.conditions.population)
      assert.same({ people = 17, fewer = 2, more = 3, test = data.left_out.test }, data.left_out)
    end)
  end

  it("is not the default, and all is everybody", function()
    for _, population in ipairs { "all", false } do
      local data = assert(cmml.cold_users(dataset, { population = population or nil }))
      assert.equal(17, #data.train + #data.valid + #data.test)
      assert.is_nil(data.conditions.population)
      assert.is_nil(data.left_out)
    end
  end)

  it("tests those of a list who belong to it, and counts the others", function()
    local data = assert(cmml.cold_users(dataset, { population = "melu", valid = 0,
      test_users = { "u1", "u3", "u14", "u15", "u17" } }))
    assert.same({ "u3", "u14" }, names(data.test))
    assert.equal(3, data.left_out.test)
    assert.equal(10, #data.train)
    local setting = cmml.settings:get "users"
    local told = "population melu, people with 13 to 100 ratings: of 17 people 5 are left out, 2 "
      .. "with fewer and 3 with more ratings; 3 of them were to be tested"
    data.setting = "users"
    assert.truthy(setting.summary(data):find(told, 1, true), setting.summary(data))
    for _, evaluation in ipairs(setting.evaluations(data, {})) do
      assert.truthy(evaluation.rule:find("; " .. told, 1, true), evaluation.rule)
    end
  end)

  it("is refused where files say who takes part, and by a wrong name", function()
    refused("users.protocol: given takes no population: its files say who takes part",
      cmml.users.protocol, dataset, { protocol = "given", population = "melu", split = "x" })
    refused('population "mleu" is not known; did you mean melu?', cmml.cold_users, dataset,
      { population = "mleu" })
    refused("unknown option population", cmml.users.given, dataset, { population = "melu",
      split = "x" })
  end)
end)

describe("--population", function()
  local function runs(...)
    local text, said, code = cli(...)
    assert.equal(0, code, said)
    return text
  end
  local root = temporary.folder()
  local own = root .. "/own.tsv"
  local lines = { "user\titem\trating" }
  for u, n in ipairs(counts) do
    for i = 1, n do
      lines[#lines + 1] = ("u%d\ti%d\t%d"):format(u, (u * 7 + i) % 120, rating_of(u, i))
    end
  end
  assert(core.write_file(own, table.concat(lines, "\n") .. "\n"))
  teardown(function()
    temporary.remove(root)
  end)
  local told = "population melu, people with 13 to 100 ratings: of 17 people 5 are left out, 2 "
    .. "with fewer and 3 with more ratings"

  local function flat(text)
    return (text:gsub("%s+", " "))
  end

  it("is noted in a model, and told by train and evaluate", function()
    local text = flat(runs("train", "--ratings", own, "--model", "factor_analysis", "--population",
      "melu", "--out", root .. "/run"))
    assert.truthy(text:find(told, 1, true), text)
    assert.truthy(text:find("10 users to train, 0 to validate, 2 to test", 1, true), text)
    local model = root .. "/run/best.safetensors"
    text = flat(runs("evaluate", "--ratings", own, "--model", model, "--baselines=none"))
    assert.truthy(text:find(told, 1, true), text)
    assert.truthy(text:find("2 test users", 1, true), text)
    -- everybody else may be learnt from by the baselines; those tested are the model's
    text = flat(runs("evaluate", "--ratings", own, "--model", model, "--population", "all",
      "--baselines=none"))
    assert.falsy(text:find("population", 1, true), text)
    assert.truthy(text:find("2 test users", 1, true), text)
    local _, said, code = cli("train", "--ratings", own, "--population", "meluu", "--out",
      root .. "/none")
    assert.equal(2, code)
    assert.truthy(said:find('--population "meluu" is not known; did you mean melu?', 1, true), said)
  end)

  it("stands in the titles and below the tables of an experiment", function()
    local result = cmml.experiment("users", { ratings = own, population = "melu", draws = 1,
      protocol = "full", kinds = "item_mean,item_knn", resamples = 20 })
    assert.same({}, result.failures)
    assert.truthy(result.text:find("Cold users, full histories, people with 13 to 100 ratings", 1,
      true), result.text)
    assert.truthy(flat(result.text):find(told, 1, true), result.text)
  end)

  it("is told by tuning, and kept with what it finds", function()
    local folder = temporary.folder()
    local path = folder .. "/tuned.lua"
    local options = { ratings = own, population = "melu", valid = 0.3, data_seed = 4, trials = 2,
      keep = path }
    options.model = "item_knn"
    local one = cmml.tune(options)
    options.model, options.kinds = nil, "item_knn"
    for _, result in ipairs { one, cmml.tune_kinds(options) } do
      assert.truthy(flat(result.text):find(told, 1, true), result.text)
      assert.truthy(flat(result.narrow):find(told, 1, true), result.narrow)
    end
    assert.same({ population = "melu", data_seed = 4 },
      tuned_file.read(core, path).users.item_knn.tuned.options)
    temporary.remove(folder)
  end)
end)
