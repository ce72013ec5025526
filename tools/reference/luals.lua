--- The reference as types for the Lua language server (LuaLS): a file that editors read and nothing
-- runs.
local option = require "cmml.base.option"
local luals = {}

local basic = { any = true, boolean = true, integer = true, number = true, string = true,
  table = true, ["function"] = true, ["nil"] = true, ["true"] = true, userdata = true }

-- A type of the comments: "?Tensor", "Tensor|nil", "{integer,...}".
local function type_of(said)
  local parts, optional = {}, said:sub(1, 1) == "?"
  for part in said:gsub("^%?", ""):gmatch "[^|]+" do
    local element = part:match "^{(%w+),%.%.%.}$"
    local name = element or part
    name = basic[name] and name or "cmml." .. name
    if name == "nil" then
      optional = true
    else
      parts[#parts + 1] = element and name .. "[]" or name
    end
  end
  return table.concat(parts, "|"), optional
end

local function add_text(lines, words)
  for line in (words .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = ("---%s"):format(line):gsub("%s+$", "")
  end
end

-- The type of a declared option: names that may be chosen are listed.
local function declared_type(declared)
  if declared.list then
    return declared.list .. "[]|string"
  end
  local kinds, parts = declared.kind, {}
  for _, kind in ipairs(type(kinds) == "table" and kinds or { kinds }) do
    local choices = kind == "string" and option.choices(declared)
    for _, name in ipairs(choices or {}) do
      parts[#parts + 1] = ("%q"):format(name)
    end
    parts[#parts + 1] = not choices and kind or nil
  end
  return table.concat(parts, "|")
end

-- What an editor shows of a declared option.
local function declared_words(declared)
  local words = { declared.help }
  words[#words + 1] = option.range(declared)
  local default = option.default(declared)
  words[#words + 1] = default and "default " .. default
    or declared.unit and "in " .. declared.unit or nil
  return table.concat(words, "; ")
end

-- The class of an option table.
local function add_options(lines, class, options)
  lines[#lines + 1] = "---@class " .. class
  for _, known in ipairs(options) do
    lines[#lines + 1] = ("---@field %s%s %s %s"):format(known.name, known.optional and "?" or "",
      declared_type(known.declared), declared_words(known.declared)):gsub("%s+$", "")
  end
  lines[#lines + 1] = ""
end

local function add_function(lines, entry, name, params)
  local names, kinds = {}, {}
  for i, param in ipairs(params) do
    names[i], kinds[i] = param.name, type_of(param.type)
    if param.options and #param.options > 0 then
      kinds[i] = ("cmml.%s.%s"):format(entry.name:gsub(":", "."), param.name)
      add_options(lines, kinds[i], param.options)
    end
  end
  add_text(lines, entry.text)
  for _, example in ipairs(entry.block and entry.block.usage or {}) do
    add_text(lines, "```lua\n" .. example .. "\n```")
  end
  for i, param in ipairs(params) do
    local words = param.text .. (param.default and (" (default %s)"):format(param.default) or "")
    lines[#lines + 1] = ("---@param %s%s %s %s"):format(param.name,
      param.optional and param.name ~= "..." and "?" or "", kinds[i], words):gsub("%s+$", "")
  end
  for _, result in ipairs(entry.returns) do
    local kind, optional = type_of(result.type)
    lines[#lines + 1] = ("---@return %s%s # %s"):format(kind, optional and "?" or "", result.text)
      :gsub("[# ]+$", "")
  end
  lines[#lines + 1] = ("function %s(%s) end\n"):format(name, table.concat(names, ", "))
end

local function copy(list, from)
  return table.move(list, from or 1, #list, 1, {})
end

local function add_class(lines, class, reference)
  add_text(lines, class.text)
  lines[#lines + 1] = ("---@class cmml.%s%s"):format(class.name,
    class.super and ": cmml." .. class.super or "")
  for _, field in ipairs(class.fields) do
    local kind, optional = type_of(field.type)
    lines[#lines + 1] = ("---@field %s%s %s %s"):format(field.name, optional and "?" or "", kind,
      field.text):gsub("%s+$", "")
  end
  for _, operator in ipairs(class.operators) do
    local other = operator.other and ("(%s)"):format(type_of(operator.other)) or ""
    lines[#lines + 1] = ("---@operator %s%s: %s"):format(operator.name, other,
      type_of(operator.result))
  end
  if class.name == "Module" or class.super == "Module" then
    lines[#lines + 1] = "---@overload fun(...: any): any"
  end
  local variable = "class_" .. class.name
  lines[#lines + 1] = ("local %s = {}\n"):format(variable)
  for _, entry in ipairs(reference.entries) do
    if entry.owner == class.name and entry.kind == "function" then
      add_function(lines, entry, variable .. entry.name:sub(#class.name + 1), copy(entry.params))
    elseif class.name == "Tensor" and entry.kind == "op" and entry.as_method then
      add_function(lines, entry, variable .. ":" .. entry.name, copy(entry.params, 2))
    end
  end
  if class.name == "Module" then
    lines[#lines + 1] = "---A fresh object of a class that `nn.class` made.\n---@return self"
    lines[#lines + 1] = ("function %s.new() end\n"):format(variable)
  end
end

--- The whole file.
-- @tparam table reference from `entries.build`
-- @treturn string
function luals.write(reference)
  local lines = { "---@meta cmml", "-- Types of cmml for the Lua language server. Written by "
    .. "`make reference`; not meant to be run.", "" }
  for _, class in ipairs(reference.classes) do
    add_class(lines, class, reference)
  end
  local tables, seen = {}, {}
  for _, entry in ipairs(reference.entries) do
    for at in (entry.owner and "" or entry.name):gmatch "()%." do
      local name = entry.name:sub(1, at - 1)
      if not seen[name] then
        tables[#tables + 1], seen[name] = name, true
      end
    end
  end
  lines[#lines + 1] = "---@class cmml"
  lines[#lines + 1] = "local cmml = {}\n"
  for _, name in ipairs(tables) do
    local also = name == "core" and ": cmml" or "" -- which has its ops and tensors
    lines[#lines + 1] = ("---@class cmml.%s_table%s\ncmml.%s = {}\n"):format(name, also, name)
  end
  for _, entry in ipairs(reference.entries) do
    if not entry.owner and (entry.kind == "function" or entry.kind == "op") then
      add_function(lines, entry, "cmml." .. entry.name, copy(entry.params))
    elseif not entry.owner and not seen[entry.name] then
      local kind = entry.class and "cmml." .. entry.class
        or entry.name == "double" and "cmml" or entry.kind
      add_text(lines, entry.text)
      lines[#lines + 1] = ("---@type %s\ncmml.%s = nil\n"):format(kind, entry.name)
    end
  end
  lines[#lines + 1] = "return cmml"
  return table.concat(lines, "\n") .. "\n"
end

return luals
