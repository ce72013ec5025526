--- Means as predictors: what any model of ratings has to beat.
--
-- A predicted rating is an item's part plus a user's part. The item's part is the mean of its
-- training ratings, shrunk towards the mean of all; the user's part is the mean of what the support
-- leaves over, shrunk towards 0.
--
-- @module cmml
local changed = require("cmml.base.options").changed
local shared = require "cmml.recommenders.shared_options"

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  use "recommenders.kind"

  -- name, title, whether items and users have a part, and how many imaginary ratings pull towards
  -- the mean
  local predictors = {
    { "global_mean", "global mean" },
    { "user_mean", "user mean", user = true, user_shrink = 0 },
    { "item_mean", "item mean", item = true, item_shrink = 5 },
    { "item_user_mean", "item mean + user bias", item = true, user = true, item_shrink = 5,
      user_shrink = 3 },
  }

  -- 1 where there is no rating, which would be 0 / 0 without shrinkage; else 0.
  local function none(count)
    return 1 - count:step()
  end

  for place, own in ipairs(predictors) do
    local name = own[1]
    cmml.kind {
      name = name, title = own[2], source = "known answer", settings = { "users" }, learns = "fit",
      baseline = place,
      options = { -- model files have both, also of a predictor that does not read one
        changed(shared.item_shrink, { default = own.item_shrink or 0,
          tunable = own.item or false }),
        changed(shared.user_shrink, { default = own.user_shrink or 0,
          tunable = own.user or false }),
      },
      make = function(catalogue)
        return { item_part = core.full({ #catalogue.items }, 0) }
      end,
      fit = function(self, data)
        local n = #self.catalogue.items
        local rows, count, total = cmml.users.ratings_of(data.ratings, data.users, n)
        local mean = #rows.items > 0 and rows.labels:mean():item() or 0
        if own.item then
          local imaginary = self.options.item_shrink + none(count)
          self.item_part = (total + mean * imaginary) / (count + imaginary)
        else
          self.item_part = core.full({ n }, mean)
        end
      end,
      -- The users' parts, from what their supports leave over.
      adapt = function(self, support)
        if not own.user then
          return { bias = core.full({ #support.segments }, 0) }
        end
        local left = support.labels - self.item_part:gather_rows(support.items)
        local count = core.segment_sum(core.full({ #support.items }, 1), support.segments)
        return { bias = left:segment_sum(support.segments)
          / (count + self.options.user_shrink + none(count)) }
      end,
      score = function(self, state, rows)
        return self.item_part:gather_rows(rows.items) + state.bias:segment_expand(rows.segments)
      end,
      contributions = function(self, support, rows)
        return contributions.of_labels(self, support, rows,
          self.item_part:gather_rows(support.items))
      end,
      tensors = function(self)
        return { { "item_part", self.item_part } }
      end,
      restore = function(catalogue, options, tensors)
        check_entries(tensors, { { "item_part", { #catalogue.items } } })
        local self = cmml.recommenders[name](catalogue, options)
        self.item_part = tensors[1][2]
        return self
      end,
    }
  end

  local means = {}

  --- What the means of items and people leave over of the rows: where neighbours begin.
  -- @tparam Recommender predictor one of the above, fitted
  -- @tparam table rows Rows with labels
  -- @treturn Tensor [rows]
  -- @treturn table the people's means: a state of the predictor
  function means.left_over(predictor, rows)
    local state = predictor:adapt_rows(rows)
    return rows.labels - predictor:score_rows(state, rows), state
  end

  return means
end
