--- The scale of ratings: the smallest, the largest, and the step between those that occur.
--
-- @module cmml.data.scale
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

return function(cmml)
  local core = cmml.core
  local scale = {}

  -- A number of the core's precision with the digits that it has.
  local function rounded(value)
    local short = plain.tonumber(plain.format("%.7g", value))
    return core.info().dtype == "float32" and short or value
  end

  -- The largest number of which all differences between sorted values are multiples, nearly.
  local function step_of(values)
    local range = values[#values] - values[1]
    local step = 0
    for i = 2, #values do
      local a, b = values[i] - values[i - 1], step
      while b > 1e-5 * range do
        local rest = a % b
        a, b = b, math.min(rest, b - rest)
      end
      step = a
    end
    return step
  end

  local most = 1000 -- steps in a range: with more of them ratings are as good as continuous

  -- The values that occur, sorted, a piece after the other; the first and the last of them where
  -- there are more than `most`.
  local function values_of(ratings)
    local seen, list, piece = {}, {}, 1 << 20
    for first = 1, ratings.count, piece do
      local some = ratings:slice(1, first, math.min(first + piece - 1, ratings.count))
      for _, value in ipairs((core.distinct(some)):totable()) do
        if not seen[value] then
          seen[value], list[#list + 1] = true, value
        end
      end
      if #list > most then
        return { -((-ratings):max():item()), ratings:max():item() }, true
      end
    end
    plain.sort(list)
    return list, false
  end

  --- The scale of ratings.
  -- @tparam Tensor ratings [n]
  -- @treturn ?table smallest, largest, and step where ratings are a few values at equal distances;
  -- nil of none
  function scale.of(ratings)
    if ratings.count == 0 then
      return nil
    end
    local values, is_continuous = values_of(ratings)
    local smallest, largest = values[1], values[#values]
    local step = #values > 1 and not is_continuous and step_of(values) or nil
    if step and step * most < largest - smallest then
      step = nil
    end
    local found = { smallest = rounded(smallest), largest = rounded(largest),
      step = step and rounded(step) }
    if scale.problem(found) then -- steps smaller than what rounding takes away
      found.step = nil
    end
    return found
  end

  --- The rating from which on an item is relevant where nobody says: the first one at or above
  -- three quarters of the way, such as 4 of 1 to 5.
  -- @tparam ?table given
  -- @treturn ?number nil where there is no scale, or one of a single rating: any is
  function scale.relevant(given)
    if not given or given.largest <= given.smallest then
      return nil
    end
    local way = 0.75 * (given.largest - given.smallest)
    local step = given.step
    return given.smallest + (step and math.ceil(way / step - 1e-6) * step or way)
  end

  --- Whether a rating is outside of a scale.
  -- @tparam ?table given
  -- @tparam number rating
  -- @treturn boolean
  function scale.is_outside(given, rating)
    return given ~= nil and (rating < given.smallest or rating > given.largest)
  end

  --- A score as it is shown as a rating: clipped to the scale.
  -- @tparam ?table given
  -- @tparam number score
  -- @treturn number
  function scale.clip(given, score)
    return given and math.max(given.smallest, math.min(given.largest, score)) or score
  end

  --- A scale in words: "0.5 to 5 in steps of 0.5".
  -- @tparam table given
  -- @treturn string
  function scale.text(given)
    local words = ("%s to %s"):format(text.value(given.smallest), text.value(given.largest))
    return given.step and ("%s in steps of %s"):format(words, text.value(given.step)) or words
  end

  --- What is wrong with a scale from a file.
  -- @param given
  -- @treturn ?string nil where it is one, or there is none
  function scale.problem(given)
    if given == nil then
      return nil
    elseif type(given) ~= "table" then
      return "it must be a table"
    end
    for _, key in ipairs { "smallest", "largest", "step" } do
      local value = given[key]
      local may_lack = key == "step" and value == nil
      if not may_lack and (math.type(value) == nil or value - value ~= 0) then
        return key .. " must be a finite number"
      end
    end
    local range, step = given.largest - given.smallest, given.step
    if range < 0 or step and step <= 0 then
      return "smallest must be at most largest, and step above 0"
    elseif step and not (range / step > 0.5 and range / step < most + 0.5) then
      return ("there must be 1 to %d steps from smallest to largest"):format(most)
    end
  end

  return scale
end
