--- The names of the core's activations.
--
-- @module cmml.nn.activations
return { "identity", "relu", "leaky_relu", "sigmoid", "tanh" }
