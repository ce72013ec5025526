--- What masks of dropout are a function of.
--
-- @module cmml.nn.key_options
return {
  (require "cmml.nn.seed_option"),
  { name = "epoch", kind = "integer", default = 0, help = "number of the epoch" },
  { name = "task", kind = "integer", default = 0, help = "number of the task" },
}
