--- Standardisation: numbers less the mean of those that may be learnt from, divided by their
-- deviation.
--
-- Nothing here gives what is no number: a column that is constant (up to rounding) counts as one of
-- deviation 1, and what lies further out than `standard.bound` deviations counts as if it lay
-- there.
--
-- @module cmml.data.standard

return function(cmml)
  local core = cmml.core
  local standard = {}

  --- The largest distance from the mean, in deviations.
  standard.bound = 10

  --- The smallest deviation of a column of vectors: dividing by less may leave float32.
  standard.least = 1e-30

  -- Where the deviation is so much smaller than the numbers, it is that of rounding errors.
  local function deviation_or_one(deviation, largest, rounding)
    return deviation > rounding * largest and deviation or 1.0
  end

  --- Mean and deviation (of the population) of numbers, of any size.
  -- @tparam {number,...} list finite
  -- @treturn number 0 of an empty list
  -- @treturn number above 0; 1 where the numbers do not differ
  function standard.of_list(list)
    local largest, sum, squares = 0, 0, 0
    for _, value in ipairs(list) do
      largest = math.max(largest, math.abs(value))
    end
    if largest == 0 then
      return 0.0, 1.0
    end
    for _, value in ipairs(list) do
      sum = sum + value / largest
    end
    local mean = sum / #list
    for _, value in ipairs(list) do
      squares = squares + (value / largest - mean) ^ 2
    end
    local deviation = (squares / #list) ^ 0.5 * largest
    return mean * largest, deviation_or_one(deviation, largest, 1e-12)
  end

  --- A number in deviations from the mean.
  -- @tparam number value finite
  -- @tparam number mean
  -- @tparam number deviation
  -- @treturn number from -bound to bound
  -- @treturn boolean whether it lay beyond
  function standard.value(value, mean, deviation)
    local distance = (value - mean) / deviation
    if math.abs(distance) <= standard.bound then
      return distance, false
    end
    return distance > 0 and standard.bound or -standard.bound, true
  end

  --- Means and deviations of the columns of a matrix.
  -- @tparam ?Tensor x [rows, width], finite
  -- @tparam integer width
  -- @treturn {number,...} means
  -- @treturn {number,...} deviations
  function standard.of_columns(x, width)
    local means, deviations = {}, {}
    local largest = x and x.count > 0 and x:abs():max():item() or 0
    if largest < standard.least then
      for i = 1, width do
        means[i], deviations[i] = 0.0, 1.0
      end
      return means, deviations
    end
    local scaled = x * (1 / largest)
    local mean = scaled:mean(1)
    local squares = (scaled - mean):square():mean(1):totable()
    local sizes = scaled:abs():max(1):totable()
    for i, value in ipairs(mean:totable()) do
      means[i] = value * largest
      local deviation = deviation_or_one(squares[i] ^ 0.5 * largest, sizes[i] * largest, 1e-5)
      deviations[i] = deviation >= standard.least and deviation or 1.0
    end
    return means, deviations
  end

  --- A matrix in deviations from the means of its columns.
  -- @tparam Tensor x [rows, width]
  -- @tparam {number,...} means
  -- @tparam {number,...} deviations
  -- @treturn Tensor of the same shape
  function standard.columns(x, means, deviations)
    local inverse = {}
    for i, deviation in ipairs(deviations) do
      inverse[i] = 1 / deviation
    end
    local distance = (x - core.tensor(means)) * core.tensor(inverse)
    return distance:clamp(-standard.bound, standard.bound)
  end

  return standard
end
