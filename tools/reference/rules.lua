--- The options of a function as its call of `args.check` declares them.
local gate = require "gate"
local rules = {}

-- Splits "a, {b, c}, d" at the commas that stand outside of brackets and quotes.
local function split(text)
  local parts, depth, from, i, quoted = {}, 0, 1, 1, false
  while i <= #text do
    local c = text:sub(i, i)
    if c == '"' then
      quoted = not quoted
    elseif not quoted and c:find "[({]" then
      depth = depth + 1
    elseif not quoted and c:find "[)}]" then
      depth = depth - 1
    elseif not quoted and c == "," and depth == 0 then
      parts[#parts + 1] = text:sub(from, i - 1):match "^%s*(.-)%s*$"
      from = i + 1
    end
    i = i + 1
  end
  parts[#parts + 1] = text:sub(from):match "^%s*(.-)%s*$"
  return parts
end

local function upvalues_of(f)
  local values, i = {}, 1
  local name, value = debug.getupvalue(f, i)
  while name do
    values[name] = value
    i = i + 1
    name, value = debug.getupvalue(f, i)
  end
  return values
end

local function source_of(f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" or not info.source:find "^@%./lua/" then
    return ""
  end
  local lines = gate.lines(info.source:sub(2))
  return table.concat(lines, "\n", info.linedefined, info.lastlinedefined)
end

-- "integer?" or {"integer", 3} as a list entry; places are those in the text, which has an order.
local function entries(known, text)
  local list = {}
  for name, rule in pairs(known) do
    local kind, default = rule, nil
    if type(rule) == "table" then
      kind, default = rule[1], rule[2]
    end
    list[#list + 1] = { name = name, type = (kind:gsub("%?$", "")), default = default,
      optional = kind:sub(-1) == "?" or default ~= nil,
      place = text:find("%f[%w_]" .. name .. "%s*=") or math.huge }
  end
  table.sort(list, function(a, b)
    if a.place ~= b.place then
      return a.place < b.place
    end
    return a.name < b.name
  end)
  return list
end

local function of_source(f, parameters, found, unread)
  local values, source = upvalues_of(f), source_of(f)
  for call in source:gmatch "args%.check(%b())" do
    local parts = split(call:sub(2, -2))
    if parameters[parts[2]] and not found[parts[2]] then
      local env = setmetatable({}, { __index = function(_, key)
        if values[key] ~= nil then
          return values[key]
        end
        return _G[key]
      end })
      local chunk = load("return " .. parts[3], parts[3], "t", env)
      local ok, known = pcall(chunk or error)
      if ok and type(known) == "table" then
        found[parts[2]] = entries(known, parts[3])
      else
        unread[#unread + 1] = parts[2]
      end
    end
  end
  return values
end

--- The options that a function takes, by parameter.
-- @tparam function f
-- @tparam table names of its parameters
-- @treturn table by parameter: a list of {name, type, default, optional}
-- @treturn table parameters whose options could not be read
function rules.of(f, names)
  local parameters, found, unread = {}, {}, {}
  for _, name in ipairs(names) do
    parameters[name] = true
  end
  -- A function may leave the reading of its options to one beside it.
  for _, value in pairs(of_source(f, parameters, found, unread)) do
    if type(value) == "function" and source_of(f):find "options" then
      of_source(value, parameters, found, unread)
    end
  end
  return found, unread
end

return rules
