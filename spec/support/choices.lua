--- Choices at random for whatever has a field `random`, a stream of seed.lua.
local choices = {}

--- A whole number from low to high.
function choices:whole(low, high)
  self.random.state = self.random.state * 6364136223846793005 + 1442695040888963407
  return low + (self.random.state >> 33) % (high - low + 1)
end

--- Whether something of that probability happens.
function choices:chance(probability)
  return self:whole(0, 999) < probability * 1000
end

--- One of a list.
function choices:choose(list)
  return list[self:whole(1, #list)]
end

--- A list in another order; a new one.
function choices:shuffled(list)
  local result = { table.unpack(list) }
  for i = #result, 2, -1 do
    local k = self:whole(1, i)
    result[i], result[k] = result[k], result[i]
  end
  return result
end

return choices
