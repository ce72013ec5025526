--- Another program that works when it is told to, so that two libraries can take turns on the same
-- noisy machine: it reads a line, does a piece of work, and answers with a line.
local peer = {}
peer.__index = peer

--- A word of a shell command.
-- @tparam string word
-- @treturn string
function peer.quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Is there a Python with PyTorch?
-- @treturn boolean
-- @treturn ?string why not
function peer.has_torch()
  if os.execute "python3 -c 'import torch' 2>/dev/null" then
    return true
  end
  return false, "PyTorch is not installed (pip install torch==2.13.0)"
end

--- Starts a program.
-- @tparam string command for the shell
-- @treturn ?table nil if it did not start
-- @treturn ?string why not
function peer.start(command)
  local pipe = os.tmpname()
  os.remove(pipe)
  if not os.execute("mkfifo " .. peer.quote(pipe)) then
    return nil, "no pipe could be made"
  end
  local self = setmetatable({}, peer)
  self.input = assert(io.popen(("%s > %s"):format(command, peer.quote(pipe)), "w"))
  self.output = assert(io.open(pipe))
  os.remove(pipe)
  return self
end

--- Reads a line of its output.
-- @treturn ?string nil if it has ended
function peer:read()
  return self.output:read "l"
end

--- Lets it do a piece of work.
-- @tparam string line what to do
-- @treturn ?string the answer; nil if the program has ended
function peer:ask(line)
  self.input:write(line, "\n")
  self.input:flush()
  return self:read()
end

--- Ends it.
function peer:stop()
  self.input:close()
  self.output:close()
end

return peer
