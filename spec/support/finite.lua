--- Derivatives of any order against finite differences.
--
-- Order 1 compares the gradient of f with central differences of f. Order k + 1 is order 1 of the
-- function f_k+1(x) = sum of <gradient of f_k, u> over the inputs, with fixed directions u: that is
-- the gradient of gradients.
local close = require "spec.support.close"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"

local finite = { eps = 1e-5 }

-- f followed by its gradient's product with fixed directions.
local function directional(core, f, points, order)
  local stream, directions = seed("direction" .. order), {}
  for i, point in ipairs(points) do
    directions[i] = ref.new(point.shape, stream:list(#point.data))
  end
  return function(xs)
    local loss, sum = f(xs), core.full({}, 0)
    if loss.tracked then
      for i, g in ipairs(core.grad_list(loss, xs, true)) do
        sum = sum + (g * ref.tensor(core, directions[i])):sum()
      end
    end
    return sum
  end
end

local function leaves(core, points)
  local xs = {}
  for i, point in ipairs(points) do
    xs[i] = ref.tensor(core, point):track()
  end
  return xs
end

--- The first fault in the derivative of an order, as text; nil if there is none.
-- @tparam table core the double one
-- @tparam function f of a list of tracked tensors, giving a single number
-- @tparam table points list of oracle tensors
-- @tparam integer order 1, 2, ..
-- @tparam number tolerance of |analytic - numeric| / max(1, |analytic|, |numeric|)
-- @treturn ?string
-- @treturn integer how many derivatives were compared
function finite.fault(core, f, points, order, tolerance)
  for k = 2, order do
    f = directional(core, f, points, k)
  end
  local xs = leaves(core, points)
  local loss = f(xs)
  local grads = loss.tracked and core.grad_list(loss, xs)
  local compared = 0
  for i, point in ipairs(points) do
    local analytic = grads and ref.of(grads[i])
    for k, value in ipairs(point.data) do
      local side = {}
      for s = -1, 1, 2 do
        point.data[k] = value + s * finite.eps
        side[s] = f(leaves(core, points)):item()
      end
      point.data[k] = value
      local numeric, said = (side[1] - side[-1]) / (2 * finite.eps), grads and analytic.data[k] or 0
      compared = compared + 1
      if close.difference(said, numeric) > tolerance then
        return ("derivative %d by element %d of input %d: %.12g, but finite differences give %.12g")
          :format(order, k, i, said, numeric), compared
      end
    end
  end
  return nil, compared
end

return finite
