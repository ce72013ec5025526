--- What training on pairs minimises: how far positives are from standing above their negatives.
--
-- A loss is a function of scores of positives [n, 1] and of their negatives [n, each], and gives
-- one number a positive [n].
--
-- @module cmml
return function(cmml)
  local core = cmml.core

  --- Losses of pairs by name; a script may add its own.
  cmml.scenarios.pair_losses = {}

  --- The mean over the negatives of max(0, 1 - positive + negative) (CMML eq. 4).
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.hinge(positive, negative)
    return core.relu(1 - positive + negative):mean(2)
  end

  --- The mean over the negatives of -log sigmoid(positive - negative) (Rendle and others, 2009).
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.bpr(positive, negative)
    return core.softplus(negative - positive):mean(2)
  end

  --- -log of the positive's share, where 1 is shared out by the exponentials of its score and those
  -- of its negatives: the more negatives, the more it is about the first places of a ranking.
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.softmax(positive, negative)
    local all = core.concat({ positive, negative }, 2):log_softmax(2)
    return -all:slice(2, 1, 1):reshape { -1 }
  end

  --- The mean over tasks of the mean loss of their pairs.
  -- @tparam string name in `pair_losses`
  -- @tparam Tensor scores [rows]
  -- @tparam table rows positive, negative and each, as `core.paired_rows` gives them
  -- @tparam Segments segments which positives belong to which task
  -- @treturn Tensor a single number
  function cmml.scenarios.pair_loss(name, scores, rows, segments)
    local positive = scores:gather_rows(rows.positive):reshape { -1, 1 }
    local negative = scores:gather_rows(rows.negative):reshape { -1, rows.each }
    return core.segment_mean(cmml.scenarios.pair_losses[name](positive, negative), segments):mean()
  end
end
