-- Experiments: tables of the right models, with the budget and the command; what they refuse.
local child = require "spec.support.child"
local cli = require "spec.support.cli"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

local quick = { quick = true, seeds = 2, epochs = 1, draws = 1, resamples = 100 }

local function with(changes)
  local options = {}
  for _, source in ipairs { quick, changes or {} } do
    for key, value in pairs(source) do
      options[key] = value
    end
  end
  return options
end

local function titles(rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = row.row
  end
  return list
end

describe("cmml.experiment", function()
  it("users compares presets and rivals under each protocol", function()
    local result = cmml.experiment("users", with { protocol = "full,warm-leaky", supports = "0,5",
      seeds = 1 })
    assert.same({}, result.failures)
    local names = titles(result.rows)
    for _, name in ipairs { "CMML (recommended)", "CMML (paper)", "CMML (published-code)",
      "item mean + user bias", "matrix factorisation", "item-kNN" } do
      assert.truthy(table.concat(names, "|"):find(name, 1, true), name)
    end
    assert.equal(6, #result.tables) -- cold; warm and cold; each by support, too
    assert.matches("Warm users as published %(leaky%)", result.text)
    assert.is_nil(result.text:find("Cold users, full histories (leaky)", 1, true))
    assert.matches("MAE, support 5", result.text)
    assert.matches("RMSE, support 5", result.text)
    assert.matches("\n| model +| MAE +| RMSE +| ndcg_exp@1 +| ndcg_exp@3 ", result.text)
    assert.matches("| difference to CMML %(recommended%) +| MAE +| RMSE", result.text)
    assert.matches("\n%- Cold users, full histories: CMML %(recommended%) is", "\n" .. result.text)
    local text = result.text:gsub("%s+", " ")
    assert.matches("recommended.-: 1 epoch, learning rate 0.005", text)
    assert.matches("at most 1 epoch, learning rate 0.005, stopped after 5 without improvement",
      text)
    local fixed = result.rows[#result.rows]["cold users/mae"]
    assert.is_true(fixed.low < fixed.mean and fixed.mean < fixed.high)
  end)

  it("users evaluates with the query and every support size that are asked for", function()
    local rows = { { row = "item-kNN", kind = "item_knn" } }
    local function texts(changes)
      changes.rows = rows
      return cmml.experiment(with(changes)).text
    end
    local usual = texts {}
    local short = texts { query = 3 }
    assert.matches("support 40, query 3, ", short)
    assert.not_equal(usual:match "| item%-kNN +| ([%d.]+)", short:match "| item%-kNN +| ([%d.]+)")
    local several = texts { support = "5,0", supports = "2" }
    assert.matches("support 5, query 10, ", several)
    assert.matches("MAE, support 0 +| MAE, support 2 +| RMSE, support 0 +| RMSE, support 2 ",
      several)
    local ranked = texts { support = "5,0", metrics = "ndcg_exp@1,mae,rmse" }
    assert.matches("| ndcg_exp@1, support 0 +| seconds", ranked)
  end)

  it("modulations has a row for every one that is registered", function()
    cmml.register_component("modulation", "spec_constant", function(opt)
      local Constant = cmml.nn.class "Constant"
      function Constant:forward(x)
        return self.out(x):reshape { -1 }
      end
      local self = Constant.new()
      self:register("out", cmml.nn.linear { inp = opt.inp, out = 1, init = opt.init })
      return self
    end)
    local result = cmml.experiment("modulations", with { metrics = { "mae" } })
    cmml.modulations.spec_constant = nil
    assert.same({ "film", "linear", "none", "sigmoid", "soft",
      "spec_constant" }, titles(result.rows))
    assert.same({}, result.failures)
    assert.is_nil(result.text:find("ndcg", 1, true))
  end)

  it("encoders begins with the rows of the paper", function()
    local result = cmml.experiment("encoders", with { seeds = 1 })
    assert.same({}, result.failures)
    assert.same({ "mean, no hybrid", "gru, no hybrid", "gru, mlp", "gru, dot" },
      table.move(titles(result.rows), 1, 4, 1, {}))
  end)

  it("scenarios compares presets and what has nothing to learn", function()
    local result = cmml.experiment("scenarios", with { seeds = 1, protocol = "no-leak,published" })
    assert.same({}, result.failures)
    local names = table.concat(titles(result.rows), "|")
    for _, some in ipairs { "CMML (paper)|CMML (published-code)|",
      "|CF score|popularity|support popularity" } do
      assert.truthy(names:find(some, 1, true), names)
    end
    assert.matches("### made\n", result.text)
    assert.matches("### made, split as published %(leaky%)\n", result.text)
    for _, row in ipairs(result.rows) do
      local value = row["recall@10"]
      assert.is_true(value.mean > 0 and value.mean <= 1 and value.low <= value.mean, row.row)
    end
  end)

  it("modulations and encoders take the scenario setting, too", function()
    local result = cmml.experiment("modulations", with { seeds = 1, setting = "scenarios",
      modulations = "film,linear,soft,sigmoid" })
    assert.same({}, result.failures)
    result = cmml.experiment("encoders", with { seeds = 1, setting = "scenarios" })
    assert.same({}, result.failures)
    assert.equal("mean without negatives, no hybrid", result.rows[1].row)
    local made = cmml.settings:get("scenarios").made {}
    local vectors = made:split():catalogue(cmml.vectors.als { ratings = made.interactions,
      n_items = #made.items, factors = 4 })
    assert.is_false(cmml.cmml(vectors, { encoder_negatives = false }).network.encoder_negatives)
  end)
end)

describe("a script that registers a component and asks for its row", function()
  it("gets it from processes that run the script, too", function()
    local folder = temporary.folder()
    local output, ok = child(([[
      local cmml = require "cmml"
      local One = cmml.nn.class "One"
      cmml.register_component("modulation", "one", function(opt)
        local self = One.new()
        self:register("out", cmml.nn.linear { inp = opt.inp, out = 1, init = opt.init })
        return self
      end)
      function One:forward(x)
        return self.out(x):reshape { -1 }
      end
      local result = cmml.experiment("modulations", { quick = true, seeds = 2, epochs = 1, jobs = 2,
        out = %q, load = { arg[0] }, modulations = "one,film", resamples = 100 })
      for _, failure in ipairs(result.failures) do
        print(failure.message)
      end
      print(result.rows[1].row, result.rows[1].seeds, #result.files)
    ]]):format(folder))
    temporary.remove(folder)
    assert.is_true(ok, output)
    assert.equal("one\t2\t7\n", output) -- a picture of each metric of the table
  end)
end)

describe("cmml experiment", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("prints modules as a part of the command that makes the table again", function()
    local output, errors, code = cli("experiment", "modulations", "--quick", "--seeds", "1",
      "--epochs", "0", "--modulations", "film", "--out", folder, "--quiet", "--modules",
      "cmml.base.text,cmml.base.json")
    assert.equal(0, code, errors)
    assert.matches("^    cmml experiment modulations %-%-modules cmml.base.text,cmml.base.json "
      .. "%-%-seeds 1 ", output)
  end)

  it("prints command, budget and tables, writes them, and computes nothing twice", function()
    local words = { "experiment", "modulations", "--quick", "--seeds", "2", "--epochs", "1",
      "--modulations", "film,soft", "--user-fields", "none", "--out", folder, "--jobs", "3" }
    local output, errors, code = cli(table.unpack(words))
    assert.equal(0, code, errors)
    assert.matches("^    cmml experiment modulations %-%-seeds 2 %-%-quick "
      .. "%-%-user%-fields none %-%-epochs 1 %-%-modulations film,soft\n\ndata made; 1 epoch",
      output)
    assert.matches("\n| film +|", output)
    assert.matches("full, film, seed 2 done", errors)
    for _, name in ipairs { "results.md", "results.csv", "1-Cold-users-full-histories-MAE.svg" } do
      assert.is_true(core.exists(folder .. "/" .. name), name)
    end
    assert.equal(1 + 2 * 2 * 4, select(2, core.read_file(folder .. "/results.csv"):gsub("\n", "")))
    local again
    again, errors, code = cli(table.unpack(words))
    assert.equal(0, code)
    assert.equal(output, again)
    assert.matches("4 of 4 cells are finished already", errors)
    assert.is_nil(errors:find("done", 1, true))
  end)

  it("fails at the end where a cell failed, and shows the others", function()
    assert(core.mkdir(folder))
    local broken, rows = folder .. "/broken.lua", folder .. "/rows.lua"
    assert(core.write_file(broken, [[
      local function nothing() return {} end
      require("cmml").kind { name = "broken", title = "broken", settings = { "users" },
        learns = "fit", make = nothing, adapt = nothing, tensors = nothing, restore = nothing,
        score = function(_, _, rows) return rows.labels end,
        options = { { name = "wait", kind = "number", default = 0, group = "model",
          help = "seconds" } },
        fit = function(self) -- not in the rehearsal
          if not package.loaded["cmml.cli.main"] then
            local clock = require("cmml").core.clock
            local began = clock()
            while clock() - began < self.options.wait do end
            error("out of order", 0)
          end
        end }
    ]]))
    assert(core.write_file(rows, [[return { { row = "means", kind = "item_mean" },
      { row = "one", kind = "broken", model = { wait = 1 } }, { row = "two", kind = "broken" } }]]))
    local output, errors, code = cli("experiment", "compare", "--quick", "--rows", rows, "--load",
      broken, "--seeds", "1", "--out", folder, "--quiet", "--jobs", "2")
    assert.equal(1, code)
    assert.matches("one %(0 of 1 seeds?%)", output)
    assert.matches("\n| means +| %d", output)
    -- of all cells the same is said once, under the first of them, whichever ended first
    assert.matches("2 failures;[^\n]*\ncell [^\n]*one[^\n]* and 1 more: [^\n]*out of order[^\n]*"
      .. "%.log%)\n$", errors)
  end)

  it("refuses a folder of no known format before any cell", function()
    for _, name in ipairs { "users", "scenarios", "modulations", "contexts" } do
      local output, errors, code = cli("experiment", name, "--data", "/no/such/folder", "--out",
        folder)
      assert.equal(1, code)
      assert.equal("", output)
      assert.matches("^cmml: [^\n]*/no/such/folder[^\n]*\n$", errors)
      assert.matches("there is no folder", errors)
    end
    local _, errors = cli("experiment", "users")
    assert.matches("^cmml: experiment: %-%-data DIR is missing %(or %-%-ratings FILE of your own, "
      .. "or %-%-quick", errors)
    local code
    _, errors, code = cli("experiment", "users", "--quick", "--seeds", "0")
    assert.matches("^cmml: experiment: %-%-seeds must be from 1", errors)
    assert.equal(2, code)
    _, errors, code = cli("experiment", "scenarios", "--quick", "--by", "nonsense", "--out", folder)
    assert.matches("^cmml: experiment: %-%-by \"nonsense\" is not known", errors)
    assert.equal(2, code)
    assert.is_false(core.exists(folder))
  end)

  it("shows the table where it cannot be written, and fails", function()
    assert(core.mkdir(folder .. "/results.csv")) -- where the file would go
    local output, errors, code = cli("experiment", "modulations", "--quick", "--seeds", "1",
      "--epochs", "1", "--modulations", "film", "--out", folder, "--quiet")
    assert.equal(1, code)
    assert.matches("\n| film +| %d", output)
    assert.matches("1 failure; finished cells are kept.*results.csv: it is a folder", errors)
  end)

  it("says which experiments there are", function()
    local _, errors, code = cli "experiment"
    assert.equal(1, code)
    assert.matches("which one%? compare, contexts, ", errors)
    _, errors, code = cli("experiment", "userz", "--quick")
    assert.equal(1, code)
    assert.matches("there is no experiment userz; did you mean users", errors)
    _, errors, code = cli("experiment", "users", "--seedz", "1")
    assert.equal(2, code)
    assert.matches("did you mean %-%-seeds", errors)
  end)
end)
