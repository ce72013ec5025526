-- Model files that an earlier version of the library wrote: they load, and say what they said then.
--
-- The files were trained once, by the version before kinds and settings described themselves, on
-- the made data of this spec; truth.lua has what that version recommended and evaluated.
local cmml = require "cmml"
local people = require "spec.support.people"
local result_tables = require "spec.support.result_tables"
local scenario_cli = require "spec.support.scenario_cli"
local temporary = require "spec.support.temporary"
local truth = dofile "spec/files_of_format_1/truth.lua"
local core = cmml.core

local runs = scenario_cli.runs

local function near(expected, found, tolerance, what)
  assert.truthy(math.abs(expected - found) <= tolerance * math.max(1, math.abs(expected)),
    ("%s: %.9g, but it was %.9g"):format(what, found, expected))
end

describe("a model file of an earlier version", function()
  local root, folders

  setup(function()
    root = temporary.folder()
    folders = { users = root .. "/data" }
    assert(core.mkdir(folders.users))
    people.write(core, folders.users, { users = 40, items = 16, rated = 8 })
    folders.scenarios = scenario_cli.folder(core, root .. "/tags", "lastfm")
  end)

  teardown(function()
    temporary.remove(root)
  end)

  local supports = {
    users = { { "1", 5 }, { "2", 1.5 }, { "7", 4 }, user = { gender = "F" } },
    scenarios = { { "1", "5", 1 }, { "2", "6", 1 }, { "1", "9", 0 } },
  }
  local asked = {
    users = { n = 4, exclude = { "5" } },
    scenarios = { user = "1", n = 4, items = { "9", "5", "13", "2", "1", "6", "77" },
      exclude = { "2" } },
  }
  -- the baselines that there were then
  local words = { users = { "--query=4", "--support=3", "--baselines=global_mean,user_mean,"
    .. "item_mean,item_user_mean,matrix_factorization,item_knn" }, scenarios = {} }

  for name, expected in pairs(truth) do
    local path = ("spec/files_of_format_1/%s.safetensors"):format(name)
    local setting = name:match "^%a+"

    it("recommends what it recommended: " .. name, function()
      local model = assert(cmml.load(path))
      assert.equal(setting, model.setting.name)
      local found = model:adapt(supports[setting]):recommend(asked[setting])
      assert.equal(#expected.recommended, #found)
      for i, entry in ipairs(expected.recommended) do
        assert.equal(entry[1], found[i].item)
        near(entry[2], found[i].score, 1e-5, entry[1])
      end
    end)

    it("is evaluated as it was, baselines included: " .. name, function()
      local text = runs("evaluate", "--quiet", "--data", folders[setting], "--model", path,
        table.unpack(words[setting]))
      local found, count = result_tables.read(text), {}
      assert.equal(#expected.evaluated, #found)
      -- one metric of one model may stand in several tables: of several groups of users
      for _, row in ipairs(expected.evaluated) do
        local what = ("%s, %s"):format(row[1], row[2])
        count[what] = (count[what] or 0) + 1
        local left = count[what]
        for _, other in ipairs(found) do
          left = left - (("%s, %s"):format(other[1], other[2]) == what and 1 or 0)
          if left == 0 then
            near(row[3], other[3], 1.5e-4, what)
            near(row[4], other[4], 1.5e-4, what)
            break
          end
        end
        assert.equal(0, left, what .. " is not in\n" .. text)
      end
    end)

    it("is told by info and saved again: " .. name, function()
      local text = runs("info", "--model", path)
      assert.truthy(text:find("setting      [%a ]*" .. setting), text)
      local model, found = cmml.load(path)
      local again = root .. "/again.safetensors"
      assert(cmml.save(model, again, { notes = found.notes }))
      assert.equal(people.bits(model), people.bits(assert(cmml.load(again))))
    end)
  end

  it("recommends on the command line", function()
    local text = runs("recommend", "--model=spec/files_of_format_1/users_item_knn.safetensors",
      "--rate=1=5,2=1.5,7=4", "--user=gender=F", "--exclude=5", "--n=1")
    assert.truthy(text:find(truth.users_item_knn.recommended[1][1], 1, true))
    text = runs("recommend", "--user=1", "--n=1",
      "--model=spec/files_of_format_1/scenarios_recommended.safetensors", "--liked=5,2=6",
      "--items=9,5,13,2,1,6,77", "--exclude=2")
    assert.truthy(text:find(truth.scenarios_recommended.recommended[1][1], 1, true))
  end)
end)
