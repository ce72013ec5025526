--- The peer of the benchmark: peers/torch_peer.py in its serving mode, one batch at a time, so that
-- the two libraries take turns on the same noisy machine.
local peer = {}
peer.__index = peer

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Starts the peer.
-- @tparam string script path of torch_peer.py
-- @treturn ?table nil if there is no Python with PyTorch
-- @treturn ?string why not
function peer.start(script)
  if not os.execute("python3 -c 'import torch' 2>/dev/null") then
    return nil, "PyTorch is not installed (pip install torch==2.13.0)"
  end
  local pipe = os.tmpname()
  os.remove(pipe)
  if not os.execute("mkfifo " .. quote(pipe)) then
    return nil, "no pipe could be made"
  end
  local self = setmetatable({}, peer)
  self.input = assert(io.popen(("python3 %s --serve > %s"):format(quote(script), quote(pipe)), "w"))
  self.output = assert(io.open(pipe))
  os.remove(pipe)
  self.header = self.output:read "l"
  return self.header and self or nil, "the peer did not start"
end

--- Runs a batch of a case.
-- @tparam string name
-- @treturn ?number seconds for one run; nil if the peer does not have the case
function peer:run(name)
  self.input:write(name, "\n")
  self.input:flush()
  local line = self.output:read "l"
  return line and tonumber(line:match "^%S+\t(%S+)\t%d+$")
end

--- Ends it.
function peer:stop()
  self.input:close()
  self.output:close()
end

return peer
