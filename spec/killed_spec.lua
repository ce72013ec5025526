-- Processes that write to the same place, and that are killed while they write checkpoints: what
-- stands there is whole, and what they leave beside it does not add up.
local child = require "spec.support.child"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

-- Starts a writer; its process id and what it writes.
local function start(folder)
  local command = child.command("spec/support/save_forever.lua", folder)
  local pipe = assert(io.popen(("{ echo $$; exec %s; } 2>&1"):format(command)))
  local pid = assert(math.tointeger(pipe:read "n"))
  assert.equal("", pipe:read "l")
  assert.equal("begun", pipe:read "l")
  return pid, pipe
end

-- Kills one, which must have been at work until now.
local function kill(pid, pipe)
  assert.is_true(os.execute(("kill -9 %d"):format(pid)))
  assert.equal("", pipe:read "a")
  pipe:close()
end

local function names(folder)
  local pipe = assert(io.popen("ls -A '" .. folder .. "'"))
  local list = {}
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  pipe:close()
  return list
end

-- The turn that the files are of; nil if they were never written.
local function turn_of(folder)
  if not core.exists(folder .. "/last.safetensors") then
    return nil
  end
  local model, found = cmml.load(folder .. "/last.safetensors")
  assert(model, found)
  assert.equal(2, #model:adapt({}):predict { "f1", "f2" })
  local log = core.exists(folder .. "/log.csv") and core.read_file(folder .. "/log.csv")
  if log then
    local turn = tonumber(log:match "%d+")
    assert.equal(("line of turn %d\n"):format(turn):rep(turn), log)
  end
  return found.notes.turn
end

local folder

describe("a process that is killed while it saves", function()
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("leaves whole files, and nothing that adds up", function()
    local written, random = 0, 12345
    for _ = 1, 25 do
      local pid, pipe = start(folder)
      random = random * 6364136223846793005 + 1442695040888963407
      local stop = core.clock() + (random >> 40) / (1 << 24) * 0.04
      while core.clock() < stop do -- at no particular point of its work
      end
      kill(pid, pipe)
      written = written + (turn_of(folder) and 1 or 0)
      assert.is_true(#names(folder) <= 4, table.concat(names(folder), " "))
    end
    assert.is_true(written > 5, written)
    local model = cmml.load(folder .. "/last.safetensors")
    assert(model:save(folder .. "/last.safetensors"))
    assert(core.write_file(folder .. "/log.csv", ""))
    assert.same({ "last.safetensors", "log.csv" }, names(folder))
  end)

  it("does not have its file taken away by another that writes to the same place", function()
    local first, first_pipe = start(folder)
    local second, second_pipe = start(folder)
    local stop = core.clock() + 0.3
    while core.clock() < stop do
      turn_of(folder)
    end
    kill(first, first_pipe)
    kill(second, second_pipe)
    assert.truthy(turn_of(folder))
    assert.is_true(#names(folder) <= 6, table.concat(names(folder), " "))
  end)
end)

describe("two processes that write to the same place", function()
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("are not refused because the other has just replaced the file", function()
    local one = child.line("spec/support/write_often.lua", folder .. "/file", "5000")
    local pipe = assert(io.popen(("{ %s & %s; wait; } 2>&1"):format(one, one)))
    assert.equal("", pipe:read "a")
    pipe:close()
    assert.same({ "file" }, names(folder))
  end)
end)
