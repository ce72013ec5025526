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
