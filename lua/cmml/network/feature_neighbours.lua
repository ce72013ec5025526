--- Which items have features like those of an item: the largest products of feature vectors, as
-- MML's generator of item vectors reads them (Pan et al., CIKM 2022).
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

local known = require("cmml.base.options").declare("feature_neighbours", {
  { name = "count", kind = "integer", from = 1, required = true,
    help = "number of neighbours of an item, less than the number of items" },
})

local piece = 256 -- items that are compared with all others at once
local most_joined = 100 -- lists that join_ids takes

return function(cmml, use)
  local core = cmml.core
  local classes = use "tensor.classes"

  -- Lists of ids as one.
  local function joined(lists)
    local shifts = {}
    for i = 1, #lists do
      shifts[i] = 0
    end
    return core.join_ids(lists, shifts)
  end

  -- The neighbours where each item has a row of numbers.
  local function of_matrix(features, count)
    local n, turned, lists, places = features.shape[1], features:transpose(), {}, {}
    for item = 1, n do
      places[item] = item
    end
    local columns, never = core.tensor(places), core.full({}, -math.huge)
    for first = 1, n, piece do
      local last = math.min(first + piece - 1, n)
      local products <close> = core.matmul(features:slice(1, first, last), turned)
      local own <close> = core.eq(columns, columns:slice(1, first, last):reshape { -1, 1 })
      local others <close> = core.where(own, never, products)
      local _ <close>, found = others:top_k(count)
      lists[#lists + 1] = found
      if #lists == most_joined then
        lists = { joined(lists) }
      end
    end
    return joined(lists)
  end

  -- The same where most numbers are 0: by what items have in common alone.
  local function of_sparse(features, count)
    local n, width = #features.rows, 0
    for _, column in ipairs(core.distinct(features.columns):totable()) do
      width = math.max(width, column)
    end
    local turned = core.sparse(features.columns, features.rows:groups(), features.weights, width, n)
    return (core.item_neighbours(turned.rows, turned.columns, turned.weights, n, count, 0,
      core.full({ n }, 1)))
  end

  local function is_sparse(value)
    return type(value) == "table" and value.rows and value.columns and value.weights
  end

  --- For each item the others whose features have the largest products with its own: plain
  -- products, not cosines, so that long vectors come first.
  -- @tparam Tensor|table features [items, width]; or a sparse matrix as `core.sparse` gives it,
  -- such as one of attributes, of which only products above 0 count
  -- @tparam table options
  -- @treturn Ids `count` for each item, the largest product first, in a tie the first item; 0 where
  -- a sparse matrix has no more
  -- @usage
  -- local features = cmml.tensor { { 1, 0 }, { 2, 1 }, { 0, 3 } }
  -- local nearest = cmml.feature_neighbours(features, { count = 1 })
  -- print(table.concat(nearest:totable(), " ")) --> 2 3 2
  function cmml.feature_neighbours(features, options)
    local opt = known:check(options)
    local sparse = is_sparse(features)
    if not sparse then
      args.expect("feature_neighbours: features", features, classes.tensor)
      if features.ndim ~= 2 then
        raise(("feature_neighbours: features must be [items, width], not [%s]"):format(
          table.concat(features.shape, ", ")), 2)
      end
    end
    local n = sparse and #features.rows or features.shape[1]
    if opt.count >= n then
      raise(("feature_neighbours: count must be less than the %d items, not %d"):format(n,
        opt.count), 2)
    end
    return args.call(core.no_grad, sparse and of_sparse or of_matrix, features, opt.count)
  end
end
