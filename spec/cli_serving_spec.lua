-- The command line on a trained model of scenarios: recommend, info, damaged notes; and what the
-- tutorial says.
local plain = require "cmml.base.plain"
local cli = require "spec.support.cli"
local cmml = require "cmml"
local docs = require "spec.support.docs"
local scenario_cli = require "spec.support.scenario_cli"
local temporary = require "spec.support.temporary"
local core = cmml.core
local runs, fails, contains = scenario_cli.runs, scenario_cli.fails, scenario_cli.contains

describe("a model file of scenarios", function()
  local root, tags, model

  setup(function()
    root = temporary.folder()
    tags = scenario_cli.folder(core, root .. "/tags", "lastfm")
    runs(scenario_cli.train(tags, root .. "/out", "--quiet"))
    model = root .. "/out/best.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("recommends what the library recommends for a new scenario", function()
    local loaded = assert(cmml.load(model))
    local candidates = { "9", "5", "13", "2", "1", "6" }
    local adapted = loaded:adapt { { "1", "5", 1 }, { "2", "6", 1 }, { "1", "9", 0 } }
    local expected = adapted:recommend { user = "1", n = 3, items = candidates, exclude = { "2" } }
    local file, items = root .. "/support", root .. "/items"
    assert(core.write_file(file, "1,5,1\n2,6,1\n1,9,0\n"))
    assert(core.write_file(items, table.concat(candidates, "\n") .. "\n"))
    for _, list in ipairs { items, table.concat(candidates, ", ") } do
      local text = runs("recommend", "--model", model, "--user=1", "--support", file, "--items",
        list, "--n=3", "--exclude=2")
      local i = 0
      for place, score, item, title in text:gmatch "%s*(%d+)%s+(%-?[%d.]+)%s+(%S+)%s+([^\n]+)\n?" do
        i = i + 1
        assert.same({ tostring(i), plain.format("%.2f", expected[i].score), expected[i].item,
          expected[i].title }, { place, score, item, title })
      end
      assert.equal(3, i)
      assert.falsy(text:find "Artist 5\n") -- the user has it
    end
    assert(core.write_file(file, "1,5\n2,6\n"))
    local text = runs("recommend", "--model", model, "--user=1", "--support", file)
    assert.equal(10, select(2, text:gsub("\n", "")))
    assert.equal(text, runs("recommend", "--model", model, "--user=1", "--liked=5,2=6"))
    runs("recommend", "--model", model, "--user=1")
  end)

  it("counts a pair that is there twice once, and reads what editors write", function()
    local file = root .. "/twice"
    local function recommend(content)
      assert(core.write_file(file, content))
      return "recommend", "--model", model, "--user=1", "--support", file
    end
    local expected = runs(recommend "1,5\n2,6\n")
    for _, content in ipairs { "1,5\n2,6\n1,5\n", "\xef\xbb\xbf1,5\r\n2,6\r\n",
      '"1","5"\n\n2,6', "1,5,1\n2,6,1\n2,6,1\n" } do
      assert.equal(expected, runs(recommend(content)), content)
    end
    fails("entry 2: user 1 is said to have taken item 5, and not to have", recommend
      "1,5,1\n1,5,0\n")
  end)

  it("shows items of any length", function()
    local long = ("x"):rep(300)
    local items = core.vocab()
    items:add(long)
    items:add "b"
    local vectors = cmml.vectors.als { ratings = { users = core.segments { 2 },
      items = core.ids { 1, 2 } }, n_items = 2, factors = 2 }
    local users = core.vocab()
    users:add "u"
    local catalogue = cmml.scenarios.catalogue { vectors = vectors, users = users, items = items }
    assert(cmml.save(cmml.recommenders.cf_score(catalogue), root .. "/long.safetensors"))
    local text = cli("recommend", "--model", root .. "/long.safetensors", "--user=u")
    assert.matches("^  1 +[%d.]+ +x+ x+\n  2 +[%d.]+ +b" .. (" "):rep(299) .. " b\n?$", text)
  end)

  it("refuses or reports what it does not know of a scenario", function()
    local file = root .. "/bad"
    local function recommend(...)
      return "recommend", "--model", model, "--user=1", ...
    end
    fails("--user ID is missing", "recommend", "--model", model)
    fails("--user: user 999 is not among the 96 that the model knows", "recommend", "--model",
      model, "--user=999")
    fails("item 999 is not among the 160 that the model knows; --unknown skip "
      .. "leaves such entries out", recommend "--liked=999")
    fails("user x is not among the 96 that the model knows", recommend "--liked=x=5")
    fails('--liked: "=5" is not of the form USER=ITEM or ITEM', recommend "--liked==5")
    fails("--items: there is no file nofile.txt", recommend "--items=nofile.txt")
    fails("--items: item 999 is not among the 160 that the model knows; --unknown skip", recommend
      "--items=999,5")
    local text, said = runs(recommend("--items=999,5", "--liked=998,6", "--unknown=skip"))
    assert.matches("^  1 +%-?[%d.]+ +5 +Artist 5\n$", text)
    contains(said, "support: left out 1 of 2, unknown to the model: 1=998\n")
    contains(said, "--items: left out 1 of 2, unknown to the model: 999\n")
    text, said = runs(recommend("--items=999,5", "--exclude=998,6", "--unknown=skip",
      "--format=json"))
    contains(said, "--exclude: left out 1 of 2, unknown to the model: 998\n")
    contains(text, '"items_left_out":1')
    for content, message in pairs { ["1,5,2\n"] = "user 1, item 5: the label is 2, but must be 1",
      ["1,5,1\n2,6\n"] = file .. ", line 2", ["1\n"] = file .. ", line 1",
      ["1,5,x\n"] = '(label): "x"', ["1,5,1,1\n"] = file .. ", line 1" } do
      assert(core.write_file(file, content))
      fails(message, recommend("--support", file))
    end
    fails("cannot open " .. root .. "/no", recommend("--support", root .. "/no"))
    assert(core.write_file(file, "5,1\n"))
    fails("--items: item 5,1 is not among the 160", recommend("--items", file))
    assert(core.write_file(file, ""))
    fails(file .. " is empty", recommend("--items", file))
    for _, list in ipairs { "", "," } do
      fails(("--items %s names no item"):format(list), recommend("--items", list))
    end
    text, said = runs(recommend("--items=5", "--liked=5"))
    assert.same({ "", "there is no item left to recommend\n" }, { text, said })
    assert(core.write_file(file, "1,5\n"))
    fails("user x is not among the 96", recommend("--support", file, "--liked=x=y"))
  end)

  it("tells what is in a model file", function()
    local text = runs("info", "--model", model)
    for _, part in ipairs { "cmml (CMML)", "setting      scenarios (groups of items)",
      "data         tags\n", "users        96", "vectors      als, 8 factors",
      'preset = "recommended/scenario"', 'protocol = "no-leak"', "query_fraction = 0.2" } do
      contains(text, part)
    end
    contains(text, ("parameters   %d"):format(assert(cmml.load(model)).module:count()))
    contains(runs("info", "--model", root .. "/out/last.safetensors"), "als, 8 factors")
  end)

  it("explains damaged and foreign notes instead of trusting them", function()
    local file = root .. "/noted.safetensors"
    for text, notes in pairs { ["Nothing that is evaluated"] = 5, ["notes: option min_items must"] =
      { min_items = "x" }, ["notes: option valid must"] = { valid = {} },
      ["notes: option query_fraction must"] = { query_fraction = "x" },
      ["--query-fraction"] = { query_fraction = -1 },
      ["take no --by"] = { setting = "scenarios", by = "tag", data_seed = 1,
        min_items = 10, max_items = 100, protocol = "no-leak", test_scenarios = { "tag3" } } } do
      assert(cmml.save(assert(cmml.load(model)), file, { notes = notes }))
      local words = { "evaluate", "--data", tags, "--model", file, "--min-items=10",
        "--max-items=100", "--baselines=none", notes ~= 5 and notes.by and "--by=genre" or nil }
      if notes == 5 then
        contains(runs(table.unpack(words)), text)
      else
        fails(text, table.unpack(words))
      end
      runs("info", "--model", file)
    end
  end)

  it("does what chapter 13 of the tutorial says", function()
    local name = "lastfm-hetrec2011"
    scenario_cli.folder(core, root .. "/" .. name, "lastfm", { users = 120, items = 480,
      scenarios = 16, size = 220 })
    assert(core.write_file(root .. "/items.txt", "51\n52\n53\n54\n55\n"))
    assert(core.write_file(root .. "/support.csv", "2,51\n4,52\n"))
    local ran = 0
    for _, line in ipairs(docs.shell_lines "doc/tutorial.md") do
      if line:find(name, 1, true) or line:find("runs/tags", 1, true) then
        local words = {}
        for word in line:gsub("lastfm%-hetrec2011", root .. "/%0"):gsub("runs/", root .. "/runs/")
          :gsub("[%w]+%.txt", root .. "/%0"):gsub("support%.csv", root .. "/%0"):gmatch "%S+" do
          words[#words + 1] = word
        end
        runs(table.unpack(words, 2))
        ran = ran + 1
      end
    end
    assert.equal(4, ran)
  end)
end)
