-- What the core tells of itself: the work done and the threads of BLAS; and what it says of
-- arguments that no other spec gives it.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

describe("the counters", function()
  for dtype, c in pairs { float32 = cmml, float64 = cmml.double } do
    it("count products and ops, " .. dtype, function()
      local a, b = c.ones { 3, 4 }, c.ones { 4, 5 }
      local before = c.core.testing.counters()
      c.matmul(a, b)
      local after = c.core.testing.counters()
      assert.equal(2 * 3 * 4 * 5, after.flops - before.flops)
      assert.equal(1, after.ops - before.ops)
      c.core.tensor { 1, 2 }:exp()
      assert.equal(after.flops, c.core.testing.counters().flops)
    end)
  end
end)

describe("the hooks for tests", function()
  it("are in no public table", function()
    for _, c in pairs { cmml, cmml.double } do
      assert.is_nil(c.testing)
      for name, hook in pairs(c.core.testing) do
        assert.is_function(hook)
        assert.is_nil(c[name], name)
        assert.is_nil(c.core[name], name)
      end
    end
  end)
end)

describe("the threads of BLAS", function()
  it("are as many as were asked for", function()
    local before = cmml.threads()
    assert.equal(2, cmml.threads(2))
    assert.equal(2, cmml.threads())
    assert.equal(2, cmml.double.threads())
    assert.equal(before, cmml.threads(before))
    for _, wrong in ipairs { 0, -1, 1025, 1.5, "x" } do
      assert.has_error(function()
        cmml.threads(wrong)
      end)
    end
    assert.equal(before, cmml.threads())
  end)
end)

describe("an argument of the wrong kind", function()
  local core = cmml.core
  it("is refused by name", function()
    refused("from_bytes: 7 bytes for 2 numbers", core.from_bytes, { 2 }, "7 bytes")
    refused("a list of whole numbers was expected", core.vocab, "ab", { 0, 1.5 })
    refused("delimiter must be a string, not number", core.read_table, "x",
      { delimiter = 5, columns = { {} } })
    refused("lr must be a number, not fast", function()
      core.optimizer({ core.full({ 1 }, 0):track() }):adam { lr = "fast" }
    end)
  end)

  it("is refused when it was closed, but can be shown", function()
    for name, thing in pairs { Ids = core.ids { 1 }, Segments = core.segments { 1 },
      Times = core.times { 1 }, Tensor = core.full({ 1 }, 0), Vocab = core.vocab() } do
      do
        local closed <close> = thing
        assert.falsy(tostring(closed):find("released", 1, true))
      end
      assert.equal(("[cmml.%s released]"):format(name), tostring(thing))
    end
    local ids
    do
      local closed <close> = core.ids { 1 }
      ids = closed
    end
    refused("released", core.gather_rows, core.full({ 1 }, 0), ids)
  end)
end)
