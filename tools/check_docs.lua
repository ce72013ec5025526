-- Every function that a header of csrc declares has a comment directly above it; every public
-- function of a module in lua/ has an ldoc comment.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

local checked = 0

-- A declaration starts in the first column; its text up to `;` or `{` tells whether of a function.
local function check_header(path)
  local lines = gate.lines(path)
  local depth = 0
  local in_comment, in_macro = false, false
  local number = 1
  while number <= #lines do
    local line = lines[number]
    local first = number
    if in_comment then
      in_comment = not line:find("*/", 1, true)
    elseif in_macro or line:find "^%s*#" then
      in_macro = line:sub(-1) == "\\"
    elseif line:find "^%s*/%*" then
      in_comment = not line:find("*/", 1, true)
    elseif depth == 0 and line:find "^[%a_]" then
      local text = line
      while not text:find "[;{]" and number < #lines do
        number = number + 1
        text = text .. " " .. lines[number]
      end
      local head = text:match "^[^;{]*"
      local name = head:match "([%a_][%w_]*)%s*%("
      if name and not head:find "^typedef" and not head:find "^static" and not head:find "="
        and not name:find "^CM_[%u%d_]+$" then
        checked = checked + 1
        if not (lines[first - 1] or ""):find "%*/%s*$" then
          gate.report(path .. ":" .. first, name .. " has no comment directly above it")
        end
      end
      depth = depth + select(2, text:gsub("{", "")) - select(2, text:gsub("}", ""))
    else
      depth = depth + select(2, line:gsub("{", "")) - select(2, line:gsub("}", ""))
    end
    number = number + 1
  end
end

local function check_module(path)
  local lines = gate.lines(path)
  for number, line in ipairs(lines) do
    local owner, name = line:match "^function ([%w_]+)[.:]([%w_]+)"
    if not owner then
      owner, name = line:match "^([%w_]+)%.([%w_]+) = function"
    end
    if owner and not name:find "^_" then
      checked = checked + 1
      local above = number - 1
      while above > 0 and lines[above]:find "^%-%-" and not lines[above]:find "^%-%-%-" do
        above = above - 1
      end
      if above < 1 or not lines[above]:find "^%-%-%-" then
        gate.report(("%s:%d"):format(path, number),
          ("%s.%s has no --- comment above it"):format(owner, name))
      end
    end
  end
end

for _, path in ipairs(gate.files("csrc", ".h")) do
  check_header(path)
end
for _, path in ipairs(gate.files("lua", ".lua")) do
  check_module(path)
end

gate.finish("docs", checked, "functions")
