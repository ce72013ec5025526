--- Options of adapting by gradients, whatever takes the steps.
--
-- @module cmml.network.inner_options
return {
  --- How many steps.
  steps = { name = "steps", kind = "integer", from = 0, to = 1000, required = true,
    help = "number of gradient steps" },
  --- Whether gradients go through the steps.
  order = { name = "order", kind = "string", choices = { "second", "first" },
    default = "second", help = "whether the result can be differentiated through the gradients of "
      .. "the steps; first: they are constants" },
  --- The activation of networks whose steps are written out.
  activation = { name = "activation", kind = "string", default = "relu",
    choices = { "relu", "leaky_relu", "tanh", "sigmoid" },
    help = "activation between the layers" },
  --- How many steps a network takes.
  inner_steps = { name = "inner_steps", kind = "integer", from = 0, to = 1000, default = 5,
    help = "number of gradient steps" },
  --- The hidden layers of networks that adapt.
  hidden = { name = "hidden", list = "integer", from = 1, repeats = true, default = { 64, 64 },
    may_be_empty = true, help = "widths of the hidden layers" },
  --- Whether rates are learnt.
  rates = { name = "rates", kind = "string", choices = { "fixed", "layer", "weight" },
    default = "fixed", help = "whether rates are learnt: one for each layer, or for each weight" },
  --- How steps are computed.
  form = { name = "form", kind = "string", choices = { "fast", "generic" },
    default_text = "fast where it can be, see inner_mlp and inner_network",
    help = "how steps are computed; the results are the same" },
  --- Whether losses are wanted.
  losses = { name = "losses", kind = "boolean", default = true,
    help = "whether the losses before each step are wanted; without them steps may be quicker" },
  --- Tasks that do not take part.
  hold = { name = "hold", kind = "table", default_text = "none",
    help = "tasks that take no steps and keep the weights of their start: true by number" },
  --- Which task the rows of a tensor belong to.
  owners = { name = "owners", kind = "table", default_text = "none",
    help = "nested as `start`: of tensors whose rows are not one a task, the task of each row "
      .. "(Ids)" },
}
