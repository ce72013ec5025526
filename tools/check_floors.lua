-- The layering rule of lua/cmml: a folder uses itself and the floors below it (tools/floors.lua),
-- whether by the name of a file (`require`, `pcall(require, ..)`, `use`) or by a name of the
-- library that another part defines. Folders of settings/ are apart: none uses another. The list of
-- parts that the build made is that of the folders, and no file is forgotten.
package.path = "./tools/?.lua;" .. package.path
local floors = require "floors"
local gate = require "gate"
local tokens_of = require "lua_tokens"

local level = {}
for i, floor in ipairs(floors.order) do
  level[floor] = i
end

local function place_of(path)
  return path:match "^lua/cmml/(.+)%.lua$"
end

local files, places, codes = gate.files("lua/cmml", ".lua"), {}, {}
for _, path in ipairs(files) do
  places[place_of(path)] = path
  codes[path] = tokens_of(gate.read(path))
end

local function is(token, kind, text)
  return token ~= nil and token.kind == kind and (text == nil or token.text == text)
end

-- The name of the library that begins at a token: "nn.linear" of cmml.nn.linear, cmml["nn"].linear
-- and, behind `local nn = cmml.nn`, nn.linear; and the place of its last token. Nil if none does.
local function name_at(tokens, at, aliases)
  local token, before = tokens[at], tokens[at - 1]
  if not is(token, "name") or is(before, "sign", ".") or is(before, "sign", ":") then
    return nil
  end
  local name = token.text == "cmml" and "" or aliases[token.text]
  while name do
    local sign, word = tokens[at + 1], tokens[at + 2]
    if (is(sign, "sign", ".") or is(sign, "sign", ":")) and is(word, "name") then
      at = at + 2
    elseif is(sign, "sign", "[") and is(word, "string") and is(tokens[at + 3], "sign", "]") then
      at = at + 3
    else
      break
    end
    name = name == "" and word.text or name .. "." .. word.text
  end
  return name and name ~= "" and name or nil, at
end

-- Names that a file gives to tables of the library: `local core, nn = cmml.core, cmml.nn`.
local function aliases_of(tokens)
  local aliases = {}
  for at, token in ipairs(tokens) do
    local names, more = {}, is(token, "name", "local")
    while more and is(tokens[at + 1], "name") do
      names[#names + 1], at = tokens[at + 1].text, at + 2
      more = is(tokens[at], "sign", ",")
    end
    for _, own in ipairs(is(tokens[at], "sign", "=") and names or {}) do
      local name, last = name_at(tokens, at + 1, {})
      local after = tokens[(last or at) + 1]
      local ends = not after or after.kind == "name" or is(after, "sign", ",")
      aliases[own] = name and ends and name or nil
      if not name or not is(after, "sign", ",") then
        break
      end
      at = last + 1
    end
  end
  return aliases
end

-- Whether what ends before a token is assigned to: `a, b = ..` assigns to both.
local function is_assigned(tokens, at, aliases)
  while is(tokens[at], "sign", ",") do
    local _, last = name_at(tokens, at + 1, aliases)
    if not last and not is(tokens[at + 1], "name") then
      return false
    end
    at = (last or at + 1) + 1
  end
  return is(tokens[at], "sign", "=")
end

-- Whether a name stands at the beginning of a statement, or behind another one that does.
local function begins(tokens, at, aliases)
  local before = tokens[at - 1]
  if is(before, "sign", ",") then
    local first = at - 2
    while first > 1 and not is(tokens[first], "name", "cmml") and not aliases[tokens[first].text] do
      first = first - 1
    end
    local _, last = name_at(tokens, first, aliases)
    return last == at - 2 and begins(tokens, first, aliases)
  end
  return before == nil or before.kind ~= "sign" and before.text ~= "local"
    or before.text == ")" or before.text == "}"
    or before.text == ";" or before.text == "]"
end

-- What parts define by name, and the places below which the tables of library.lua are filled.
local defined_in, filled_in, aliases = {}, {}, {}
for _, path in ipairs(files) do
  local place, tokens = place_of(path), codes[path]
  aliases[path] = aliases_of(tokens)
  for at = 1, place:find "/" and #tokens or 0 do
    local name, last = name_at(tokens, at, aliases[path])
    if name and (is(tokens[at - 1], "name", "function") or begins(tokens, at, aliases[path])
      and is_assigned(tokens, last + 1, aliases[path])) then
      defined_in[name] = defined_in[name] or place
    end
  end
end
for name, place in pairs(defined_in) do
  local owner = name:match "^(.*)%.[^.]*$"
  local floor, known = level[place:match "^[^/]+"] or 0, filled_in[owner or false]
  if owner and (not known or floor < (level[known:match "^[^/]+"] or 0)) then
    filled_in[owner] = place
  end
end

-- The part that defines a name, or what the name is a field of; of a table that library.lua makes
-- the lowest of the parts that fill it.
local function definer(name)
  local whole = name
  while name do
    if defined_in[name] then
      return defined_in[name]
    end
    name = name:match "^(.*)%.[^.]*$"
  end
  return filled_in[whole]
end

local function check(path, target, how)
  local own, other = place_of(path), target:gsub("%.", "/")
  local from, to = own:match "^([^/]+)/", other:match "^([^/]+)/"
  if not from or not to then
    return -- files at the root stand above and below all
  elseif not level[from] or not level[to] then
    gate.report(path, ("%s: %s is no floor; name it in tools/floors.lua"):format(how,
      level[from] and to or from))
  elseif level[to] > level[from] then
    gate.report(path, ("uses %s of the floor %s above it"):format(how, to))
  else
    local mine, theirs = own:match "^settings/([^/]+)/", other:match "^settings/([^/]+)/"
    if mine and theirs and mine ~= theirs then
      gate.report(path, ("uses %s of the setting %s"):format(how, theirs))
    elseif theirs and not mine and from == "settings" then
      gate.report(path, ("uses %s of one setting, but is for all"):format(how))
    end
  end
end

local named = {} -- places that some file names
for _, path in ipairs { "bin/cmml", table.unpack(files) } do
  local tokens, seen = codes[path] or tokens_of(gate.read(path)), {}
  local has_floor = codes[path] and place_of(path):find "/" -- others stand above and below all
  local function once(target, how)
    if target and not seen[how] then
      seen[how] = true
      check(path, target, how)
    end
  end
  for at, token in ipairs(tokens) do
    if token.kind == "string" then
      local used = is(tokens[at - 1], "name", "use")
        or is(tokens[at - 2], "name", "use") and is(tokens[at - 1], "sign")
      local whole = token.text:match "^cmml%.([%w_.]+)$"
      local target = whole or used and token.text
      local place = target and target:gsub("%.", "/")
      if place and (places[place] or used) then
        named[place] = named[place] or path ~= places[place]
        if has_floor then
          once(target, (whole and 'require "cmml.%s"' or 'use "%s"'):format(target))
        end
      end
    elseif has_floor then
      local name = name_at(tokens, at, aliases[path])
      if name then
        once(definer(name), "cmml." .. name)
      end
    end
  end
end

-- What the build listed: the floors in order, each loaded when it should be.
local listed, chunk = {}, loadfile "lua/cmml/parts.lua"
local made, before = "lua/cmml/parts.lua", 0
for _, list in ipairs(chunk and chunk() or {}) do
  local at = level[list.floor] or 0
  if at <= before then
    gate.report(made, ("floor %s does not stand where tools/floors.lua has it: run make"):format(
      tostring(list.floor)))
  end
  before = at
  if list.late ~= (floors.late[list.floor] or false) then
    gate.report(made, ("late = %s of floor %s is not what tools/floors.lua says: run make"):format(
      tostring(list.late), tostring(list.floor)))
  end
  for _, name in ipairs(list) do
    local place = name:gsub("%.", "/")
    if listed[place] or place:match "^[^/]+" ~= list.floor then
      gate.report(made, ("%s does not stand once, in the list of its floor: run make"):format(name))
    elseif not places[place] then
      gate.report(made, ("%s is no file: run make"):format(name))
    end
    listed[place] = true
  end
end

-- A part is listed; what gives a function and is no part is named by another file, or nobody would
-- load it.
for _, path in ipairs(files) do
  local place, tokens = place_of(path), codes[path]
  local is_part = false
  for at, token in ipairs(tokens) do
    is_part = is_part or is(token, "name", "return") and is(tokens[at + 1], "name", "function")
      and is(tokens[at + 2], "sign", "(") and is(tokens[at + 3], "name", "cmml")
  end
  is_part = is_part and place:find "/" ~= nil
  if is_part ~= (listed[place] or false) then
    gate.report(path, is_part and "is a part, but lua/cmml/parts.lua does not list it: run make"
      or "is listed in lua/cmml/parts.lua, but is no part: run make")
  elseif place:find "/" and not is_part and not named[place]
    and ("\n" .. gate.read(path)):find "\nreturn%s+function" then
    gate.report(path, "is neither a part nor named by any file: a part is `return function(cmml`")
  end
end

gate.finish("floors", #files, "files")
