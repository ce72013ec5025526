-- The keyed generator against Philox 4x32-10 in plain Lua, which is itself checked against the
-- answers that its authors publish (Random123, kat_vectors).
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local oracle = require "spec.support.philox"

local philox, words = oracle.block, oracle.words
local double = cmml.double

-- Two words make a number with 53 bits.
local function uniforms(n, key)
  local list, w = {}, words(2 * n, key)
  for i = 1, n do
    list[i] = ((w[2 * i - 1] >> 5) * 67108864.0 + (w[2 * i] >> 6)) / 9007199254740992.0
  end
  return list
end

local function moments(list)
  local sum, squares = 0, 0
  for _, x in ipairs(list) do
    sum = sum + x
  end
  for _, x in ipairs(list) do
    squares = squares + (x - sum / #list) ^ 2
  end
  return sum / #list, squares / #list
end

describe("Philox", function()
  it("has the published answers, in the oracle", function()
    local answers = {
      { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
      { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
        { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
      { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
        { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    }
    for _, answer in ipairs(answers) do
      assert.same(answer[3], philox(answer[1], answer[2]))
    end
  end)

  it("is what uniform draws from, under the whole key", function()
    assert.same(uniforms(2, {}), double.uniform({ 2 }, 0, 1):totable())
    for _, key in ipairs { { seed = 0 }, { seed = 1 }, { seed = 0x123456789abcdef0 }, { seed = -1 },
      { epoch = 7 }, { task = 9 }, { stream = 3 },
      { seed = 42, epoch = 0xffffffff, task = 0xdeadbeef, stream = 5 } } do
      assert.same(uniforms(11, key), double.uniform({ 11 }, 0, 1, key):totable())
    end
  end)

  it("is what normal draws from, by Box and Muller", function()
    local u = uniforms(12, { seed = 3 })
    local drawn = double.normal({ 6 }, 10, 2, { seed = 3 }):totable()
    for i = 1, 6 do
      local radius = math.sqrt(-2 * math.log(1 - u[2 * i - 1]))
      assert.near(10 + 2 * radius * math.cos(2 * math.pi * u[2 * i]), drawn[i], 1e-12)
    end
  end)

  it("gives both cores the same numbers, to their precision", function()
    local key = { seed = 5, task = 2 }
    local single, exact = cmml.normal({ 100 }, 0, 1, key), double.normal({ 100 }, 0, 1, key)
    for i, value in ipairs(exact:totable()) do
      assert.equal(("f"):unpack(("f"):pack(value)), single:totable()[i])
    end
  end)
end)

describe("uniform and normal", function()
  it("give the same numbers for the same key, others for any other", function()
    local base = { seed = 1, epoch = 2, task = 3, stream = 4 }
    local first = cmml.uniform({ 8 }, 0, 1, base):tobytes()
    assert.equal(first, cmml.uniform({ 2, 4 }, 0, 1, base):tobytes())
    assert.equal(first, cmml.uniform({ 100 }, 0, 1, base):slice(1, 1, 8):tobytes())
    local seen = { [first] = true }
    for part in pairs(base) do
      local key = { seed = 1, epoch = 2, task = 3, stream = 4 }
      key[part] = 9
      local other = cmml.uniform({ 8 }, 0, 1, key):tobytes()
      assert.is_nil(seen[other])
      seen[other] = true
    end
  end)

  it("keep their range and moments", function()
    local list = double.uniform({ 40000 }, -1, 3, { seed = 11 }):totable()
    for _, x in ipairs(list) do
      assert.is_true(x >= -1 and x < 3)
    end
    local mean, variance = moments(list) -- 5 standard errors
    assert.near(1, mean, 5 * math.sqrt(16 / 12 / 40000))
    assert.near(16 / 12, variance, 0.03)
    mean, variance = moments(double.normal({ 40000 }, -2, 3, { seed = 12 }):totable())
    assert.near(-2, mean, 5 * 3 / 200)
    assert.near(9, variance, 9 * 5 * math.sqrt(2 / 40000))
  end)

  it("are independent between neighbouring keys", function()
    local a = double.normal({ 20000 }, 0, 1, { seed = 1, task = 1 })
    for _, key in ipairs { { seed = 1, task = 2 }, { seed = 2, task = 1 },
      { seed = 1, task = 1, epoch = 1 }, { seed = 1, task = 1, stream = 1 } } do
      local correlation = (a * double.normal({ 20000 }, 0, 1, key)):mean():item()
      assert.is_true(math.abs(correlation) < 5 / math.sqrt(20000))
    end
  end)

  it("draw each row for a task of its own, whatever rows stand beside it", function()
    local ids = cmml.core.ids
    for _, make in ipairs { cmml.uniform, cmml.normal } do
      local key = { seed = 7, epoch = 2, stream = cmml.core.streams.latent }
      key.tasks = ids { 5, 1, 9, 5 }
      local drawn = make({ 4, 3 }, 1, 4, key)
      for row, task in ipairs { 5, 1, 9, 5 } do
        local alone = { seed = 7, epoch = 2, stream = cmml.core.streams.latent, task = task }
        assert.equal(make({ 3 }, 1, 4, alone):tobytes(), drawn:slice(1, row, row):tobytes())
      end
      key.tasks = ids {}
      assert.same({ 0, 3 }, make({ 0, 3 }, 1, 4, key).shape)
      assert.equal(0, make({ 0 }, 0, 1, key).count)
    end
  end)

  it("refuse a key that is none", function()
    local ids = cmml.core.ids
    for _, make in ipairs { cmml.uniform, cmml.normal } do
      local name = make == cmml.uniform and "uniform" or "normal"
      refused(name .. ": key: tasks must name a task for each of the 2 rows, but has 3", make,
        { 2, 3 }, 0, 1, { tasks = ids { 1, 2, 3 } })
      refused(name .. ": key: a scalar has no rows for tasks; give task", make, {}, 0, 1,
        { tasks = ids {} })
      refused("the field tasks must hold cmml.Ids, not table", make, { 2 }, 0, 1,
        { tasks = { 1, 2 } })
      assert.has_error(function()
        make({ 2 }, 0, 1, { seed = 1.5 })
      end, "seed must be a whole number, not 1.5")
      assert.has_error(function()
        make({ 2 }, 0, 1, 7)
      end)
    end
  end)
end)

describe("choose", function()
  it("gives a permutation, and a choice is the start of it", function()
    for _, n in ipairs { 0, 1, 2, 7, 1000 } do
      local all = cmml.core.choose(n, n, { seed = 3 }):totable()
      local seen = {}
      for _, k in ipairs(all) do
        assert.is_true(k >= 1 and k <= n and not seen[k])
        seen[k] = true
      end
      assert.equal(n, #all)
      local some = cmml.core.choose(n, n // 2, { seed = 3 }):totable()
      assert.same({ table.unpack(all, 1, n // 2) }, some)
    end
  end)

  it("gives every choice equally often", function()
    local counts = {}
    for seed = 1, 6000 do
      local pick = table.concat(cmml.core.choose(4, 2, { seed = seed }):totable(), ",")
      counts[pick] = (counts[pick] or 0) + 1
    end
    local chi = 0
    for first = 1, 4 do
      for second = 1, 4 do
        local count = counts[first .. "," .. second] or 0
        if first == second then
          assert.equal(0, count)
        else
          chi = chi + (count - 500) ^ 2 / 500
        end
      end
    end
    assert.is_true(chi < 31.3) -- 11 degrees of freedom: 99.9 %
  end)

  it("depends on the key alone", function()
    local key = { seed = 1, epoch = 2, stream = cmml.core.streams.order }
    assert.same(cmml.core.choose(50, 50, key):totable(), cmml.core.choose(50, 50, key):totable())
    for part in pairs(key) do
      local other = { seed = 1, epoch = 2, stream = cmml.core.streams.order }
      other[part] = 4
      assert.not_same(cmml.core.choose(50, 50, key):totable(),
        cmml.core.choose(50, 50, other):totable())
    end
    local names = {}
    for name, stream in pairs(cmml.core.streams) do
      assert.is_nil(names[stream], name)
      names[stream] = name
    end
  end)

  it("refuses what cannot be chosen", function()
    for _, wrong in ipairs { { 3, 4 }, { 3, -1 }, { -1, 0 }, { 1 << 31, 1 }, { 1.5, 1 } } do
      assert.is_false(pcall(cmml.core.choose, wrong[1], wrong[2], { seed = 1 }))
    end
  end)
end)
