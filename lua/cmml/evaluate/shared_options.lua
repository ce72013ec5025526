--- Options of evaluations, wherever models are evaluated.
--
-- @module cmml.evaluate.shared_options
local setting_defaults = require "cmml.base.setting_defaults"

return {
  draws = { name = "draws", kind = "integer", from = 1, unit = "draws",
    help = "number of draws of support and query; a task's value is the mean over them",
    default_text = setting_defaults.of "draws" },
  cutoffs = { name = "cutoffs", list = "integer", from = 1, to = (1 << 31) - 1,
    help = "cutoffs k of metrics such as recall@k",
    default_text = setting_defaults.of "cutoffs" },
  metrics = { name = "metrics", list = "string", help = "metrics, see metrics.names; recall is at "
    .. "every cutoff, recall@20 at that one", default_text = setting_defaults.of "metrics" },
  relevant = { name = "relevant", kind = "number", help = "rating from which on a query item is "
    .. "relevant; adds the ranking metrics to the default ones" },
}
