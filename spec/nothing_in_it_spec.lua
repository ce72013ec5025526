-- Every op where there is nothing in it: no rows, no steps or no width. It refuses that, or its
-- gradients of first and second order have the shapes of its inputs and agree with finite
-- differences, whichever of the inputs are tracked.
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local finite = require "spec.support.finite"
local keys = require("cmml.base.args").keys
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"

local single, double = require "cmml.core", require "cmml.core64"

local MOST = 30 -- elements of inputs that finite differences are taken of: they cost their square

local names = keys(cases)

-- A use with some sizes replaced by 0 in the shapes of its tensors and among its options.
local function emptied(use, gone)
  local other = { domain = use.domain, list = use.list }
  for i, shape in ipairs(use) do
    other[i] = shape
    if type(shape) == "table" then
      other[i] = {}
      for d, size in ipairs(shape) do
        other[i][d] = gone[size] and 0 or size
      end
    end
  end
  return other
end

-- The options of a use as they are; with lists of ids and segments empty, and with segments that
-- are.
local function each_options(use, f)
  local options = use.options or { n = 0 }
  f(options)
  for _, how in ipairs { "no entries", "entries of 0", "shapes of 0" } do
    local other, changed = { n = options.n }, false
    for i = 1, options.n do
      local value = options[i]
      other[i] = value
      if type(value) == "table" and value.kind and how ~= "shapes of 0" then
        local values = {}
        for k = 1, how == "no entries" and 0 or #value.values do
          values[k] = value.kind == "segments" and 0 or 1
        end
        other[i], changed = { kind = value.kind, values = values }, true
      elseif type(value) == "table" and not value.kind and how == "shapes of 0" then
        other[i] = {}
        for d = 1, #value do
          other[i][d] = 0
        end
        changed = true
      end
    end
    if changed then
      f(other)
    end
  end
end

-- Calls f with every variant of an op's uses in which one size, or two, are 0.
local function each_variant(name, f)
  local seen = {}
  for _, use in ipairs(cases[name].uses) do
    local sizes, known = {}, {}
    for _, shape in ipairs(use) do
      for _, size in ipairs(type(shape) == "table" and shape or {}) do
        if not known[size] then
          known[size] = true
          sizes[#sizes + 1] = size
        end
      end
    end
    for i = 1, #sizes do
      for k = i, #sizes do
        local other = emptied(use, { [sizes[i]] = true, [sizes[k]] = true })
        each_options(use, function(options)
          local text = {}
          for _, shape in ipairs(other) do
            text[#text + 1] = type(shape) == "table" and table.concat(shape, "x") or "n"
          end
          for o = 1, options.n do
            local value = options[o]
            text[#text + 1] = type(value) == "table" and table.concat(value.values or value, ",")
              or tostring(value)
          end
          local what = name .. " " .. table.concat(text, " ")
          if not seen[what] then
            seen[what] = true
            other.options = options
            f(other, what)
          end
        end)
      end
    end
  end
end

-- Which of the inputs are tracked: one of them, all but one, all.
local function each_choice(inputs, f)
  local places = {}
  for i, input in ipairs(inputs) do
    if type(input) ~= "number" then
      places[#places + 1] = i
    end
  end
  for _, one in ipairs(places) do
    f { one }
    local rest = {}
    for _, place in ipairs(places) do
      if place ~= one then
        rest[#rest + 1] = place
      end
    end
    if #rest > 1 then
      f(rest)
    end
  end
  if #places > 1 then
    f(places)
  end
end

-- The loss of an op as a function of the chosen inputs; the others are constants.
local function loss_of(core, name, use, inputs, chosen)
  local points = {}
  for k, place in ipairs(chosen) do
    points[k] = inputs[place]
  end
  return points, function(xs)
    local all = apply.tensors(core, inputs)
    for k, place in ipairs(chosen) do
      all[place] = xs[k]
    end
    return apply.losses.weighted(core, apply.call(core, name, cases[name], use, all))
  end
end

local function shape_text(tensor)
  return table.concat(tensor.shape, "x")
end

-- First and second gradients, of the same graph, with the shapes of what they are of.
local function check_shapes(core, points, f, what)
  local xs = {}
  for i, point in ipairs(points) do
    xs[i] = ref.tensor(core, point):track()
  end
  local loss = f(xs)
  for order = 1, 2 do
    if not loss.tracked then
      return
    end
    local sum = core.full({}, 0)
    for i, g in ipairs(core.grad_list(loss, xs, true)) do
      assert(shape_text(g) == shape_text(xs[i]), ("%s: gradient %d of order %d is %s, not %s")
        :format(what, i, order, shape_text(g), shape_text(xs[i])))
      sum = sum + (g * g):sum() + g:sum()
    end
    loss = sum
  end
end

describe("with nothing in it,", function()
  leaks.around(setup, teardown, single, double)

  for _, name in ipairs(names) do
    it(name .. " refuses, or has gradients of both orders", function()
      local computed = 0
      each_variant(name, function(use, what)
        local inputs = apply.inputs(name, use)
        for _, core in ipairs { single, double } do
          local ok, out = pcall(apply.call, core, name, cases[name], use,
            apply.tensors(core, inputs))
          if not ok then
            assert(not out:find "no recorded reason" and not out:find "attempt to ", out)
            return
          end
          computed = computed + 1
          each_choice(inputs, function(chosen)
            local points, f = loss_of(core, name, use, inputs, chosen)
            check_shapes(core, points, f, what)
            local elements = 0
            for _, point in ipairs(points) do
              elements = elements + #point.data
            end
            if core == double and not cases[name].nondiff and out:isfinite() then
              for order = 1, elements <= MOST and 2 or 0 do
                local fault = finite.fault(core, f, points, order, 1e-6)
                assert(not fault, ("%s: %s"):format(what, fault))
              end
            end
          end)
        end
      end)
      assert.is_true(computed > 0)
    end)
  end
end)
