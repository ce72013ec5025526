-- Writes the list of the library's parts: every file below lua/cmml that returns a function of the
-- library, floor by floor. Run by the build: tools/parts.lua [OUT], default lua/cmml/parts.lua.
package.path = "./tools/?.lua;" .. package.path
local floors = require "floors"
local gate = require "gate"

--- The parts by floor.
-- @treturn table list of {floor, late, list of names such as "nn.layers"}
local function found()
  local lists, at = {}, {}
  for i, floor in ipairs(floors.order) do
    lists[i] = { floor = floor, late = floors.late[floor] or false }
    at[floor] = lists[i]
  end
  for _, path in ipairs(gate.files("lua/cmml", ".lua")) do
    local name = path:match "^lua/cmml/(.+)%.lua$"
    if ("\n" .. gate.read(path)):find "\nreturn%s+function%s*%(%s*cmml%s*[,)]" then
      local list = at[name:match "^[^/]+" ]
      if name:find "/" and list then
        list[#list + 1] = name:gsub("/", ".")
      end
    end
  end
  return lists
end

local lines = { "-- The parts of the library, floor by floor: made from the folders by the build.",
  "return {" }
for _, list in ipairs(found()) do
  if #list > 0 then
    lines[#lines + 1] = ("  { floor = %q, late = %s,"):format(list.floor, list.late)
    for _, name in ipairs(list) do
      lines[#lines + 1] = ("    %q,"):format(name)
    end
    lines[#lines + 1] = "  },"
  end
end
lines[#lines + 1] = "}\n"
gate.write(arg[1] or "lua/cmml/parts.lua", table.concat(lines, "\n"))
