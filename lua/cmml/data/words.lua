--- The words of a text, for fields of kind text: letters and digits of any script, in small
-- letters, whatever the locale.
--
-- Words end where there is anything but letters, digits and marks. Ideographs and pictures, which
-- are written without spaces, are a word each. Characters that Unicode writes in several ways are
-- not made one.
--
-- @module cmml.data.words
local plain = require "cmml.base.plain"

local words = {}

-- What is no word beyond ASCII: ranges of Latin-1, punctuation, currencies, arrows and symbols of
-- any script that has them in a block of its own.
local breaks = { { 0x80, 0xA9 }, { 0xAB, 0xAC }, { 0xAE, 0xB1 }, { 0xB4, 0xB4 }, { 0xB6, 0xB8 },
  { 0xBB, 0xBB }, { 0xBF, 0xBF }, { 0xD7, 0xD7 }, { 0xF7, 0xF7 }, { 0x37E, 0x37E },
  { 0x387, 0x387 }, { 0x55A, 0x55F }, { 0x589, 0x58A }, { 0x5BE, 0x5BE }, { 0x60C, 0x60D },
  { 0x61B, 0x61F }, { 0x66A, 0x66D }, { 0x6D4, 0x6D4 }, { 0x964, 0x965 }, { 0xE3F, 0xE3F },
  { 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x200E, 0x206F }, { 0x20A0, 0x20CF },
  { 0x2190, 0x245F }, { 0x2500, 0x25FF }, { 0x27C0, 0x2BFF }, { 0x2E00, 0x2E7F },
  { 0x3000, 0x3004 }, { 0x3008, 0x3020 }, { 0x3030, 0x3030 }, { 0x303D, 0x303F },
  { 0x30FB, 0x30FB }, { 0xE000, 0xF8FF }, { 0xFE10, 0xFE1F }, { 0xFE30, 0xFE6F },
  { 0xFEFF, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 },
  { 0xFFE0, 0xFFFF } }

-- Ideographs and pictures.
local alone = { { 0x2600, 0x27BF }, { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF }, { 0xF900, 0xFAFF },
  { 0x1F000, 0x1FAFF }, { 0x20000, 0x3FFFF } }

-- Joiners within a word, which are left out.
local joiners = { { 0xAD, 0xAD }, { 0x200B, 0x200D }, { 0xFE00, 0xFE0F } }

-- Capital letters: ranges with the distance to the small ones, where a step of 2 says that capital
-- and small letters take turns.
local capitals = { { 0xC0, 0xD6, 32 }, { 0xD8, 0xDE, 32 }, { 0x100, 0x12E, 1, 2 },
  { 0x130, 0x130, 0x69 - 0x130 }, { 0x132, 0x136, 1, 2 }, { 0x139, 0x147, 1, 2 },
  { 0x14A, 0x176, 1, 2 }, { 0x178, 0x178, 0xFF - 0x178 }, { 0x179, 0x17D, 1, 2 },
  { 0x1CD, 0x1DB, 1, 2 }, { 0x1DE, 0x1EE, 1, 2 }, { 0x1F8, 0x21E, 1, 2 }, { 0x222, 0x232, 1, 2 },
  { 0x386, 0x386, 38 }, { 0x388, 0x38A, 37 }, { 0x38C, 0x38C, 64 }, { 0x38E, 0x38F, 63 },
  { 0x391, 0x3A1, 32 }, { 0x3A3, 0x3AB, 32 }, { 0x3C2, 0x3C2, 1 }, { 0x400, 0x40F, 80 },
  { 0x410, 0x42F, 32 }, { 0x460, 0x480, 1, 2 }, { 0x48A, 0x4BE, 1, 2 }, { 0x4C0, 0x4C0, 15 },
  { 0x4C1, 0x4CD, 1, 2 }, { 0x4D0, 0x52E, 1, 2 }, { 0x531, 0x556, 48 }, { 0x1E00, 0x1E94, 1, 2 },
  { 0x1E9E, 0x1E9E, 0xDF - 0x1E9E }, { 0x1EA0, 0x1EFE, 1, 2 }, { 0x1F08, 0x1F0F, -8 },
  { 0x1F18, 0x1F1D, -8 }, { 0x1F28, 0x1F2F, -8 }, { 0x1F38, 0x1F3F, -8 }, { 0x1F48, 0x1F4D, -8 },
  { 0x1F68, 0x1F6F, -8 }, { 0x2160, 0x216F, 16 }, { 0xFF21, 0xFF3A, 32 },
  { 0x10400, 0x10427, 40 } }

local small = {}
for _, range in ipairs(capitals) do
  for code = range[1], range[2], range[4] or 1 do
    small[code] = code + range[3]
  end
end

-- Which of the ranges, sorted, a character is in.
local function is_in(ranges, code)
  local first, last = 1, #ranges
  while first < last do
    local middle = (first + last) // 2
    if ranges[middle][2] < code then
      first = middle + 1
    else
      last = middle
    end
  end
  return ranges[first][1] <= code and code <= ranges[first][2]
end

-- The words of a run of bytes that are not all ASCII.
local function split(run, list)
  local word = {}
  local function finish()
    if #word > 0 then
      list[#list + 1], word = table.concat(word), {}
    end
  end
  for _, code in utf8.codes(run) do
    if code < 128 then
      word[#word + 1] = plain.lower(string.char(code))
    elseif is_in(breaks, code) then
      finish()
    elseif is_in(alone, code) then
      finish()
      list[#list + 1] = utf8.char(code)
    elseif not is_in(joiners, code) then
      word[#word + 1] = utf8.char(small[code] or code)
    end
  end
  finish()
end

--- The words of a text, in order.
-- @tparam string sentence
-- @treturn ?{string,...} nil where the text is not valid UTF-8
function words.of(sentence)
  if not utf8.len(sentence) then
    return nil
  end
  local list = {}
  for run in sentence:gmatch "[0-9A-Za-z\128-\255]+" do
    if run:find "[\128-\255]" then
      split(run, list)
    else
      list[#list + 1] = plain.lower(run)
    end
  end
  return list
end

--- Which of `size` groups a word is in: its FNV-1a hash of 32 bits.
-- @tparam string word
-- @tparam integer size
-- @treturn integer from 1 to size
function words.group(word, size)
  local hash = 0x811C9DC5
  for i = 1, #word do
    hash = (hash ~ word:byte(i)) * 0x01000193 & 0xFFFFFFFF
  end
  return hash % size + 1
end

return words
