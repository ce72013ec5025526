--- What times are counted in, by their size.
--
-- @module cmml.data.time_unit
local time_unit = {}

-- By what is beyond: 10^11 seconds are in the year 5138.
local units = {
  { most = 1e11, name = "seconds", per_second = 1 },
  { most = 1e14, name = "milliseconds", per_second = 1000 },
  { most = 1e17, name = "microseconds", per_second = 1000000 },
  { most = math.huge, name = "nanoseconds", per_second = 1000000000 },
}

--- The unit of times since 1970.
-- @tparam integer first the smallest
-- @tparam integer last the largest
-- @treturn table name, per_second
function time_unit.of(first, last)
  local size = math.max(math.abs(first + 0.0), math.abs(last + 0.0))
  for _, unit in ipairs(units) do
    if size < unit.most then
      return unit
    end
  end
end

return time_unit
