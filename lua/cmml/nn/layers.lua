--- The plain layers: linear, MLP, lists of modules, embeddings.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local raise = args.error

local activations = require "cmml.nn.activations"
local init_option = require "cmml.nn.init_option"
local initial = require "cmml.nn.initial"
local sizes = require "cmml.nn.size_options"

local known = {
  linear = declare("nn.linear", {
    sizes.inp, sizes.out,
    { name = "bias", kind = "boolean", default = true, help = "whether a bias is added" },
    { name = "activation", kind = "string", choices = activations, default = "identity",
      help = "what is applied to the sum" },
    init_option,
  }),
  mlp = declare("nn.mlp", {
    { name = "widths", list = "integer", from = 0, repeats = true, required = true,
      help = "columns of the input, of each hidden layer and of the output" },
    { name = "activation", kind = "string", choices = activations, default = "relu",
      help = "activation between the layers" },
    { name = "last", kind = "string", choices = activations, default = "identity",
      help = "activation of the last layer" },
    init_option,
  }),
  embedding = declare("nn.embedding", {
    { name = "size", kind = "integer", from = 0, required = true, help = "number of rows" },
    { name = "width", kind = "integer", from = 0, required = true, help = "size of each vector" },
    { name = "mode", kind = "string", choices = { "mean", "sum" }, default = "mean",
      help = "what a bag of several ids gives" },
    { name = "normal", kind = "boolean", default = true,
      help = "start from N(0, 1), else from U(-1/sqrt(size), 1/sqrt(size))" },
    init_option,
  }),
}

return function(cmml, use)
  use "nn.module"
  local core, nn = cmml.core, cmml.nn

  --- Where initial values come from: a keyed stream, the next number of it for every parameter.
  -- @tparam integer seed
  -- @treturn table with uniform(shape, bound) and normal(shape)
  function nn.init(seed)
    local key = { seed = seed, task = 0, stream = core.streams.init }
    local init = {}
    --- Initial values from U(-bound, bound).
    -- @tparam table shape
    -- @tparam number bound
    -- @treturn Tensor
    function init.uniform(shape, bound)
      args.expect("init.uniform: bound", bound, "number")
      key.task = key.task + 1
      return args.call(core.uniform, shape, -bound, bound, key)
    end
    --- Initial values from N(0, 1).
    -- @tparam table shape
    -- @treturn Tensor
    function init.normal(shape)
      key.task = key.task + 1
      return args.call(core.normal, shape, 0, 1, key)
    end
    return init
  end

  --- Initial values of layers that are given no init: one stream, so that no two start alike.
  nn.default_init = nn.init(0)

  --- The activation of that name.
  -- @tparam Tensor x
  -- @tparam string name "identity", "relu", "leaky_relu", "sigmoid" or "tanh"
  -- @treturn Tensor
  function nn.activate(x, name)
    args.one_of("nn.activate: name", name, activations)
    return name == "identity" and x or args.call(core[name], x)
  end

  local Linear = nn.class "cmml.Linear"

  --- activation(x weight^T + bias).
  --
  -- Initial values: U(-1/sqrt(inp), 1/sqrt(inp)), weight and bias (PyTorch's).
  -- @tparam table options
  -- @treturn Linear of x [.., inp] (a tensor, or a joined matrix) giving [.., out]; parameters
  -- weight [out, inp], bias [out]
  function nn.linear(options)
    local opt = known.linear:check(options)
    local init = initial("nn.linear", opt.init or nn.default_init)
    local bound = 1 / math.sqrt(math.max(opt.inp, 1))
    local self = Linear.new()
    self.activation = opt.activation
    self:register("weight", init.uniform({ opt.out, opt.inp }, bound))
    if opt.bias then
      self:register("bias", init.uniform({ opt.out }, bound))
    end
    return self
  end

  --- Runs the layer; `layer(x)` is the same.
  -- @tparam Tensor|Joined x [.., inp]
  -- @treturn Tensor [.., out]
  function Linear:forward(x)
    if cmml.is_joined(x) then
      return x:linear(self.weight, self.bias, self.activation)
    end
    return core.linear(x, self.weight, self.bias, self.activation)
  end

  local Mlp = nn.class "cmml.Mlp"

  --- Linear layers one after another, with an activation between them.
  -- @tparam table options
  -- @treturn Mlp of x [.., inp] giving [.., out]; children "0", "1", ..
  function nn.mlp(options)
    local opt = known.mlp:check(options)
    if #opt.widths < 2 then
      raise(("nn.mlp: widths must be at least two sizes, not %d"):format(#opt.widths), 2)
    end
    local self = Mlp.new()
    self.depth = #opt.widths - 1
    for i = 1, self.depth do
      self:register(tostring(i - 1), nn.linear { inp = opt.widths[i], out = opt.widths[i + 1],
        activation = i < self.depth and opt.activation or opt.last, init = opt.init })
    end
    return self
  end

  --- All layers but the last.
  -- @tparam Tensor|Joined x [.., inp]
  -- @treturn Tensor|Joined [.., width of the last hidden layer]; x itself if there is none
  function Mlp:hidden(x)
    for i = 0, self.depth - 2 do
      x = self[tostring(i)](x)
    end
    return x
  end

  --- The last layer.
  -- @tparam Tensor|Joined x what `hidden` gave
  -- @treturn Tensor [.., out]
  function Mlp:last(x)
    return self[tostring(self.depth - 1)](x)
  end

  --- Runs all layers.
  -- @tparam Tensor|Joined x [.., inp]
  -- @treturn Tensor [.., out]
  function Mlp:forward(x)
    return self:last(self:hidden(x))
  end

  local List = nn.class "cmml.List"

  --- A list of modules as one module: children "0", "1", ..; list:at(i) counts from 1.
  -- @tparam table modules
  -- @treturn List with no forward of its own
  function nn.list(modules)
    args.list("nn.list: modules", modules)
    local self = List.new()
    for i, module in ipairs(modules) do
      self:register(tostring(i - 1), module)
    end
    return self
  end

  --- The i-th module of a list, from 1.
  -- @tparam integer i
  -- @treturn Module
  function List:at(i)
    return self[tostring(i - 1)]
  end

  local Embedding = nn.class "cmml.Embedding"

  --- A table of vectors by id, and the means or sums of bags of them.
  -- @tparam table options
  -- @treturn Embedding of (ids (Ids, from 1; 0: unknown), segments (Segments: the bags, ragged;
  -- nil: every id is one), rows (Ids: the bags wanted, in order; nil: all)) giving [bags, width],
  -- as the op embedding_bag: unknown ids count as absent, an empty bag gives zeros; parameter
  -- weight [size, width]
  function nn.embedding(options)
    local opt = known.embedding:check(options)
    local init = initial("nn.embedding", opt.init or nn.default_init)
    local self = Embedding.new()
    self.mean = opt.mode == "mean"
    local shape = { opt.size, opt.width }
    self:register("weight", opt.normal and init.normal(shape)
      or init.uniform(shape, 1 / math.sqrt(math.max(opt.size, 1))))
    return self
  end

  --- Vectors of ids, or means over bags of them.
  -- @tparam Ids ids 0 counts as absent
  -- @tparam[opt] Segments segments the bags; without them each id is one
  -- @tparam[opt] Ids rows which bags, in order; without them all
  -- @treturn Tensor [bags or rows, width]; zeros for an empty bag
  function Embedding:forward(ids, segments, rows)
    return core.embedding_bag(self.weight, ids, segments, rows, self.mean)
  end
end
