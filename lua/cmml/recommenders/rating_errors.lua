--- The error of a predicted rating, as kinds that learn from ratings minimise it.
--
-- @module cmml.recommenders.rating_errors
local rating_errors = {}

local rounding = 0.1 -- errors well above it count as they are

--- The option that names it: "squared", as published (CMML eq. 5), or "absolute".
rating_errors.option = { name = "loss", kind = "string", choices = { "squared", "absolute" },
  group = "model", search = "squared|absolute", default_text = "the preset's, or squared",
  help = "error of a rating; absolute is rounded off below 0.1" }

--- The errors of rows.
-- @tparam ?string name value of the option; nil: squared
-- @tparam Tensor scores [rows]
-- @tparam Tensor labels [rows]
-- @treturn Tensor [rows]: error^2, or of absolute errors sqrt(error^2 + 0.01)
function rating_errors.of(name, scores, labels)
  local errors = (scores - labels):square()
  return name == "absolute" and (errors + rounding ^ 2):sqrt() or errors
end

return rating_errors
