-- Learnt steps and their controllers, beside the known answers of spec/golden: derivatives against
-- finite differences, tasks together against tasks alone, when tasks stop.
local cmml = require "cmml"

-- Parts for parameters of these shapes.
local function parts_of(c, shapes, hidden, seed)
  local init = c.nn.init(seed or 1)
  local parts = { start = {}, controllers = {} }
  for j, shape in ipairs(shapes) do
    parts.start[j] = init.normal(shape):track()
    parts.controllers[j] = c.update_controller { hidden = hidden, init = init }
  end
  parts.stop = c.stop_controller { inp = #shapes + 1, init = init }
  return parts
end

-- Losses whose gradients are constants, another one for each step and task, so that differences of
-- the whole are those of the graph.
local function surrogate(c, slopes)
  return function(values, tasks, step)
    local losses = c.full({ #tasks }, 0.5)
    for j, value in ipairs(values) do
      local own = slopes[step + 1][j]:gather_rows(tasks):reshape { #tasks, -1 }
      local product = (value:reshape { #tasks, -1 } * own):sum(2)
      losses = losses + product - product:detach()
    end
    return losses, c.full({ #tasks }, 0.5)
  end
end

local function slopes_for(c, shapes, tasks, steps)
  local all = {}
  for step = 1, steps do
    all[step] = {}
    for j, shape in ipairs(shapes) do
      all[step][j] = c.uniform({ tasks, table.unpack(shape) }, -0.9, 0.9,
        { seed = 5, epoch = step, task = j })
    end
  end
  return all
end

local function parameters_of(parts)
  local list = {}
  for j, start in ipairs(parts.start) do
    list[#list + 1] = { "start " .. j, start }
    for name, tensor in parts.controllers[j]:parameters() do
      list[#list + 1] = { ("controller %d, %s"):format(j, name), tensor }
    end
  end
  for name, tensor in parts.stop:parameters() do
    list[#list + 1] = { "stop, " .. name, tensor }
  end
  return list
end

local function flat(tensor)
  return tensor.count > 0 and tensor:detach():reshape({ -1 }):totable() or {}
end

describe("learnt steps", function()
  local shapes, steps = { { 3, 2 }, { 3 }, { 33 } }, 3

  it("have the gradients of finite differences, by everything that learns", function()
    local c = cmml.double
    local parts, slopes = parts_of(c, shapes, 3), slopes_for(c, shapes, 2, steps)
    for _, controller in ipairs(parts.controllers) do -- what is seen of theta is a constant
      local weight = controller.lstm.weight_ih
      c.no_grad(weight.copy_, weight, weight * c.tensor { 1, 1, 0, 0, 1 })
    end
    -- Decisions are rewarded by constants; the query's loss stands for what a task is worth.
    local final = c.tensor { 0.25, -0.5 }
    local function loss()
      local values, taken, decisions = c.learnt_steps(parts, surrogate(c, slopes), { tasks = 2,
        min_step = steps, max_step = steps, query = function(_, tasks)
          return c.tensor({ 1.5, 0.75 }):gather_rows(tasks)
        end })
      local sum = c.stop_loss(decisions, final, taken, 0.1)
      for j, value in ipairs(values) do
        sum = sum + (value:square() * (0.3 + j)):sum()
      end
      return sum
    end
    local list, tensors = parameters_of(parts), {}
    for i, pair in ipairs(list) do
      tensors[i] = pair[2]
    end
    local eps, checked = 1e-6, 0
    for i, gradient in ipairs(c.grad(loss(), tensors)) do
      local tensor, expected = list[i][2], flat(gradient)
      local before = flat(tensor)
      local inputs = list[i][1]:find "weight_ih" and not list[i][1]:find "stop" and 5
      for k = 1, math.min(#before, 12) do
        local column = inputs and (k - 1) % inputs + 1
        if column ~= 3 and column ~= 4 then
          local function at(value)
            local changed = { table.unpack(before) }
            changed[k] = value
            c.no_grad(tensor.copy_, tensor, c.tensor(changed):reshape(tensor.shape))
            return c.no_grad(loss):item()
          end
          local slope = (at(before[k] + eps) - at(before[k] - eps)) / (2 * eps)
          at(before[k])
          assert.near(slope, expected[k], 1e-6 * math.max(1, math.abs(slope)), list[i][1])
          checked = checked + 1
        end
      end
    end
    assert.is_true(checked > 250, checked)
  end)

  it("name a task whose loss ceases to be finite, which keeps its start", function()
    local c = cmml.double
    local parts, slopes = parts_of(c, shapes, 3), slopes_for(c, shapes, 3, steps)
    local usual = surrogate(c, slopes)
    local function run(wild, hold)
      return c.learnt_steps(parts, function(values, tasks, step)
        local losses, chances = usual(values, tasks, step)
        if wild and step == 1 then
          local factors = c.tensor { 1, 1 / 0, 1 }
          losses = losses * factors:gather_rows(tasks)
        end
        return losses, chances
      end, { tasks = 3, min_step = steps, max_step = steps, idle = hold })
    end
    local values, taken, _, diverged = run(true)
    assert.equal(1, #diverged)
    assert.same({ 2, 2 }, { diverged[1].task, diverged[1].step })
    assert.is_true(diverged[1].loss - diverged[1].loss ~= 0)
    assert.same({ steps, 0, steps }, taken)
    local held, _, _, none = run(false, { [2] = true })
    assert.same({}, none)
    for j, value in ipairs(values) do
      assert.same(flat(held[j]), flat(value))
      assert.same(flat(parts.start[j]), flat(value:slice(1, 2, 2)))
    end
  end)

  it("update as the definition says: gates, theta and what is seen", function()
    local controller = cmml.update_controller { hidden = 2, init = cmml.nn.init(3) }
    local start = cmml.tensor { 0.5, -2 }
    local gradient = cmml.tensor({ 3, -1e-7 }):reshape { 1, 2 }
    local state = controller:step(controller:start(start, 1), gradient, cmml.tensor { 0.8 },
      controller:packed())
    local e10 = math.exp(10)
    local seen = { { 0, 1, math.log(0.5) / 10, 1, math.log(0.8) / 10 }, -- 3 is clamped to 1
      { -1, -1e-7 * e10, math.log(2) / 10, -1, math.log(0.8) / 10 } }
    local first = cmml.concat({ controller.h0, controller.c0 }, 1):reshape({ 1, 4 })
    local lstm, norm = controller.lstm, controller.norm
    local after = cmml.lstm_cell(cmml.tensor(seen), cmml.concat({ first, first }, 1),
      lstm.weight_ih, lstm.weight_hh, lstm.bias_ih, lstm.bias_hh)
    local h = norm(after:slice(2, 1, 2))
    local open = {}
    for i, gate in ipairs { controller.input_gate, controller.forget_gate } do
      open[i] = flat(cmml.linear(h, gate.weight, gate.bias):sigmoid())
    end
    local found = flat(controller:parameter(state, { 2 }, 1))
    assert.near(open[2][1] * 0.5 - open[1][1] * 1, found[1], 1e-6)
    assert.near(open[2][2] * -2 + open[1][2] * 1e-7, found[2], 1e-6)
    local input, forget = controller:gates(state, { 2 }, 1)
    for k = 1, 2 do
      assert.near(open[1][k], flat(input)[k], 1e-6)
      assert.near(open[2][k], flat(forget)[k], 1e-6)
    end
    assert.is_true(open[2][1] > 0.9) -- begins near 1
  end)

  it("begin with the biases that lstm_bias names", function()
    for kind, ones in pairs { forget = { 9, 16 }, published = { 3, 4 } } do
      local controller = cmml.update_controller { hidden = 8, lstm_bias = kind }
      local ih, hh = flat(controller.lstm.bias_ih), flat(controller.lstm.bias_hh)
      for i = 1, 32 do
        local named = i >= ones[1] and i <= ones[2]
        assert.equal(named, ih[i] == 1, kind)
        assert.equal(named, hh[i] == 0, kind)
      end
    end
    local stop = cmml.stop_controller { inp = 3 }
    assert.equal(6, stop.hidden)
    assert.equal(0, stop.out.bias:item())
  end)

  -- Quadratic losses around another target for each task, and chances to stop that are its own.
  local function quadratic(c, targets, chances)
    return function(values, tasks, step)
      local losses = c.full({ #tasks }, 0)
      for j, value in ipairs(values) do
        local off = value - targets[j]:gather_rows(tasks)
        losses = losses + off:square():reshape({ #tasks, -1 }):sum(2)
      end
      return losses, chances[step + 1]:gather_rows(tasks)
    end
  end

  local tasks, most = 7, 6
  local parts = parts_of(cmml, shapes, 4)
  local targets, chances = {}, {}
  for j, shape in ipairs(shapes) do
    targets[j] = cmml.normal({ tasks, table.unpack(shape) }, 0, 1, { seed = 2, task = j })
  end
  for step = 1, most do
    chances[step] = cmml.uniform({ tasks }, 0, 1, { seed = 3, task = step })
  end

  local function run(options, part)
    local given = { tasks = tasks, min_step = 1, max_step = most }
    for key, value in pairs(options or {}) do
      given[key] = value
    end
    return cmml.no_grad(cmml.learnt_steps, part or parts, quadratic(cmml, targets, chances), given)
  end

  it("are those of each task alone, whenever the others stop", function()
    local values, taken = run { idle = { [5] = true } }
    local different = {}
    for task = 1, tasks do
      different[taken[task]] = true
      local own_targets, own_chances = {}, {}
      for j in ipairs(shapes) do
        own_targets[j] = targets[j]:slice(1, task, task)
      end
      for step = 1, most do
        own_chances[step] = chances[step]:slice(1, task, task)
      end
      local alone, steps_alone = cmml.no_grad(cmml.learnt_steps, parts,
        quadratic(cmml, own_targets, own_chances), { tasks = 1, min_step = 1, max_step = most,
          idle = task == 5 and { true } or nil })
      assert.equal(steps_alone[1], taken[task])
      for j in ipairs(shapes) do
        local together = flat(values[j]:slice(1, task, task))
        for k, number in ipairs(flat(alone[j])) do
          assert.near(number, together[k], 1e-6)
        end
      end
    end
    assert.equal(0, taken[5])
    assert.same(flat(parts.start[1]), flat(values[1]:slice(1, 5, 5)))
    local kinds = 0
    for _ in pairs(different) do
      kinds = kinds + 1
    end
    assert.is_true(kinds >= 3, kinds) -- they did stop at different steps
  end)

  it("stop between the minimum and the maximum, by chance or where it is likely", function()
    local _, all = run { min_step = most }
    for task = 1, tasks do
      assert.equal(most, all[task])
    end
    local _, none = run { min_step = 0, max_step = 0 }
    for task = 1, tasks do
      assert.equal(0, none[task])
    end
    local _, sampled = run { min_step = 2 }
    for task = 1, tasks do
      assert.is_true(sampled[task] >= 2 and sampled[task] <= most)
    end
    for bias, expected in pairs { [50] = 3, [-50] = most } do
      local eager = parts_of(cmml, shapes, 4)
      cmml.no_grad(eager.stop.out.bias.copy_, eager.stop.out.bias, cmml.tensor { bias })
      for _, greedy in ipairs { true, false } do
        local _, taken = run({ min_step = 3, greedy = greedy }, eager)
        for task = 1, tasks do
          assert.equal(expected, taken[task])
        end
      end
    end
  end)

  it("reward going on by what it gained, to each task by its own count of steps", function()
    local decisions = {
      { step = 0, tasks = cmml.ids { 1, 2 }, logits = cmml.tensor { 0, 1 },
        loss = cmml.tensor { 2, 3 } },
      { step = 1, tasks = cmml.ids { 2 }, logits = cmml.tensor { -1 }, loss = cmml.tensor { 2.5 } },
    }
    local final = cmml.tensor { 1.5, 1 }
    local function log_stay(logit)
      return math.log(1 + math.exp(logit))
    end
    assert.near(log_stay(0) * (2 - 1.5 - 0.1) + log_stay(1) * (3 - 1 - 0.2)
      + log_stay(-1) * (2.5 - 1 - 0.1),
      cmml.stop_loss(decisions, final, { 1, 2 }, 0.1):item(), 1e-5)
    assert.equal(0, cmml.stop_loss({}, final, { 0, 0 }, 0.1):item())
  end)

  it("refuse what makes no sense, by name", function()
    local function message(...)
      return select(2, pcall(cmml.learnt_steps, ...))
    end
    local losses = quadratic(cmml, targets, chances)
    assert.matches("min_step %(3%) must not be above max_step %(2%)",
      message(parts, losses, { tasks = 1, min_step = 3, max_step = 2 }))
    assert.matches("tasks", message(parts, losses, {}))
    assert.matches("learnt_steps: parts must be a table, not nil", message(nil, losses,
      { tasks = 1 }))
    assert.matches("learnt_steps: parts.stop must be a table, not nil", message(
      { start = parts.start, controllers = parts.controllers }, losses, { tasks = 1 }))
    assert.matches("learnt_steps: losses_of must be a function", message(parts, 3, { tasks = 1 }))
    assert.matches("max_step must be", message(parts, losses, { tasks = 1, max_step = -1 }))
    assert.matches("learnt_steps: losses_of must give a Tensor %[2%]", message(parts, function()
      return cmml.tensor { 1 }
    end, { tasks = 2 }))
    assert.matches("hidden must be", select(2, pcall(cmml.update_controller, { hidden = 0 })))
    assert.matches("inp must be", select(2, pcall(cmml.stop_controller, { inp = 0 })))
    assert.matches("log_size: v must be a cmml.Tensor", select(2, pcall(cmml.log_size, 3)))
  end)

  it("leave recording as it was, also after an error", function()
    cmml.no_grad(function()
      run()
      pcall(cmml.learnt_steps, parts, error, { tasks = 1 })
      assert.is_false(cmml.core.grad_enable(false))
    end)
    local values = run()
    assert.is_false(values[1].tracked)
  end)
end)
