--- A short name for a text that tells it from others: FNV-1a in 64 bits, as 16 hexadecimal digits.
-- It is no protection against who wants two texts to have the same.
--
-- @module cmml.base.digest
local plain = require "cmml.base.plain"

--- @tparam string text
-- @tparam ?string before the digest of what stands before the text
-- @treturn string
return function(text, before)
  local h = before and plain.tonumber(before, 16) or 0xcbf29ce484222325
  for i = 1, #text do
    h = (h ~ text:byte(i)) * 0x100000001b3
  end
  return ("%016x"):format(h)
end
