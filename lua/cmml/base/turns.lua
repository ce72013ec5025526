--- Measuring in turns: what is compared runs in one process, one after the other and again and
-- again, so that neighbouring runs meet the same machine, and their ratios are of the programs
-- alone.
--
-- @module cmml.base.turns
local core = require "cmml.core"
local plain = require "cmml.base.plain"
local turns = {}

--- A quantile of numbers, between the two nearest where it falls between them.
-- @tparam {number,...} list not empty
-- @tparam number q from 0 to 1: 0.5 is the median
-- @treturn number
function turns.quantile(list, q)
  local sorted = table.move(list, 1, #list, 1, {})
  plain.sort(sorted)
  local at = 1 + q * (#sorted - 1)
  local below = math.floor(at)
  local above = math.min(below + 1, #sorted)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
end

--- The middle of numbers.
-- @tparam {number,...} list not empty
-- @treturn number
function turns.median(list)
  return turns.quantile(list, 0.5)
end

--- Median and quartiles.
-- @tparam {number,...} list not empty
-- @treturn table middle, low, high
function turns.spread(list)
  return { middle = turns.median(list), low = turns.quantile(list, 0.25),
    high = turns.quantile(list, 0.75) }
end

--- Processor seconds of one call, from as many calls as take a while.
-- @tparam function run
-- @tparam number least seconds that the calls take together, at least
-- @treturn number
function turns.seconds(run, least)
  local began, used, count = core.clock(), os.clock(), 0
  repeat
    run()
    count = count + 1
  until core.clock() - began >= least
  return (os.clock() - used) / count
end

--- Measures functions in turns, each time beginning with another one.
-- @tparam {function,...} list
-- @tparam table options rounds (how often each has its turn), least (see `seconds`), warm (calls of
-- each before the first turn; default 2), on_round (optional: called with how many there were and
-- how many there will be)
-- @treturn table by number of the function a list with one number a round, its processor seconds
function turns.measure(list, options)
  local found = {}
  for i, run in ipairs(list) do
    found[i] = {}
    for _ = 1, options.warm or 2 do
      run()
    end
  end
  for round = 1, options.rounds do
    for k = 0, #list - 1 do
      local i = (round + k - 1) % #list + 1
      found[i][round] = turns.seconds(list[i], options.least)
    end
    if options.on_round then
      options.on_round(round, options.rounds)
    end
  end
  return found
end

--- How many times as long as another one each turn took.
-- @tparam {number,...} list
-- @tparam {number,...} other
-- @treturn {number,...}
function turns.ratios(list, other)
  local ratios = {}
  for i, value in ipairs(list) do
    ratios[i] = value / other[i]
  end
  return ratios
end

return turns
