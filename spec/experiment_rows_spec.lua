-- Experiments by rows: rows of any kinds from Lua or a file, experiments that a file registers, and
-- what is refused of a row before anything runs.
local child = require "spec.support.child"
local cmml = require "cmml"
local computing = require "spec.support.computing"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local core = cmml.core

local folder
temporary.around(before_each, after_each, function(path)
  folder = path
end)

local function write(name, text)
  return temporary.write(folder, name .. ".lua", text)
end

-- Runs code in a process whose modules are in the folder, too; what it prints.
local function run(code)
  local output, ok = child(("package.path = %q .. package.path\nlocal cmml = require 'cmml'\n%s")
    :format(folder .. "/?.lua;", code))
  assert(ok, output)
  return output
end

local function compare(changes)
  local options = { quick = true, seeds = 1, epochs = 1, draws = 1, resamples = 20 }
  for key, value in pairs(changes) do
    options[key] = value
  end
  return cmml.experiment(options)
end

-- A file of rows of each sort of kind, in either setting.
local mixed = [[
  return function(cmml, setting)
    local rows = { { row = "own wide", kind = "own", model = { width = 3 } },
      { row = "own", kind = "own", preset = "narrow", training = { lr = 0.01 } },
      { row = "CMML", training = { epochs = 2 } },
      { row = "CMML, no context", model = { encoder = "none" } } }
    for _, class in ipairs(cmml.kinds.baselines(setting.name)) do
      rows[#rows + 1] = { row = class.title, kind = class.kind }
    end
    return { rows = rows, title = "Mine", reference = "CMML", references = { "own" } }
  end
]]

-- A module with a kind of one's own, which learns by gradient.
local own = [[
  local cmml = require "cmml"
  local core, nn = cmml.core, cmml.nn
  local Weights = nn.class "spec.Weights"
  local function score(self, state, rows)
    return core.row_dot(self.module.vectors:gather_rows(rows.items),
      state.task:segment_expand(rows.segments))
  end
  cmml.kind { name = "own", title = "own", settings = { "users", "scenarios" }, learns = "gradient",
    options = { { name = "width", kind = "integer", from = 1, help = "width" } },
    presets = { recommended = { model = { width = 4 }, training = { lr = 0.02, epochs = 2 } },
      narrow = { model = { width = 2 } } },
    make = function(catalogue, options, init)
      local module = Weights.new()
      module:register("vectors", init.uniform({ #catalogue.items, options.width }, 0.3))
      return { module = module }
    end,
    adapt = function(self, support)
      return { task = core.segment_mean(self.module.vectors:gather_rows(support.items)
        * support.labels:reshape { -1, 1 }, support.segments) }
    end,
    score = score,
    loss = function(self, batch)
      local state, query = self:adapt_rows(batch.support), batch.query
      if query.labels then
        return core.task_mse(score(self, state, query), query.labels, query.segments)
      end
      local rows = core.paired_rows(query)
      return cmml.scenarios.pair_loss("bpr", score(self, state, rows), rows, query.segments)
    end }
]]

describe("experiment compare", function()
  it("takes rows of every sort from a file, and a kind from a module, in each setting", function()
    local rows = write("rows", mixed)
    write("own_kind", own)
    for _, setting in ipairs { "users", "scenarios" } do
      local output = run(([[
        require "own_kind"
        local result = cmml.experiment("compare", { rows = %q, setting = %q, quick = true,
          seeds = 2, jobs = 2, out = %q, modules = { "own_kind" }, resamples = 20 })
        for _, failure in ipairs(result.failures) do
          print(failure.message)
        end
        for _, row in ipairs(result.rows) do
          print(row.row, row.seeds)
        end
        print(result.text)
        print(table.concat(result.files, "\n"))
      ]]):format(rows, setting, folder .. "/" .. setting))
      for _, text in ipairs { "own wide\t2\nown\t2\nCMML\t2\nCMML, no context\t2\n", "## Mine\n",
        "| difference to CMML", "| difference to own ", "own (recommended)" } do
        assert.equal(text ~= "own (recommended)", output:find(text, 1, true) ~= nil, output)
      end
      for _, class in ipairs(cmml.kinds.baselines(setting)) do
        assert.truthy(output:find(class.title .. "\t2\n", 1, true), output)
      end
      assert.truthy(output:find("results.csv", 1, true) and output:find(".svg", 1, true), output)
    end
  end)

  it("takes kinds of each sort in a third setting, and tunes them there", function()
    local output = run(([[
      require "spec.support.toy_setting"
      local rows = { { row = "forward", kind = "toy_forward" },
        { row = "inner", kind = "toy_inner", preset = "wide", model = { inner_steps = 1 } },
        { row = "fitted", kind = "toy_fitted" }, { row = "nothing", kind = "toy_nothing" } }
      local options = { rows = rows, setting = "counting", quick = true, seeds = 2, jobs = 2,
        out = %q, modules = { "spec.support.toy_setting" }, resamples = 20, metrics = "ndcg@2,auc" }
      local result = cmml.experiment(options)
      print(#result.failures, result.tables[1].title, #result.rows)
      for _, row in ipairs(result.rows) do
        print(row.seeds, row["counters/auc"].mean ~= nil)
      end
      options.rows[1].model = { widht = 3 }
      print(select(2, pcall(cmml.experiment, options)))
      result = cmml.tune { quick = true, setting = "counting", model = "toy_inner", trials = 2,
        epochs = 2, space = "lr=log:1e-3:1e-1,inner_lr=0.1|0.2" }
      print(#result.failures, #result.trials, result.metric,
        result.trials[1].value >= result.trials[2].value)
    ]]):format(folder .. "/out"))
    assert.equal("0\tcounters\t4\n" .. ("2\ttrue\n"):rep(4) .. 'experiment compare: row "forward": '
      .. "model: unknown option widht; did you mean width?\n0\t2\tauc\ttrue\n",
      output:gsub("%S+:%d+: ", ""), nil)
  end)

  it("makes known in each process what a file of rows registers, and computes it once", function()
    local path = write("rows", own:gsub('name = "own"', 'name = "own_in_file"')
      .. 'return { { row = "a", kind = "own_in_file" }, { row = "b" } }')
    local code = ([[
      local result = cmml.experiment { rows = %q, quick = true, seeds = 1, jobs = 2, out = %q,
        resamples = 20 }
      print(#result.failures, result.failures[1] and result.failures[1].message,
        result.rows[1].seeds, result.rows[2].seeds)
    ]]):format(path, folder .. "/out")
    assert.equal("0\tnil\t1\t1\n", run(code))
    assert.equal("0\tnil\t1\t1\n", run(code))
    local pipe = assert(io.popen(("ls '%s/out/cells'"):format(folder)))
    assert.equal(2, select(2, pipe:read "a":gsub("\n", "")))
    pipe:close()
  end)

  it("computes a row that is new, and no other", function()
    local out = folder .. "/out"
    local rows = { { row = "a", training = { epochs = 1 } }, { row = "b", preset = "paper" } }
    local options = { quick = true, seeds = 2, epochs = 1, draws = 1, resamples = 20, out = out,
      rows = rows }
    local first = cmml.experiment(options)
    assert.same({}, first.failures)
    local count = 0
    local function counting(compute)
      return function(...)
        count = count + 1
        return compute(...)
      end
    end
    rows[3] = { row = "knn", kind = "item_knn" }
    local second = computing.with("evaluation", counting, cmml.experiment, options)
    assert.equal(1, count)
    assert.same(first.rows[2]["cold users/mae"], second.rows[2]["cold users/mae"])
    assert.equal(second.rows[3]["cold users/mae"].difference, second.rows[3]["cold users/mae"].mean
      - second.rows[1]["cold users/mae"].mean)
  end)

  it("shows any registered metric, and computes what is not there by default", function()
    local rows = { { row = "a" }, { row = "knn", kind = "item_knn" } }
    local result = compare { rows = rows, metrics = "recall@3,rmse,auc,ndcg_exp@2", relevant = 4 }
    local row = result.rows[1]
    for _, name in ipairs { "recall@3", "rmse", "auc", "ndcg_exp@2" } do
      assert.truthy(row["cold users/" .. name].mean, name)
    end
    assert.is_nil(row["cold users/mae"])
    result = compare { setting = "scenarios", metrics = { "map@5", "ndcg" }, min_items = 5,
      rows = { { row = "a" }, { row = "p", kind = "popularity" } } }
    assert.truthy(result.rows[1]["map@5"].mean and result.rows[2]["ndcg@50"].mean)
  end)

  it("names the source in titles where there are several, in each setting", function()
    local east = folder .. "/east"
    os.execute(("mkdir '%s' && cp data/made/*.dat data/made/*.txt '%s'"):format(east, east))
    local list, result = computing.settings_of { rows = { { row = "a" } }, seeds = 1,
      data = { "made", east } }
    assert.equal(2, #list)
    assert.equal("made: Cold users, full histories", result.tables[1].title)
    assert.equal("east: Cold users, full histories", result.tables[2].title)
    assert.are_not.same(list[1].files, list[2].files)
    refused("would both be called made", compare, { rows = { { row = "a" } },
      data = "data/made,made", quick = false })
  end)

  it("gives narrow tables beside wide ones", function()
    local result = compare { rows = { { row = ("long "):rep(6) .. "title" }, { row = "b" } },
      supports = "0,1,2,5" }
    for line in result.narrow:gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 79, line)
    end
    assert.truthy(result.text:find("[^\n]" .. ("[^\n]"):rep(100)))
    for number in result.text:gmatch "%d%.%d%d%d%d %[[^%]]+%]" do
      assert.truthy(result.narrow:find(number, 1, true))
    end
  end)
end)

describe("a row", function()
  it("is refused with its title and the nearest name before anything runs", function()
    local out = folder .. "/out"
    for _, case in ipairs {
      { { kind = "item_knnn" }, "there is no kind of recommender item_knnn; did you mean "
        .. "item_knn?" },
      { { kind = "conet" }, "the kind conet is for scenarios" },
      { { preset = "papre" }, "there is no preset papre of cmml for ratings of users; did you mean "
        .. "paper?" },
      { { kind = "item_knn", preset = "x" }, "there is no preset x of item_knn" },
      { { model = { widht = 3 } }, "model: unknown option widht; did you mean width?" },
      { { model = { width = 0 } }, "model: width must be at least 1, but is 0" },
      { { model = { encoder = "grru" } }, 'model: encoder "grru" is not known; did you mean gru?' },
      { { model = { encoder_options = { foo = 1 } } }, "unknown option foo" },
      { { model = { backbone = { 3 } } }, "2 hyper widths for 1 backbone layers" },
      { { model = { preset = "paper" } }, "model: preset stands beside model in a row" },
      { { model = 5 }, "option model must be a table, not number 5" },
      { { training = { lrr = 3 } }, "training: unknown option lrr; did you mean lr?" },
      { { training = { lr = -3 } }, "training: lr must be above 0, but is -3" },
      { { training = { seed = 3 } }, "training: seed is for the experiment to choose" },
      { { training = { out = "x" } }, "training: out is for the experiment to choose" },
      { { training = { rounds = 3 } }, "training: option rounds applies only to scenarios" },
      { { training = { groups = { { lr = 1, match = print } } } }, "plain data" },
      { { kind = "item_knn", training = { lr = 3 } }, "learns without gradient training" },
      { { modle = {} }, "unknown option modle; did you mean model?" },
    } do
      case[1].row = "mine"
      for _, jobs in ipairs { 1, 2 } do
        refused('experiment compare: row "mine": ', compare, { rows = { { row = "good" }, case[1] },
          out = out, jobs = jobs })
        refused(case[2], compare, { rows = { { row = "good" }, case[1] }, out = out, jobs = jobs })
      end
    end
    assert.is_false(core.exists(out))
  end)

  it("is refused where the list is none", function()
    for text, rows in pairs {
      ["row 2: row of an experiment: option row is missing"] = { { row = "a" }, { kind = "cmml" } },
      ["row 1: a row is a table, not number 5"] = { 5 },
      ["row 1: its title is an empty text"] = { { row = "" } },
      ['row "a" is there twice'] = { { row = "a" }, { row = "a" } },
      ["rows is empty"] = {},
      ["reference stands among the rows; with more than rows it is a table {rows = list, reference"]
        = { { row = "a" }, reference = "a" },
      ["reference: there is no row bb; known: b"] = { rows = { { row = "b" } }, reference = "bb" },
      ["unknown option referense; did you mean reference?"] = { rows = { { row = "b" } },
        referense = "b" },
      ["cannot load /no/such.lua"] = "/no/such.lua",
      ["cannot load " .. write("broken", "return {") .. ": "] = folder .. "/broken.lua",
      ["no luck"] = write("unlucky", "error 'no luck'"),
      ["not nil"] = write("empty", "local x = 1"),
    } do
      refused(text, compare, { rows = rows })
    end
    refused("option rows is missing", cmml.experiment, { quick = true })
  end)
end)

describe("cmml.register_experiment", function()
  it("makes an experiment known everywhere, with cells and files of its own", function()
    write("mine", [[
      local cmml = require "cmml"
      cmml.register_experiment { name = "mine", summary = "lists of kinds", settings = { "users" },
        options = { { name = "kinds", list = "string", help = "which", default = { "item_knn" } } },
        rows = function(cmml, setting, opt)
          local rows = {}
          for i, kind in ipairs(opt.kinds) do
            rows[i] = { row = kind, kind = kind }
          end
          return rows
        end,
        finish = function(plan, results, opt)
          return "the end", { { "extra.txt", #plan.cells .. " cells" } }
        end }
      cmml.register_experiment { name = "own_cells", summary = "cells of its own",
        plan = function(setting, opt)
          local cell = { table = "t", row = "r", seed = 1, name = "r 1",
            settings = { setting = setting.name, number = 7 } }
          return { budget = "none", cells = { cell }, tables = { { id = "t", title = "T",
            rows = { "r" }, metrics = { { name = "m" } } } } }
        end,
        cell = function(settings, tell)
          tell "half of it"
          return { metrics = { m = { settings.number } } }
        end }
    ]])
    local output = run(([[
      require "mine"
      local names = table.concat(cmml.experiments:names(), " ")
      print(names:find "mine" ~= nil, cmml.experiments:get("mine").summary)
      local result = cmml.experiment("mine", { quick = true, kinds = "item_knn,item_user_mean",
        out = %q, jobs = 2, modules = { "mine" }, resamples = 20 })
      print(#result.failures, result.rows[2].row, result.text:match "the end$")
      print(cmml.core.read_file(%q))
      result = cmml.experiment("own_cells", { quick = true, out = %q, processes = true, seeds = 1,
        modules = { "mine" }, resamples = 20 })
      print(#result.failures, result.rows[1].m.mean == 7)
    ]]):format(folder .. "/out", folder .. "/out/extra.txt", folder .. "/other"))
    assert.equal("true\tlists of kinds\n0\titem_user_mean\tthe end\n2 cells\n0\ttrue\n", output)
  end)

  it("refuses what is declared wrongly, by name", function()
    local function register(changes)
      local declaration = { name = "spec_wrong", summary = "wrong", rows = {} }
      for key, value in pairs(changes) do
        declaration[key] = value ~= "nil" and value or nil
      end
      return cmml.register_experiment(declaration)
    end
    local function nothing() end
    for _, case in ipairs {
      { { name = "users" }, "there is an experiment users already" },
      { { name = "a b" }, "name must be" }, { { summary = "nil" }, "summary is missing" },
      { { rows = "nil" }, "rows (what is compared) are missing" },
      { { rows = 5 }, "rows must be a table or a string or a function, not number 5" },
      { { plan = nothing }, "rows (what is compared)" },
      { { plan = nothing, rows = "nil" }, "plan needs cell" },
      { { setings = {} }, "unknown field setings; did you mean settings?" },
      { { settings = { "user" } }, "did you mean users?" },
      { { settings = 5 }, "settings must be a table, not number 5" },
      { { settings = { {} } }, "settings: entry 1 must be a text, not table" },
      { { protocols = { users = "full" } }, "protocols: users must be a table, not \"full\"" },
      { { protocols = { users = { 5 } } }, "protocols: users: entry 1 must be a text" },
      { { protocols = { users = { "ful" } } }, "there is no protocol ful for ratings of users; did "
        .. "you mean full?" },
      { { options = { { name = "x", kind = "integer" } } }, "help" },
      { { options = { { name = "seeds", kind = "integer", help = "other" } } }, "seeds" },
    } do
      refused(case[2], register, case[1])
    end
    refused("a table was expected, not number 5", cmml.register_experiment, 5)
    assert.is_nil(cmml.experiments:get "spec_wrong")
  end)

  it("shows how queries are ranked where it is told what is relevant", function()
    local result = compare { rows = { { row = "a", kind = "item_mean" } }, relevant = 4,
      setting = "users" }
    assert.matches("ranking: relevant if rated 4 or higher", result.text, 1, true)
    for _, name in ipairs { "ndcg@1", "ndcg@3", "recall@3", "reciprocal_rank", "auc" } do
      assert.matches(name, result.text, 1, true)
    end
    local without = compare { rows = { { row = "a", kind = "item_mean" } }, setting = "users" }
    assert.is_nil(without.text:find("ranking: relevant", 1, true))
  end)

  it("is as long as the kind itself says where it has no presets", function()
    local kind = own:gsub("presets = .-\n.-},\n", "", 1):gsub("return { module = module }",
      "return { module = module, training = { lr = 0.02, epochs = 2, patience = 0 } }"):gsub(
      'from = 1, help', "from = 1, default = 3, help")
    write("own_kind", kind)
    assert.equal("2\tmany epochs as the kind says\n", run [[
      require "own_kind"
      local found = cmml.tune { model = "own", quick = true, setting = "users", trials = 1,
        space = { width = { 2 } } }
      local result = cmml.experiment("compare", { rows = { { row = "a", kind = "own" } },
        quick = false, data = { "data/made" }, seeds = 1, resamples = 20, draws = 1 })
      print(found.trials[1].epochs, result.text:match "many epochs as the kind says")
    ]])
  end)

  it("is computed anew where the file that declares its kind has changed", function()
    local kind = write("own_kind", own)
    local script = ([[
      dofile(%q)
      local result = cmml.experiment("compare", { rows = { { row = "a", kind = "own" } },
        quick = true, seeds = 1, out = %q, resamples = 20 })
      io.write(result.rows[1].row, " ", #result.failures)
    ]]):format(kind, folder .. "/results")
    local function count()
      local pipe = io.popen(("ls '%s/results/cells' | wc -l"):format(folder))
      local number = tonumber(pipe:read "a")
      pipe:close()
      return number
    end
    assert.equal("a 0", run(script))
    assert.equal("a 0", run(script))
    assert.equal(1, count())
    write("own_kind", (own:gsub("0.3%)", "0.4)")))
    assert.equal("a 0", run(script))
    assert.equal(2, count())
  end)
end)
