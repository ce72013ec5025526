--- Says what it is given: the other end of processes of specs.
local say = {}

--- Prints where modules are looked for, and the text.
function say.say(text)
  print(package.path)
  print(text)
end

--- Starts a process that follows this one, and waits.
-- @tparam string path of the file for that process's number
function say.start(path)
  local core, interpreter = require "cmml.core", require "cmml.experiment.interpreter"
  local process <close> = assert(core.spawn(interpreter.command("spec.support.say", "follow",
    ("%d %s"):format(core.process_id(), path))))
  while not process:poll() do
    core.sleep(1)
  end
end

--- Follows a process, says so, and waits.
-- @tparam string text number of the parent, and path of the file for the number of this process
function say.follow(text)
  local core = require "cmml.core"
  local parent, path = text:match "^(%d+) (.*)$"
  assert(core.follow_process(math.tointeger(tonumber(parent))))
  local file = assert(io.open(path, "w"))
  file:write(core.process_id())
  file:close()
  core.sleep(60)
end

return say
