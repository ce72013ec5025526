-- Options: every declaration of the library is good, and no option of a function is declared twice
-- or listed by hand in its comment.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local args = require "cmml.base.args"
local checks = require "cmml.recommenders.kind_checks"
local comments = require "reference.comments"
local gate = require "gate"
local options = require "cmml.base.options"

local cmml = require "cmml"
for _ in pairs(cmml) do end -- loads every part
local good, sets = pcall(options.registered)
if not good then
  gate.report("options", tostring(sets))
  sets = {}
end

-- The library's own kinds, which it does not look at while it is loaded.
for _, class in ipairs(cmml.kinds.list()) do
  local fine, problem = pcall(function()
    local where = checks.fields(class.declaration)
    checks.tables(where, class.declaration)
    checks.functions(where, class.declaration)
    checks.presets(where, class.declaration, class.known, cmml.settings)
  end)
  if not fine then
    gate.report(class.kind, tostring(problem))
  end
end

-- Options by the functions that take them, which "cmml (users)" and "cmml (scenarios)" share.
local declared, count = {}, 0
for what, set in pairs(sets) do
  local own = what:match "^(.-) %(.*%)$" or what
  declared[own] = declared[own] or {}
  for option in set:each() do
    count = count + 1
    declared[own][option.name] = option
  end
end

-- Declarations in the text of a file: no two say the same. A set that needs the same option as
-- another takes the declaration itself.
local places = {}
local function check_once(path, code, from)
  for at, block in code:gmatch "()(%b{})" do
    local name = block:match "^{%s*name = \"([%l%d_]+)\""
    if name and block:find "%f[%w]help = " then
      local line = select(2, gate.read(path):sub(1, from + at):gsub("\n", "")) + 1
      local place, key = ("%s:%d"):format(path, line), (block:gsub("%s+", " "))
      if places[key] then
        gate.report(place, ("option %s is declared at %s already: take that declaration"):format(
          name, places[key]))
      end
      places[key] = places[key] or place
    end
    check_once(path, block:sub(2, -2), from + at)
  end
end

-- Names of options that stand in a text as words of their own.
local function names_in(text, own)
  local found = {}
  for _, name in ipairs(args.keys(own)) do
    if text:find("%f[%w_]" .. name .. "%f[^%w_]") then
      found[#found + 1] = name
    end
  end
  return found
end

for _, path in ipairs(gate.files("lua/cmml", ".lua")) do
  check_once(path, gate.read(path), 0)
  for number, block in pairs(comments.lua(path)) do
    local name = block.code:match "function cmml%.([%w_.]+)"
      or block.code:match "function (nn%.%w+)"
    local own = name and (declared[name] or declared[name:match "[^.]+$"])
    for _, param in ipairs(own and block.params or {}) do
      local found = param.type:find "table" and names_in(param.text, own) or {}
      if #found >= 3 then
        gate.report(("%s:%d"):format(path, number), ("%s: its options are declared; the comment "
          .. "lists them again (%s)"):format(name, table.concat(found, ", ")))
      end
    end
  end
end

gate.finish("options", count, "declared options")
