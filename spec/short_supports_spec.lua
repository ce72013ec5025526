-- Supports cut to a random length: which, to what length, and that nothing else changes.
local cmml = require "cmml"
local drawn = require "spec.support.drawn"
local philox = require "spec.support.philox"
local refused = require("spec.support.refused").with_pattern
local core, draw = cmml.core, drawn.draw

describe("draw_tasks with short_supports", function()
  local all = drawn.grouped { 60, 3, 1, 0, 12 }

  -- The length of a support that may be cut, from the numbers of its stream alone.
  local function length_of(whole_length, share, seed, number, user)
    local words = philox.words(8, { seed = seed, epoch = number, task = user - 1,
      stream = core.streams.short })
    if ((words[1] >> 5) * 2 ^ 26 + (words[2] >> 6)) / 2 ^ 53 >= share then
      return whole_length, false
    end
    local n, at = whole_length + 1, 3
    while (words[at] * n & 0xffffffff) < (1 << 32) % n do -- the part of the range left over
      at = at + 1
    end
    return words[at] * n >> 32, true
  end

  it("cuts the supports of a share of the tasks, and changes nothing else", function()
    for _, share in ipairs { 0.3, 1 } do
      for number = 1, 40 do
        local opt = { seed = 9, draw = number, support = 8, query = 4 }
        local plain, plain_query = draw(all, { 5, 1, 2, 3, 4 }, opt)
        opt.short_supports = share
        local support, query = draw(all, { 5, 1, 2, 3, 4 }, opt)
        assert.same(plain_query, query)
        for t, u in ipairs { 5, 1, 2, 3, 4 } do
          local length = length_of(#plain[t], share, 9, number, u)
          assert.same({ table.unpack(plain[t], 1, length) }, support[t])
        end
        local alone = draw(all, { 1 }, opt)
        assert.same(support[2], alone[1])
      end
    end
  end)

  it("cuts as many as it is told, to every length as often as to any other", function()
    local lengths, uncut = {}, 0
    for number = 1, 1800 do
      local support = draw(all, { 1 }, { seed = 2, draw = number, support = 8, query = 4,
        short_supports = 0.5 })
      lengths[#support[1]] = (lengths[#support[1]] or 0) + 1
      uncut = uncut + (select(2, length_of(8, 0.5, 2, number, 1)) and 0 or 1)
    end
    assert.truthy(math.abs(uncut - 900) < 106, uncut) -- deviation 21
    for length = 0, 7 do -- 100 expected, deviation 9.7
      assert.truthy(math.abs(lengths[length] - 100) < 49, lengths[length])
    end
    assert.truthy(math.abs(lengths[8] - 1000) < 106, lengths[8])
  end)

  it("cuts none with a share of 0, and refuses what is no share", function()
    local options = { seed = 5, draw = 1, support = 8, query = 4 }
    local plain = draw(all, { 1, 5 }, options)
    for _, share in ipairs { -0.1, 1.5, 0 / 0, 1 / 0 } do
      refused("short_supports must be a fraction from 0 to 1, not", core.draw_tasks, all,
        core.ids { 1 }, { short_supports = share })
    end
    options.short_supports = 0
    assert.same(plain, (draw(all, { 1, 5 }, options)))
  end)
end)
