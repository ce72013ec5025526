--- The other thread of a team that works for a while, and says when it is done.
local worker = {}

--- What the team calls in the state of a thread.
-- @treturn function step: called with how long, it says "done" after that if it is long
-- @treturn Optimizer
function worker.start()
  local cmml = require "cmml"
  return function(rounds)
    local x = cmml.zeros { 64, 64 }
    for _ = 1, rounds do
      x = x:matmul(x)
    end
    if rounds > 0 then
      io.stdout:write "done\n"
    end
    return 0
  end, cmml.core.optimizer({ cmml.parameter(cmml.zeros { 1 }) }, 0)
end

return worker
