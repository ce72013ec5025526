--- Items that nobody took, in lists: by their fields.
--
-- Of such an item neither network nor base has learnt anything but that it was never right. What it
-- is worth to a person is what items like it are worth: its score is the mean of those of the items
-- nearest to it by their fields, each counting by how near it is. Near are items that have values
-- in common: the cosine of rows of values, of which a rare one counts for more (the logarithm of
-- how many items there are to one that has it). An item that has no value in common with any that
-- was taken is in no list.
--
-- A model file keeps which items nobody took; what is near to them is found again by their fields.
-- Items that came later are listed in the same way.
--
-- @module cmml.recommenders.list_content
local args = require "cmml.base.args"
local raise = args.error

-- How many items a mean is of, how many products of rows are made at once, and how many ranges of
-- a deviation each numbers are told apart by.
local nearest, at_once, ranges = 100, 2 ^ 22, 2

-- What is in no list has a score that none comes near to.
local far_below = -1e9

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local standard = use "data.standard"
  local list_content = {}
  local Content = {}
  Content.__index = Content

  -- The values of a field that gives numbers, a list each of ids from 1, by row: ranges of numbers.
  -- Vectors have none.
  local function ranges_of(bag)
    local ids, values = {}, bag.values:totable()
    for row, value in ipairs(values) do
      local missing = #value ~= 2 or value[2] ~= 0
      ids[row] = { not missing and 1 + math.floor((value[1] + standard.bound) * ranges) or nil }
    end
    return ids, 2 * standard.bound * ranges + 1
  end

  -- The same for a field that gives ids, without what stands for values that are not known.
  local function values_of(bag, field)
    local ids, at, flat = {}, 0, bag.ids:totable()
    local lengths, known = bag.segments and bag.segments:totable(), field.hash or #field.vocab
    for row = 1, lengths and #lengths or #flat do
      ids[row] = {}
      for _ = 1, lengths and lengths[row] or 1 do
        at = at + 1
        table.insert(ids[row], flat[at] > 0 and flat[at] <= known and flat[at] or nil)
      end
    end
    return ids, known
  end

  -- All values of items, by the entry: items and values, each once, and how many there may be.
  local function entries_of(items)
    local rows, columns, before = {}, {}, 0
    for f, field in ipairs(items.fields) do
      local bag = items.bags[f]
      local ids, size = (bag.values and ranges_of or values_of)(bag, field)
      for row, list in ipairs(ids) do
        local seen = {}
        for _, id in ipairs(list) do
          if not seen[id] then
            rows[#rows + 1], columns[#columns + 1], seen[id] = row, before + id, true
          end
        end
      end
      before = before + size
    end
    return rows, columns, before
  end

  -- How many of n items have each value: what those have is what counts.
  local function counts_of(columns)
    local having = {}
    for _, column in ipairs(columns) do
      having[column] = (having[column] or 0) + 1
    end
    return having
  end

  -- Weights of the entries: rows of length 1, in which a rare value counts for more, and one that
  -- none of the n items has for nothing.
  local function weights_of(rows, columns, having, n)
    local squares, weights = {}, {}
    for e, row in ipairs(rows) do
      weights[e] = having[columns[e]] and math.log(1 + n / having[columns[e]]) or 0
      squares[row] = (squares[row] or 0) + weights[e] ^ 2
    end
    for e, row in ipairs(rows) do
      weights[e] = weights[e] > 0 and weights[e] / math.sqrt(squares[row]) or 0
    end
    return weights
  end

  -- The nearest of the taken items to some others, a row each of weights that add up to 1.
  local function near(values, taken, others, n)
    local rows, columns, weights = {}, {}, {}
    local size = math.max(1, at_once // n)
    for first = 1, #others, size do
      local some = table.move(others, first, math.min(first + size - 1, #others), 1, {})
      local products = core.sparse_pair_product(values(some), taken, n)
      local found, places = core.top_k(products, math.min(nearest, n))
      local similarities, at = found:totable(), places:totable()
      for i, list in ipairs(similarities) do
        local sum = 0
        for _, similarity in ipairs(list) do
          sum = sum + similarity
        end
        for k, similarity in ipairs(list) do
          if similarity > 0 then
            rows[#rows + 1], columns[#columns + 1] = some[i], at[(i - 1) * #list + k]
            weights[#weights + 1] = similarity / sum
          end
        end
      end
    end
    return rows, columns, weights
  end

  -- The rows of the items that were learnt of by the rows of others, where somebody took them.
  local function taken_rows(own, untaken, items)
    local is_untaken, list = {}, {}
    for _, row in ipairs(untaken) do
      is_untaken[row] = true
    end
    for row = 1, #items do
      local known_as = items == own and row or own:id(items:text(row))
      list[row] = known_as and not is_untaken[known_as] and known_as or false
    end
    return list
  end

  -- The entries of items by row, and their columns and weights.
  local function read_entries(items, having, n)
    local rows, columns, width = entries_of(items)
    having = having or counts_of(columns)
    local weights, of_row = weights_of(rows, columns, having, n), {}
    for e, row in ipairs(rows) do
      of_row[row] = of_row[row] or {}
      if weights[e] > 0 then
        table.insert(of_row[row], e)
      end
    end
    return { of_row = of_row, columns = columns, weights = weights, width = width, having = having }
  end

  -- Entries of some rows: which of these, columns and weights.
  local function entries_at(read, some)
    local places, columns, weights = {}, {}, {}
    for i, row in ipairs(some) do
      for _, e in ipairs(read.of_row[row] or {}) do
        local at = #places + 1
        places[at], columns[at], weights[at] = i, read.columns[e], read.weights[e]
      end
    end
    return core.ids(places), core.ids(columns), core.tensor(weights)
  end

  -- How scores of items are made of those of the items that somebody took: a matrix [items, items
  -- that were learnt of] of weights, what is added to the scores of items that are in no list, and
  -- the rows of both kinds of items that nobody took.
  local function made(own, untaken, items)
    local n, m, learnt_from = #own, #items, {}
    local learnt_of = read_entries(own, nil, n)
    local read = items == own and learnt_of or read_entries(items, learnt_of.having, n)
    for row, taken in ipairs(taken_rows(own, untaken, own)) do
      learnt_from[#learnt_from + 1] = taken and row or nil
    end
    local places, columns, weights = entries_at(learnt_of, learnt_from)
    local turned = core.sparse(columns, core.map_ids(places, core.ids(learnt_from)), weights,
      learnt_of.width, n)
    local function values(some)
      local at, values_there, weights_there = entries_at(read, some)
      return core.sparse(at, values_there, weights_there, #some, read.width)
    end
    local taken, valued, others = taken_rows(own, untaken, items), {}, {}
    for row = 1, m do
      if not taken[row] then
        others[#others + 1] = row
        valued[#valued + 1] = read.of_row[row] and row -- others are near to nothing
      end
    end
    local to, from, parts = near(values, turned, valued, n)
    local listed, below, unlisted = {}, {}, {}
    for _, row in ipairs(to) do
      listed[row] = true
    end
    for row = 1, m do
      if taken[row] then
        to[#to + 1], from[#from + 1], parts[#parts + 1] = row, taken[row], 1
      elseif not listed[row] then
        unlisted[#unlisted + 1] = row
      end
      below[row] = not taken[row] and not listed[row] and far_below or 0
    end
    return { weights = core.sparse(core.ids(to), core.ids(from), core.tensor(parts), m, n),
      below = core.tensor(below):reshape { 1, m }, unlisted = unlisted, untaken = others }
  end

  --- What lists items that nobody took; there are none yet.
  -- @tparam Catalogue catalogue
  -- @treturn table with methods
  function list_content.new(catalogue)
    return setmetatable({ items = catalogue.items, untaken = {} }, Content)
  end

  -- Takes rows of items as those that nobody took, and finds what is near to them.
  local function set_untaken(self, untaken)
    self.untaken = untaken
    self.made = #untaken > 0 and core.no_grad(made, self.items, untaken, self.items) or nil
  end

  --- Learns which items nobody took.
  -- @tparam table learnt ratings and users, as `fit` of kinds takes them
  function Content:learn(learnt)
    local taken, lengths, at = {}, learnt.ratings.users:totable(), 0
    local chosen, items = {}, learnt.ratings.items:totable()
    for _, user in ipairs(learnt.users) do
      chosen[user] = true
    end
    for user, length in ipairs(lengths) do
      for i = at + 1, chosen[user] and at + length or at do
        taken[items[i]] = true
      end
      at = at + length
    end
    local untaken = {}
    for row = 1, #self.items do
      untaken[#untaken + 1] = not taken[row] and row or nil
    end
    set_untaken(self, untaken)
  end

  --- The same for other items, such as new ones: those that somebody took have their own scores.
  -- @tparam Side items whose fields are those of the items that were learnt of
  -- @treturn table
  function Content:over(items)
    local found = core.no_grad(made, self.items, self.untaken, items)
    return setmetatable({ items = items, untaken = found.untaken, made = found }, Content)
  end

  --- Scores in which items that nobody took have those of what is near to them.
  -- @tparam Tensor scores [people, items]
  -- @treturn Tensor
  function Content:completed(scores)
    local of = self.made
    return not of and scores
      or core.sparse_product(of.weights, scores:transpose():clone()):transpose() + of.below
  end

  --- Whether scores of other items are needed for that of an item.
  -- @treturn boolean
  function Content:applies()
    return self.made ~= nil
  end

  --- The rows of items that are in no list.
  -- @treturn {integer,...}
  function Content:unlisted()
    return self.made and self.made.unlisted or {}
  end

  local function items_told(count)
    return ("%d item%s"):format(count, count == 1 and "" or "s")
  end

  --- How many items are listed by their fields, and how many not at all.
  -- @treturn table list of {name, value, text}; empty where all items were taken
  function Content:facts()
    local left_out = #self:unlisted()
    local listed, list = #self.untaken - left_out, {}
    if listed > 0 then
      list[1] = { "by fields", listed, ("%s that nobody took, by those nearest by their fields")
        :format(items_told(listed)) }
    end
    if left_out > 0 then
      list[#list + 1] = { "left out", left_out, ("%s that nobody took and no field brings near to "
        .. "others, in no list"):format(items_told(left_out)) }
    end
    return list
  end

  --- What model files keep.
  -- @treturn table list of {name, list of integers, dtype}
  function Content:tensors()
    return { { "untaken", self.untaken, "I32" } }
  end

  --- Takes what a file keeps; raises where that is wrong.
  -- @tparam table entries list of {name, list of integers}
  function Content:restore(entries)
    check_entries(entries, { { "untaken" } })
    local before = 0
    for _, row in ipairs(entries[1][2]) do
      if row <= before or row > #self.items then
        raise(("untaken: row %d of %d items stands behind %d: rows ascend"):format(row, #self.items,
          before), 0)
      end
      before = row
    end
    set_untaken(self, entries[1][2])
  end

  return list_content
end
