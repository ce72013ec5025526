--- The options of CMML's network, which recommenders that contain one take, too.
--
-- @module cmml.network.network_options
local declare = require("cmml.base.options").declare
local names = require "cmml.network.names"

-- A list of layers' widths.
local function widths(name, default, search, help)
  return { name = name, list = "integer", from = 1, repeats = true, default = default,
    may_be_empty = name ~= "backbone", group = "network", decides = true, search = search,
    help = help }
end

-- The name of a component.
local function component(kind, default, help)
  return { name = kind, kind = "string", default = default, group = "network", decides = true,
    hint = names.hint, help = help, choices = function()
      return names.of(kind)
    end }
end

-- The options that a component has of its own.
local function of_component(kind)
  return { name = kind .. "_options", kind = "table", group = "network", decides = true,
    help = ("options of the %s's own, by name"):format(kind) }
end

-- The layers of backbone and hypernetwork that a search draws from: as many of each.
local two_layers = { { 32, 32 }, { 64, 64 }, { 128, 128 } }

local known = declare("network", {
  { name = "item_fields", kind = "table", default = {},
    help = "fields of items: list of {name, size, multi}, or {name, inputs}" },
  { name = "user_fields", kind = "table", default = {}, help = "fields of users" },
  { name = "width", kind = "integer", from = 1, default = 32, group = "network", decides = true,
    search = "8|16|32|64", help = "size of the vector of a field" },
  { name = "beside", kind = "integer", from = 1,
    help = "width of vectors that are given beside those of the fields" },
  { name = "dim", kind = "integer", from = 1,
    help = "width of vectors that are given in place of fields" },
  component("encoder", "mean", "context encoder"),
  widths("encoder_widths", { 64 }, { { 32 }, { 64 }, { 128 } },
    "widths of the encoder's hidden layers"),
  { name = "encoder_detach", kind = "boolean", default = true, group = "network", decides = true,
    help = "the encoder takes the vectors of rows as constants" },
  { name = "encoder_negatives", kind = "boolean", default = true, group = "network",
    decides = true,
    help = "the encoder reads negatives of a binary support (published without: Non-negative-PE)" },
  { name = "context_shrink", kind = "number", from = 0, default = 0, group = "network",
    decides = true, unit = "rows", search = "0|1|5|20",
    help = "the context of n rows is multiplied by n / (n + context_shrink)" },
  { name = "label", kind = "string", choices = { "rating", "binary" }, default = "rating",
    help = "labels enter the encoder as a number through an MLP (rating), or as (1, 0) above 0 "
      .. "and (0, 1) else (binary)" },
  { name = "label_hidden", kind = "integer", from = 1, default = 64, group = "network",
    decides = true, search = "16|32|64", help = "widths of the MLP of a rating" },
  component("hybrid", "dot", "hybrid context generator"),
  component("modulation", "film", "modulation head"),
  widths("backbone", { 64, 64 }, two_layers,
    "widths of the recommender's layers, which are modulated"),
  widths("hyper", { 256, 256 }, two_layers, "widths of the hypernetwork's layers"),
  { name = "activation", kind = "string", choices = require "cmml.nn.activations",
    default = "leaky_relu", group = "network", decides = true,
    help = "activation of the recommender's layers" },
  of_component "encoder", of_component "hybrid", of_component "modulation",
  { name = "bias_start", kind = "table", default_text = "as nn.linear says", group = "network",
    decides = true, help = "initial biases by part of the network, such as {backbone = 0.1, "
      .. "hyper = 0.1, encoder = 0}" },
  (require "cmml.nn.init_option"),
})

return known
