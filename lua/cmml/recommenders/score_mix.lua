--- How much the scores of several members count together, learnt on people whom none of them has
-- seen: a conditional logit (McFadden 1974) of what came next, among all items.
--
-- The scores of each member are brought to one scale, person by person (mean 0, deviation 1 over
-- the items). What an item is worth is a sum of these, with a weight for each member, another one
-- that grows with the logarithm of how much a person showed; and for new items, of which some
-- members know nothing, weights and an offset of their own. The likelihood is concave in the
-- weights, so that Newton's method finds its only maximum in a few steps; a small ridge keeps
-- weights finite where nothing tells.
--
-- @module cmml.recommenders.score_mix
local raise = require("cmml.base.args").error

-- Steps of Newton's method at most, the change of the weights at which they end, and the ridge, in
-- people who would have to say otherwise.
local most_steps, small, ridge = 30, 1e-4, 1.0

-- Numbers of a piece of people, members and items that are kept at once.
local most_numbers = 1 << 23

return function(cmml)
  local core = cmml.core
  local score_mix = {}

  --- Scores of one scale: of each person mean 0 and deviation 1 over the items.
  -- @tparam Tensor scores [people, items]
  -- @treturn Tensor of the same shape; 0 where all items have one score
  function score_mix.standardised(scores)
    local n = scores.shape[2]
    return core.layer_norm(scores, core.full({ n }, 1), core.full({ n }, 0), 1e-20)
  end

  --- How much people showed, as the weights read it: 0 for 10 interactions.
  -- @tparam Segments segments of their supports
  -- @treturn Tensor [people, 1]
  function score_mix.lengths(segments)
    local sizes = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
    return ((sizes + 1) * (1 / 11)):log()
  end

  --- How many weights there are.
  -- @tparam table form members (how many), new (list of the members that say something of new
  -- items; empty: there are none of these)
  -- @treturn integer
  function score_mix.count(form)
    return 2 * form.members + #form.new + (#form.new > 0 and 1 or 0)
  end

  --- The weights with which nothing is learnt yet: all members count alike, and as much for new
  -- items.
  -- @tparam table form see `count`
  -- @treturn {number,...}
  function score_mix.start(form)
    local weights = {}
    for i = 1, score_mix.count(form) do
      weights[i] = (i <= form.members or i > 2 * form.members
        and i <= 2 * form.members + #form.new) and 1 or 0
    end
    return weights
  end

  -- What each weight is multiplied with: list of [people, items], of standardised scores, with
  -- marks [1, items] that are 1 for new items.
  local function inputs_of(form, scores, lengths, marks)
    local list, known = {}, #form.new > 0 and 1 - marks or nil
    for m = 1, form.members do
      list[m] = known and scores[m] * known or scores[m]
      list[form.members + m] = list[m] * lengths
    end
    for _, m in ipairs(form.new) do
      list[#list + 1] = scores[m] * marks
    end
    if known then
      list[#list + 1] = marks:expand(scores[1].shape)
    end
    return list
  end

  --- What items are worth.
  -- @tparam table form see `count`
  -- @tparam Tensor weights [count]
  -- @tparam table scores list of [people, items], standardised, one a member
  -- @tparam Tensor lengths [people, 1], of `lengths`
  -- @tparam ?Tensor marks [1, items]: 1 for new items
  -- @tparam[opt=0] number offset what is added to the offset of new items
  -- @treturn Tensor [people, items]
  function score_mix.joined(form, weights, scores, lengths, marks, offset)
    local function weight(i)
      return weights:slice(1, i, i)
    end
    local sum
    for m = 1, form.members do
      local part = scores[m] * (lengths * weight(form.members + m) + weight(m))
      sum = sum and sum + part or part
    end
    if #form.new == 0 then
      return sum
    end
    local at, new = 2 * form.members, nil
    for i, m in ipairs(form.new) do
      local part = scores[m] * weight(at + i)
      new = new and new + part or part
    end
    new = new + (weight(at + #form.new + 1) + (offset or 0))
    return sum * (1 - marks) + new * marks
  end

  -- Gradient and curvature of the log likelihood of some people, and the likelihood itself.
  local function moments(form, weights, batch)
    local inputs = inputs_of(form, batch.scores, batch.lengths, batch.marks)
    local people, n = table.unpack(inputs[1].shape)
    local k, rows = #inputs, {}
    for i, input in ipairs(inputs) do
      rows[i] = input:reshape { people, 1, n }
    end
    local x = core.concat(rows, 2) -- [people, k, n]
    local logits = core.matmul(weights:reshape { 1, 1, k }:expand { people, 1, k }, x)
    local logs = logits:log_softmax(3)
    local chances = logs:exp()
    local of_targets = x:permute({ 1, 3, 2 }):reshape({ people * n, k }):gather_rows(batch.targets)
    local mean = core.matmul(chances, x:transpose()):reshape { people, k }
    local second = core.matmul(x * chances, x:transpose()):sum(1)
    return (of_targets - mean):sum(1), second - mean:transpose():matmul(mean),
      logs:reshape({ people * n, 1 }):gather_rows(batch.targets):sum()
  end

  -- Solves a symmetric system of a few equations (Gauss and Jordan, with pivots).
  local function solve(a, b)
    local n = #b
    for i = 1, n do
      local best = i
      for r = i + 1, n do
        best = math.abs(a[r][i]) > math.abs(a[best][i]) and r or best
      end
      a[i], a[best], b[i], b[best] = a[best], a[i], b[best], b[i]
      for r = 1, n do
        local factor = r ~= i and a[r][i] / a[i][i] or 0
        for c = i, factor ~= 0 and n or i - 1 do
          a[r][c] = a[r][c] - factor * a[i][c]
        end
        b[r] = b[r] - factor * b[i]
      end
    end
    for i = 1, n do
      b[i] = b[i] / a[i][i]
    end
    return b
  end

  -- Sums over all people, with the ridge around the start.
  local function total(form, weights, start, batches)
    local n = #weights
    local slope, curve, value = {}, {}, 0
    for i = 1, n do
      slope[i], curve[i] = -ridge * (weights[i] - start[i]), {}
      value = value - ridge / 2 * (weights[i] - start[i]) ^ 2
      for j = 1, n do
        curve[i][j] = i == j and ridge or 0
      end
    end
    local of = core.tensor(weights)
    for batch in batches() do
      local g, h, likelihood = core.tidy(moments, form, of, batch)
      local gs, hs = g:totable(), h:totable()
      value = value + likelihood:item()
      for i = 1, n do
        slope[i] = slope[i] + gs[i]
        for j = 1, n do
          curve[i][j] = curve[i][j] + hs[i][j]
        end
      end
    end
    return value, slope, curve
  end

  --- How many people are taken together.
  -- @tparam table form see `count`
  -- @tparam integer n number of items
  -- @treturn integer
  function score_mix.batch(form, n)
    return math.max(1, most_numbers // (n * score_mix.count(form)))
  end

  --- Learns the weights, by Newton's method.
  -- @tparam table form see `count`
  -- @tparam function batches of (): an iterator over people, some at a time: scores (list of
  -- [people, items], standardised, one a member), lengths [people, 1], marks [1, items], targets
  -- (Ids [people]: place of what came next among people times items)
  -- @treturn {number,...} weights
  -- @treturn number mean log likelihood of a person less what the start has
  function score_mix.learn(form, batches)
    local start = score_mix.start(form)
    local weights = table.move(start, 1, #start, 1, {})
    local value, slope, curve = total(form, weights, start, batches)
    local first = value
    for _ = 1, most_steps do
      local step = solve(curve, table.move(slope, 1, #slope, 1, {}))
      local size, next_value, tried = 1
      repeat -- half as far, until it is no worse
        tried = {}
        for i, weight in ipairs(weights) do
          tried[i] = weight + size * step[i]
        end
        next_value, slope, curve = total(form, tried, start, batches)
        size = size / 2
      until next_value >= value or size < 1e-3
      local change = 0
      for i, weight in ipairs(weights) do
        change = math.max(change, math.abs(tried[i] - weight))
      end
      if next_value < value then
        break
      end
      weights, value = tried, next_value
      if change < small then
        break
      end
    end
    for _, weight in ipairs(weights) do
      if weight ~= weight then
        raise("score_mix: the weights of the members are no longer finite numbers", 0)
      end
    end
    return weights, value - first
  end

  return score_mix
end
