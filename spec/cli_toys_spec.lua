-- Kinds of a user's own on the command line, one of each sort, registered by a module: trained,
-- resumed, evaluated, asked for recommendations and told about, in each setting, one of the user's
-- own among them.
local plain = require "cmml.base.plain"
local cmml = require "cmml"
local people = require "spec.support.people"
local result_tables = require "spec.support.result_tables"
local scenario_cli = require "spec.support.scenario_cli"
local temporary = require "spec.support.temporary"
local toys = require "spec.support.toy_kinds"
require "spec.support.toy_setting"
local core = cmml.core

local runs, fails, contains = scenario_cli.runs, scenario_cli.fails, scenario_cli.contains
local module = "--modules=spec.support.toy_setting"

describe("a kind of one's own on the command line", function()
  local root
  local folders, split = {}, { users = {}, scenarios = { "--min-items=10", "--max-items=100",
    "--factors=4" }, counting = { "--max-step=3" } }
  local asked = { users = { "--rate=1=5,2=1.5" }, scenarios = { "--user=1", "--liked=5,2=6" },
    counting = { "--said=n3,n8" } }
  local support = { users = { { "1", 5 }, { "2", 1.5 } },
    scenarios = { { "1", "5", 1 }, { "2", "6", 1 } }, counting = { { "n3", 1 }, { "n8", 1 } } }

  setup(function()
    root = temporary.folder()
    folders.users = root .. "/data"
    assert(core.mkdir(folders.users))
    people.write(core, folders.users, { users = 40, items = 16, rated = 8 })
    folders.scenarios = scenario_cli.folder(core, root .. "/tags", "lastfm")
    folders.counting = root .. "/counting"
    assert(core.mkdir(folders.counting))
    local lines = {}
    for i = 1, 20 do
      lines[i] = ("c%d %d %d 8\n"):format(i, i % 7 + 1, i % 3 + 1)
    end
    assert(core.write_file(folders.counting .. "/counting.txt", table.concat(lines)))
  end)

  teardown(function()
    temporary.remove(root)
  end)

  local function train(setting, kind, where, ...)
    local words = { "train", module, "--quiet", "--data", folders[setting], "--out", root .. where,
      "--model", kind, table.unpack(split[setting]) }
    return table.unpack(table.move({ ... }, 1, select("#", ...), #words + 1, words))
  end

  for _, setting in ipairs { "users", "scenarios", "counting" } do
    for _, kind in ipairs(toys.names) do
      local class = assert(cmml.kinds.find(kind, setting))
      local where = ("/%s_%s"):format(setting, kind)
      local file

      it(("is trained: %s, %s"):format(kind, setting), function()
        file = root .. where .. "/best.safetensors"
        local text = runs(train(setting, kind, where))
        contains(text, "best.safetensors")
        local model = assert(cmml.load(file))
        assert.same({ kind, setting }, { model.kind, model.setting.name })
        if class.learns == "gradient" then
          assert.equal(4, model.options.width)
          contains(text, "validation")
        end
      end)

      it(("is resumed, if it learns by gradient: %s, %s"):format(kind, setting), function()
        if class.learns ~= "gradient" then
          fails(class.fit and "--resume does not apply to --model " .. kind .. ", which is fitted "
            .. "without gradient training" or "which has nothing to learn",
            train(setting, kind, where .. "_again", "--resume"))
          return
        end
        local function run(to, epochs, ...)
          runs(train(setting, kind, where .. to, "--preset=wide", "--width=3", "--epochs", epochs,
            ...))
          return core.read_file(root .. where .. to .. "/best.safetensors")
        end
        local whole = run("_whole", "4")
        run("_parts", "2")
        assert.equal(whole, run("_parts", "4", "--resume"))
        assert.equal(3, assert(cmml.load(root .. where .. "_whole/best.safetensors")).options.width)
        fails("cannot resume: --lr was 0.01, now it is 0.5", train(setting, kind, where .. "_parts",
          "--preset=wide", "--width=3", "--resume", "--lr=0.5"))
      end)

      it(("is evaluated beside the baselines: %s, %s"):format(kind, setting), function()
        local text = runs("evaluate", module, "--quiet", "--data", folders[setting], "--model",
          file)
        local titles = {}
        for _, row in ipairs(result_tables.read(text)) do
          titles[row[1]] = true
          assert.equal(row[3], row[3], row[1]) -- a number
        end
        local title = class.title .. (class.learns == "gradient" and ", seed 1" or "")
        assert.truthy(titles[title], text)
        for _, baseline in ipairs(cmml.kinds.baselines(setting)) do
          assert.truthy(titles[baseline.title], baseline.title)
        end
        local words = { "evaluate", module, "--quiet", "--data", folders[setting], "--model", file,
          "--baselines", kind .. ",toy_fitted" }
        words[#words] = kind == "toy_fitted" and kind or words[#words]
        if class.learns == "gradient" then
          scenario_cli.is_wrong(('--baselines entry 1 "%s" is not known'):format(kind),
            table.unpack(words))
        else
          contains(runs(table.unpack(words)), "| " .. class.title)
        end
      end)

      it(("recommends, and is told about: %s, %s"):format(kind, setting), function()
        local model = assert(cmml.load(file))
        local expected = model:adapt(support[setting]):recommend { n = 3,
          user = setting == "scenarios" and "1" or nil }
        local text = runs("recommend", module, "--model", file, "--n=3",
          table.unpack(asked[setting]))
        local scale = model.catalogue.scale
        for i, entry in ipairs(expected) do
          local stars = scale and math.max(scale.smallest, math.min(scale.largest, entry.score))
          contains(text, plain.format("%d %5.2f %s ", i, stars or entry.score, entry.item))
        end
        text = runs("info", module, "--model", file, "--parameters")
        contains(text, ("kind %s (%s)"):format(kind, class.title))
        contains(text, "written by " .. cmml._VERSION)
        fails(setting == "counting" and "the setting counting is not known; if it is of your own, "
          .. "register it first (--modules)" or "no recommender of kind " .. kind .. " is known",
          "info", "--model", file)
      end)
    end
  end

  it("is for a setting of one's own, which says what it does not have", function()
    local here = " applies only to ratings of users, but here are people who count"
    fails("--cap" .. here, train("counting", "toy_forward", "/none", "--cap=5"))
    fails("--max-step applies only to people who count, but here are ratings of users",
      train("users", "toy_forward", "/none", "--max-step=3"))
    fails("there is no protocol full for people who count; known: held-out", train("counting",
      "toy_forward", "/none", "--protocol=full"))
    fails("the kind item_knn is for ratings of users, not for people who count", train("counting",
      "item_knn", "/none"))
    fails("--rate" .. here, "recommend", module, "--model", root
      .. "/counting_toy_forward/best.safetensors", "--rate=1=5")
    local text = runs("train", module, "--help")
    contains(text, "kinds for counting: toy_fitted, toy_forward, toy_inner, toy_nothing")
    contains(runs("evaluate", module, "--help"), "protocols for counting: held-out")
    contains(runs("recommend", module, "--help"), "--said LIST")
  end)

  it("takes options of its own by their names", function()
    runs(train("users", "toy_inner", "/steps", "--inner-steps=1", "--inner-lr", "0.05",
      "--epochs=1"))
    local options = assert(cmml.load(root .. "/steps/best.safetensors")).options
    assert.same({ 1, 0.05, 4 }, { options.inner_steps, options.inner_lr, options.width })
    runs(train("users", "toy_fitted", "/shrunk", "--shrink=3"))
    assert.equal(3, assert(cmml.load(root .. "/shrunk/best.safetensors")).options.shrink)
    fails("--inner-steps is no option of --model toy_forward for ratings of users; it has --width",
      train("users", "toy_forward", "/none", "--inner-steps=1"))
    fails("there is no preset wde of toy_inner for ratings of users; did you mean wide?",
      train("users", "toy_inner", "/none", "--preset=wde"))
    scenario_cli.is_wrong("--width must be from 1 to 64, but is 65", train("users", "toy_inner",
      "/none", "--width=65"))
  end)
end)
