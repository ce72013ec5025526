-- Processes: what is started runs, ends, is killed, and is never left behind.
local child = require "spec.support.child"
local cmml = require "cmml"
local interpreter = require "cmml.experiment.interpreter"
local refused = require "spec.support.refused"
local core = cmml.core

-- How a process ends, waited for at most ten seconds.
local function ending(process)
  local stop = core.clock() + 10
  repeat
    local how, code = process:poll()
    if how then
      return how, code
    end
    core.sleep(0.01)
  until core.clock() > stop
  return "still running"
end

local function lua(code)
  return { interpreter.program(), "-e", code }
end

-- Whether a process is there (one that ended, but was not waited for, is not).
local function runs(id)
  -- ps waits for ever with the runtime of a sanitizer loaded before it
  local pipe = assert(io.popen(("LD_PRELOAD= ps -o stat= -p %d"):format(id)))
  local state = pipe:read "a"
  pipe:close()
  return state:find "%S" ~= nil and not state:find "^Z"
end

describe("core.spawn", function()
  local log

  before_each(function()
    log = os.tmpname()
  end)

  after_each(function()
    os.remove(log)
  end)

  it("runs a program, word by word, and keeps what it says", function()
    local process = assert(core.spawn({ "printf", "%s|", "a b", "$HOME", "'\"", "" }, log))
    assert.same({ "exit", 0 }, { ending(process) })
    assert.equal("a b|$HOME|'\"||", core.read_file(log))
    assert.equal(0, process:id())
    assert.same({ "exit", 0 }, { process:poll() })
  end)

  it("tells exit codes and signals", function()
    assert.same({ "exit", 7 }, { ending(assert(core.spawn(lua "os.exit(7)"))) })
    local process = assert(core.spawn { "sleep", "60" })
    assert.is_nil((process:poll()))
    process:kill()
    assert.same({ "signal", 9 }, { process:poll() })
    process:kill()
    assert.same({ "signal", 9 }, { process:poll() })
  end)

  it("gives nothing to read, and one log for both streams", function()
    local process = assert(core.spawn(lua
      "io.stderr:write('e') io.stdout:write(tostring(io.read()), 'o')", log))
    assert.same({ "exit", 0 }, { ending(process) })
    assert.equal("enilo", core.read_file(log))
  end)

  it("ends what is no longer kept", function()
    local process = assert(core.spawn { "sleep", "60" })
    local id = process:id()
    assert.is_true(runs(id))
    process = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.is_false(runs(id))
    do
      local closed <close> = assert(core.spawn { "sleep", "60" })
      id = closed:id()
    end
    assert.is_false(runs(id))
  end)

  it("says what cannot be started", function()
    local process, message = core.spawn { "no-such-program-anywhere" }
    assert.is_nil(process)
    assert.truthy(message:find("cannot start no-such-program-anywhere", 1, true), message)
    process, message = core.spawn({ "true" }, "/no-such-folder/log")
    assert.is_nil(process)
    assert.truthy(message:find("/no-such-folder/log", 1, true), message)
    refused.with_text("1 to 1000 words", core.spawn, {})
    refused.with_text("every word must be a string", core.spawn, { "true", 1 })
    refused.with_text("must not contain zero bytes", core.spawn, { "true", "a\0b" })
  end)
end)

describe("core.follow_process", function()
  it("ends a child with a parent that is killed", function()
    local pid_file = os.tmpname()
    local parent = assert(core.spawn(interpreter.command("spec.support.say", "start", pid_file)))
    local id
    local stop = core.clock() + 10
    repeat
      core.sleep(0.01)
      local file = assert(io.open(pid_file))
      id = file:read "n"
      file:close()
    until id or core.clock() > stop
    os.remove(pid_file)
    assert.is_true(runs(assert(id)))
    parent:kill() -- as kill -9 does
    while runs(id) and core.clock() < stop do
      core.sleep(0.01)
    end
    assert.is_false(runs(id))
  end)

  it("refuses a parent that is gone", function()
    local output = child [[
      local core = require "cmml.core"
      print(select(2, core.follow_process(core.process_id())))
    ]]
    assert.truthy(output:find("the parent process %d+ has ended"), output)
  end)
end)

describe("core.processors and core.sleep", function()
  it("count and wait", function()
    assert.is_true(core.processors() >= 1)
    local began = core.clock()
    core.sleep(0.05)
    assert.is_true(core.clock() - began >= 0.045)
    refused.with_text("0 to 3600", core.sleep, -1)
    refused.with_text("0 to 3600", core.sleep, 0 / 0)
  end)
end)

describe("interpreter.command", function()
  it("starts this Lua with these module paths, whatever stands in the text", function()
    local log = os.tmpname()
    local text = "it's \"quoted\" \\ and\nof two lines $x"
    local process = assert(core.spawn(interpreter.command("spec.support.say", "say", text), log))
    assert.same({ "exit", 0 }, { ending(process) })
    assert.equal(package.path .. "\n" .. text .. "\n", core.read_file(log))
    os.remove(log)
  end)
end)
