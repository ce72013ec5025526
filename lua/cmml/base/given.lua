--- What was given, in messages: repeated in short, and what it may have been meant for.
--
-- What is given may have a megabyte, be of several lines or hold what a terminal obeys.
--
-- @module cmml.base.given
local plain = require "cmml.base.plain"

local given = {}

local MOST_SHOWN = 80 -- bytes of something given that a message repeats

-- Bytes that would do something else than be seen.
local function escaped(text)
  text = text:gsub("[%z\1-\31\127]", function(c)
    return c == "\n" and "\\n" or ("\\%d"):format(c:byte())
  end)
  return utf8.len(text) and text or (text:gsub("[\x80-\xFF]", function(c)
    return ("\\%d"):format(c:byte())
  end))
end

-- The first bytes of a text, and how many there are, where there are more; no letter is cut.
local function shortened(text, most)
  if #text <= most then
    return text, ""
  end
  return text:sub(1, (utf8.offset(text:sub(1, most + 4), 0, most + 1) or most + 1) - 1),
    (".. (%d bytes)"):format(#text)
end

--- Something that was given, as a message repeats it: at most 80 bytes of it, on one line.
-- @param value
-- @treturn string
function given.shown(value)
  local text, rest = shortened(plain.tostring(value), MOST_SHOWN)
  return escaped(text) .. rest
end

--- A text that was given, as a message repeats it: in quotes, at most 80 bytes of it, on one line.
-- @param value
-- @treturn string
function given.quote(value)
  local text, rest = shortened(plain.tostring(value), MOST_SHOWN)
  return '"' .. escaped((text:gsub('[\\"]', "\\%0"))) .. '"' .. rest
end

--- The first bytes of a text and how many there are, if there are more.
-- @tparam string text
-- @tparam integer most bytes
-- @treturn string
function given.cut(text, most)
  return table.concat { shortened(text, most) }
end

local MOST_MISTAKES, LONGEST_NAME = 2, 100

-- Edit distance, for "did you mean"; two letters in the wrong order are one mistake.
local function distance(a, b)
  local before, row = {}, {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local current = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      current[j] = math.min(row[j] + 1, current[j - 1] + 1, row[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        current[j] = math.min(current[j], before[j - 2] + 1)
      end
    end
    before, row = row, current
  end
  return row[#b]
end

-- At most two typing mistakes, which leave half of the shorter word; or one begins with the other.
-- Gives how many letters are wrong. Lengths alone rule out most: a word may have a megabyte.
local function mistakes(word, candidate)
  local shorter, longer = math.min(#word, #candidate), math.max(#word, #candidate)
  if shorter > 1 and word:sub(1, shorter) == candidate:sub(1, shorter) then
    return longer - shorter
  elseif longer - shorter > MOST_MISTAKES or longer > LONGEST_NAME then
    return nil
  end
  local d = distance(word, candidate)
  return d <= MOST_MISTAKES and 2 * d <= shorter and d or nil
end

--- The entry of a list that a word may have been meant for: at most two letters are other, missing,
-- too many or in the wrong order, or one is the beginning of the other. Words of more than 100
-- bytes are near to their beginnings alone.
-- @tparam string word
-- @tparam table known list of strings
-- @treturn ?string the nearest one, the first of equals; nil if none is near
function given.nearest(word, known)
  local best, least
  for _, candidate in ipairs(known) do
    local d = mistakes(word, candidate)
    if d and (not least or d < least) then
      best, least = candidate, d
    end
  end
  return best
end

-- The parts of a name between - and _; those of two letters and less tell nothing.
local function parts_of(name)
  local parts = {}
  for part in name:sub(1, LONGEST_NAME):gmatch "[^-_]+" do
    parts[part] = #part > 2 or nil
  end
  return parts
end

--- The entries of a list that have a part in common with a name: learning-rate and inner-rate.
-- @tparam string name
-- @tparam table known list of strings
-- @tparam integer most of them
-- @treturn {string,...}
function given.related(name, known, most)
  local parts, found = parts_of(name), {}
  for _, candidate in ipairs(known) do
    for part in pairs(parts_of(candidate)) do
      if parts[part] and #found < most and found[#found] ~= candidate then
        found[#found + 1] = candidate
      end
    end
  end
  return found
end

local MOST_LISTED, MOST_RELATED = 24, 4

--- What to say of a word that is not in a list: "did you mean batch?" if one is near, or else which
-- there are.
-- @param word a string, or what was given in place of one
-- @tparam table known list of strings
-- @tparam[opt=""] string prefix in front of each, such as "--"
-- @tparam[opt] string all what lists them, to be named where they are too many for a line; those
-- that have a part of the name in common are named, too
-- @treturn string
function given.suggest(word, known, prefix, all)
  prefix, word = prefix or "", plain.tostring(word)
  local near = given.nearest(word, known)
  if near then
    return ("did you mean %s%s?"):format(prefix, near)
  elseif #known == 0 then
    return "there are none"
  elseif all and #known > MOST_LISTED then
    local related = given.related(word, known, MOST_RELATED)
    return (#related > 0 and ("did you mean %s%s? "):format(prefix,
      table.concat(related, ", " .. prefix)) or "") .. all
  end
  return ("known: %s%s"):format(prefix, table.concat(known, ", " .. prefix))
end

return given
