--- The network of TaNP: a neural process whose decoder is customised for every task (Lin et al.,
-- "Task-adaptive Neural Process for User Cold-Start Recommendation", WWW 2021).
--
-- Four parts, each over all tasks of a batch at once:
--
-- * the encoder: every interaction (x, y) becomes r, a task's r are averaged, and the mean gives
--   mean and log variance of the task's latent variable z;
-- * the task identity network: every interaction becomes t, averaged over the task;
-- * the global pool: k learnt slots, of which a task takes shares c by a Student-t kernel of its
--   distance to each; the task's embedding is o = t + c A;
-- * the adaptive decoder: layers over (x, z), scaled and shifted by what o generates.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare

-- A list of layers' widths.
local function widths(name, help)
  return { name = name, list = "integer", from = 1, repeats = true, required = true, help = help }
end

local known = declare("neural_process", {
  { name = "inp", kind = "integer", from = 1, required = true, help = "columns of x" },
  widths("encoder_widths", "widths of the encoder's layers, the last that of r"),
  { name = "latent_hidden", kind = "integer", from = 1, required = true,
    help = "width of the layer between the mean of r and the distribution of z" },
  { name = "latent", kind = "integer", from = 1, required = true, help = "width of z" },
  widths("task_widths", "widths of the task identity network, the last that of a task's embedding"),
  { name = "slots", kind = "integer", from = 1, required = true,
    help = "number of slots of the global pool" },
  { name = "freedom", kind = "number", above = 0, required = true,
    help = "degrees of freedom of the Student-t kernel" },
  widths("decoder", "widths of the decoder's hidden layers"),
  { name = "customisation", kind = "string", choices = { "film", "gating" }, required = true,
    help = "how a task's embedding customises the decoder" },
  (require "cmml.nn.init_option"),
})

return function(cmml)
  local core, nn = cmml.core, cmml.nn
  local NeuralProcess = nn.class "cmml.NeuralProcess"

  -- Layers of these widths over a number of columns, the last of them linear.
  local function mlp(inp, list, init)
    return nn.mlp { widths = { inp, table.unpack(list) }, init = init }
  end

  -- The layers of the decoder, and for each what customises it: a linear map of a task's embedding
  -- without bias, of 2 (film) or 4 (gating) numbers a unit.
  local function add_decoder(self, opt)
    local inp, each = opt.inp + opt.latent, opt.customisation == "film" and 2 or 4
    local layers, heads = {}, {}
    for i, width in ipairs(opt.decoder) do
      layers[i] = nn.linear { inp = inp, out = width, init = opt.init }
      heads[i] = nn.linear { inp = self.task_width, out = each * width, bias = false,
        init = opt.init }
      inp = width
    end
    self.depth = #layers
    self:register("decoder", nn.list(layers))
    self:register("customisation", nn.list(heads))
    self:register("output", nn.linear { inp = inp, out = 1, init = opt.init })
  end

  --- A neural process with fresh weights: those of linear layers as `nn.linear` says, the slots
  -- from U(-b, b), b = sqrt(6 / (slots + width)).
  -- @tparam table options see below
  -- @treturn NeuralProcess with encode, distribution, identify, shares, customise and score
  function cmml.neural_process(options)
    local opt = known:check(options)
    local self = NeuralProcess.new()
    opt.init = opt.init or nn.default_init
    self.task_width, self.freedom = opt.task_widths[#opt.task_widths], opt.freedom
    self.gated = opt.customisation == "gating"
    local r = opt.encoder_widths[#opt.encoder_widths]
    self:register("encoder", mlp(opt.inp + 1, opt.encoder_widths, opt.init))
    self:register("hidden", nn.linear { inp = r, out = opt.latent_hidden, activation = "relu",
      init = opt.init })
    self:register("mean", nn.linear { inp = opt.latent_hidden, out = opt.latent, init = opt.init })
    self:register("log_variance", nn.linear { inp = opt.latent_hidden, out = opt.latent,
      init = opt.init })
    self:register("identity", mlp(opt.inp + 1, opt.task_widths, opt.init))
    self:register("slots", opt.init.uniform({ opt.slots, self.task_width },
      math.sqrt(6 / (opt.slots + self.task_width))))
    add_decoder(self, opt)
    return self
  end

  -- Rows with a column of their own, or of their tasks, behind their vectors.
  local function beside(x, columns, places)
    local parts = table.move(x.parts, 1, #x.parts, 1, {})
    parts[#parts + 1] = { columns, places }
    return cmml.joined(parts)
  end

  --- The representations r of interactions (x, y).
  -- @tparam Joined x [rows, inp]
  -- @tparam Tensor labels [rows]
  -- @treturn Tensor [rows, width of r]
  function NeuralProcess:encode(x, labels)
    return self.encoder(beside(x, labels:reshape { -1, 1 }))
  end

  --- The distribution of the latent variables, given the mean of a task's representations.
  -- @tparam Tensor r [tasks, width of r]; zeros where a task has no interactions
  -- @treturn Tensor its mean [tasks, latent]
  -- @treturn Tensor the logarithm of its variance [tasks, latent]
  function NeuralProcess:distribution(r)
    local hidden = self.hidden(r)
    return self.mean(hidden), self.log_variance(hidden)
  end

  --- What the task identity network makes of supports.
  -- @tparam Joined x [rows, inp]
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task
  -- @treturn Tensor t [tasks, width of a task's embedding]; zeros for an empty support
  function NeuralProcess:identify(x, labels, segments)
    return core.segment_mean(self.identity(beside(x, labels:reshape { -1, 1 })), segments)
  end

  --- The logarithms of the shares of the slots: c is in proportion to
  -- (1 + |t - a|^2 / f)^(-(f + 1) / 2) for f degrees of freedom. (The authors' program has the
  -- distance itself there, not its square.)
  -- @tparam Tensor t [tasks, width]
  -- @treturn Tensor [tasks, slots]
  function NeuralProcess:shares(t)
    local f, tasks, slots = self.freedom, t.shape[1], self.slots.shape[1]
    local away = t:reshape { tasks, 1, self.task_width }
      - self.slots:reshape { 1, slots, self.task_width }
    local logits = (1 + away:square():sum(3) / f):log() * (-(f + 1) / 2)
    return logits:log_softmax(2)
  end

  -- What film scales and shifts a layer by, [tasks, 2 width]: tanh of what the head gives; under
  -- gating both are mixed with a third vector by a gate.
  local function scale_and_shift(self, generated)
    if not self.gated then
      return generated:tanh()
    end
    local width = generated.shape[2] // 4
    local first = generated:slice(2, 1, 2 * width):tanh()
    local other = generated:slice(2, 2 * width + 1, 3 * width):tanh()
    local gate = generated:slice(2, 3 * width + 1, 4 * width):sigmoid()
    local both = core.concat({ gate, gate }, 2)
    return first * both + core.concat({ other, other }, 2) * (1 - both)
  end

  --- What the decoder of every task is customised by.
  -- @tparam Tensor t [tasks, width] from `identify`
  -- @tparam Tensor shares [tasks, slots], their logarithms, from `shares`
  -- @treturn table for every layer [tasks, 2 width]: scale, then shift
  function NeuralProcess:customise(t, shares)
    local embedding, list = t + core.matmul(shares:exp(), self.slots), {}
    for i = 1, self.depth do
      list[i] = scale_and_shift(self, self.customisation:at(i)(embedding))
    end
    return list
  end

  --- Scores of rows: the mean of their ratings' distribution.
  -- @tparam Joined x [rows, inp]
  -- @tparam Tensor z [tasks, latent]
  -- @tparam table custom from `customise`
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function NeuralProcess:score(x, z, custom, segments)
    local g = beside(x, z, segments:groups())
    for i = 1, self.depth do
      g = core.film(self.decoder:at(i)(g), core.segment_expand(custom[i], segments), "relu")
    end
    return self.output(g):reshape { -1 }
  end

  local function normal_divergence(mean, log_variance, prior_mean, prior_log_variance)
    local narrower = log_variance - prior_log_variance
    local away = (mean - prior_mean):square() * (-prior_log_variance):exp()
    return (narrower:exp() + away - 1 - narrower):sum(2) * 0.5
  end

  --- The divergence of normal distributions KL(q || p), summed over their dims.
  -- @tparam Tensor mean of q [tasks, dims]
  -- @tparam Tensor log_variance of q
  -- @tparam Tensor prior_mean of p
  -- @tparam Tensor prior_log_variance of p
  -- @treturn Tensor [tasks], at least 0
  function cmml.normal_divergence(mean, log_variance, prior_mean, prior_log_variance)
    args.expect("normal_divergence: mean", mean, cmml.tensor_class)
    args.expect("normal_divergence: log_variance", log_variance, cmml.tensor_class)
    args.expect("normal_divergence: prior_mean", prior_mean, cmml.tensor_class)
    args.expect("normal_divergence: prior_log_variance", prior_log_variance, cmml.tensor_class)
    return args.call(normal_divergence, mean, log_variance, prior_mean, prior_log_variance)
  end

  --- How far shares of clusters are from the sharper ones that they are drawn to: KL(d || c), where
  -- d is in proportion to c^2 / f and f are the clusters' sizes, the sums of c over the tasks (Xie
  -- et al., ICML 2016, section 3.1). d counts as given.
  -- @tparam Tensor shares [tasks, clusters], their logarithms
  -- @treturn Tensor [tasks], at least 0; 0 for a single task
  function cmml.cluster_divergence(shares)
    args.expect("cluster_divergence: shares", shares, cmml.tensor_class)
    local sharper = core.no_grad(function()
      local c = shares:exp()
      return (shares * 2 - c:sum(1, true):log()):log_softmax(2)
    end)
    return (sharper:exp() * (sharper - shares)):sum(2)
  end
end
