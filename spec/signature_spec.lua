-- What the descriptors' argument language makes of calls from Lua: arguments by position, defaults,
-- 1-based rows and dims, methods and metamethods, and errors that name the argument.
require "spec.support.close"
local core = require "cmml.core"
local refused = require("spec.support.refused").with_pattern

local x = core.tensor { { 1, 2, 3 }, { 4, 5, 6 } }

describe("a call of an op", function()
  it("is a function and a method", function()
    for name in pairs(core.ops()) do
      assert.equal("function", type(core[name]), name)
      assert.equal(core[name], x[name], name)
    end
    assert.same(core.sum(x, 1):totable(), x:sum(1):totable())
  end)

  it("counts dims from 1, or from the end", function()
    assert.same({ 5, 7, 9 }, x:sum(1):totable())
    assert.same({ 6, 15 }, x:sum(2):totable())
    assert.same({ 6, 15 }, x:sum(-1):totable())
    assert.same({ 5, 7, 9 }, x:sum(-2):totable())
    assert.same({ 5, 7, 9 }, x:sum(1.0):totable())
    for _, dim in ipairs { 0, 3, -3, math.maxinteger, math.mininteger } do
      refused("#2.*dim " .. ("%d"):format(dim):gsub("%-", "%%-") .. " of a tensor with 2 dims",
        x.sum, x, dim)
    end
    refused("#2.*number expected, got table", x.sum, x, {})
    refused("#2.*number has no integer representation", x.sum, x, 1.5)
  end)

  it("counts rows from 1, both ends included", function()
    assert.same({ { 2, 3 }, { 5, 6 } }, x:slice(2, 2, 3):totable())
    assert.same({ { 0, 0, 0 }, { 1, 2, 3 }, { 4, 5, 6 } }, x:unslice(1, 2, 3):totable())
    assert.same({ 3, 2 }, x:permute({ 2, 1 }).shape)
    refused("rows 0 to 1 of dim 1", x.slice, x, 1, 0, 1)
    for _, far in ipairs { math.mininteger, math.maxinteger } do -- whatever the reason given
      refused("", x.slice, x, 1, far, 1)
      refused("", x.slice, x, 1, 1, far)
      refused("", x.unslice, x, 1, far, 3)
      refused("", x.unslice, x, 1, 1, far)
      refused("", x.permute, x, { far, 1 })
      refused("", x.reshape, x, { far, 1 })
      refused("", x.expand, x, { far, 3 })
    end
    refused("#3.*number expected, got nil", x.slice, x, 1)
  end)

  it("fills in defaults, also for nil in the middle", function()
    assert.equal(21, x:sum():item())
    assert.same({ { 21 } }, x:sum(nil, true):totable())
    assert.same({ { 6 }, { 15 } }, x:sum(2, true):totable())
    assert.same({ { 1, 4 }, { 2, 5 }, { 3, 6 } }, x:transpose():totable())
    local leaky = core.tensor({ -100, 1 })
    assert.near_tensor(-1, leaky:leaky_relu():slice(1, 1, 1):reshape {}, 1e-6)
    assert.near_tensor(-50, leaky:leaky_relu(0.5):slice(1, 1, 1):reshape {}, 1e-6)
    local w = core.tensor { { 1, -1, 0 } }
    assert.same({ { -1 }, { -1 } }, core.linear(x, w):totable())
    assert.same({ { 0 }, { 0 } }, core.linear(x, w, nil, "relu"):totable())
    local bag = core.segments { 2 }
    assert.same({ { 2.5, 3.5, 4.5 } }, core.embedding_bag(x, core.ids { 1, 2 }, bag):totable())
    assert.same({ { 5, 7, 9 } },
      core.embedding_bag(x, core.ids { 1, 2 }, bag, nil, false):totable())
    assert.same({ { 5, 7, 9 }, { 0, 0, 0 } },
      core.embedding_bag(x, core.ids { 1, 2 }, bag, core.ids { 1, 0 }, false):totable())
  end)

  it("takes activations by name", function()
    for _, name in ipairs { "identity", "relu", "leaky_relu", "sigmoid", "tanh" } do
      assert.same({ 2 }, core.film(core.full({ 2 }, 1), core.full({ 4 }, 1), name).shape)
    end
    refused("#3.*invalid option 'gelu'", core.film, core.full({ 2 }, 1), core.full({ 4 }, 1),
      "gelu")
  end)

  it("takes lists of at most 64 tensors", function()
    local list = {}
    for i = 1, 65 do
      list[i] = core.full({ 1 }, i)
    end
    refused("too many tensors: at most 64", core.concat, list)
    list[65] = nil
    assert.equal(64 * 65 / 2, core.concat(list):sum():item())
    refused("table expected, got nil", core.concat)
    refused("entry 2 is number, not a tensor", core.concat, { x, 1 })
    refused("entry 1 is table, not a tensor", core.concat, { { x } })
  end)

  it("tells ids, segments and tables apart", function()
    local ids, segments = core.ids { 1, 2 }, core.segments { 2 }
    refused("#2.*cmml.Ids expected, got table", x.gather_rows, x, { 1 })
    refused("#2.*cmml.Ids expected, got cmml.Segments", x.gather_rows, x, segments)
    refused("#2.*cmml.Segments expected, got cmml.Ids", x.segment_sum, x, ids)
    refused("#2.*cmml.Ids expected, got cmml.Tensor", x.gather_rows, x, x)
    refused("#3.*cmml.Segments expected, got cmml.Ids", x.embedding_bag, x, ids, ids)
    refused("#2.*cmml.Ids expected, got cmml64.Ids", x.gather_rows, x,
      require "cmml.core64".ids { 1 })
  end)

  it("has its name in front of the core's errors", function()
    refused("matmul: inner sizes differ: 2x3 %* 2x3", core.matmul, x, x)
    refused("add: shapes 2x3 and 2 do not broadcast", core.add, x, core.full({ 2 }, 1))
    refused("mse: shapes", core.mse, x, core.full({ 2 }, 1))
    local apply_expanded = core.testing.apply_expanded
    refused("apply_expanded: no composite or fused op is called add", apply_expanded, "add", x, x)
    refused("linear: x 2x3 does not fit", apply_expanded, "linear", x, core.full({ 2, 2 }, 1))
  end)

  it("leaves no error behind for the next one to report", function()
    for _ = 1, 3 do
      refused("matmul: inner sizes differ", core.matmul, x, x)
      refused("reshape: shape 4 does not have", x.reshape, x, { 4 })
      assert.equal(21, x:sum():item())
    end
  end)
end)

describe("the line that help prints", function()
  it("names the arguments and what is optional", function()
    local ops = core.ops()
    assert.equal("sum(x, dim?, keep?)", ops.sum.signature)
    assert.equal("embedding_bag(table, ids, segments?, rows?, mean?)", ops.embedding_bag.signature)
    assert.equal("linear(x, weight, bias?, activation?)", ops.linear.signature)
    assert.equal("fused", ops.linear.form)
    assert.equal("primitive", ops.mul.form)
    assert.equal("composite", ops.mse.form)
  end)
end)

describe("ids and segments", function()
  it("are made from whole numbers and give them back", function()
    local ids = core.ids { 3, 0, 2147483647 }
    assert.same({ 3, 0, 2147483647 }, ids:totable())
    assert.equal(3, #ids)
    assert.equal("[cmml.Ids 3]", tostring(ids))
    local segments = core.segments { 2, 0, 3 }
    assert.same({ 2, 0, 3 }, segments:totable())
    assert.equal(3, #segments)
    assert.equal(5, segments:rows())
    assert.equal("[cmml.Segments 3 over 5 rows]", tostring(segments))
    assert.same({}, core.ids({}):totable())
    assert.equal(0, core.segments({}):rows())
  end)

  it("refuse what is no count", function()
    for _, make in ipairs { core.ids, core.segments } do
      for _, wrong in ipairs { -1, 1.5, 2147483648, math.mininteger, "a", 0 / 0 } do
        refused("entry 2 is .*, not a whole number from 0 to 2147483647", make, { 1, wrong })
      end
      refused("table expected, got number", make, 1)
    end
    refused("length 2147483647 of group 2 is too large: the sum passes", core.segments,
      { 1, 2147483647 })
  end)

  it("are checked once, against the rows that they name", function()
    refused("ids contains 2147483647, but there are only 2 rows", x.gather_rows, x,
      core.ids { 2147483647 })
    refused("ids contains 3, but there are only 2 rows", x.embedding, x, core.ids { 0, 3 })
  end)

  it("are released by <close>", function()
    local kept = {}
    do
      local ids <close> = core.ids { 1 }
      local segments <close> = core.segments { 1 }
      kept.ids, kept.segments = ids, segments
    end
    refused("released", x.gather_rows, x, kept.ids)
    refused("released", x.segment_sum, x, kept.segments)
    refused("released", kept.ids.totable, kept.ids)
  end)
end)
