--- Checking derivatives: what the core computes against finite differences, in double precision.
--
-- Run it on a new modulation head, encoder or loss before training with it:
--
--     cmml.gradcheck(function(c, x, generated)
--       return my_head(c, x, generated)
--     end, { { { 0.5, -1 } }, { { 1, 2, 0.25, -0.5 } } }, { second = true })
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local raise = args.error

local known = declare("gradcheck", {
  { name = "eps", kind = "number", above = 0, default = 1e-5, help = "step of the differences" },
  { name = "tolerance", kind = "number", default = 1e-6,
    help = "largest allowed |a - n| / max(1, |a|, |n|)" },
  { name = "second", kind = "boolean", default = false, help = "check second derivatives, too" },
})

return function(cmml)
  -- Whether a value is a tensor of either library.
  local function is_any_tensor(value)
    local meta = type(value) == "userdata" and getmetatable(value)
    return meta and (meta.__name == "cmml.Tensor" or meta.__name == "cmml64.Tensor")
  end

  -- The numbers of an input, row by row, and its shape.
  local function read(c, value, what)
    local tensor = value
    if type(value) == "number" or type(value) == "table" then
      tensor = c.tensor(value)
    elseif not is_any_tensor(value) then
      raise(("gradcheck: %s must be a tensor, a number or nested lists of numbers, not %s"):format(
        what, type(value)), 3)
    end
    local shape, list = tensor.shape, {}
    if tensor.count > 0 then
      list = tensor:detach():reshape({ tensor.count }):totable()
    end
    return { shape = shape, list = list }
  end

  local function leaf(c, input)
    if #input.list == 0 then
      return c.full(input.shape, 0):track()
    end
    return c.tensor(input.list):reshape(input.shape):clone():track()
  end

  local function leaves(c, inputs)
    local tensors = {}
    for i, input in ipairs(inputs) do
      tensors[i] = leaf(c, input)
    end
    return tensors
  end

  -- Fixed numbers that stand out from each other: no gradient may hide behind a symmetry.
  local function weights(c, shape, stream)
    return c.uniform(shape, 0.5, 1.5, { seed = 4711, stream = c.core.streams.user, task = stream })
  end

  -- f as a function of a list of tensors that gives a single number.
  local function scalar(c, f)
    return function(tensors)
      local out = f(c, table.unpack(tensors))
      if not c.is_tensor(out) then
        raise(("gradcheck: the function must return a tensor of the library it is given (its first "
          .. "argument), not %s"):format(type(out) == "userdata" and "one of another" or type(out)),
          0)
      end
      return (out * weights(c, out.shape, 0)):sum()
    end
  end

  -- The gradient of f, weighted and added up: its gradient is the second derivative.
  local function slope(c, f)
    return function(tensors)
      local loss, sum = f(tensors), c.full({}, 0)
      if not loss.tracked then
        return sum
      end
      for i, g in ipairs(c.grad(loss, tensors, { create_graph = true })) do
        sum = sum + (g * weights(c, g.shape, i)):sum()
      end
      return sum
    end
  end

  -- "{2, 1}" for an element by its place, row by row.
  local function index_text(shape, place)
    local index, rest = {}, place - 1
    for d = #shape, 1, -1 do
      index[d] = rest % shape[d] + 1
      rest = rest // shape[d]
    end
    return "{" .. table.concat(index, ", ") .. "}"
  end

  local function far(a, b, tolerance)
    local difference = math.abs(a - b) / math.max(1, math.abs(a), math.abs(b))
    return difference ~= difference or difference > tolerance
  end

  local function compare(c, f, inputs, opt, which)
    local tensors = leaves(c, inputs)
    local loss = f(tensors)
    local again = f(leaves(c, inputs))
    if far(loss:item(), again:item(), 0) then
      raise(plain.format("gradcheck: two calls on the same inputs gave %.17g and %.17g "
        .. "(or no number): the function must depend on its inputs alone", loss:item(),
        again:item()), 3)
    end
    local grads = loss.tracked and c.grad(loss, tensors)
    for i, input in ipairs(inputs) do
      local said = grads and read(c, grads[i]).list
      for k, value in ipairs(input.list) do
        input.list[k] = value + opt.eps
        local above = f(leaves(c, inputs)):item()
        input.list[k] = value - opt.eps
        local below = f(leaves(c, inputs)):item()
        input.list[k] = value
        local analytic, numeric = said and said[k] or 0, (above - below) / (2 * opt.eps)
        if far(analytic, numeric, opt.tolerance) then
          raise(plain.format("gradcheck: %s derivative by element %s of input %d: the gradient "
            .. "says %.10g, finite differences say %.10g (tolerance %g of the larger one, or of 1)",
            which, index_text(input.shape, k), i, analytic, numeric, opt.tolerance), 3)
        end
      end
    end
  end

  --- Checks the derivatives of a function against central finite differences, in double precision.
  --
  -- A result that is not a single number is weighted and added up. Keep the inputs away from kinks
  -- (relu at 0) by more than eps; a function that hides a part of itself from the gradient (detach)
  -- does not pass.
  -- @tparam function f of (c, ...): c is the double library, behind it come tensors of it, one for
  -- each input; it must compute with c (c.matmul, c.nn..) and return a tensor
  -- @tparam table inputs list of inputs: nested lists of numbers, numbers, or tensors of either
  -- library
  -- @tparam[opt] table options
  -- @treturn boolean true; raises if a derivative is wrong, and names the input, the element and
  -- both numbers
  function cmml.gradcheck(f, inputs, options)
    local opt = known:check(options)
    if type(f) ~= "function" or type(inputs) ~= "table" then
      raise("gradcheck: a function and a list of its inputs were expected", 2)
    end
    local c, list = cmml.double or cmml, {}
    for i = 1, #inputs do
      list[i] = read(c, inputs[i], "input " .. i)
    end
    local loss = scalar(c, f)
    compare(c, loss, list, opt, "first")
    if opt.second then
      compare(c, slope(c, loss), list, opt, "second")
    end
    return true
  end
end
