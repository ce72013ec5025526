--- Numbers for tests: the same in every run, and exact in float32, so that both cores and the
-- oracle compute from equal inputs.
assert(_VERSION == "Lua 5.4", "the specs need Lua 5.4, but run under " .. _VERSION)

local Stream = {}
Stream.__index = Stream

--- The next number, uniform on a grid of 2^-12.
-- @tparam number low on the grid
-- @tparam number high
-- @treturn number
function Stream:uniform(low, high)
  self.state = self.state * 6364136223846793005 + 1442695040888963407
  local unit = (self.state >> 40) / (1 << 24)
  return low + (unit * (high - low) * 4096) // 1 / 4096
end

-- What "domain" of a case means: smooth and finite there, whatever the op; `few`
-- is full of equal numbers.
local domains = {
  real = function(stream)
    return stream:uniform(-2, 2)
  end,
  positive = function(stream)
    return stream:uniform(0.25, 2.5)
  end,
  small = function(stream)
    return stream:uniform(-0.5, 0.5)
  end,
  nonzero = function(stream)
    local size = stream:uniform(0.25, 2)
    return stream:uniform(-1, 1) < 0 and -size or size
  end,
  few = function(stream)
    return stream:uniform(-1, 2) // 1
  end,
}

--- A list of numbers from a domain.
-- @tparam integer n
-- @tparam[opt="real"] string domain real, positive, small, nonzero or few (-1, 0
-- or 1)
-- @treturn table
function Stream:list(n, domain)
  local draw, values = domains[domain or "real"], {}
  for i = 1, n do
    values[i] = draw(self)
  end
  return values
end

--- A stream of numbers.
-- @tparam integer|string seed
-- @treturn Stream
return function(seed)
  local state = 1
  for i = 1, #tostring(seed) do
    state = state * 1099511628211 ~ tostring(seed):byte(i)
  end
  return setmetatable({ state = state }, Stream)
end
