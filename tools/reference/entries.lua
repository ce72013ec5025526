--- The reference as data: what the library offers at run time, joined with what comments and op
-- descriptors say of it. What does not fit together is reported.
local gate = require "gate"
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local comments = require "reference.comments"
local ops = require "reference.ops"
local surface = require "reference.surface"
local entries = {}

local basic = { any = true, boolean = true, integer = true, number = true, string = true,
  table = true, ["function"] = true, ["nil"] = true, ["true"] = true, userdata = true }

-- All comments of the sources: of Lua by file and line, of C by what they say they are about.
local function read_sources()
  local sources = { lua = {}, c = {}, classes = {}, values = {} }
  for _, path in ipairs(gate.files("lua/cmml", ".lua")) do
    sources.lua[path] = comments.lua(path)
    for _, block in pairs(sources.lua[path]) do
      local class = block.code:match '__name = "cmml%.(%w+)"'
        or block.code:match 'nn%.class "cmml%.(%w+)"'
      local value = block.code:match "^%s*cmml%.([%w_.]+) = "
        or block.code:match "^%s*(nn%.[%w_]+) = "
      if class then
        sources.classes[class] = block
      elseif value then
        sources.values[value] = block
      end
    end
  end
  for _, path in ipairs(gate.files("csrc/bind", ".c")) do
    for _, block in ipairs(comments.c(path)) do
      if block.type then
        sources.classes[block.type] = block
      elseif block["function"] then
        sources.c[block["function"]] = block
      elseif block.fields[1] then
        sources.values[block.fields[1].name] = { text = block.fields[1].text, path = path,
          line = block.line }
      end
    end
  end
  return sources
end

local function check_types(entry, place, known)
  local function check(kind)
    for part in kind:gsub("^%?", ""):gmatch "[^|]+" do
      local name = part:gsub("^{(%w+),%.%.%.}$", "%1"):gsub("^%?", "")
      if not basic[name] and not known[name] then
        gate.report(place, ("%s: %s is no type"):format(entry.name, name))
      end
    end
  end
  for _, list in ipairs { entry.params or {}, entry.returns or {}, entry.fields or {} } do
    for _, item in ipairs(list) do
      check(item.type)
    end
  end
end

-- Every parameter has to be described, in order.
local function check_parameters(entry, place, parameters)
  local said, real = {}, table.concat(parameters, ", ")
  for i, param in ipairs(entry.params) do
    said[i] = param.name
  end
  if table.concat(said, ", ") ~= real then
    gate.report(place, ("%s: describes the parameters (%s), but takes (%s)"):format(entry.name,
      table.concat(said, ", "), real))
  end
end

-- The declared options of a function: those of its whole name or, of a function that is no method,
-- of the last part of it; behind it may stand in parentheses where they hold, as "(users)".
local function sets_of(entry, sets)
  local last = not entry.owner and entry.name:match "[^.]+$"
  local whole = sets[entry.name] or sets[last]
  local found = { whole and { set = whole } }
  for _, what in ipairs(whole and {} or args.keys(sets)) do
    local name, where = what:match "^(.-) %((.*)%)$"
    if name and (name == entry.name or name == last) then
      found[#found + 1] = { where = where, set = sets[what] }
    end
  end
  return found
end

-- The parameter that takes the options: the one of that name, or the only table.
local function taker_of(entry)
  local tables = {}
  for _, param in ipairs(entry.params) do
    if param.name == "options" then
      return param
    end
    tables[#tables + 1] = param.type:gsub("^%?", "") == "table" and param or nil
  end
  return #tables == 1 and tables[1] or nil
end

-- The options of sets in one list. Of one that several sets have, what only one of them says of its
-- values is left out.
local function merged(sets)
  local list, by_name = {}, {}
  for _, one in ipairs(sets) do
    for declared in one.set:each() do
      local first = by_name[declared.name]
      if not first then
        first = { name = declared.name, declared = declared,
          optional = not declared.required or #sets > 1 }
        list[#list + 1], by_name[declared.name] = first, first
      elseif not options.is_same(declared, first.declared) then
        local help = first.declared.help
        first.declared = options.changed(first.declared, { choices = false, hint = false,
          default = false, default_text = false,
          help = help == declared.help and help or ("%s; or: %s"):format(help, declared.help) })
      end
    end
  end
  return list
end

local function add_options(entry, place, sets)
  local found = sets_of(entry, sets)
  if #found == 0 then
    return
  end
  local param = taker_of(entry)
  if not param then
    gate.report(place, ("%s: has declared options, but no parameter takes them: call it options")
      :format(entry.name))
    return
  end
  param.sets, param.options = found, merged(found)
  for _, known in ipairs(param.options) do
    param.optional = param.optional and not known.declared.required
  end
end

-- The sets of options of a kind's classes: what all have in the same words, and behind it what one
-- setting has alone, or in other words than another.
local function sets_of_kind(name, classes)
  local shared, apart = {}, {}
  for i, class in ipairs(classes) do
    local own = {}
    for declared in class.known:each() do
      local same = true
      for _, other in ipairs(classes) do
        local twin = other.known:find(declared.name)
        same = same and twin ~= nil and options.is_same(twin, declared)
      end
      if not same then
        own[#own + 1] = declared
      elseif i == 1 then
        shared[#shared + 1] = declared
      end
    end
    apart[#apart + 1] = #own > 0 and { where = #classes > 1 and "for " .. class.setting.title,
      set = options.of(name, own) } or nil
  end
  return { #shared > 0 and { set = options.of(name, shared) } or nil, table.unpack(apart) }
end

-- The entry of the constructor of a kind of recommenders, which describes itself: what it is, and
-- its options in every setting.
local function kind_entry(cmml, thing)
  local name = thing.name:match "^recommenders%.([%w_]+)$"
  if not name then
    return nil
  end
  local texts, classes = {}, {}
  for _, class in ipairs(cmml.kinds.list()) do
    if class.kind == name then
      classes[#classes + 1] = class
      texts[#texts + 1] = ("%s for %s%s."):format(class.title, class.setting.title, class.source
        and " (" .. class.source .. ")" or "")
    end
  end
  local param = { name = "options", type = "table", text = "", optional = true,
    sets = sets_of_kind(thing.name, classes) }
  param.options = merged(param.sets)
  return { name = thing.name, kind = "function", text = table.concat(texts, "\n"),
    params = { { name = "catalogue", type = "Catalogue", text = "" }, param },
    returns = { { type = "Recommender", text = "" } }, file = thing.path, value = thing.value }
end

-- The entry of a thing, or nil if nothing describes it.
local function entry_of(thing, sources, claimed)
  local block
  local name = thing.name:gsub("^Tensor:", "")
  local own = thing.name:match "[^.]+$" -- functions of C say their own name alone
  if type(thing.value) == "table" and rawget(thing.value, "__name") then
    return { name = thing.name, kind = "class", params = {}, returns = {}, file = "",
      text = ("The class `%s`."):format(thing.value.__name:gsub("^cmml%.", "")),
      class = thing.value.__name:gsub("^cmml%.", "") }
  elseif thing.path then
    block = (sources.lua[thing.path] or {})[thing.line]
  elseif thing.kind == "function" and not sources.c[own] and sources.c[name] then
    return { name = name } -- a function that is a method as well has one entry
  elseif thing.kind == "function" then
    block = sources.c[own]
  else
    block = sources.values[thing.name] or sources.values[own]
  end
  if not block then
    return nil
  end
  claimed[block] = true
  return { name = thing.name, owner = thing.owner, kind = thing.kind, method = thing.method,
    text = block.text, params = block.params or {}, returns = block.returns or {}, block = block,
    value = thing.value }
end

-- A comment that describes a function which nobody can call is a mistake, too; functions within a
-- part of the library may have one.
local function check_unclaimed(sources, claimed, inner)
  for name, block in pairs(sources.c) do
    if not claimed[block] then
      gate.report(("%s:%d"):format(block.path, block.line), name .. " does not exist in Lua")
    end
  end
  for path, blocks in pairs(sources.lua) do
    for _, block in pairs(blocks) do
      local described = #block.params + #block.returns > 0
      if described and not claimed[block] and not inner[path]
        and not block.code:find "^%s*return function"
        and not block.code:find "^%s*local function [%a_]"
        and (not block.code:find "^%s*function [%a_]" or block.code:find "^%s*function cmml%.") then
        gate.report(("%s:%d"):format(path, block.line), "describes no function of the library")
      end
    end
  end
end

-- Files that hold no part of the library: modules that its files, tools and commands require.
local function inner_modules(sources)
  local inner = {}
  for path in pairs(sources.lua) do
    if not gate.read(path):find "\nreturn function%(cmml[,)]" then
      inner[path] = true
    end
  end
  return inner
end

--- Builds the reference.
-- @tparam table cmml the library
-- @treturn table entries (list: name, kind "op", "function" or another type, method, owner, text,
-- params, returns, file), classes (list: name, super, text, fields, methods, operators), known
-- (types by name), inner (paths of the modules that are no part of the library)
function entries.build(cmml)
  local things, classes = surface.walk(cmml)
  local sources, claimed = read_sources(), {}
  local reference = { entries = {}, classes = {}, known = classes, inner = inner_modules(sources) }
  local described, by_name, sets = ops.read(cmml.core.ops()), {}, options.registered()
  for _, thing in ipairs(things) do
    local op = described[thing.name:gsub("^Tensor:", "")]
    local of_kind = not op and kind_entry(cmml, thing)
    local entry = op or of_kind or entry_of(thing, sources, claimed)
    if not entry then
      gate.report(thing.path and ("%s:%d"):format(thing.path, thing.line) or "csrc/bind",
        ("cmml.%s (%s) has no comment above it"):format(thing.name, thing.kind))
    elseif not by_name[entry.name] then
      reference.entries[#reference.entries + 1] = entry
      by_name[entry.name] = entry
      entry.file = entry.file or entry.block.path
      local place = ("%s:%d"):format(entry.file, entry.block and entry.block.line or 1)
      if entry.text == "" then
        gate.report(place, entry.name .. ": the comment does not say what it is")
      end
      if thing.parameters and not of_kind then
        check_parameters(entry, place, thing.parameters)
        add_options(entry, place, sets)
      end
      check_types(entry, place, classes)
    end
  end
  check_unclaimed(sources, claimed, reference.inner)
  entries.add_classes(reference, classes, sources)
  return reference
end

-- The entry of the function that makes objects of a class.
local function constructor_of(reference, name)
  for _, entry in ipairs(reference.entries) do
    local first = entry.kind == "function" and not entry.owner and entry.returns[1]
    if first and (entry.name == name or first.type:gsub("^%?", ""):gsub("|nil$", "") == name) then
      return entry
    end
  end
end

--- Adds the classes, sorted by name; one without a comment is described by what makes it.
-- @tparam table reference
-- @tparam table classes as `surface.walk` gives them
-- @tparam table sources
function entries.add_classes(reference, classes, sources)
  for name, class in pairs(classes) do
    local block, maker = sources.classes[name], constructor_of(reference, name)
    class.text = block and block.text
      or maker and ("What `%s` gives."):format(maker.name)
    class.fields = block and block.fields or {}
    class.operators = name == "Tensor" and ops.operators(reference.entries) or {}
    if class.meta.__len then
      table.insert(class.operators, 1, { name = "len", result = "integer" })
    end
    local place = block and ("%s:%d"):format(block.path, block.line) or "class " .. name
    if not class.text then
      gate.report(place, "has no comment, and no function says that it returns one")
      class.text = ""
    end
    check_types(class, place, classes)
    reference.classes[#reference.classes + 1] = class
  end
  table.sort(reference.classes, function(a, b)
    return a.name < b.name
  end)
end

return entries
