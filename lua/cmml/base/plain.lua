--- Lua's functions of text, but the same in every locale.
--
-- A host may have called setlocale. Then Lua's own write 0,5 for 0.5, lower letters as that
-- language does, and order strings as its dictionaries do. The library uses these instead, which
-- `tools/check_locale.lua` and `make locale` look after.
--
-- @module cmml.base.plain
local core = require "cmml.core"

local plain = {}

--- `string.format`: for numbers that may not be whole.
-- @tparam string form
-- @param ... values
-- @treturn string
plain.format = core.in_c_locale(string.format)

--- `tostring`: for what may be a number that is not whole.
-- @param value
-- @treturn string
plain.tostring = core.in_c_locale(tostring)

--- A number as text that reads back as the same number, with as few digits as that takes.
-- @tparam number value
-- @treturn string
plain.number = core.number_text

--- `tonumber`: "0.5" is a number, "0,5" is none.
-- @param value
-- @tparam[opt] integer base
-- @treturn ?number
plain.tonumber = core.in_c_locale(tonumber)

--- `string.lower`: of the letters A to Z.
-- @tparam string words
-- @treturn string
plain.lower = core.in_c_locale(string.lower)

--- `string.upper`: of the letters a to z.
-- @tparam string words
-- @treturn string
plain.upper = core.in_c_locale(string.upper)

--- `table.sort`: strings by their bytes, also those that `before` compares.
-- @tparam table list
-- @tparam[opt] function before
plain.sort = core.in_c_locale(table.sort)

--- `a < b` of strings: by their bytes.
-- @tparam string a
-- @tparam string b
-- @treturn boolean
plain.before = core.in_c_locale(function(a, b)
  return a < b
end)

return plain
