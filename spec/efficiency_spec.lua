-- What is measured in turns, and the experiment efficiency: which rows it has, what memory it
-- finds, and what it expects of steps.
local cmml = require "cmml"
local read = require "spec.support.svg"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local turns = require "cmml.base.turns"
require "spec.support.toy_kinds"

describe("turns", function()
  it("have quantiles", function()
    assert.equal(3, turns.median { 5, 1, 3 })
    assert.equal(2.5, turns.median { 4, 1, 2, 3 })
    assert.same({ middle = 3, low = 2, high = 4 }, turns.spread { 5, 4, 3, 2, 1 })
    assert.equal(1.5, turns.quantile({ 1, 2 }, 0.5))
    assert.equal(7, turns.quantile({ 7 }, 0.9))
  end)

  it("are compared with those beside them", function()
    assert.same({ 2, 3 }, turns.ratios({ 4, 9 }, { 2, 3 }))
  end)

  it("begin with another one each time", function()
    local order, rounds = {}, {}
    local list = {}
    for i, name in ipairs { "a", "b", "c" } do
      list[i] = function()
        order[#order + 1] = name
      end
    end
    local found = turns.measure(list, { rounds = 3, least = 0, warm = 1,
      on_round = function(round, of)
        rounds[#rounds + 1] = ("%d/%d"):format(round, of)
      end })
    assert.equal("abc abc bca cab", (table.concat(order):gsub("...", "%0 ", 3)))
    assert.same({ "1/3", "2/3", "3/3" }, rounds)
    assert.equal(3, #found)
    for _, seconds in ipairs(found) do
      assert.equal(3, #seconds)
    end
  end)
end)

describe("the peak of memory", function()
  it("counts from where it was reset", function()
    local core = cmml.core
    core.full({ 1 << 20 }, 0):free()
    local before = core.memory(true)
    assert.is_true(before.peak >= before.live + (4 << 20))
    assert.equal(before.live, core.memory().peak)
    core.full({ 1 << 18 }, 0):free()
    local peak = core.memory().peak - before.live
    assert.is_true(peak >= 1 << 20 and peak < (1 << 20) + 1000, peak)
  end)
end)

describe("made data of published sizes", function()
  it("are those of MovieLens-1M and of scenarios", function()
    local users = cmml.settings:get("users").made_full()
    assert.same({ 6040, 3706 }, { #users.users, #users.items })
    local scenarios = cmml.settings:get("scenarios").made_full()
    assert.same({ 10000, 5000, 250 }, { #scenarios.users, #scenarios.items,
      #scenarios.scenarios })
  end)
end)

describe("the experiment efficiency", function()
  local folder
  temporary.around(setup, teardown, function(path)
    folder = path
  end)

  local function run(changes)
    local options = { quick = true, turns = 2, least = 1e-4, steps = { 1, 4 } }
    for key, value in pairs(changes) do
      options[key] = value
    end
    return cmml.experiment("efficiency", options)
  end

  -- The records of a row by measure and cost.
  local function records_of(result, row)
    local found = {}
    for _, record in ipairs(result.rows) do
      if record.row == row then
        found[record.measure .. ", " .. record.cost] = record
      end
    end
    return found
  end

  for _, setting in ipairs { "users", "scenarios" } do
    it("measures what takes steps beside what takes none, in " .. setting, function()
      local result = run { setting = setting, out = folder .. "/" .. setting }
      assert.same({}, result.failures)
      local of_cmml = records_of(result, "CMML")
      for _, steps in ipairs { 1, 4 } do
        local row = ("toy, inner steps, %d step%s"):format(steps, steps == 1 and "" or "s")
        local records = records_of(result, row)
        for name, times in pairs { ["a training step, time"] = 5,
          ["a training step, peak memory"] = 2, ["adapting to a support, time"] = 3,
          ["adapting to a support, peak memory"] = 2 } do
          local record, first = records[name], of_cmml[name]
          assert.equal(times * steps, record.complexity)
          assert.equal(1, first.complexity)
          assert.equal(1, first.ratio)
          assert.equal(steps, record.steps)
          assert.is_nil(first.steps)
          assert.is_true(record.value >= 0 and record.ratio >= 0)
          assert.equal(record.unit == "ms", record.ratio_low ~= nil)
        end
        -- as in the figure, MeLU's steps are of second order: training keeps what each has made
        local of_melu = setting == "users" and { records_of(result, "MeLU, 1 step"),
          records_of(result, "MeLU, 4 steps") }
        local kept = "a training step, peak memory"
        assert.is_true(not of_melu or of_melu[2][kept].value > 1.1 * of_melu[1][kept].value)
        -- what is recorded of each step adds up
        local memory = records["adapting to a support, peak memory"].value
        local of_one = records_of(result, "toy, inner steps, 1 step")
        assert.is_true(steps == 1
          or memory > of_one["adapting to a support, peak memory"].value)
      end
      local pictures = 0
      for _, path in ipairs(result.files) do
        if path:find "%.svg$" then
          pictures = pictures + 1
          local texts = table.concat(read.texts(assert(cmml.core.read_file(path))), "\n")
          assert.truthy(texts:find("toy, inner steps", 1, true) and texts:find("CMML", 1, true))
        end
      end
      assert.equal(4, pictures)
      local csv = assert(cmml.core.read_file(folder .. "/" .. setting .. "/results.csv"))
      assert.equal(1 + #result.rows, select(2, csv:gsub("\n", "\n")))
      for line in result.narrow:gmatch "[^\n]+" do
        assert.is_true(#line <= 79, line)
      end
      -- what was measured is kept
      assert.same(result.rows, run({ setting = setting, out = folder .. "/" .. setting }).rows)
    end)
  end

  it("finds the memory that a model takes", function()
    cmml.kind { name = "toy_large", title = "toy, large", settings = { "users" },
      learns = "gradient", options = { { name = "side", kind = "integer", from = 1, to = 4096,
        default = 1024, help = "side of a matrix" } },
      make = function(_, _, init)
        local module = cmml.nn.class("toy.Large").new()
        module:register("weight", init.uniform({ 1 }, 1))
        return { module = module }
      end,
      adapt = function(self)
        cmml.core.full({ self.options.side, self.options.side }, 0):free()
        return {}
      end,
      score = function(self, _, rows)
        return cmml.core.full({ #rows.items }, 1) * self.module.weight
      end,
      loss = function(self, batch)
        return cmml.core.task_mse(self.score_rows(self, nil, batch.query), batch.query.labels,
          batch.query.segments)
      end }
    local rows = {}
    for i, side in ipairs { 512, 1024 } do
      rows[i] = { row = "side " .. side, kind = "toy_large", model = { side = side } }
    end
    local result = run { setting = "users", rows = rows }
    for _, side in ipairs { 512, 1024 } do
      local found = records_of(result, "side " .. side)["adapting to a support, peak memory"]
      local bytes = side * side * (cmml.info().dtype == "float64" and 8 or 4)
      assert.is_true(found.value * 1e6 >= bytes and found.value * 1e6 < bytes + 10000,
        tostring(found.value))
      assert.equal(1, found.complexity) -- both take no steps
    end
  end)

  it("refuses what it cannot measure", function()
    local function refuses(text, changes)
      refused(text, run, changes)
    end
    refuses("row \"mean\": item_mean learns without gradient training: it has no training step",
      { setting = "users", rows = { { row = "mean", kind = "item_mean" } } })
    refuses("takes one protocol, not full,capped", { setting = "users",
      protocol = { "full", "capped" } })
    refuses("turns", { turns = 0 })
    for _, name in ipairs { "seeds", "draws", "resamples", "epochs", "patience" } do
      refuses(("experiment efficiency: option %s does not apply"):format(name), { [name] = 2 })
    end
    refuses("option metrics does not apply", { metrics = { "mae" } })
    refuses("option support does not apply", { setting = "users", support = { 5 } })
    refuses("steps", { steps = { -1 } })
    local failures = run { setting = "users", rows = { { row = "wild", kind = "toy_forward",
      training = { lr = 1e30 } } } }.failures
    assert.equal(1, #failures)
    assert.truthy(failures[1].message:find("row wild: the loss of a training step was no longer a "
      .. "finite number", 1, true), failures[1].message)
  end)

  it("takes steps from options that the kind has", function()
    refused("kind toy_lost: steps: there is no option inner_step; did you mean inner_steps",
      cmml.kind, { name = "toy_lost", title = "toy", settings = { "users" }, learns = "none",
        steps = { "inner_step" }, options = { { name = "inner_steps", kind = "integer",
          help = "steps" } },
        make = function() end, adapt = function() end, score = function() end })
  end)
end)
