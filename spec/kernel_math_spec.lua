-- exp and its kin of the inner loops, in every instruction set that this machine has: against the
-- float64 core, which calls the C library, and the same bits wherever an element stands.
local each_kernels = require "spec.support.each_kernels"

local core, core64 = require "cmml.core", require "cmml.core64"

local names = { "exp", "log", "tanh", "sigmoid", "softplus", "erf" }
local inf, nan = math.huge, 0 / 0

-- Float32 numbers are taken by their bits.
local function float_of(bits)
  return (string.unpack("<f", string.pack("<I4", bits)))
end

local function bits_of(x)
  return (string.unpack("<I4", string.pack("<f", x)))
end

-- From one number to the next larger in size; of infinity as if there were more.
local function ulp(x)
  local exponent = (bits_of(x) >> 23) & 0xff
  return 2.0 ^ (math.max(math.min(exponent, 254), 1) - 150)
end

-- Every 104,729th of all floats, and those around the places where the forms change.
local function sweep()
  local list = {}
  for bits = 0, 0xffffffff, 104729 do
    list[#list + 1] = float_of(bits)
  end
  for _, x in ipairs { 0, 2 ^ -149, 2 ^ -126, 0.41421356, 0.625, 0.70710678, 0.927734375, 1, 4,
    9.01, 17.3, 87.3, 88.72, 103.97, 3.4e38 } do
    for shift = -40, 40 do
      local bits = bits_of(x) + shift
      if bits >= 0 then
        list[#list + 1], list[#list + 2] = float_of(bits), -float_of(bits)
      end
    end
  end
  for i = -2000, 2000 do
    list[#list + 1] = float_of(bits_of(i * 0.01))
  end
  return list
end

local function same(a, b)
  return a == b and 1 / a == 1 / b or a ~= a and b ~= b
end

describe("exp and its kin", function()
  local list = sweep()
  for _, name in ipairs(names) do
    it("compute within 2 units in the last place over all floats: " .. name, function()
      local x = core.tensor(list)
      local truth = core64[name](core64.tensor(x:totable())):totable()
      each_kernels(core, function(kernels)
        local worst, at = 0, 0
        for i, y in ipairs(core[name](x):totable()) do
          local off = math.abs(y - truth[i]) / ulp(truth[i])
          local rounded = float_of(bits_of(truth[i]))
          if same(y, rounded) then
            off = 0
          elseif off ~= off then
            off = inf
          end
          if off > worst then
            worst, at = off, list[i]
          end
        end
        assert(worst <= 2, ("%s: %s(%.9g) is off by %.2f"):format(kernels, name, at, worst))
      end)
    end)
  end

  it("know the special values", function()
    local x = core.tensor { 0, -0.0, inf, -inf, nan }
    local expected = {
      exp = { 1, 1, inf, 0, nan }, log = { -inf, -inf, inf, nan, nan },
      tanh = { 0, -0.0, 1, -1, nan }, sigmoid = { 0.5, 0.5, 1, 0, nan },
      softplus = { float_of(bits_of(math.log(2))), float_of(bits_of(math.log(2))), inf, 0, nan },
      erf = { 0, -0.0, 1, -1, nan },
    }
    each_kernels(core, function(kernels)
      for name, values in pairs(expected) do
        for i, y in ipairs(core[name](x):totable()) do
          assert(same(values[i], y), ("%s: %s of value %d is %g"):format(kernels, name, i, y))
        end
      end
    end)
  end)

  it("give an element the same bits wherever it stands", function()
    local values = {}
    for i = 1, 75 do
      values[i] = (i * 7919 % 1000 - 500) / 61
    end
    local x = core.tensor(values)
    local apart = core.concat({ x:reshape { 75, 1 }, x:reshape { 75, 1 } }, 2)
    local one, activations = core.full({ 1, 1 }, 1), { sigmoid = true, tanh = true }
    each_kernels(core, function(kernels)
      for _, name in ipairs(names) do
        local whole = core[name](x):totable()
        local function check(how, first, part)
          for i, y in ipairs(part) do
            assert(same(whole[first + i - 1], y),
              ("%s: %s differs %s at %d"):format(kernels, name, how, first + i - 1))
          end
        end
        for first = 1, 75 do
          check("alone", first, core[name](x:slice(1, first, first)):totable())
          check("in a part", first, core[name](x:slice(1, first, 75)):totable())
        end
        check("apart", 1, core[name](apart:slice(2, 1, 1)):reshape({ 75 }):totable())
        if activations[name] then
          local linear = core.linear(x:reshape { 75, 1 }, one, nil, name)
          check("in linear", 1, linear:reshape({ 75 }):totable())
        end
      end
    end)
  end)
end)
