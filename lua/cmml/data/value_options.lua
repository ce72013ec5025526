--- The options that say how values of fields that were never seen are treated.
--
-- @module cmml.data.value_options
return {
  unknown = { name = "unknown", kind = "string", choices = { "zero", "learned" }, default = "zero",
    group = "data", decides = true, tunable = false,
    help = "treatment of an unseen value: absent (zero) or a vector of its own (learned)" },
  min_count = { name = "min_count", kind = "integer", default = 1, group = "data", decides = true,
    tunable = false, help = "values seen fewer times are treated as unseen" },
}
