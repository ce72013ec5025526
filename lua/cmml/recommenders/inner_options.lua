--- Options of kinds that adapt by gradient steps on the support.
--
-- @module cmml.recommenders.inner_options
local preset = "the preset's"

return {
  width = { name = "width", kind = "integer", from = 1, to = 4096, group = "model",
    search = "8|16|32|64", default_text = preset, help = "width of the vector of each field" },
  hidden = { name = "hidden", list = "integer", from = 1, to = 65536, repeats = true,
    group = "model", search = { { 32, 32 }, { 64, 64 }, { 128, 128 } }, default_text = preset,
    help = "widths of the hidden layers" },
  activation = { name = "activation", kind = "string", group = "model", default_text = preset,
    choices = { "relu", "leaky_relu", "tanh", "sigmoid" }, search = { "relu", "leaky_relu" },
    help = "activation between the layers" },
  steps = { name = "inner_steps", kind = "integer", from = 0, to = 1000, group = "model",
    unit = "steps", search = "1|3|5|10", default_text = preset,
    help = "number of gradient steps on a support" },
  rate = { name = "inner_rate", list = "number", from = 0, to = 100, repeats = true,
    group = "model", default_text = preset,
    search = "log:1e-3:0.3",
    help = "rate of these steps; one, or one for each layer from the first on" },
  rates = { name = "rates", kind = "string", choices = { "fixed", "layer", "weight" },
    default = "fixed", group = "model", search = "fixed|layer",
    help = "whether the rates stay as they are, or are learnt from there on: one for each layer, "
      .. "or one for each weight (Meta-SGD: Li et al., 2017)" },
  order = { name = "order", kind = "string", choices = { "second", "first" }, default = "second",
    group = "model", help = "whether training differentiates through the gradients of the steps "
      .. "(second), or takes them for constants (first)" },
  form = { name = "form", kind = "string", choices = { "fast", "generic" }, group = "model",
    tunable = false, default_text = "fast, but generic where each weight has a rate",
    help = "how steps are computed; the numbers are the same but for rounding" },
  diverging = { name = "diverging", kind = "string", choices = { "leave-out", "stop" },
    default = "leave-out", group = "model", tunable = false,
    help = "what becomes of a task of a training whose steps diverge: it is left out of the loss, "
      .. "counted and told; or training stops with an error that names it" },
}
