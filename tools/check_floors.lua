-- The layering rule of lua/cmml: a folder uses itself and the floors below it (tools/floors.lua),
-- whether by `require`, by `use` or by a name of the library that another part defines. Folders of
-- settings/ are apart: none uses another. The list of parts that the build made is the folders'.
package.path = "./tools/?.lua;" .. package.path
local floors = require "floors"
local gate = require "gate"

local level = {}
for i, floor in ipairs(floors.order) do
  level[floor] = i
end

-- Code without comments, so that an example in a comment is no use.
local function code_of(path)
  return (gate.read(path):gsub("%-%-[^\n]*", ""))
end

local function place_of(path)
  return path:match "^lua/cmml/(.+)%.lua$"
end

local files, codes, defined_in = gate.files("lua/cmml", ".lua"), {}, {}
for _, path in ipairs(files) do
  local place = place_of(path)
  codes[path] = code_of(path)
  if codes[path]:find "return function%(cmml" then
    for name in codes[path]:gmatch "%f[%w_]cmml%.([%a_][%w_.]*)%s*=%f[^=]" do
      defined_in[name] = defined_in[name] or place
    end
    for name in codes[path]:gmatch "function cmml%.([%a_][%w_.]*)%(" do
      defined_in[name] = defined_in[name] or place
    end
  end
end

-- The part that defines a name, or what the name is a field of.
local function definer(name)
  while name do
    if defined_in[name] then
      return defined_in[name]
    end
    name = name:match "^(.*)%.[^.]*$"
  end
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

for _, path in ipairs(files) do
  local seen = {}
  local function once(target, how)
    if target and not seen[how] then
      seen[how] = true
      check(path, target, how)
    end
  end
  local code = codes[path]
  if place_of(path):find "/" then
    for name in code:gmatch "require%s*%(?%s*[\"']cmml%.([%w_.]+)[\"']" do
      once(name, ("require \"cmml.%s\""):format(name))
    end
    for name in code:gmatch "%f[%w_]use%s*%(?%s*\"([%w_.]+)\"" do
      once(name, ("use \"%s\""):format(name))
    end
    for name in code:gmatch "%f[%w_]cmml%.([%a_][%w_.]*)" do
      once(definer(name), "cmml." .. name)
    end
  end
end

-- What the build listed.
local listed, chunk = {}, loadfile "lua/cmml/parts.lua"
for _, list in ipairs(chunk and chunk() or {}) do
  for _, name in ipairs(list) do
    listed[name] = true
  end
end
for _, path in ipairs(files) do
  local name = (place_of(path):gsub("/", "."))
  local is_part = name:find "%." ~= nil
    and gate.read(path):find "\nreturn function%(cmml[,)]" ~= nil
  if is_part ~= (listed[name] or false) then
    gate.report(path, is_part and "is a part, but lua/cmml/parts.lua does not list it: run make"
      or "is listed in lua/cmml/parts.lua, but is no part: run make")
  end
end

gate.finish("floors", #files, "files")
