--- What becomes of the scores of a trained model before they are predicted ratings.
--
-- A share of a rating is what means say alone: context and factors were fitted to the people who
-- were learnt from, and are surer of others than they should be.
--
-- Then it is pulled to the ratings that people can give. These are a few values, such as 1 to 5
-- stars; what has the smallest absolute error is a median, and so one of them: a score that is near
-- to one of them had better be nearer. Beyond the first and the last of them scores are too far
-- out.
--
-- @module cmml.recommenders.predicted_ratings
local predicted_ratings = {}

-- What tunes a model by absolute errors would pull as strongly as it may, whatever that does to
-- squared ones: neither is tuned.
--- The declarations; a model that does both has the fields as options.
predicted_ratings.options = {
  { name = "mean_share", kind = "number", from = 0, below = 1, group = "model", tunable = false,
    default_text = "the preset's, or 0",
    help = "share of a predicted rating that is what the item's mean and the person's say alone, "
      .. "where there is a base: context and factors are surer of people than they should be" },
  { name = "pull", kind = "number", from = 0, below = 0.5, group = "model", tunable = false,
    default_text = "the preset's, or 0",
    help = "how strongly predicted ratings are pulled to the nearest ones of the scale, by a "
      .. "function that keeps their order: absolute errors become smaller, squared ones hardly "
      .. "larger" },
}

--- Scores with the share of the means.
-- @tparam Tensor scores [rows]
-- @tparam function means gives what means say of the rows, a Tensor [rows]
-- @tparam ?number share value of the option; nil: 0
-- @treturn Tensor [rows]
function predicted_ratings.shared(scores, means, share)
  return share and share > 0 and scores * (1 - share) + means() * share or scores
end

--- Scores that are pulled; nothing is learnt through them.
-- @tparam table core
-- @tparam Tensor scores [rows]
-- @tparam ?table scale of the catalogue: smallest, largest, step
-- @tparam ?number pull value of the option; nil: 0
-- @treturn Tensor [rows]; the scores themselves where the scale has no steps, or is not known
function predicted_ratings.pulled(core, scores, scale, pull)
  if not pull or pull == 0 or not scale or not scale.step then
    return scores
  end
  local steps = math.floor((scale.largest - scale.smallest) / scale.step + 0.5)
  return core.pull_scores(scores, scale.smallest, scale.step, steps, pull)
end

return predicted_ratings
