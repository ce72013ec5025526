--- The option of what is drawn at random in a training.
--
-- @module cmml.nn.seed_option
return { name = "seed", kind = "integer", default = 0, help = "seed of the run" }
