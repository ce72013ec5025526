-- Times: 64-bit whole numbers, kept exactly.
local cmml = require "cmml"
local matched = require("spec.support.refused").with_pattern
local refused = require("spec.support.refused").with_text

local core = cmml.core

describe("times", function()
  -- seconds, milliseconds, nanoseconds beyond 2^53, and the ends of the range
  local stamps = { 978300760, 1117509870000, 1700000000123456789, 0, -1, math.maxinteger,
    math.mininteger, (1 << 53) + 1 }

  it("are given back exactly", function()
    local times = core.times(stamps)
    assert.equal(#stamps, #times)
    assert.same(stamps, times:totable())
    for i, stamp in ipairs(stamps) do
      assert.equal(stamp, times:at(i))
      assert.equal("integer", math.type(times:at(i)))
    end
    assert.equal("[cmml.Times 8]", tostring(times))
  end)

  it("have a range, unless there are none", function()
    assert.same({ math.mininteger, math.maxinteger }, { core.times(stamps):range() })
    assert.same({ 7, 7 }, { core.times({ 7 }):range() })
    assert.same({}, { core.times({}):range() })
    assert.same({}, core.times({}):totable())
  end)

  it("are equal if all are", function()
    local near = table.move(stamps, 1, #stamps, 1, {})
    near[3] = near[3] + 1
    assert.is_true(core.times(stamps) == core.times(stamps))
    assert.is_false(core.times(stamps) == core.times(near))
    assert.is_false(core.times { 1 } == core.times { 1, 1 })
    assert.is_false(core.times { 1 } == core.ids { 1 })
  end)

  it("of some rows stand in the order of the rows", function()
    local times = core.times(stamps)
    assert.same({ stamps[3], stamps[1], stamps[3] }, times:gather(core.ids { 3, 1, 3 }):totable())
    assert.same({}, times:gather(core.ids {}):totable())
    refused("rows from 1 to 9 of 8 times", times.gather, times, core.ids { 1, 9 })
    refused("rows from 0 to 1 of 8 times", times.gather, times, core.ids { 1, 0 })
    refused("cmml.Ids expected, got table", times.gather, times, { 1 })
  end)

  it("that are whole floats are taken, others are refused with their place", function()
    assert.same({ 1700000000 }, core.times({ 1.7e9 }):totable())
    for _, wrong in ipairs { 1.5, 2.0 ^ 63, "1", true, 0 / 0, math.huge } do
      matched("times: entry 2 is .*, not a whole number of 64 bits", core.times, { 1, wrong })
    end
    refused("table expected, got number", core.times, 1)
    local times = core.times { 5 }
    for _, i in ipairs { 0, 2, -1, math.maxinteger } do
      matched("times:at: position .* of 1 times", times.at, times, i)
    end
    assert.has_error(function()
      times[1] = 6
    end)
  end)

  it("are released by <close>", function()
    local kept
    do
      local times <close> = core.times { 1 }
      kept = times
    end
    assert.equal("[cmml.Times released]", tostring(kept))
    refused("released", kept.at, kept, 1)
    assert.is_false(kept == core.times { 1 })
  end)
end)
