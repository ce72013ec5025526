--- Chance that comes out the same on every machine: whole numbers from splitmix64, and a
-- bell-shaped variable whose law is exact.
local chance = {}

--- Begins a stream of whole numbers.
-- @tparam integer seed
-- @treturn function of n, which gives a whole number in 1..n
function chance.stream(seed)
  local state = seed
  return function(n)
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ z >> 30) * 0xBF58476D1CE4E5B9
    z = (z ~ z >> 27) * 0x94D049BB133111EB
    return ((z ~ z >> 31) >> 1) % n + 1
  end
end

-- Four dice of eight sides: nearly normal, and their sum has 29 values, 0 to 28.
local law, mean, deviation = { [0] = 1 }, 14, math.sqrt(4 * (8 * 8 - 1) / 12)
for _ = 1, 4 do
  local sums = {}
  for sum = 0, #law do
    for die = 0, 7 do
      sums[sum + die] = (sums[sum + die] or 0) + law[sum] / 8
    end
  end
  law = sums
end

--- Draws a bell-shaped variable of mean 0 and deviation 1.
-- @tparam function random a stream
-- @treturn number
function chance.bell(random)
  return (random(8) + random(8) + random(8) + random(8) - 4 - mean) / deviation
end

--- The expectation of a function of the bell-shaped variable.
-- @tparam function f of a number, giving a number
-- @treturn number
function chance.expect(f)
  local total = 0
  for sum = 0, #law do
    total = total + law[sum] * f((sum - mean) / deviation)
  end
  return total
end

--- The numbers 1..n in random order.
-- @tparam function random a stream
-- @tparam integer n
-- @treturn {integer,...}
function chance.shuffled(random, n)
  local order = {}
  for i = 1, n do
    local j = random(i)
    order[i] = order[j]
    order[j] = i
  end
  return order
end

return chance
