--- What the library offers at run time: its functions, values and classes with their methods, found
-- by walking the tables, the upvalues of the functions and the metatables.
local surface = {}

local function is_ours(f)
  return debug.getinfo(f, "S").source:find "^@%./lua/cmml/"
end

-- Every class of the library has a __name; those that no table leads to are upvalues of functions.
local function collect_classes(root)
  local classes, seen = {}, {}
  local function visit(value)
    if seen[value] then
      return
    end
    seen[value] = true
    if type(value) == "function" and is_ours(value) then
      local i = 1
      local name, upvalue = debug.getupvalue(value, i)
      while name do
        if type(upvalue) == "function" or type(upvalue) == "table" then
          visit(upvalue)
        end
        i = i + 1
        name, upvalue = debug.getupvalue(value, i)
      end
    elseif type(value) == "table" and value ~= package.loaded then
      local name = rawget(value, "__name")
      local parent = getmetatable(value)
      local is_kind = type(parent) == "table" and rawget(parent, "__name") == name
      if type(name) == "string" and name:find "^cmml%." and not is_kind then
        classes[name] = value
      end
      for key, entry in next, value do
        if key ~= "double" and (type(entry) == "function" or type(entry) == "table") then
          visit(entry)
        end
      end
      if getmetatable(value) and type(getmetatable(value)) == "table" then
        visit(getmetatable(value))
      end
    end
  end
  visit(root)
  return classes
end

-- Methods of a userdata class: its __index, or a table that this function holds.
local function core_methods(meta)
  local index = meta.__index
  if type(index) == "table" then
    return index
  elseif type(index) == "function" then
    for i = 1, 8 do
      local name, value = debug.getupvalue(index, i)
      if name and type(value) == "table" then
        return value
      end
    end
  end
  return {}
end

-- The names of what a function takes; the second result tells whether it is called with a colon.
local function parameters_of(f)
  local names, info = {}, debug.getinfo(f, "u")
  for i = 1, info.nparams do
    names[i] = debug.getlocal(f, i)
  end
  if info.isvararg then
    names[#names + 1] = "..."
  end
  if names[1] == "self" or names[1] == "_" then
    table.remove(names, 1)
    return names, true
  end
  return names, false
end

-- A thing that was found: where it is defined, and with which parameters, if that can be known.
local function describe(name, value, owner)
  local thing = { name = name, value = value, owner = owner, kind = type(value) }
  if type(value) == "function" then
    local info = debug.getinfo(value, "S")
    thing.kind, thing.f = "function", value
    if info.what ~= "C" then
      thing.path, thing.line = info.source:match "^@%./(.*)$", info.linedefined
      thing.parameters, thing.method = parameters_of(value)
    end
  end
  return thing
end

local function sorted(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

-- The library over again: the core's functions are its own, the double one has the same.
local again = { core = true, double = true }

-- The functions of a table; tables in it that hold functions are pages of their own.
local function walk_table(things, prefix, t, depth)
  for _, key in ipairs(sorted(t)) do
    local value = t[key]
    local has_functions = false
    if type(value) == "table" and depth > 0 and not again[key] and not rawget(value, "__name") then
      for _, entry in pairs(value) do
        has_functions = has_functions or type(entry) == "function"
      end
    end
    if has_functions then
      walk_table(things, prefix .. key .. ".", value, depth - 1)
    else
      things[#things + 1] = describe(prefix .. key, value)
    end
  end
end

--- Everything public.
-- @tparam table cmml the library
-- @treturn table list of things: name (without "cmml."; "Class:method" for methods), value, kind (a
-- type), and of Lua functions path, line, parameters and method
-- @treturn table classes by name without "cmml.": name, super, methods (sorted list of names), meta
-- (its metatable or class)
function surface.walk(cmml)
  local things, classes = {}, {}
  walk_table(things, "", cmml, 2)
  local public = {}
  for _, thing in ipairs(things) do
    public[thing.value or thing] = true
  end
  for _, key in ipairs(sorted(cmml.core)) do -- what of the core is for the library's parts
    if not public[cmml.core[key]] and key ~= "testing" then -- hooks for tests are for nobody else
      things[#things + 1] = describe("core." .. key, cmml.core[key])
    end
  end
  if not rawget(cmml, "double") then -- there on demand
    things[#things + 1] = { name = "double", kind = "table" }
  end
  local found = collect_classes(cmml)
  for name, meta in pairs(debug.getregistry()) do
    if type(name) == "string" and name:find "^cmml%.%u" and type(meta) == "table" then
      found[name] = { __name = name, core = meta }
    end
  end
  for _, full in ipairs(sorted(found)) do
    local meta, name = found[full], full:gsub("^cmml%.", "")
    local class = { name = name, meta = meta.core or meta, methods = {}, core = meta.core ~= nil }
    local super = not meta.core and getmetatable(meta)
    class.super = super and rawget(super, "__name") and super.__name:gsub("^cmml%.", "") or nil
    for _, key in ipairs(sorted(meta.core and core_methods(meta.core) or meta)) do
      local value = (meta.core and core_methods(meta.core) or meta)[key]
      if type(value) == "function" and not key:find "^__" and key ~= "new" then
        class.methods[#class.methods + 1] = key
        local thing = describe("", value, name)
        thing.name = name .. (thing.method == false and "." or ":") .. key
        things[#things + 1] = thing
      end
    end
    if #class.methods > 0 or super then
      classes[name] = class
    end
  end
  return things, classes
end

return surface
