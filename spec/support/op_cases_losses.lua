--- The cases of losses; see op_cases.lua.
local ref = require "spec.support.ref"

return function(ids, segments, with)
  local cases = {}

  local drawn = {} -- 37 ids, among which 3 is twice
  for i = 1, 37 do
    drawn[i] = i % 35
  end

  local function mean_square(a, b)
    local sum = 0.0
    for i, x in ipairs(a.data) do
      sum = sum + (x - b.data[i]) ^ 2
    end
    return sum / #a.data
  end
  cases.mse = {
    ref = function(a, b)
      return ref.new({}, { mean_square(a, b) })
    end,
    uses = { { { 5 }, { 5 } }, { { 2, 3 }, { 2, 3 } }, { {}, {} }, { { 0 }, { 0 } } },
    refused = {
      { { 3 }, { 3, 1 }, text = "shapes 3 and 3x1 differ" }, { { 3 }, {}, text = "differ" },
    },
  }
  cases.task_mse = {
    ref = function(score, label, lengths)
      local sum, at = 0.0, 0
      for _, n in ipairs(lengths) do
        sum = sum + mean_square(ref.new({ n }, { table.unpack(score.data, at + 1, at + n) }),
          ref.new({ n }, { table.unpack(label.data, at + 1, at + n) }))
        at = at + n
      end
      return ref.new({}, { sum / #lengths })
    end,
    uses = {
      { { 6 }, { 6 }, options = with(segments { 2, 1, 3 }) },
      { { 3 }, { 3 }, options = with(segments { 3 }) },
    },
    refused = {
      { { 3 }, { 3 }, options = with(segments { 3, 0 }), text = "task 2 has no rows" },
      { { 3 }, { 2 }, options = with(segments { 3 }), text = "shapes 3 and 2 differ" },
      { { 3 }, { 3 }, options = with(segments { 2 }), text = "cover 2 rows, but x has shape 3" },
      { {}, {}, options = with(segments { 1 }), text = "but x has shape" },
    },
  }

  -- The mean of f of the elements of two tensors of one shape.
  local function pairwise(f, domain, options)
    local case = {
      ref = function(a, b, ...)
        local sum = 0.0
        for i, x in ipairs(a.data) do
          sum = sum + f(x, b.data[i], ...)
        end
        return ref.new({}, { sum / #a.data })
      end,
      uses = {},
      refused = {
        { { 3 }, { 3, 1 }, text = "shapes 3 and 3x1 differ" }, { { 3 }, {}, text = "differ" },
      },
    }
    for _, shape in ipairs { { 5 }, { 2, 3 }, {}, { 0 }, { 37 } } do
      table.insert(case.uses, { shape, shape, domain = domain })
    end
    for _, more in ipairs(options or {}) do
      table.insert(case.uses, { { 2, 9 }, { 2, 9 }, options = more, domain = domain })
    end
    return case
  end
  local function refuses(case, text, ...)
    for _, value in ipairs { ... } do
      table.insert(case.refused, { { 2 }, { 2 }, options = with(value), text = text })
    end
  end

  cases.mae = pairwise(function(a, b)
    return math.abs(a - b)
  end)
  cases.huber = pairwise(function(a, b, delta)
    delta = delta or 1
    local e = math.abs(a - b)
    return e <= delta and e * e / 2 or delta * (e - delta / 2)
  end, nil, { with(0.4), with(2.5), with(100) })
  refuses(cases.huber, "delta must be a positive number, not ", 0, -1, 1 / 0, 0 / 0)
  cases.bce_with_logits = pairwise(function(logit, label)
    local share = ref.activations.sigmoid(logit)
    return -label * math.log(share) - (1 - label) * math.log(1 - share)
  end)
  cases.hinge = pairwise(function(positive, negative, margin)
    return math.max(0, (margin or 1) - positive + negative)
  end, nil, { with(0.3), with(0.0), with(-0.5) })
  cases.bpr = pairwise(function(positive, negative, eps)
    return -math.log((eps or 1e-10) + ref.activations.sigmoid(positive - negative))
  end, nil, { with(0), with(0.125) })
  refuses(cases.bpr, "eps must be 0 or a positive number, not ", -1e-3, 1 / 0, 0 / 0)

  cases.cross_entropy = {
    ref = function(logits, list)
      local classes, sum = logits.shape[2], 0.0
      for row, id in ipairs(list) do
        local total = 0.0
        for class = 1, classes do
          total = total + math.exp(ref.get(logits, { row, class }))
        end
        sum = sum - math.log(math.exp(ref.get(logits, { row, id })) / total)
      end
      return ref.new({}, { sum / #list })
    end,
    uses = {
      { { 3, 4 }, options = with(ids { 4, 1, 4 }) }, { { 1, 1 }, options = with(ids { 1 }) },
      { { 2, 21 }, options = with(ids { 7, 20 }) }, { { 0, 3 }, options = with(ids {}) },
    },
    refused = {
      { { 3, 4 }, options = with(ids { 1, 2 }),
        text = "logits must be %[rows, classes%] with a row for each of 2 ids, not 3x4" },
      { { 3 }, options = with(ids { 1, 2, 3 }), text = "each of 3 ids, not 3$" },
      { { 2, 4 }, options = with(ids { 1, 5 }), text = "ids contains 5, but there are only 4" },
      { { 2, 4 }, options = with(ids { 0, 1 }), text = "ids contains 0 %(unknown%)" },
    },
  }

  cases.sampled_softmax = {
    ref = function(x, targets, negatives, target_ids, negative_ids)
      local function product(r, y, j)
        local sum = 0.0
        for c = 1, x.shape[2] do
          sum = sum + ref.get(x, { r, c }) * ref.get(y, { j, c })
        end
        return sum
      end
      local sum = 0.0
      for r = 1, x.shape[1] do
        local own = product(r, targets, r)
        local total = math.exp(own)
        for j = 1, negatives.shape[1] do
          if negative_ids[j] ~= target_ids[r] then
            total = total + math.exp(product(r, negatives, j))
          end
        end
        sum = sum + math.log(total) - own
      end
      return ref.new({}, { sum / x.shape[1] })
    end,
    uses = {
      { { 3, 2 }, { 3, 2 }, { 4, 2 }, options = with(ids { 5, 1, 7 }, ids { 1, 2, 5, 1 }) },
      { { 2, 3 }, { 2, 3 }, { 1, 3 }, options = with(ids { 1, 2 }, ids { 2 }) },
      { { 2, 3 }, { 2, 3 }, { 0, 3 }, options = with(ids { 1, 2 }, ids {}) },
      { { 2, 0 }, { 2, 0 }, { 2, 0 }, options = with(ids { 1, 2 }, ids { 2, 3 }) },
      { { 1, 2 }, { 1, 2 }, { 37, 2 }, options = with(ids { 3 }, ids(drawn)) },
    },
    refused = {
      { { 3, 2 }, { 2, 2 }, { 4, 2 }, options = with(ids { 1, 2, 3 }, ids { 1, 2, 3, 4 }),
        text = "x 3x2, targets 2x2 and negatives 4x2 do not fit: they must be %[rows, width%]" },
      { { 3, 2 }, { 3, 2 }, { 4, 3 }, options = with(ids { 1, 2, 3 }, ids { 1, 2, 3, 4 }),
        text = "negatives 4x3 do not fit" },
      { { 3 }, { 3 }, { 3 }, options = with(ids { 1, 2, 3 }, ids { 1, 2, 3 }), text = "x 3, targ" },
      { { 3, 2 }, { 3, 2 }, { 4, 2 }, options = with(ids { 1, 2 }, ids { 1, 2, 3, 4 }),
        text = "there are 2 target_ids for 3 targets, and 4 negative_ids for 4 negatives" },
      { { 3, 2 }, { 3, 2 }, { 4, 2 }, options = with(ids { 1, 2, 3 }), text = "#5.*Ids expected" },
    },
  }
  return cases
end
