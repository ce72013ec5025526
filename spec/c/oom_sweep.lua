--- Failing allocations of Lua, over what programs do with the library: each ends in an error for
-- want of memory or gives what it always gives, leaves no memory and no file behind, and does its
-- work the next time. Run by oom_sweep.c.
--
-- Long scenarios are swept with gaps; CMML_SWEEP=1 fails every single allocation.
local try, open = ...
local memory_scenarios = require "spec.support.memory_scenarios"
local temporary = require "spec.support.temporary"

local most = os.getenv "CMML_SWEEP" and math.huge or tonumber(os.getenv "CMML_SWEEP_RUNS" or 400)
local passed, failed = 0, 0

local function report(name, fault, runs)
  print(("%s: %s"):format(name, fault or runs .. " failures ok"))
  passed, failed = passed + (fault and 0 or 1), failed + (fault and 1 or 0)
end

local function for_want_of_memory(message)
  message = tostring(message)
  return message:find("not enough memory", 1, true) or message:find("out of memory", 1, true)
end

-- Calls once(n, lasting) for rising n, with gaps that make at most `most` calls of `count`; gives
-- the first fault and how many calls there were.
local function sweep(count, once)
  local step, runs = math.max(1, count // most), 0
  for n = 0, count - 1, step do
    for _, lasting in ipairs { false, true } do
      local ok, fault = pcall(once, n, lasting)
      runs = runs + 1
      if not ok then
        return ("allocation %d%s: %s"):format(n + 1, lasting and " and all after it" or "", fault),
          runs
      end
    end
  end
  return nil, runs
end

-- How many allocations a function makes, nearly.
local function count_of(fails_at)
  local low, high = 0, 64
  while fails_at(high) do
    low, high = high, high * 2
  end
  while high - low > 1 do
    local middle = (low + high) // 2
    if fails_at(middle) then
      low = middle
    else
      high = middle
    end
  end
  return high
end

local function sweep_require()
  open(-1, false) -- what the process keeps for ever
  local count = count_of(function(n)
    return select(3, open(n, false))
  end)
  report("require", sweep(count, function(n, lasting)
    local ok, message, _, left = open(n, lasting)
    assert(ok or for_want_of_memory(message), message)
    assert(left == 0, ("left %d bytes"):format(left))
  end))
end

local function sweep_scenario(cmml, name, run, check)
  local core = cmml.core
  local expected = run()
  collectgarbage()
  collectgarbage()
  local before = core.memory()
  local count = count_of(function(n)
    local _, _, hit = try(n, false, run)
    return hit
  end)
  local fault, runs = sweep(count, function(n, lasting)
    local ok, result = try(n, lasting, run)
    assert(ok or for_want_of_memory(result), "raised " .. tostring(result))
    assert(not ok or result == expected, "gave another result without an error")
    assert(core.grad_enable(true), "left recording off")
    result = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    local after = core.memory()
    assert(after.live == before.live and after.blocks == before.blocks,
      ("left %d bytes in %d blocks"):format(after.live - before.live, after.blocks - before.blocks))
    if check then
      check()
    end
  end)
  if not fault and run() ~= expected then
    fault = "gives another result afterwards"
  end
  report(name, fault, runs)
end

sweep_require()
local cmml = require "cmml"
local folder = temporary.folder()
for _, scenario in ipairs(memory_scenarios(cmml, folder)) do
  sweep_scenario(cmml, table.unpack(scenario))
end
temporary.remove(folder)
print(("%d passed, %d failed"):format(passed, failed))
assert(failed == 0, "the sweep found faults")
