--- A generator of its own for made worlds: the same numbers on every machine.
-- @tparam integer seed
-- @treturn function of n: a whole number from 1 to n
return function(seed)
  local state = seed * 2 + 1
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return ((state >> 33) % n) + 1
  end
end
