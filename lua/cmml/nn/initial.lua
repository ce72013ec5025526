--- The source of a layer's initial values.
--
-- @module cmml.nn.initial
local args = require "cmml.base.args"

--- Raises unless it is one.
-- @tparam string what the layer, for messages
-- @param init what `nn.init` gives, or a table like it: with functions uniform and normal
-- @treturn table init
return function(what, init)
  if type(init) ~= "table" or type(init.uniform) ~= "function"
    or type(init.normal) ~= "function" then
    args.error(("%s: init must be what nn.init gives, not %s"):format(what, args.describe(init)), 3)
  end
  return init
end
