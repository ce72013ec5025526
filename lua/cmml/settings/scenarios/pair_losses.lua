--- What training on pairs minimises: how far positives are from standing above their negatives.
--
-- A loss is a function of scores of positives [n, 1] and of their negatives [n, each], and gives
-- one number a positive [n].
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml)
  local core = cmml.core

  -- Raises unless the scores of pairs are tensors that fit.
  local function check(loss, positive, negative)
    args.expect(("pair_losses.%s: positive"):format(loss), positive, cmml.tensor_class, 4)
    args.expect(("pair_losses.%s: negative"):format(loss), negative, cmml.tensor_class, 4)
  end

  --- Losses of pairs by name; a script may add its own.
  cmml.scenarios.pair_losses = {}

  --- The mean over the negatives of max(0, 1 - positive + negative) (CMML eq. 4).
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.hinge(positive, negative)
    check("hinge", positive, negative)
    return args.call(function()
      return core.relu(1 - positive + negative):mean(2)
    end)
  end

  --- The mean over the negatives of -log sigmoid(positive - negative) (Rendle and others, 2009).
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.bpr(positive, negative)
    check("bpr", positive, negative)
    return args.call(function()
      return core.softplus(negative - positive):mean(2)
    end)
  end

  --- -log of the positive's share, where 1 is shared out by the exponentials of its score and those
  -- of its negatives: the more negatives, the more it is about the first places of a ranking.
  -- @tparam Tensor positive [n, 1]
  -- @tparam Tensor negative [n, each]
  -- @treturn Tensor [n]
  function cmml.scenarios.pair_losses.softmax(positive, negative)
    check("softmax", positive, negative)
    return args.call(function()
      local all = core.concat({ positive, negative }, 2):log_softmax(2)
      return -all:slice(2, 1, 1):reshape { -1 }
    end)
  end

  -- The losses of tasks; see below.
  local function of_tasks(name, scores, rows, segments)
    local positive = scores:gather_rows(rows.positive):reshape { -1, 1 }
    local negative = scores:gather_rows(rows.negative):reshape { -1, rows.each }
    return core.segment_mean(cmml.scenarios.pair_losses[name](positive, negative), segments)
  end

  local function check_pairs(where, name, scores, rows)
    args.one_of(where .. ": name", name, args.keys(cmml.scenarios.pair_losses), 4)
    args.expect(where .. ": scores", scores, cmml.tensor_class, 4)
    args.expect(where .. ": rows", rows, "table", 4)
    args.expect(where .. ": each of rows", rows.each, "integer", 4)
  end

  --- For each task the mean loss of its pairs.
  -- @tparam string name in `pair_losses`
  -- @tparam Tensor scores [rows]
  -- @tparam table rows positive, negative and each, as `core.paired_rows` or
  -- `scenarios.support_pairs` give them
  -- @tparam Segments segments which positives belong to which task
  -- @treturn Tensor [tasks]; 0 for a task without pairs
  function cmml.scenarios.pair_losses_of_tasks(name, scores, rows, segments)
    check_pairs("scenarios.pair_losses_of_tasks", name, scores, rows)
    return args.call(of_tasks, name, scores, rows, segments)
  end

  --- The mean over tasks of the mean loss of their pairs.
  -- @tparam string name in `pair_losses`
  -- @tparam Tensor scores [rows]
  -- @tparam table rows positive, negative and each, as `core.paired_rows` gives them
  -- @tparam Segments segments which positives belong to which task
  -- @treturn Tensor a single number
  function cmml.scenarios.pair_loss(name, scores, rows, segments)
    check_pairs("scenarios.pair_loss", name, scores, rows)
    return args.call(of_tasks, name, scores, rows, segments):mean()
  end
end
