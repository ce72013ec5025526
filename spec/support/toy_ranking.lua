-- Kinds of the setting users that rank: one by how many find an item relevant, weighed by what the
-- support says of items beside it, and one that predicts ratings but orders lists otherwise.
local cmml = require "cmml"
local core = cmml.core

local toys = {}

cmml.kind {
  name = "toy_taken", title = "toy, taken together", settings = { "users" }, learns = "fit",
  predicts = "ranking",
  options = { { name = "own", kind = "number", default = 1, from = 0, search = "0|1|2",
    group = "model", help = "weight of what the items of the support were taken with" } },
  make = function(catalogue)
    local n = #catalogue.items
    return { counts = core.full({ n }, 0), together = core.full({ n, n }, 0) }
  end,
  fit = function(self, data)
    local taken, n = data.interactions, #self.catalogue.items
    toys.fitted = taken
    self.counts = core.scatter_add_rows(core.full({ n }, 0), taken.weights, taken.columns)
    local rows, pairs_of, row = {}, {}, 0
    local columns, weights = taken.columns:totable(), taken.weights:totable()
    for _, length in ipairs(taken.rows:totable()) do
      for i = row + 1, row + length do
        for j = row + 1, row + length do
          rows[#rows + 1] = (columns[i] - 1) * n + columns[j]
          pairs_of[#pairs_of + 1] = i ~= j and weights[i] * weights[j] or 0
        end
      end
      row = row + length
    end
    self.together = core.scatter_add_rows(core.full({ n * n }, 0), core.tensor(pairs_of),
      core.ids(rows)):reshape { n, n }
  end,
  adapt = function(self, support)
    local weights = cmml.users.weights(self.catalogue, support.labels):reshape { -1, 1 }
    local beside = self.together:gather_rows(support.items) * weights
    return { beside = core.segment_sum(beside, support.segments) }
  end,
  score = function(self, state, rows)
    local whose = state.beside:segment_expand(rows.segments) -- [rows, items]
    local one = core.full({ #rows.items, #self.catalogue.items }, 0)
    local at = {}
    for i, item in ipairs(rows.items:totable()) do
      at[i] = (i - 1) * #self.catalogue.items + item
    end
    one = core.scatter_add_rows(one:reshape { -1 }, core.full({ #at }, 1), core.ids(at))
    return core.row_dot(whose, one:reshape { #at, -1 }) * self.options.own
      + self.counts:gather_rows(rows.items)
  end,
  score_all = function(self, state)
    toys.asked = (toys.asked or 0) + 1
    return state.beside * self.options.own + self.counts:reshape { 1, -1 }
  end,
  tensors = function(self)
    return { { "counts", self.counts }, { "together", self.together } }
  end,
  restore = function(catalogue, options, tensors)
    local self = cmml.recommenders.toy_taken(catalogue, options)
    self.counts, self.together = tensors[1][2], tensors[2][2]
    return self
  end,
}

cmml.kind {
  name = "toy_apart", title = "toy, ranks apart", settings = { "users" }, learns = "none",
  make = function()
    return {}
  end,
  adapt = function()
    return {}
  end,
  score = function(_, _, rows)
    return core.full({ #rows.items }, 3)
  end,
  rank = function(self, _, rows)
    return -core.tensor(rows.items:totable()) + #self.catalogue.items
  end,
}

return toys
