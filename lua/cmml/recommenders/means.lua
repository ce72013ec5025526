--- Simple predictors behind the interface of recommenders: what any model has to beat.
--
-- A predicted rating is an item's part plus a user's part. The item's part is the mean of its
-- training ratings, shrunk towards the mean of all; the user's part is the mean of what the support
-- leaves over, shrunk towards 0.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  -- kind, title, whether items and users count, and how many imaginary ratings pull towards the
  -- mean
  local kinds = {
    { "global_mean", "global mean" },
    { "user_mean", "user mean", user = true, user_shrink = 0 },
    { "item_mean", "item mean", item = true, item_shrink = 5 },
    { "item_user_mean", "item mean + user bias", item = true, user = true, item_shrink = 5,
      user_shrink = 3 },
  }
  -- 1 where nothing was counted, which would be 0 / 0 without shrinkage; else 0.
  local function none(count)
    return 1 - count:step()
  end

  --- The names of the simple predictors, in order.
  cmml.simple_kinds = {}

  for i, kind in ipairs(kinds) do
    local class = cmml.recommender_class(kind[1], kind[2])
    cmml.simple_kinds[i] = kind[1]

    --- A predictor that has seen nothing yet; `fit` counts.
    -- @tparam Catalogue catalogue
    -- @tparam[opt] table options item_shrink and user_shrink: how many imaginary ratings pull an
    -- item's part towards the mean of all, and a user's part towards 0
    -- @treturn Recommender
    cmml[kind[1]] = function(catalogue, options)
      local opt = args.check(kind[1], options, { item_shrink = { "number", kind.item_shrink or 0 },
        user_shrink = { "number", kind.user_shrink or 0 } })
      args.check(kind[1], { catalogue = catalogue }, { catalogue = "cmml.Catalogue" })
      if not (opt.item_shrink >= 0 and opt.item_shrink < math.huge and opt.user_shrink >= 0
        and opt.user_shrink < math.huge) then
        raise(("%s: item_shrink and user_shrink must be finite and not negative, but are %g and %g")
          :format(kind[1], opt.item_shrink, opt.user_shrink), 2)
      end
      return setmetatable({ catalogue = catalogue, options = opt,
        item_part = core.full({ #catalogue.items }, 0) }, class)
    end

    --- Counts the ratings of the training users.
    -- @tparam table ratings grouped by user
    -- @tparam table users list of rows that may be learnt from
    function class:fit(ratings, users)
      local n = #self.catalogue.items
      local rows, count, total = cmml.users.ratings_of(ratings, users, n)
      local mean = #rows.items > 0 and rows.labels:mean():item() or 0
      if kind.item then
        local imaginary = self.options.item_shrink + none(count)
        self.item_part = (total + mean * imaginary) / (count + imaginary)
      else
        self.item_part = core.full({ n }, mean)
      end
    end

    --- The users' parts, from what their supports leave over.
    -- @tparam table support segments, items (Ids), labels [rows] of all tasks
    -- @treturn table the state for `score_rows`
    function class:adapt_rows(support)
      if not kind.user then
        return { bias = core.full({ #support.segments }, 0) }
      end
      local left = support.labels - self.item_part:gather_rows(support.items)
      local count = core.segment_sum(core.full({ #support.items }, 1), support.segments)
      return { bias = left:segment_sum(support.segments)
        / (count + self.options.user_shrink + none(count)) }
    end

    --- Scores of rows.
    -- @tparam table state what `adapt_rows` gave
    -- @tparam Ids items a row of the catalogue for each score
    -- @tparam Segments segments which rows belong to which task
    -- @treturn Tensor [rows]
    function class:score_rows(state, items, segments)
      return self.item_part:gather_rows(items) + state.bias:segment_expand(segments)
    end

    --- What a model file keeps.
    -- @treturn table list of {name, tensor}
    function class:tensors()
      return { { "item_part", self.item_part } }
    end

    --- The predictor of a model file.
    -- @tparam Catalogue catalogue
    -- @tparam table options as they were
    -- @tparam table tensors list of {name, tensor}
    -- @treturn Recommender
    function class.restore(catalogue, options, tensors)
      cmml.check_entries(tensors, { { "item_part", { #catalogue.items } } })
      local self = cmml[kind[1]](catalogue, options)
      self.item_part = tensors[1][2]
      return self
    end
  end
end
