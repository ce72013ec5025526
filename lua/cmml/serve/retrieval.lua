--- The first of two stages for large catalogues: what chooses the items that a network then scores.
--
-- What a model says of all items, whoever the person is, lies close to a space of few dims. Its
-- axes are found from made-up people: each has some items with ratings at random, and the model's
-- scores of all items. A person's place in that space follows, by least squares, from the scores of
-- a few items, the probes; then one short product for each item estimates all other scores. See
-- csrc/predict/context_retrieval.c, which serves this.
--
-- @module cmml.serve.retrieval
local far = require "cmml.serve.far"

-- Made-up people, their most interactions, the axes of their scores, the probes, and what is added
-- to the diagonal of the least squares, for each probe.
local many, most_support, axes, most_probes, ridge = 128, 40, 15, 256, 1e-4

return function(cmml)
  local core = cmml.core
  local retrieval = {}

  -- A label within the scale of the catalogue, from a number within 0 and 1.
  local function label_of(scale, share)
    if not scale then
      return 1
    end
    local way = (scale.largest - scale.smallest) * share
    return scale.smallest + (scale.step and (way / scale.step + 0.5) // 1 * scale.step or way)
  end

  -- Lets a context know what a made-up person did.
  local function make_up(context, person, catalogue)
    local n = #catalogue.items
    local key = { seed = 1, task = person }
    local count = 1 + (core.uniform({}, 0, math.min(most_support, n), key):item()) // 1
    local items = core.choose(n, math.min(count, n), { seed = person }):totable()
    local shares = core.uniform({ #items }, 0, 1, key):totable()
    context:clear()
    for i, item in ipairs(items) do
      context:observe(item, label_of(catalogue.scale, shares[i]))
    end
  end

  -- Scores without those that say something else.
  local function within(scores)
    local sum, count = 0, 0
    for _, score in ipairs(scores) do
      if math.abs(score) < far then
        sum, count = sum + score, count + 1
      end
    end
    for i = 1, count < #scores and #scores or 0 do
      scores[i] = math.abs(scores[i]) < far and scores[i] or sum / math.max(count, 1)
    end
    return scores
  end

  -- What the model says of all items [items, people].
  local function scores_of(runner, part, catalogue)
    local context <close> = runner:context()
    local rows, columns, out = {}, {}, {}
    for row = 1, #catalogue.items do
      rows[row] = row
    end
    for person = 1, many do
      make_up(context, person, catalogue)
      columns[#columns + 1] = core.tensor(within(context:score(part, rows, out))):reshape { -1, 1 }
      if #columns == 32 or person == many then -- concat takes no more than some
        columns = { core.concat(columns, 2) }
      end
    end
    return columns[1]
  end

  -- The matrix that gives the place of a person from the scores of items with these vectors.
  local function solving(vectors)
    local n, width = table.unpack(vectors.shape)
    local square = core.matmul(vectors:transpose(), vectors):totable()
    for i = 1, width do
      square[i][i] = square[i][i] + ridge * n
    end
    local found, values = core.eigenvectors(core.tensor(square))
    local least = values:slice(1, 1, 1):item() * 1e-7 -- what rounding leaves of none
    return core.matmul(core.matmul(found:transpose(),
      (found / core.maximum(values, least):reshape { -1, 1 })), vectors:transpose())
  end

  --- What chooses candidates for a model.
  -- @tparam userdata runner of the core, over the model
  -- @tparam integer part of it, which scores items
  -- @tparam Catalogue catalogue
  -- @treturn Ids probes: rows of some items
  -- @treturn Tensor solve [width, probes]: gives the place of a person by the scores of these
  -- @treturn Tensor vectors [items, width]: gives, by it, estimates of all scores
  function retrieval.of(runner, part, catalogue)
    return core.no_grad(function()
      local scores = scores_of(runner, part, catalogue)
      local n, width = #catalogue.items, math.min(axes, many, #catalogue.items)
      local found, means, variances = core.principal_axes(scores, width)
      local size = math.sqrt(math.max(variances[1], 1e-30))
      local vectors = core.concat({ core.linear(scores - core.tensor(means), found) / size,
        core.full({ n, 1 }, 1) }, 2)
      local probes = core.choose(n, math.min(most_probes, n), { seed = 1 })
      return probes, solving(vectors:gather_rows(probes)), vectors
    end)
  end

  --- For how many made-up people, others than those that it was made of, the ten best items are the
  -- same with and without candidates.
  -- @tparam userdata runner of the core, over a model that can choose them
  -- @tparam integer part of it
  -- @tparam Catalogue catalogue
  -- @tparam integer people how many are tried
  -- @tparam integer candidates
  -- @treturn integer
  function retrieval.same(runner, part, catalogue, people, candidates)
    local context <close> = runner:context()
    local n, same = math.min(10, #catalogue.items), 0
    for person = many + 1, many + people do
      make_up(context, person, catalogue)
      local lists = { {}, {} }
      for i, list in ipairs(lists) do
        local found = context:recommend(part, n, list, {}, nil, nil, false, nil,
          i == 2 and candidates or 0)
        table.move({}, 1, n - found, found + 1, list)
      end
      same = same + (table.concat(lists[1], " ") == table.concat(lists[2], " ") and 1 or 0)
    end
    return same
  end

  return retrieval
end
