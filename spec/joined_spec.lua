-- Joined matrices against what they stand for, written out; and the different values of a list.
require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local double = cmml.double

local function numbers(t)
  return t:totable()
end

describe("distinct", function()
  it("numbers the values of ids in the order of their first appearance", function()
    local values, places = cmml.core.distinct(cmml.ids { 7, 3, 7, 0, 3, 2147483647, 0 })
    assert.same({ 7, 3, 0, 2147483647 }, numbers(values))
    assert.same({ 1, 2, 1, 3, 2, 4, 3 }, numbers(places))
  end)

  it("does so for numbers, of which 0 and -0 are two", function()
    local values, places = cmml.core.distinct(cmml.tensor { 2.5, -0.0, 2.5, 0.0, 1, 0 / 0, 0 / 0 })
    assert.equal(5, values.count)
    assert.same({ 1, 2, 1, 3, 4, 5, 5 }, numbers(places))
    assert.equal(-math.huge, 1 / numbers(values)[2])
    assert.is_false(values.tracked)
  end)

  it("gives the list back from what it found, for many random lists", function()
    for size = 0, 300, 7 do
      local list = {}
      for i = 1, size do
        list[i] = math.random(1, 1 + size // 2)
      end
      local values, places = cmml.core.distinct(cmml.ids(list))
      local found, seen = numbers(values), {}
      for _, value in ipairs(found) do
        assert.is_nil(seen[value])
        seen[value] = true
      end
      for i, place in ipairs(numbers(places)) do
        assert.equal(list[i], found[place])
      end
      assert.equal(size, #places)
    end
  end)

  it("refuses other things", function()
    assert.error_matches(function()
      cmml.core.distinct(cmml.ones { 2, 2 })
    end, "Ids or a contiguous tensor %[n%]")
    assert.error_matches(function()
      cmml.core.distinct { 1, 2 }
    end, "Ids or a contiguous tensor %[n%] were expected")
  end)
end)

describe("ids", function()
  it("are equal where their numbers are", function()
    assert.is_true(cmml.ids { 1, 2 } == cmml.ids { 1, 2 })
    assert.is_true(cmml.ids {} == cmml.ids {})
    assert.is_false(cmml.ids { 1, 2 } == cmml.ids { 2, 1 })
    assert.is_false(cmml.ids { 1, 2 } == cmml.ids { 1 })
    assert.is_false(cmml.ids { 1 } == cmml.segments { 1 })
  end)

  it("of the segment of each row", function()
    assert.same({ 1, 1, 3 }, cmml.segments({ 2, 0, 1 }):groups():totable())
    assert.same({}, cmml.segments({}):groups():totable())
  end)
end)

describe("a joined matrix", function()
  it("refuses row numbers for a part that is not there", function()
    local x, ids = cmml.ones { 2, 3 }, cmml.ids { 1, 2 }
    assert.error_matches(function()
      cmml.joined_linear({ x }, cmml.ones { 4, 3 }, nil, nil, ids, ids)
    end, "ids2 was given for part 2, but the last part is 1", 1, true)
  end)

  local function make()
    local item = double.normal({ 3, 2 }, 0, 1, { seed = 1 }):track()
    local user = double.normal({ 2, 3 }, 0, 1, { seed = 2 }):track()
    local tasks = double.ids { 1, 1, 2, 2, 2 }
    return item, user, double.joined { { item, double.ids { 3, 1, 1, 2, 3 } }, { user, tasks } },
      tasks
  end

  it("is written out row by row", function()
    local item, user, x = make()
    local rows, items, users = x:tensor():totable(), item:totable(), user:totable()
    assert.equal(5, #rows)
    for r, at in ipairs { { 3, 1 }, { 1, 1 }, { 1, 2 }, { 2, 2 }, { 3, 2 } } do
      assert.same({ items[at[1]][1], items[at[1]][2], table.unpack(users[at[2]]) }, rows[r])
    end
    assert.is_true(double.is_joined(x))
    assert.is_false(double.is_joined(item))
    assert.equal(item, double.written_out(item))
  end)

  it("goes through linear layers and products as if it were written out", function()
    local item, user, x, tasks = make()
    local layer = double.nn.linear { inp = 5, out = 4, activation = "tanh" }
    local context = double.normal({ 2, 5 }, 0, 1, { seed = 3 }):track()
    local leaves = { item, user, context, layer.weight, layer.bias }
    local function both(y)
      return y, double.grad(double.square(y):sum(), leaves)
    end
    local fast, fast_grads = both(layer(x:scaled_by(context, tasks)))
    local plain, plain_grads = both(layer(x:tensor() * double.gather_rows(context, tasks)))
    assert.near_tensor(ref.of(plain), fast, 1e-12)
    for i, g in ipairs(plain_grads) do
      assert.near_tensor(ref.of(g), fast_grads[i], 1e-12)
    end
  end)

  it("refuses what is none, and products of another width", function()
    local item, _, x, tasks = make()
    for text, parts in pairs { ["at least one"] = {}, ["part 1 must be"] = { item },
      ["part 2 must be {table %[n, width%], ids}"] = { { item }, { 3 } },
      ["part 1 must be {table"] = { { tasks } }, ["part 1 must be {table %["] = {
        { double.ones { 3 } } } } do
      assert.error_matches(function()
        double.joined(parts)
      end, "joined: .*" .. text)
    end
    for _, width in ipairs { 4, 6 } do
      assert.error_matches(function()
        x:scaled_by(double.ones { 2, width }, tasks)
      end, "scaled_by: a table of 5 columns was expected, not of " .. width)
    end
  end)

  it("scales by a table with more rows than are named", function()
    local ids = cmml.ids { 1, 2 }
    local x = cmml.joined { { cmml.tensor { { 1, 2 }, { 3, 4 } }, cmml.ids { 1, 2 } } }
    local scaled = x:scaled_by(cmml.tensor { { 2, 2 }, { 1, 10 }, { 5, 5 } }, ids)
    assert.same({ { 2, 4 }, { 3, 40 } }, scaled:tensor():totable())
    local none = cmml.joined { { cmml.zeros { 0, 2 }, cmml.ids {} } }
    assert.same({ 0, 2 }, none:scaled_by(cmml.ones { 3, 2 }, cmml.ids {}):tensor().shape)
  end)

  it("of many parts goes through them, too", function()
    local parts = {}
    for i = 1, 6 do
      parts[i] = { double.normal({ 3, 1 }, 0, 1, { seed = i }) }
    end
    local x = double.joined(parts)
    local layer = double.nn.linear { inp = 6, out = 2 }
    assert.near_tensor(ref.of(layer(x:tensor())), layer(x), 1e-12)
  end)
end)

describe("a joined matrix that was mapped", function()
  local function parts()
    local function numbers_of(seed, ...)
      return double.uniform({ ... }, -1, 1, { seed = seed })
    end
    return numbers_of(1, 3, 2), numbers_of(2, 2, 4), numbers_of(3, 5, 6), numbers_of(4, 5),
      numbers_of(5, 3, 5), numbers_of(6, 3)
  end

  local function joined(a, b)
    return double.joined { { a, double.ids { 3, 1, 1, 2 } }, { b, double.ids { 1, 1, 2, 2 } } }
  end

  it("is mapped on, and written out, as the rows are", function()
    local a, b, first, bias, second, more = parts()
    local x = joined(a, b)
    local written, mapped = x:tensor():linear(first, bias), x:map(first, bias)
    assert.same({ 4, 5 }, mapped:shape())
    assert.near_tensor(ref.of(written), mapped:tensor(), 1e-12)
    assert.near_tensor(ref.of(written:linear(second, more, "tanh")),
      mapped:linear(second, more, "tanh"), 1e-12)
    assert.near_tensor(ref.of(written:linear(second, more)), mapped:map(second, more):tensor(),
      1e-12)
    assert.near_tensor(ref.of(written:linear(second)), mapped:map(second):tensor(), 1e-12)
  end)

  it("has the gradients of all parts", function()
    assert.is_true(double.gradcheck(function(_, a, b, first, bias, second, more)
      return joined(a, b):map(first, bias):linear(second, more, "tanh"):sum()
    end, { parts() }))
  end)

  it("cannot be scaled", function()
    local a, b, first = parts()
    assert.error_matches(function()
      joined(a, b):map(first):scaled_by(double.ones { 2, 5 }, double.ids { 1, 1, 2, 2 })
    end, "scaled_by: the rows are sums of rows of tables: write them out with tensor")
  end)
end)

describe("a network", function()
  it("scores alike with components that read joined matrices and ones that do not", function()
    local function score(plain)
      local net = double.network { item_fields = { { name = "genre", size = 4 } },
        user_fields = { { name = "age", size = 3 } }, width = 4, label_hidden = 3,
        encoder_widths = { 5 }, backbone = { 3, 3 }, hyper = { 4, 4 }, init = double.nn.init(1) }
      if plain then
        net.encoder.reads_joined, net.modulation.reads_joined = false, false
        net.hybrid = setmetatable({ reads_joined = false, out = 8 }, {
          __call = function(_, x, context)
            return x * context
          end,
        })
      end
      local item = net:embed_fields("item", { { ids = double.ids { 1, 2, 4 } } })
      local user = net:embed_fields("user", { { ids = double.ids { 3, 1 } } })
      local segments = double.segments { 2, 3 }
      local x = double.joined { { item, double.ids { 1, 3, 2, 1, 3 } },
        { user, segments:groups() } }
      local context = net:context(x, double.tensor { 5, 3, 3, 1, 5 }, segments)
      return (net:score(x, context, segments))
    end
    assert.near_tensor(ref.of(score(true)), score(false), 1e-12)
  end)
end)
