--- The other thread of team_spec.lua: its step tells whether a copy equals the value made here.
local worker = {}

local function text_of(value)
  if type(value) == "table" then
    local lines = {}
    for key, entry in pairs(value) do
      lines[#lines + 1] = text_of(key) .. " = " .. text_of(entry)
    end
    table.sort(lines)
    return "{" .. table.concat(lines, "; ") .. "}"
  elseif type(value) == "userdata" then
    local tensor = value.tobytes and table.concat(value.shape, "x") .. value:tobytes()
    return tostring(value):match "cmml%.%a+" .. text_of(tensor or value:totable())
  end
  return (math.type(value) or type(value)) .. " "
    .. (math.type(value) == "float" and ("%a"):format(value) or tostring(value))
end

--- What the team calls in the state of a thread.
-- @tparam table setup
-- @treturn function step
-- @treturn Optimizer
function worker.start(setup)
  local cmml = require "cmml"
  local expected = text_of(require "spec.support.echo_value"(cmml))
  assert(text_of(setup.value) == expected)
  return function(value)
    return text_of(value) == expected and 1 or 0
  end, cmml.core.optimizer({}, 0)
end

return worker
