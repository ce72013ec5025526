--- The cases of losses; see op_cases.lua.
local ref = require "spec.support.ref"

return function(_, segments, with)
  local cases = {}

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

  return cases
end
