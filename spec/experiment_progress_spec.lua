-- What an experiment tells while it runs: an estimate of the time before the first cell, and how
-- far each cell is.
local cells = require "cmml.experiment.cells"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

local folder
temporary.around(before_each, after_each, function(path)
  folder = path
end)

describe("an experiment", function()
  -- What an experiment writes to standard error.
  local function said(options, columns)
    local stderr, path, terminal = io.stderr, folder .. "/said", core.terminal
    core.terminal = function()
      return columns
    end
    io.stderr = assert(io.open(path, "wb")) -- luacheck: ignore 122
    local ok, result = pcall(cmml.experiment, options)
    io.stderr:close()
    core.terminal = terminal
    io.stderr = stderr -- luacheck: ignore 122
    assert(ok, result)
    assert.same({}, result.failures)
    return (core.read_file(path))
  end

  it("estimates the time before the first cell, unless nothing is left or it is quiet", function()
    for _, setting in ipairs { "users", "scenarios" } do
      local options = { rows = { { row = "a" }, { row = "b", model = { modulation = "none" } } },
        quick = true, epochs = 1, draws = 1, resamples = 20,
        setting = setting, out = folder .. "/" .. setting, jobs = 2, seeds = 2, quiet = false }
      local text = said(options)
      assert.matches("^estimate: [%l%d: ]+ for 4 cells, 2 at a time, from a few%s+steps", text)
      assert.matches("\nmade, [%w-]+, a, seed 1 done  0:%d%d\n", text)
      text = said(options)
      assert.matches("^4 of 4 cells are finished already", text)
      assert.is_nil(text:find("estimate", 1, true))
      options.seeds = 3
      assert.matches("^4 of 6 cells [^\n]*\nestimate: [%l%d: ]+ for 2 cells", said(options))
      options.seeds = 4 -- on a terminal one line renews itself
      text = said(options, 60)
      assert.matches("\r\27%[Klooking at the data and the models\r\27%[Kestimate: ", text)
      assert.matches("\r%d/8 cells  0:%d%d left  .-made, [%w-]+, [ab], ", text)
      for line in text:gsub("\27%[K", ""):gmatch "[^\r\n]+" do
        assert.is_true(#line < 80, line)
      end
      options.quiet, options.seeds = true, 5
      assert.equal("", said(options))
    end
  end)

  -- The seconds that are estimated of a training whose first step takes 100 and others 0.25.
  local function estimated(name, epochs, batch)
    local slow, passed, clock = ("%s/%s.lua"):format(folder, name), 0, core.clock
    assert(core.write_file(slow, ([[
      local cmml = require "cmml"
      local Weights, fitted = cmml.nn.class "slow.Weights", false
      cmml.kind { name = "NAME", title = "slow", settings = { "users" }, learns = "gradient",
        adapts = "forward", presets = { recommended = { model = {},
          training = { batch = BATCH } } },
        make = function(_, _, init)
          local module = Weights.new()
          module:register("level", init.uniform({ 1 }, 0))
          return { module = module }
        end,
        adapt = function() return {} end,
        score = function(self, _, rows) return rows.labels * 0 + self.module.level end,
        loss = function(self)
          local time_passes = package.loaded.time_passes -- not in the processes
          if time_passes then
            time_passes(fitted and 0.25 or 100)
            fitted = true
          end
          return (self.module.level * self.module.level):sum()
        end }
    ]]):gsub("%u%u%u+", { NAME = name, BATCH = batch })))
    core.clock = function()
      return clock() + passed
    end
    package.loaded.time_passes = function(seconds)
      passed = passed + seconds
    end
    finally(function()
      core.clock, package.loaded.time_passes = clock, nil
    end)
    dofile(slow)
    local text = said { rows = { { row = "slow", kind = name } }, quick = true, load = { slow },
      draws = 1, resamples = 20, setting = "users", out = folder .. "/" .. name, jobs = 1,
      seeds = 1, epochs = epochs, quiet = false }
    core.clock, package.loaded.time_passes = clock, nil
    local minutes, seconds = text:match "estimate: about (%d+):(%d%d) for 1 cell"
    return minutes * 60 + seconds
  end

  it("counts what comes before the first step once, not with every step or epoch", function()
    local seconds = estimated("slow", 2, 1)
    assert.is_true(seconds > 100 and seconds < 1000, seconds)
    for _, epochs in ipairs { 20, 1 } do -- of one step each
      seconds = estimated("slow_" .. epochs, epochs, 1000)
      assert.is_true(seconds >= 99 and seconds < 200, seconds)
    end
  end)

  it("estimates nothing where the data refuse every row", function()
    local function nothing() end
    cmml.kind { name = "refuser", title = "refuser", settings = { "users" }, learns = "none",
      adapt = nothing, score = nothing, make = function()
        error("not these data", 0)
      end }
    local text = said { rows = { { row = "a", kind = "refuser", optional = true } }, quick = true,
      setting = "users", out = folder .. "/refused", jobs = 1, seeds = 1, quiet = false }
    assert.is_nil(text:find("estimate", 1, true))
  end)

  it("shows how far a process is, which leaves no such file behind", function()
    local told = {}
    local read = core.read_file
    core.read_file = function(path, ...)
      local text, message = read(path, ...)
      if path:find "%.state$" and text then
        told[#told + 1] = text
      end
      return text, message
    end
    local terminal, stderr = core.terminal, io.stderr
    core.terminal = function()
      return 80
    end
    io.stderr = assert(io.open(folder .. "/said", "wb")) -- luacheck: ignore 122
    local ok, message = pcall(cells.run, cmml, { { name = "slow", settings = { count = folder
      .. "/count", name = "slow", tells = { "epoch 1/2", "epoch 2/2" } } } }, { folder = folder,
      run = { "spec.support.odd_cell", "run" } })
    io.stderr:close()
    core.read_file, core.terminal = read, terminal
    io.stderr = stderr -- luacheck: ignore 122
    assert(ok, message)
    assert.same({ "epoch 1/2", "epoch 2/2" }, { told[1], told[#told] })
    assert.matches("0/1 cells  epoch 1/2 of slow", core.read_file(folder .. "/said"))
    local pipe = assert(io.popen(("ls '%s/cells'"):format(folder)))
    assert.is_nil(pipe:read "a":find("state", 1, true))
    pipe:close()
  end)
end)
