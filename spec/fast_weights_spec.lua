-- Fast weights of tasks, kept as rows, against the same steps by autograd on weights that each task
-- has of its own, in double precision.
local single = require "cmml"
local refused = require("spec.support.refused").with_text

local cmml = single.double
local core = cmml.core
local lengths = { 3, 1, 0, 6, 2 }
local sizes = { width = 4, inner = 6, heads = 2, layers = 2, length = 7, features = 3 }
local segments = cmml.segments(lengths)
local n = segments:rows()

-- An encoder whose weights say something, not the small ones that it begins with.
local function encoder_of()
  sizes.init = cmml.nn.init(1)
  local encoder = cmml.sequence_encoder(sizes)
  cmml.no_grad(function()
    local task = 100
    for _, tensor in encoder:parameters() do
      task = task + 1
      tensor:copy_(tensor + core.normal(tensor.shape, 0, 0.4, { seed = 3, task = task }))
    end
  end)
  return encoder
end

local function random(shape, task)
  return core.normal(shape, 0, 1, { seed = 3, task = task })
end

-- What the steps read: vectors of items, and those that are compared.
local given = { e = random({ n, 4 }, 1), f = random({ n, 3 }, 4), better = random({ n, 4 }, 2),
  worse = {} }
for step = 1, 5 do
  given.worse[step] = random({ n, 4 }, 10 + step)
end

-- The rows of some tasks, [first, last] by task.
local function rows_of(task)
  local first = 1
  for other = 1, task - 1 do
    first = first + lengths[other]
  end
  return first, first + lengths[task] - 1
end

local function errors(h, better, worse)
  return (h:row_dot(worse) - h:row_dot(better)):softplus()
end

local function losses_of(encoder)
  return function(through, step)
    local h = encoder(given.e, segments, { through = through(segments), features = given.f })
    return errors(h, given.better, given.worse[step]):segment_mean(segments)
  end
end

-- The same for one task by gradients of all weights: gives the weights by name.
local function oracle(encoder, task, steps, lr)
  local first, last = rows_of(task)
  local weights = {}
  for name, tensor in encoder:parameters() do
    weights[name] = tensor:detach():clone():track()
  end
  if lengths[task] == 0 then
    return weights
  end
  local own = cmml.segments { lengths[task] }
  for step = 1, steps do
    local h = cmml.nn.functional(encoder, weights)(given.e:slice(1, first, last), own,
      { features = given.f:slice(1, first, last) })
    local loss = errors(h, given.better:slice(1, first, last),
      given.worse[step]:slice(1, first, last)):mean()
    for name, slope in pairs(cmml.grad(loss, weights)) do
      weights[name] = (weights[name]:detach() - slope * lr):track()
    end
  end
  return weights
end

local function apart(a, b)
  return a.count > 0 and (a - b):abs():max():item() or 0
end

local query = cmml.segments { 2, 3, 1, 7, 0 }
local query_rows = random({ query:rows(), 4 }, 5)
local query_features = random({ query:rows(), 3 }, 7)

-- What the rows of a query come to.
local function asked(encoder, own)
  return encoder(query_rows, query, { through = own and own(query), features = query_features })
end

-- The same for some rows, of a sequence of their own.
local function asked_alone(encoder, weights, first, last)
  return cmml.nn.functional(encoder, weights)(query_rows:slice(1, first, last),
    cmml.segments { last - first + 1 }, { features = query_features:slice(1, first, last) })
end

describe("fast_weights", function()
  local encoder = encoder_of()

  it("without steps are the weights of the start", function()
    local own = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 0, lr = 0.1 })
    assert.are.equal(0, apart(asked(encoder, own), asked(encoder)))
    assert.same({}, own:changes_of(1))
  end)

  for steps = 1, 5 do
    it(("are those of %d steps of each task alone"):format(steps), function()
      local own = cmml.fast_weights(#lengths, losses_of(encoder), { steps = steps, lr = 0.3 })
      local h = asked(encoder, own)
      local first, most = 1, 0
      for task, length in ipairs(query:totable()) do
        local weights = oracle(encoder, task, steps, 0.3)
        local changes = own:changes_of(task)
        for name, tensor in encoder:parameters() do
          local expected = weights[name]:detach() - tensor:detach()
          most = math.max(most, expected:abs():max():item())
          assert.is_true(apart(expected, changes[name]) < 1e-12, name)
        end
        local alone = asked_alone(encoder, weights, first, first + length - 1)
        assert.is_true(apart(alone, h:slice(1, first, first + length - 1)) < 1e-12)
        first = first + length
      end
      assert.is_true(most > 0.01)
    end)
  end

  it("let a loss be differentiated at the point that they came to", function()
    local own = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 3, lr = 0.3 })
    local probe = random({ query:rows(), 4 }, 6)
    local start = {}
    for name, tensor in encoder:parameters() do
      start[name] = tensor
    end
    local found = cmml.grad((asked(encoder, own) * probe):sum(), start)
    local expected, first = {}, 1
    for task, length in ipairs(query:totable()) do
      local weights, last = oracle(encoder, task, 3, 0.3), first + length - 1
      local h = asked_alone(encoder, weights, first, last)
      for name, slope in pairs(cmml.grad((h * probe:slice(1, first, last)):sum(), weights)) do
        expected[name] = expected[name] and expected[name] + slope or slope
      end
      first = last + 1
    end
    for name, slope in pairs(expected) do
      assert.is_true(apart(slope, found[name]) < 1e-11, name)
    end
  end)

  it("of a task do not depend on the others", function()
    local before = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 3, lr = 0.3 })
    local was = given.e
    local first, last = rows_of(4)
    given.e = was:clone()
    given.e:slice(1, first, last):copy_(random({ last - first + 1, 4 }, 9))
    local after = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 3, lr = 0.3 })
    given.e = was
    for task = 1, #lengths do
      local one, other = before:changes_of(task), after:changes_of(task)
      local most = 0
      for name, change in pairs(one) do
        most = math.max(most, apart(change, other[name]))
      end
      assert.are.equal(task == 4, most > 0)
    end
  end)

  it("are held, or end early, where that is asked for", function()
    local own = cmml.fast_weights(#lengths, losses_of(encoder),
      { steps = 3, lr = 0.3, hold = { true }, limits = { 3, 2, 3, 1, 3 } })
    for task, steps in ipairs { 0, 2, 3, 1, 3 } do
      local weights, changes = oracle(encoder, task, steps, 0.3), own:changes_of(task)
      for name, tensor in encoder:parameters() do
        assert.is_true(apart(weights[name]:detach() - tensor:detach(), changes[name]) < 1e-12)
      end
    end
    assert.same({}, own.diverged)
  end)

  it("name tasks that diverge, and leave them the weights of the start", function()
    local was = given.better
    local first, last = rows_of(4)
    given.better = was:clone()
    given.better:slice(1, first, last):copy_(random({ last - first + 1, 4 }, 9) * 1e200)
    local own = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 3, lr = 0.3 })
    given.better = was
    assert.are.equal(1, #own.diverged)
    assert.are.equal(4, own.diverged[1].task)
    assert.are.equal(2, own.diverged[1].step)
    for name, change in pairs(own:changes_of(4)) do
      assert.are.equal(0, change:abs():max():item(), name)
    end
    assert.is_true(asked(encoder, own):isfinite())
    local weights, changes = oracle(encoder, 5, 3, 0.3), own:changes_of(5)
    for name, tensor in encoder:parameters() do
      assert.is_true(apart(weights[name]:detach() - tensor:detach(), changes[name]) < 1e-12, name)
    end
  end)

  it("take the rows of tables along that belong to tasks", function()
    local owners = cmml.ids { 1, 2, 2, 4 }
    local start, goal = random({ 4, 2 }, 20), random({ 4, 2 }, 21)
    local own = cmml.fast_weights(4, function(_, _, rows)
      return (rows.items - goal):square():sum(2):reshape({ 4, 1 })
        :segment_sum(cmml.segments { 1, 2, 0, 1 }):reshape { -1 }
    end, { steps = 2, lr = 0.1, rows = { items = start }, row_owners = { items = owners },
      limits = { 2, 1, 2, 2 } })
    local expected = start:totable()
    for row, task in ipairs(owners:totable()) do
      for column, value in ipairs(expected[row]) do
        for _ = 1, task == 2 and 1 or 2 do
          value = value - 0.1 * 2 * (value - goal:totable()[row][column])
        end
        expected[row][column] = value
      end
    end
    assert.is_true(apart(cmml.tensor(expected), own.rows.items) < 1e-12)
    assert.is_false(own.rows.items.tracked)
  end)

  it("are called back after each step", function()
    local steps = {}
    cmml.fast_weights(#lengths, losses_of(encoder), { steps = 3, lr = 0.3,
      after = function(own, step)
        steps[step] = own:changes_of(1)["position.weight"]:abs():sum():item()
      end })
    assert.are.equal(3, #steps)
    assert.is_true(steps[1] > 0 and steps[2] ~= steps[1])
  end)

  it("refuse what does not fit", function()
    local own = cmml.fast_weights(#lengths, losses_of(encoder), { steps = 1, lr = 0.3 })
    refused("segments of 5 tasks were expected, not of 1", own, cmml.segments { 3 })
    refused("task must be from 1 to 5, not 6", own.changes_of, own, 6)
    refused("losses_of must give 4 losses, one for each task, not 5", cmml.fast_weights, 4,
      losses_of(encoder), { steps = 1, lr = 0.3 })
    refused("limits must be a number of steps for each of 5 tasks, not 1", cmml.fast_weights, 5,
      losses_of(encoder), { steps = 1, lr = 0.3, limits = { 1 } })
    refused("row_owners must name the task of each of its 2 rows", cmml.fast_weights, 5,
      losses_of(encoder), { steps = 1, lr = 0.3, rows = { items = cmml.zeros { 2, 1 } } })
  end)
end)
