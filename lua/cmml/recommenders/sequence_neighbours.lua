--- Neighbours in sequences: what people did a few steps behind what a person did last.
--
-- An item points to those that came behind it, the nearer the more, and less to those before it. A
-- score is the sum of what the latest items of a person point to, each counting a power of how long
-- ago it was. The Markov chain of first order is the plainest of these: one step, and of a person
-- the last item alone.
--
-- @module cmml
return function(cmml, use)
  local core = cmml.core
  local fold_in = use "recommenders.fold_in"
  local latest = use "recommenders.latest"

  local neighbours = {
    steps = { name = "steps", kind = "integer", from = 1, unit = "interactions", group = "model",
      default = 50, search = "1|3|10|50",
      help = "items that lie at most so many interactions apart point to each other" },
    distance_power = { name = "distance_power", kind = "number", from = 0, default = 0.5,
      group = "model", search = "0|0.5|1",
      help = "a pair d interactions apart counts 1 / d to this power" },
    backward = { name = "backward", kind = "number", from = 0, default = 0.5, group = "model",
      search = "0|0.5|1", help = "what a pair counts for the later item, which points back" },
    popularity_power = { name = "popularity_power", kind = "number", from = 0, to = 1,
      default = 0.1, group = "model", search = "0|0.1|0.3|0.5", help = "counts are divided by how "
        .. "often the item occurs that is pointed to, to this power, and by how often the one that "
        .. "points does, to the rest of 1: 0: shares of what followed, 0.5: cosines" },
    decay = { name = "decay", kind = "number", from = 0, to = 1, default = 0.5, group = "model",
      search = "0.3|0.5|0.7|0.9", help = "how much less an item of a person counts than the one "
        .. "behind it" },
    nearest = { name = "nearest", kind = "integer", from = 1, default = 500, group = "model",
      unit = "items", help = "maximum number of items that an item points to" },
    last_n = { name = "latest", kind = "integer", from = 1, to = 1000, default = 50,
      group = "model", unit = "interactions", help = "so many of a person's latest count" },
  }

  -- How often each item occurs, at least once, as a power.
  local function frequency(rows, n, power)
    local counts = core.scatter_add_rows(core.full({ n }, 0), core.full({ #rows.items }, 1),
      rows.items)
    return counts:maximum(1) ^ -power
  end

  -- The nearest of each row of a sparse matrix [n, n].
  local function nearest_of(matrix, n, most)
    local longest = 0
    for _, length in ipairs(matrix.rows:totable()) do
      longest = math.max(longest, length)
    end
    if longest <= most then
      return matrix
    end
    local from, to, kept = {}, matrix.columns:totable(), {}
    local weights, at = matrix.weights:totable(), 0
    for item, length in ipairs(matrix.rows:totable()) do
      local order = {}
      for i = 1, length do
        order[i] = at + i
      end
      if length > most then
        require("cmml.base.plain").sort(order, function(a, b)
          return weights[a] > weights[b] or weights[a] == weights[b] and a < b
        end)
      end
      for i = 1, math.min(length, most) do
        from[#from + 1], kept[#kept + 1] = item, order[i]
      end
      at = at + length
    end
    local rows = core.ids(kept)
    return core.sparse(core.ids(from), core.map_ids(rows, core.ids(to)),
      matrix.weights:gather_rows(rows), n, n)
  end

  -- What each item points to, of what was learnt from.
  local function fit(self, x)
    local opt, n = self.options, x.n_items
    local rows = cmml.sequences.rows_of(x.data.ratings, x.data.users)
    local pairs_ = core.sequence_pairs(rows, { steps = opt.steps, power = opt.distance_power,
      backward = opt.backward })
    local power = opt.popularity_power
    local weights = pairs_.weights * frequency(rows, n, 1 - power):gather_rows(pairs_.from)
    if power > 0 then
      weights = weights * frequency(rows, n, power):gather_rows(pairs_.to)
    end
    self.next = nearest_of(core.sparse(pairs_.from, pairs_.to, weights, n, n), n, opt.nearest)
  end

  -- A declaration of a kind with these options, for `kind`.
  local function declared(own)
    own.settings, own.learns = { "sequences" }, "fit"
    own.presets = { recommended = { model = {} } }
    own.make = function(catalogue)
      return { next = fold_in.no_matrix(#catalogue.items) }
    end
    own.fit = fit
    own.matrix = function(self, support)
      local opt = self.options
      local n = opt.decay > 0 and opt.latest or 1
      local rows = latest.rows(support, n)
      return core.sparse(rows.segments:groups(), rows.items, opt.decay > 0
        and latest.weights(rows.segments, opt.decay, n) or nil, #rows.segments,
        #self.catalogue.items)
    end
    own.scores = function(self, matrix)
      return core.sparse_pair_product(matrix, self.next, #self.catalogue.items)
    end
    own.integers = { lengths = true, columns = true }
    own.tensors = function(self)
      return fold_in.entries_of(self.next)
    end
    own.restore = function(self, tensors)
      self.next = fold_in.matrix_in(tensors, #self.catalogue.items)
    end
    return fold_in.completed(own)
  end

  -- An option that is fixed.
  local of = neighbours
  cmml.kind(declared {
    name = "sequence_knn", title = "item-kNN of sequences", baseline = 11,
    source = "after Garg et al., SIGIR 2019 (STAN)",
    options = { of.steps, of.distance_power, of.backward, of.popularity_power, of.decay,
      of.nearest, of.last_n },
  })

  local changed = require("cmml.base.options").changed
  local function fixed(option, value)
    return changed(option, { default = value, search = false })
  end
  cmml.kind(declared {
    name = "markov", title = "Markov chain", baseline = 10,
    source = "what followed the last item (first-order transitions)",
    options = { fixed(of.steps, 1), fixed(of.distance_power, 0), fixed(of.backward, 0),
      fixed(of.popularity_power, 0), fixed(of.decay, 0), of.nearest, fixed(of.last_n, 1) },
  })
end
