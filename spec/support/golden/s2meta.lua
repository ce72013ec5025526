-- Kind of `s2meta`: learnt steps on given mini-batches, a given number of them.
local cmml = require "cmml"

-- Module with the parameters of the file, each of which is a leaf.
local function build(case, widths)
  local module = cmml.nn.list {}
  local net = module:register("net", cmml.nn.mlp { widths = widths })
  local start, controllers, names = {}, {}, {}
  for j, pair in ipairs(net:named_parameters()) do
    names[j], start[j] = "net." .. pair[1], pair[2]
    controllers[j] = cmml.update_controller { hidden = case:option "hidden" }
  end
  local stated = case:option "adapted"
  if table.concat(stated, " ") ~= table.concat(names, " ") then
    error("config.adapted names other tensors than the network has", 0)
  end
  module:register("update", cmml.nn.list(controllers))
  local stop = module:register("stop", cmml.stop_controller { inp = #start + 1 })
  local values = {}
  for name in module:parameters() do
    values[name] = case:tensor("param." .. name)
  end
  module:load_parameters(values)
  for name, tensor in module:parameters() do
    case:leaf(name, tensor)
  end
  return { net = net, names = names, start = start, controllers = controllers, stop = stop }
end

-- The hinge loss [1] of pairs.
local function hinge_of(parts, values, positive, negative)
  local n = positive.shape[1]
  local scores = cmml.towers.mlp.score(cmml.tower_layers(cmml.towers.mlp, parts.net, values),
    cmml.concat({ positive, negative }, 1), cmml.zeros { 2 * n, 0 }, cmml.segments { 2 * n })
  return (1 - scores:slice(1, 1, n) + scores:slice(1, n + 1, 2 * n)):relu():mean():reshape { 1 }
end

local function expect_step(case, parts, one)
  for j, controller in ipairs(parts.controllers) do
    local where, shape = ("output.step%d."):format(one.step), parts.start[j].shape
    local input, forget = controller:gates(one.states[j], shape, 1)
    local theta = controller:parameter(one.states[j], shape, 1)
    case:expect(("%sgradient.%d"):format(where, j - 1),
      one.gradients[j]:clamp(-1, 1):reshape(shape))
    case:expect(("%sinput_gate.%d"):format(where, j - 1), input:reshape(shape))
    case:expect(("%sforget_gate.%d"):format(where, j - 1), forget:reshape(shape))
    case:expect(("%stheta.%d"):format(where, j - 1), theta:reshape(shape))
  end
end

local function run(case)
  local steps, p = case:option "steps", case:option "smooth_p"
  if p ~= 10 then
    error(("config.smooth_p is %g, but sizes are smoothed with 10"):format(p), 0)
  end
  local parts = build(case, case:option "widths")
  local positive = case:tensor "input.support_positive.x"
  local negative = case:tensor "input.support_negative.x"
  local query = { case:tensor "input.query_positive.x", case:tensor "input.query_negative.x" }
  case:size("steps", positive.shape[1])
  case:size("batch", positive.shape[2])
  case:size("query", query[1].shape[1])
  local seen = { losses = {}, norms = {}, x = {}, chances = {}, query = {} }
  local values, _, decisions = cmml.learnt_steps(parts, function(leaves, _, step)
    local function at(x)
      return x:slice(1, step + 1, step + 1):reshape { x.shape[2], x.shape[3] }
    end
    return hinge_of(parts, leaves, at(positive), at(negative)), cmml.zeros { 1 }
  end, { tasks = 1, min_step = steps, max_step = steps,
    query = function(now)
      local loss = hinge_of(parts, now, query[1], query[2])
      table.insert(seen.query, loss:item())
      return loss
    end,
    on_step = function(one)
      local norms = {}
      for j, gradient in ipairs(one.gradients) do
        norms[j] = gradient:norm():item()
      end
      table.insert(seen.norms, norms)
      table.insert(seen.losses, one.losses:item())
      table.insert(seen.x, one.x:totable()[1])
      table.insert(seen.chances, one.logits:sigmoid():item())
      expect_step(case, parts, one)
    end })
  local final = hinge_of(parts, values, query[1], query[2])
  table.insert(seen.query, final:item())
  for j, name in ipairs(parts.names) do
    case:expect("output.adapted." .. name, values[j]:reshape(parts.start[j].shape))
  end
  case:expect("output.final_loss", final:reshape {})
  case:expect("output.support_loss", seen.losses)
  case:expect("output.gradient_norm", seen.norms)
  case:expect("output.stop_input", seen.x)
  case:expect("output.stop_probability", seen.chances)
  case:expect("output.query_loss", seen.query)
  case:differentiate(final:sum()
    + cmml.stop_loss(decisions, final, { steps }, case:option "step_penalty"))
end

return { { match = function(case)
  return case.config.adapted and case.config.steps
end, run = run } }
