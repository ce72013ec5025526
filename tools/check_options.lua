-- Options: every declaration of the library is good, and no option of a function is declared twice
-- or listed by hand in its comment.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local args = require "cmml.base.args"
local checks = require "cmml.recommenders.kind_checks"
local comments = require "reference.comments"
local gate = require "gate"
local option = require "cmml.base.option"
local options = require "cmml.base.options"
local words = require "cmml.base.text"

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
local declared_in, count = {}, 0
for what, set in pairs(sets) do
  local own = what:match "^(.-) %(.*%)$" or what
  declared_in[own] = declared_in[own] or {}
  for declared in set:each() do
    count = count + 1
    declared_in[own][declared.name] = declared
  end
end

-- What a declaration says beside its help: name, kind, bounds, choices and default, as words.
local function essence(declared)
  local choices = declared.choices
  return table.concat({ declared.name, option.kind(declared), option.range(declared) or "",
    type(choices) == "table" and table.concat(choices, ",") or tostring(choices),
    declared.default ~= nil and words.value(declared.default) or "",
    tostring(declared.required) }, "\n")
end

-- The option of the same name in the set that a help refers to: "see evaluate".
local function referred(declared)
  local other = declared.help:match "^see ([%w_.]+)"
  local own = other and declared_in[other]
  return own and own[declared.name], other
end

-- Declarations that were run, whatever they look like in a text: no two of different origin say the
-- same of an option, and none says only that another one tells. A set that needs the same option as
-- another takes the declaration itself, or changes what is other by `options.changed`.
local seen = {}
for _, what in ipairs(args.keys(sets)) do
  for declared in sets[what]:each() do
    local origin = options.original(declared)
    local key = essence(declared) .. "\n" .. declared.help
    local first = seen[key] or { what = what, origin = origin }
    local other, whose = referred(declared)
    seen[key] = first
    if first.origin ~= origin then
      gate.report(options.place(what), ("%s: option %s is declared in %s (%s) already: take that "
        .. "declaration"):format(what, declared.name, first.what, options.place(first.what)))
    elseif other and options.original(other) ~= origin then
      gate.report(options.place(what), ("%s: option %s is that of %s: take that declaration, by "
        .. "options.changed where something is other"):format(what, declared.name, whose))
    end
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
  for number, block in pairs(comments.lua(path)) do
    local name = block.code:match "function cmml%.([%w_.]+)"
      or block.code:match "function (nn%.%w+)"
    local own = name and (declared_in[name] or declared_in[name:match "[^.]+$"])
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
