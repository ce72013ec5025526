-- Cells of experiments: each in a process of its own, computed once, never lost.
local cells = require "cmml.experiment.cells"
local cmml = require "cmml"
local interpreter = require "cmml.experiment.interpreter"
local json = require "cmml.base.json"
local odd_cell = require "spec.support.odd_cell"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("cells", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function run(list, changes)
    local options = { folder = folder, run = { "spec.support.odd_cell", "run" }, jobs = 2,
      quiet = true }
    for key, value in pairs(changes or {}) do
      options[key] = value
    end
    return cells.run(cmml, list, options)
  end

  local function cell(name, changes)
    return odd_cell.cell(folder, name, changes)
  end

  -- The cells that were computed, in order of their names.
  local function computed()
    local names = {}
    for name in (core.exists(folder .. "/count") and core.read_file(folder .. "/count") or "")
      :gmatch "[^\n]+" do
      names[#names + 1] = name
    end
    table.sort(names)
    return names
  end

  it("give results, numbers that are none included, and leave no logs", function()
    local list = { cell("a", { value = 0.1 }), cell("b", { value = 1e300 }) }
    local results, failures = run(list, { jobs = 100 }) -- more than there are
    assert.same({}, failures)
    local score = results[list[1]].metrics.score
    assert.equal(0.1, score[1])
    assert.is_true(score[3] ~= score[3])
    assert.equal(1e300, results[list[2]].metrics.score[1])
    assert.is_true(results[list[1]].seconds >= 0)
    local pipe = assert(io.popen("ls " .. folder .. "/cells"))
    local names = pipe:read "a"
    pipe:close()
    assert.is_nil(names:find("log", 1, true), names)
  end)

  it("begin without what a run that was interrupted told of them", function()
    local list = { cell("a", { counts = folder .. "/cells" }) }
    assert(core.mkdir(folder .. "/cells"))
    assert(core.write_file(("%s/cells/a-%s.state"):format(folder,
      cells.digest(json.encode(list[1].settings))), "epoch 7/7"))
    assert.equal(0, run(list)[list[1]].metrics.score[1])
  end)

  it("are computed once for the same settings, in processes or here", function()
    local list = { cell "a", cell "b" }
    run(list)
    run({ cell "a", cell "b", cell "c" }, { processes = false })
    run { cell "c" }
    assert.same({ "a", "b", "c" }, computed())
    run { cell("a", { value = 5 }) } -- other settings: another cell, and the old one stays
    run { cell "a" }
    assert.same({ "a", "a", "b", "c" }, computed())
  end)

  it("that fail are named with their log, and the others are kept", function()
    local list = { cell "a", cell("bad", { fails = "of no use: 7" }), cell("gone", { exits = 9 }),
      cell "z" }
    local results, failures = run(list)
    assert.truthy(results[list[1]] and results[list[4]])
    assert.is_nil(results[list[2]] or results[list[3]])
    assert.equal(2, #failures)
    table.sort(failures, function(a, b)
      return a.message < b.message
    end)
    assert.matches("^cell bad: .*exit code 1: of no use: 7 %(.*/cells/bad%-.*%.log%)$",
      failures[1].message)
    assert.matches("^cell gone: .*exit code 9 and said nothing", failures[2].message)
    assert.matches("of no use: 7", core.read_file(failures[1].message:match "%((.*%.log)%)"))
    local _, again = run { cell "a", cell("bad", { fails = "of no use: 7" }) } -- tried again
    assert.equal(1, #again)
    assert.same({ "a", "bad", "bad", "gone", "z" }, computed())
  end)

  it("that fail in this process are told likewise", function()
    local list = { cell("bad", { fails = "of no use" }), cell "b" }
    local results, failures = run(list, { processes = false })
    assert.truthy(results[list[2]])
    assert.equal("cell bad: of no use", failures[1].message)
  end)

  it("whose result cannot be written are told so", function()
    local list = { cell "a", cell "b" }
    run(list)
    local pipe = assert(io.popen("ls " .. folder .. "/cells/b*.json"))
    local path = pipe:read "l"
    pipe:close()
    os.remove(path)
    assert(core.mkdir(path)) -- where the file would go
    local results, failures = run(list)
    assert.truthy(results[list[1]])
    assert.equal(1, #failures)
    assert.matches("^cell b: its process could not write its result.*it is a folder",
      failures[1].message)
  end)

  it("are refused where their folder cannot be", function()
    assert(core.write_file(folder .. "/file", ""))
    local ok, message = pcall(run, { cell "a" }, { folder = folder .. "/file" })
    assert.is_false(ok)
    assert.matches("cannot make folder .*/file: Not a directory", message)
  end)

  it("with a damaged or foreign file are computed again", function()
    run { cell "a" }
    local pipe = assert(io.popen("ls " .. folder .. "/cells/a*.json"))
    local path = pipe:read "l"
    pipe:close()
    for _, text in ipairs { "", "{", "[]", '{"settings":{},"result":{}}', '{"result":1}' } do
      assert(core.write_file(path, text))
      local results = run { cell "a" }
      assert.equal(1, select(2, next(results)).metrics.score[1])
    end
    assert.equal(6, #computed())
  end)

  it("that were finished before a kill are not computed again, and no process stays", function()
    local process = assert(core.spawn(interpreter.command("spec.support.odd_cell", "start",
      folder)))
    local stop = core.clock() + 10
    while #computed() < 2 and core.clock() < stop do
      core.sleep(0.01)
    end
    process:kill()
    core.sleep(0.05)
    -- ps waits for ever with the runtime of a sanitizer loaded before it
    local list = "LD_PRELOAD= ps -eo args | grep -c '[o]dd_cell.*"
    local pipe = assert(io.popen(list .. folder .. "'"))
    local running = pipe:read "n"
    pipe:close()
    assert.equal(0, running)
    assert.same({ "cell 1", "cell 2" }, computed())
    local results, failures = run { cell "cell 1", cell "cell 2" }
    assert.same({}, failures)
    assert.truthy(next(results))
    assert.same({ "cell 1", "cell 2", "cell 2" }, computed())
  end)

  it("know what modules and scripts register", function()
    assert(core.write_file(folder .. "/own.lua", ([[
      local file = io.open(%q, "a")
      file:write("loaded\n")
      file:close()
      require("cmml").experiment("users", { quick = true })
      error "not reached"
    ]]):format(folder .. "/count")))
    local _, failures = run({ cell "a" }, { load = { folder .. "/own.lua" },
      modules = { "spec.support.stream" } })
    assert.same({}, failures)
    assert.same({ "a", "loaded" }, computed())
    _, failures = run({ cell "b" }, { modules = { "no.such.module" } })
    assert.matches("module 'no.such.module' not found", failures[1].message)
  end)

  it("are computed anew where a file of load or a module has changed; old ones stay", function()
    local script, path = folder .. "/own.lua", package.path
    package.path = folder .. "/?.lua;" .. path
    local function write(name, text)
      assert(core.write_file(("%s/%s.lua"):format(folder, name), text))
    end
    write("own", "return 1")
    write("own_module", "return 1")
    local function again(changes)
      local _, failures = run({ cell "a" }, changes)
      assert.same({}, failures)
      return #computed()
    end
    local both = { load = { script }, modules = { "own_module" }, processes = false }
    local ok, message = pcall(function()
      assert.equal(1, again())
      assert.equal(2, again(both))
      assert.equal(2, again(both))
      write("own", "return 2")
      assert.equal(3, again(both))
      write("own_module", "return 2")
      assert.equal(4, again(both))
      assert.equal(4, again(both))
      write("own_module", "return 1") -- as it was: so is what was computed
      write("own", "return 1")
      assert.equal(4, again(both))
      assert.equal(4, again())
      assert.equal(5, again { load = { script } }) -- in a process of its own
      assert.equal(5, again { load = { script } })
    end)
    package.path = path
    assert(ok, message)
  end)

  it("fail where a file of load changes while they run", function()
    local script = folder .. "/own.lua"
    assert(core.write_file(script, ([[
      local file = assert(io.open(%q, "a"))
      file:write("-- edited\n")
      file:close()
    ]]):format(script)))
    local results, failures = run({ cell "a", cell "b" }, { load = { script }, jobs = 1 })
    assert.truthy(next(results))
    assert.equal(1, #failures)
    assert.matches("^cell b: .*a file of load or modules has changed since the run began",
      failures[1].message)
  end)
end)
