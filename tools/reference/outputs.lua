--- The files of the reference that the build writes, and that are installed with the library.
local luals = require "reference.luals"
local text = require "reference.text"

--- What they should hold.
-- @tparam table reference from `entries.build`
-- @treturn table contents by path
return function(reference)
  return { ["lua/cmml/reference.txt"] = text.write(reference),
    ["types/cmml.d.lua"] = luals.write(reference) }
end
