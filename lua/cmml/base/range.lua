--- Ranges and choices of values that a search draws from.
--
-- A text or a list: `log:1e-4:1e-2`, `lin:0:0.5` or `int:8:64` are a range, `8|16|32` a choice; a
-- list, such as {{64, 64}, {128}}, is a choice of values of any kind.
--
-- @module cmml.base.range
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

local range = {}

-- A word as what it looks like.
local function value_of(word)
  if word == "true" or word == "false" then
    return word == "true"
  end
  return math.tointeger(plain.tonumber(word)) or plain.tonumber(word) or word
end

local kinds = { "lin", "log", "int" }

-- One range of numbers.
local function numbers(kind, low, high)
  local least, most = plain.tonumber(low), plain.tonumber(high)
  if not least or not most or most - least <= 0 or math.abs(most - least) == math.huge then
    return nil, ("%s:%s:%s is no range: two numbers, the lower one first"):format(kind, low, high)
  elseif kind == "int" and not (math.tointeger(least) and math.tointeger(most)) then
    return nil, ("int:%s:%s must be two whole numbers"):format(low, high)
  elseif kind == "log" and least <= 0 then
    return nil, ("%s:%s:%s must begin above 0"):format(kind, low, high)
  end
  return { kind = kind, low = least, high = most }
end

--- Reads a range or choice.
-- @param given see the head of this file; a number or a boolean is the choice of it alone
-- @treturn ?table kind ("choice", "lin", "log", "int") and values, or low and high; nil where it
-- is none
-- @treturn ?string what is wrong, to be put behind a name
function range.read(given)
  if type(given) == "table" and #given > 0 then
    return { kind = "choice", values = given }
  elseif type(given) == "number" or type(given) == "boolean" then
    return { kind = "choice", values = { given } }
  elseif type(given) ~= "string" or given == "" then
    return nil, "a range such as log:1e-4:1e-2, values such as 8|16|32, or a list was expected"
  end
  local kind, low, high = given:match "^([A-Za-z]+):([^:|]*):([^:|]*)$"
  if kind then
    for _, known in ipairs(kinds) do
      if known == kind then
        return numbers(kind, low, high)
      end
    end
    return nil, ("%s is not known; %s"):format(args.quote(kind), args.suggest(kind, kinds))
  end
  local values = {}
  for word in (given .. "|"):gmatch "([^|]*)|" do
    if word == "" then
      return nil, "an empty value in " .. args.quote(given)
    end
    values[#values + 1] = value_of(word)
  end
  return { kind = "choice", values = values }
end

-- The number at a place of a range.
local function number_at(entry, u)
  if entry.kind == "int" then
    return math.tointeger(math.min(entry.low + math.floor(u * (entry.high - entry.low + 1)),
      entry.high))
  elseif entry.kind == "log" then
    return plain.tonumber(plain.format("%.3g", entry.low * (entry.high / entry.low) ^ u))
  end
  return plain.tonumber(plain.format("%.3g", entry.low + u * (entry.high - entry.low)))
end

--- The value at a place of a range or choice. Numbers of ranges have three digits.
-- @tparam table entry of `read`; with the field list set its numbers are lists of one, as an
-- option that is a list takes them
-- @tparam number u the place, from 0 to 1
-- @return the value
function range.draw(entry, u)
  if entry.kind == "choice" then
    return entry.values[math.min(math.floor(u * #entry.values) + 1, #entry.values)]
  end
  local number = number_at(entry, u)
  return entry.list and { number } or number
end

--- Some values that an entry may give: all of a choice, of a range both ends and one within.
-- @tparam table entry of `read`
-- @treturn table list
function range.examples(entry)
  return entry.kind == "choice" and entry.values
    or { range.draw(entry, 0), range.draw(entry, 1), range.draw(entry, 0.37) }
end

return range
