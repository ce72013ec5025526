--- Learnt optimisers of S2Meta (Du et al., KDD 2019): a controller that says how far each
-- coordinate of a parameter moves, and one that says when to stop.
--
-- An update controller is an LSTM whose weights all coordinates of a parameter tensor share. Its
-- state, and the parameter that it updates, lie in blocks of 32 coordinates, as
-- `meta_lstm_cell` is quickest with: [tasks * blocks, 2 hidden + 1, 32], behind the last coordinate
-- zeros, which stay zeros.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local sizes = require "cmml.nn.size_options"

local lstm_bias = { name = "lstm_bias", kind = "string", choices = { "published", "forget" },
  default = "forget",
  help = "which biases of the LSTM begin at 1: those of the forget gate; or as in the published "
    .. "code, the entries from hidden / 4 to hidden / 2, which are some of the input gate" }

local known = {
  update = declare("update_controller", { sizes.hidden, lstm_bias, init_option }),
  stop = declare("stop_controller", {
    { name = "inp", kind = "integer", from = 1, required = true, help = "numbers of a step" },
    lstm_bias, init_option,
  }),
}

local block = 32 -- coordinates
local smallest, p = math.exp(-10), 10

return function(cmml, use)
  use "nn.module"
  local core, nn = cmml.core, cmml.nn

  -- log|v| / 10, or -1 where |v| is below e^-10.
  local function log_part(v)
    return core.maximum(core.abs(v), smallest):log() * (1 / p)
  end

  -- The sign of v, or e^10 v where |v| is below e^-10.
  local function sign_part(v)
    return core.clamp(v * (1 / smallest), -1, 1)
  end

  --- Numbers of any size as an LSTM can read them (Andrychowicz et al. 2016): log|v| / 10, or -1
  -- where |v| is below e^-10. This part alone says the size, but not the sign.
  -- @tparam Tensor v
  -- @treturn Tensor of the same shape
  function cmml.log_size(v)
    args.expect("log_size: v", v, cmml.tensor_class)
    return log_part(v)
  end

  -- An LSTM with its learnt first state.
  local function register_lstm(self, inp, hidden, opt)
    local init = opt.init or nn.default_init
    local lstm = self:register("lstm", nn.lstm { inp = inp, hidden = hidden, init = init })
    local first, last = hidden + 1, 2 * hidden
    if opt.lstm_bias == "published" then
      first, last = hidden // 4 + 1, hidden // 2
    end
    local bias = { lstm.bias_ih:totable(), lstm.bias_hh:totable() }
    for i = first, last do
      bias[1][i], bias[2][i] = 1, 0
    end
    cmml.no_grad(lstm.bias_ih.copy_, lstm.bias_ih, core.tensor(bias[1]))
    cmml.no_grad(lstm.bias_hh.copy_, lstm.bias_hh, core.tensor(bias[2]))
    self:register("h0", init.normal { hidden })
    self:register("c0", init.normal { hidden })
    self.hidden = hidden
    return init
  end

  --- Weight [1, hidden] and bias [1] of a gate that an update controller reads.
  local Gate = nn.class "cmml.ParameterGate"

  -- sigmoid(weight h + bias), a number a coordinate; weight and bias are read by the controller.
  local function gate(hidden, bias, init)
    local self = Gate.new()
    self:register("weight", init.normal { 1, hidden } * math.sqrt(2 / (hidden + 1)))
    self:register("bias", init.uniform({ 1 }, 0) + bias)
    return self
  end

  local UpdateController = nn.class "cmml.UpdateController"

  --- A controller of the coordinates of one parameter tensor: with h the state of an LSTM over what
  -- is seen of a coordinate, normalised, a = sigmoid(input_gate h) and f = sigmoid(forget_gate h),
  -- theta becomes f theta - a gradient.
  --
  -- Initial values: those of `nn.lstm` but for the biases that `lstm_bias` names; first states from
  -- N(0, 1); weights of both gates from N(0, 2 / (hidden + 1)), biases 0 and 5: f is near 1.
  -- @tparam table options
  -- @treturn UpdateController with start, step, parameter and gates
  function cmml.update_controller(options)
    local opt = known.update:check(options)
    local self = UpdateController.new()
    local init = register_lstm(self, 5, opt.hidden, opt)
    self:register("norm", nn.layer_norm { width = opt.hidden })
    self:register("input_gate", gate(opt.hidden, 0, init))
    self:register("forget_gate", gate(opt.hidden, 5, init))
    return self
  end

  -- [tasks, n] in blocks [tasks * blocks, 1, 32], zeros behind.
  local function in_blocks(x)
    local n = x.shape[2]
    if n % block ~= 0 then
      x = core.concat({ x, core.full({ x.shape[1], -n % block }, 0) }, 2)
    end
    return x:reshape { -1, 1, block }
  end

  --- The weights as `meta_lstm_cell` takes them, made once for all steps.
  -- @treturn table weight, bias, norm, gates
  function UpdateController:packed()
    local lstm, norm, gates = self.lstm, self.norm, {}
    for i, one in ipairs { self.input_gate, self.forget_gate } do
      gates[i] = core.concat({ one.weight, one.bias:reshape { 1, 1 } }, 2)
    end
    return { weight = core.concat({ lstm.weight_ih, lstm.weight_hh }, 2),
      bias = lstm.bias_ih + lstm.bias_hh,
      norm = core.concat({ norm.weight:reshape { 1, -1 }, norm.bias:reshape { 1, -1 } }, 1),
      gates = core.concat(gates, 1) }
  end

  --- The state before the first step: every task has the same parameter.
  -- @tparam Tensor parameter of any shape
  -- @tparam integer tasks
  -- @treturn Tensor [tasks * blocks, 2 hidden + 1, 32]
  function UpdateController:start(parameter, tasks)
    local theta = in_blocks(parameter:reshape { 1, -1 })
    local blocks, rows = theta.shape[1], {}
    for i, vector in ipairs { self.h0, self.c0 } do
      rows[i] = vector:reshape { 1, -1, 1 }:expand { blocks, self.hidden, block }
    end
    rows[3] = theta
    local one = core.concat(rows, 2)
    return one:reshape { 1, -1 }:expand({ tasks, one.count }):reshape { tasks * blocks,
      2 * self.hidden + 1, block }
  end

  -- The rows of the state that hold the parameter [tasks * blocks, 1, 32].
  local function theta_of(self, state)
    return state:slice(2, 2 * self.hidden + 1, 2 * self.hidden + 1)
  end

  -- What the LSTM sees of every coordinate [tasks * blocks, 5, 32]: gradient, parameter, loss.
  local function seen(self, state, gradient, loss)
    local theta, tasks = theta_of(self, state):detach(), loss.count
    local blocks = theta.shape[1] // tasks
    local size = log_part(loss:detach()):reshape({ tasks, 1, 1 }):expand { tasks, blocks, block }
    return core.concat({ log_part(gradient), sign_part(gradient), log_part(theta), sign_part(theta),
      size:reshape { tasks * blocks, 1, block } }, 2)
  end

  --- The state after a step. Gradient and loss are constants, and so is the parameter in what the
  -- LSTM sees.
  -- @tparam Tensor state
  -- @tparam Tensor gradient of the parameter [tasks, ..]; its entries are clamped to [-1, 1]
  -- @tparam Tensor loss [tasks]
  -- @tparam table packed what `packed` gave
  -- @treturn Tensor of the shape of state
  function UpdateController:step(state, gradient, loss, packed)
    local x, clamped = cmml.no_grad(function()
      local rows = in_blocks(gradient:detach():clamp(-1, 1):reshape { loss.count, -1 })
      return seen(self, state, rows, loss), rows:reshape { -1, block }
    end)
    return core.meta_lstm_cell(x, clamped, state, packed.weight, packed.bias, packed.norm,
      packed.gates, self.norm.eps)
  end

  --- The parameter in a state.
  -- @tparam Tensor state
  -- @tparam table shape of the parameter
  -- @tparam integer tasks
  -- @treturn Tensor [tasks, table.unpack(shape)]
  function UpdateController:parameter(state, shape, tasks)
    local n = 1
    for _, size in ipairs(shape) do
      n = n * size
    end
    local rows = theta_of(self, state):reshape { tasks, -1 }
    return rows:slice(2, 1, n):reshape { tasks, table.unpack(shape) }
  end

  --- The gates that the last step of a state had.
  -- @tparam Tensor state
  -- @tparam table shape of the parameter
  -- @tparam integer tasks
  -- @treturn Tensor input gate [tasks, table.unpack(shape)]
  -- @treturn Tensor forget gate, the same shape
  function UpdateController:gates(state, shape, tasks)
    local both, n = {}, 1
    for _, size in ipairs(shape) do
      n = n * size
    end
    for i, one in ipairs { self.input_gate, self.forget_gate } do
      local open = (one.weight:matmul(state:slice(2, 1, self.hidden)) + one.bias):sigmoid()
      both[i] = open:reshape({ tasks, -1 }):slice(2, 1, n):reshape { tasks, table.unpack(shape) }
    end
    return both[1], both[2]
  end

  local StopController = nn.class "cmml.StopController"

  --- A controller that says of every task how likely it should stop: an LSTM over the sizes of the
  -- norms of its gradients and of its loss, of twice as many units as it sees numbers, and a linear
  -- layer. Its bias begins at 0.
  -- @tparam table options
  -- @treturn StopController with start and step
  function cmml.stop_controller(options)
    local opt = known.stop:check(options)
    local self = StopController.new()
    local init = register_lstm(self, opt.inp, 2 * opt.inp, opt)
    self:register("out", nn.linear { inp = 2 * opt.inp, out = 1, init = init })
    cmml.no_grad(self.out.bias.copy_, self.out.bias, core.full({ 1 }, 0))
    return self
  end

  --- The state before the first step.
  -- @tparam integer tasks
  -- @treturn Tensor [tasks, 2 hidden]
  function StopController:start(tasks)
    local one = core.concat({ self.h0:reshape { 1, -1 }, self.c0:reshape { 1, -1 } }, 2)
    return one:expand { tasks, one.count }
  end

  --- What is thought of a step.
  -- @tparam Tensor state [tasks, 2 hidden]
  -- @tparam Tensor x [tasks, inp] sizes, as `log_size` gives them
  -- @treturn Tensor [tasks] the logit of the probability to stop
  -- @treturn Tensor the state after it
  function StopController:step(state, x)
    local lstm = self.lstm
    local after = core.lstm_cell(x, state, lstm.weight_ih, lstm.weight_hh, lstm.bias_ih,
      lstm.bias_hh)
    return self.out(after:slice(2, 1, self.hidden)):reshape { -1 }, after
  end
end
