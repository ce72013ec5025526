--- What options of `ScenarioSplit:vectors` must be, beside those of the method.
--
-- @module cmml.settings.scenarios.vector_checks
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

--- Checks them.
-- @tparam table options
-- @tparam integer level of the stack that errors point at, counted from here; 0: no position
-- @treturn string the method
-- @treturn integer further: iterations that go on with all known interactions
return function(options, level)
  if type(options) ~= "table" then
    raise("vectors: options must be a table, not " .. type(options), level)
  end
  local method = options.method or "als"
  if method ~= "als" and method ~= "bpr" then
    raise(("vectors: method must be \"als\" or \"bpr\", not %s"):format(args.quote(method)), level)
  elseif options.sets ~= nil and type(options.sets) ~= "table" then
    raise("vectors: sets must be a table of options by name of a set, not "
      .. type(options.sets), level)
  end
  for name, of in pairs(options.sets or {}) do
    if type(name) ~= "string" or type(of) ~= "table" then
      raise(("vectors: sets.%s must be a table of options by name of a set, not %s"):format(
        args.shown(name), type(of)), level)
    end
  end
  local further = options.further or 8
  if math.type(further) ~= "integer" or further < 1 then
    raise(("vectors: further must be a whole number of iterations, at least 1, not %s"):format(
      plain.tostring(further)), level)
  end
  return method, further
end
