--- The error of a predicted rating, as kinds that learn from ratings minimise it.
--
-- @module cmml.recommenders.rating_errors
local rating_errors = {}

local rounding = 0.1 -- errors well above it count as they are
local least_share = 1e-12 -- of a softmax, whose logarithm is taken

--- The option that names it: "squared", as published (CMML eq. 5), or "absolute".
rating_errors.option = { name = "loss", kind = "string", choices = { "squared", "absolute" },
  group = "model", search = "squared|absolute", default_text = "the preset's, or squared",
  help = "error of a rating; absolute is rounded off below 0.1" }

--- How much a loss of ranking counts beside the error.
rating_errors.rank_weight = { name = "rank_weight", kind = "number", from = 0, group = "model",
  tunable = false, default_text = "the preset's, or 0",
  help = "weight, beside the error, of a listwise loss (ListNet): how far the softmax of a "
    .. "person's scores is from that of the ratings, of which the largest counts 2^4 times as "
    .. "much as the smallest" }

--- The errors of rows.
-- @tparam ?string name value of the option; nil: squared
-- @tparam Tensor scores [rows]
-- @tparam Tensor labels [rows]
-- @treturn Tensor [rows]: error^2, or of absolute errors sqrt(error^2 + 0.01)
function rating_errors.of(name, scores, labels)
  local errors = (scores - labels):square()
  return name == "absolute" and (errors + rounding ^ 2):sqrt() or errors
end

--- How far scores are from the order of the ratings (ListNet, Cao et al., ICML 2007): of each task
-- the divergence of p = softmax(unit * scores) from t = softmax(unit * labels), sum t log(t / p).
-- With the unit log 2 a rating of 1 more counts twice, as in the gains of `ndcg_exp`; what is
-- expected of the ratings minimises it as far as it minimises squared errors.
-- @tparam table core
-- @tparam Tensor scores [rows]
-- @tparam Tensor labels [rows]
-- @tparam Segments segments one a task
-- @tparam ?table scale of the ratings: smallest, largest; their distance counts as four. nil: a
-- rating counts as it is
-- @treturn Tensor [tasks]; 0 for a task without rows
function rating_errors.listwise(core, scores, labels, segments, scale)
  local width = scale and scale.largest - scale.smallest or 0
  local unit = math.log(2) * (width > 0 and 4 / width or 1)
  local function softmax(values)
    return core.segment_softmax((values * unit):reshape { -1, 1 }, segments):reshape { -1 }
      :maximum(least_share)
  end
  local wanted = softmax(labels)
  return core.segment_sum(wanted * (wanted:log() - softmax(scores):log()), segments)
end

return rating_errors
