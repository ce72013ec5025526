--- Whole numbers that are the same on every machine, for small made worlds.
--
-- @module cmml.base.stream

--- A stream of numbers: the same one at each call.
-- @treturn function of n, giving a number from 1 to n
return function()
  local state = 3
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return ((state >> 33) % n) + 1
  end
end
