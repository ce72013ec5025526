local cmml = require "cmml"
local leaks = require "spec.support.leaks"
local refused = require("spec.support.refused").with_pattern

local libraries = { float32 = cmml, float64 = cmml.double }

leaks.around(setup, teardown, cmml.core, cmml.double.core)

for dtype, c in pairs(libraries) do
  describe("a tensor of " .. dtype, function()
    it("is made from nested lists and gives them back", function()
      for _, values in ipairs { 3, {}, { 1, 2, 3 }, { { 1, 2 }, { 3, 4 } }, { { {} }, { {} } },
        { { { 1 }, { 2 } }, { { 3 }, { 4 } } } } do
        assert.same(values, c.tensor(values):totable())
      end
      assert.same({ 2, 1, 0 }, c.tensor({ { {} }, { {} } }).shape)
    end)

    it("refuses lists that are not rectangular, and what is no number", function()
      for _, values in ipairs { { { 1, 2 }, { 3 } }, { { 1, 2 }, 3 }, { { 1 }, { 2, 3 } },
        { { {} }, { { 1 } } } } do
        refused("tensor: rows differ in size: a row of %d was expected in dim %d", c.tensor, values)
      end
      for _, values in ipairs { { 1, "2" }, { "2" }, { true }, { 1, { 2 } }, { print } } do
        refused("tensor: a number was expected, not", c.tensor, values)
      end
      refused("number expected, got nil", c.tensor, nil)
      refused("parameter: a tensor of this library was expected, not table", c.parameter, { 1 })
      refused("number expected, got boolean", c.tensor, true)
      refused("nested deeper than 6 dims", c.tensor, { { { { { { { 1 } } } } } } })
      local endless = {}
      endless[1] = endless
      refused("nested deeper than 6 dims", c.tensor, endless)
    end)

    it("is filled, with zeros and ones and whatever else", function()
      assert.same({ { 0, 0 }, { 0, 0 } }, c.zeros({ 2, 2 }):totable())
      assert.same({ 1, 1, 1 }, c.ones({ 3 }):totable())
      assert.equal(2.5, c.full({}, 2.5):item())
      assert.same({ 0, 3 }, c.zeros({ 0, 3 }).shape)
    end)

    it("has at most 6 dims and 2^31 - 1 elements, and no negative sizes", function()
      for _, make in ipairs { c.full, c.uniform, c.normal } do
        refused("1000000000x1000000000 has more than 2147483647 elements", make, { 1e9, 1e9 }, 1)
        refused("0x1000000000x1000000000 has more than", make, { 0, 1e9, 1e9 }, 1)
        refused("1x2147483648 has more than", make, { 1, 1 << 31 }, 1)
        refused("has more than", make, { math.maxinteger, math.maxinteger, 2 }, 1)
        refused("negative size in shape %-1", make, { -1 }, 1)
        refused("negative size in shape 2x%-9223372036854775808", make, { 2, math.mininteger }, 1)
        refused("too many dims: at most 6", make, { 1, 1, 1, 1, 1, 1, 1 }, 1)
        refused("a list of whole numbers was expected", make, { 1.5 }, 1)
        refused("a list of whole numbers was expected", make, { "x" }, 1)
        refused("table expected, got number", make, 2, 1)
      end
    end)

    it("says what it is", function()
      local x = c.zeros { 2, 3 }
      assert.same({ 2, 3 }, x.shape)
      assert.equal(2, x.ndim)
      assert.equal(6, x.count)
      assert.equal(dtype, x.dtype)
      assert.is_false(x.tracked)
      assert.equal(2, #x)
      x.shape[1] = 7 -- a fresh table each time
      assert.same({ 2, 3 }, x.shape)
      assert.is_true(c.is_tensor(x))
      assert.is_false(c.is_tensor(1) or c.is_tensor {} or c.is_tensor(io.stdout))
      assert.is_false(cmml.is_tensor(cmml.double.zeros {}))
      refused("a tensor has no field or method shap", function()
        return x.shap
      end)
      refused("a tensor has no field or method 1", function()
        return x[1]
      end)
      refused("index", function()
        x.shape = { 3, 2 }
      end)
      refused("a scalar has no length", function()
        return #c.zeros {}
      end)
    end)

    it("gives its only number", function()
      assert.equal(2.5, c.tensor({ { 2.5 } }):item())
      refused("item: the tensor has shape 2x3, but must have exactly one element",
        c.zeros({ 2, 3 }).item, c.zeros { 2, 3 })
      refused("item: the tensor has shape 0", c.zeros({ 0 }).item, c.zeros { 0 })
    end)

    it("has operators, with numbers on either side", function()
      local x, y = c.tensor { 1, 2 }, c.tensor { 4, 8 }
      assert.same({ 5, 10 }, (x + y):totable())
      assert.same({ -3, -6 }, (x - y):totable())
      assert.same({ 4, 16 }, (x * y):totable())
      assert.same({ 4, 4 }, (y / x):totable())
      assert.same({ 3, 4 }, (2 + x):totable())
      assert.same({ 1, 0 }, (2 - x):totable())
      assert.same({ 2, 1 }, (2 / x):totable())
      assert.same({ 3, 6 }, (x * 3):totable())
      assert.same({ 1, 4 }, (x ^ 2):totable())
      assert.same({ -1, -2 }, (-x):totable())
      assert.is_false(x == c.tensor { 1, 2 }) -- identity, not values
      refused("Tensor expected, got string", function()
        return x + "a"
      end)
      refused("number expected, got", function()
        return x ^ y
      end)
    end)

    it("keeps apart from the other core", function()
      local other = dtype == "float32" and cmml.double or cmml
      refused("Tensor expected, got cmml", function()
        return c.ones { 2 } + other.ones { 2 }
      end)
      refused("Tensor expected, got cmml", c.ones({ 2 }).copy_, c.ones { 2 }, other.ones { 2 })
    end)

    it("is cloned and detached", function()
      local x = c.tensor({ { 1, 2 }, { 3, 4 } }):track()
      local turned = x:transpose()
      local clone, look = turned:clone(), turned:detach()
      assert.same({ { 1, 3 }, { 2, 4 } }, clone:totable())
      assert.is_false(clone.tracked or look.tracked)
      look:copy_(c.zeros { 2, 2 }) -- the same memory
      assert.same({ { 0, 0 }, { 0, 0 } }, x:totable())
      assert.same({ { 1, 3 }, { 2, 4 } }, clone:totable())
      local parameter = c.parameter(clone)
      assert.is_true(parameter.tracked)
      assert.is_false(clone.tracked)
    end)

    it("is overwritten by copy_, with broadcasting, overlaps included", function()
      local x = c.zeros { 2, 3 }
      assert.equal(x, x:copy_(c.tensor { 1, 2, 3 }))
      assert.same({ { 1, 2, 3 }, { 1, 2, 3 } }, x:totable())
      x:transpose():copy_(c.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } })
      assert.same({ { 1, 3, 5 }, { 2, 4, 6 } }, x:totable())
      local row = c.tensor { 1, 2, 3, 4 }
      row:slice(1, 2, 4):copy_(row:slice(1, 1, 3))
      assert.same({ 1, 1, 2, 3 }, row:totable())
      refused("copy_: shape 2 does not fit into 2x3", x.copy_, x, c.ones { 2 })
      refused("copy_: the tensor repeats its elements", x.copy_, c.ones({ 1 }):expand { 3 }, x)
    end)

    it("goes through bytes unchanged", function()
      local format = dtype == "float32" and "<fff" or "<ddd"
      local bytes = format:pack(1.5, -2, 1 / 0)
      local x = c.from_bytes({ 3 }, bytes)
      assert.same({ 1.5, -2, 1 / 0 }, x:totable())
      assert.equal(bytes, x:tobytes())
      assert.equal(format:pack(1, 2, 3), c.tensor({ { 9, 1 }, { 9, 2 }, { 9, 3 } })
        :slice(2, 2, 2):tobytes())
      assert.equal("", c.zeros({ 0, 2 }):tobytes())
      refused("from_bytes: %d+ bytes for 2 numbers", c.from_bytes, { 2 }, bytes)
      refused("more than", c.from_bytes, { 1e9, 1e9 }, "")
    end)

    it("knows whether all is finite", function()
      assert.is_true(c.tensor({ 1, -1e30 }):isfinite())
      assert.is_true(c.zeros({ 0 }):isfinite())
      assert.is_false(c.tensor({ 1, 0 / 0 }):isfinite())
      assert.is_false(c.tensor({ { 1, 1 / 0 }, { 2, 3 } }):transpose():isfinite())
      assert.is_true(c.tensor({ { 1, 1 / 0 }, { 2, 3 } }):slice(2, 1, 1):isfinite())
    end)

    it("prints itself, in few words however large it is", function()
      assert.equal("       1         2\n       3         4\n[cmml.Tensor 2x2 " .. dtype .. "]",
        tostring(c.tensor { { 1, 2 }, { 3, 4 } }))
      assert.matches("%[cmml.Tensor 2 " .. dtype .. ", tracked%]$",
        tostring(c.tensor({ 1, 2 }):track()))
      assert.matches("%[cmml.Tensor 0x3 " .. dtype .. "%]$", tostring(c.zeros { 0, 3 }))
      assert.matches("%.%.%.", tostring(c.zeros { 100 }))
      for _, shape in ipairs { { 7, 7, 7, 7, 7, 7 }, { 1000000 }, { 1, 1, 1, 1, 1, 300000 } } do
        local text = tostring(c.ones(shape))
        assert.is_true(#text <= 4096)
        assert.matches("%[cmml.Tensor " .. table.concat(shape, "x") .. " " .. dtype .. "%]$", text)
      end
      local huge = c.zeros({ 1 }):expand { 2147483647 }
      assert.is_true(#tostring(huge) < 200)
    end)

    it("is released by free, once or twice, and by <close>", function()
      local x = c.ones { 2 }
      x:free()
      x:free()
      assert.equal("[cmml.Tensor released]", tostring(x))
      local kept
      do
        local closed <close> = c.ones { 2 }
        kept = closed
      end
      for _, dead in ipairs { x, kept } do
        for _, use in ipairs { function() return dead:sum() end, function() return dead + 1 end,
          function() return 1 + dead end, function() return dead.shape end,
          function() return #dead end, function() return dead:item() end,
          function() return dead:totable() end, function() return dead:clone() end,
          function() return dead:track() end,
          function() return c.ones({ 2 }):copy_(dead) end } do
          refused("released: it was freed or closed before", use)
        end
        refused("entry 1 is", c.grad, c.ones({}):track(), { dead })
        refused("entry 1 is", c.concat, { dead })
        refused("a list of tensors was expected", c.core.optimizer, { dead })
      end
    end)

    it("lives on in its views and its graph after it is freed", function()
      local x = c.tensor({ 1, 2, 3 }):track()
      local tail, loss = x:slice(1, 2, 3), (x * x):sum()
      local y = x * 2
      y:free()
      assert.same({ 2, 4, 6 }, c.grad(loss, x):totable())
      x:free()
      assert.same({ 2, 3 }, tail:totable())
    end)
  end)
end
