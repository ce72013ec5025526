--- A generator of item vectors: from the features of an item and of items like it to the vector
-- that the item would have in a table, so that items that nobody took yet have one, too (MML's
-- generator, Pan et al., CIKM 2022, as in their program).
--
--    p_j = project(features of j)
--    beta = softmax over the neighbours j of i of attend([p_i ; p_j])
--    generated vector of i = relu(p_i + sum_j beta_j p_j)
--
-- What attend says of p_i, and its bias, is the same for all neighbours and falls out of the
-- softmax: what counts is its second half, which is applied once to each item.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local sizes = require "cmml.nn.size_options"
local raise = args.error

local known = declare("item_generator", {
  sizes.inp,
  { name = "width", kind = "integer", from = 1, required = true,
    help = "size of an item's vector" },
  { name = "relu", kind = "boolean", default = true,
    help = "whether a relu follows, as published: vectors are then never negative" },
  (require "cmml.nn.init_option"),
})

local known_key = declare("item_generator: key", {
  { name = "rate", kind = "number", from = 0, to = 1, required = true,
    help = "fraction of the occurrences that take the generated vector" },
  (require "cmml.nn.seed_option"),
  { name = "draw", kind = "integer", default = 0, help = "number of the draw" },
  { name = "place", kind = "integer", from = 0, default = 0,
    help = "tells apart what is drawn for one step: sequences, positives, .." },
})

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local classes = use "tensor.classes"
  local ItemGenerator = nn.class "cmml.ItemGenerator"
  local spread = 0x9E3779B97F4A7C15 -- 2^64 / golden ratio: far from any small seed

  --- A generator with fresh weights.
  -- @tparam table options
  -- @treturn ItemGenerator of (features, families, items), see ItemGenerator:forward; children
  -- project, linear [width, inp], and attend, linear [1, 2 width]
  function cmml.item_generator(options)
    local opt = known:check(options)
    local self = ItemGenerator.new()
    self:register("project", nn.linear { inp = opt.inp, out = opt.width, init = opt.init })
    self:register("attend", nn.linear { inp = 2 * opt.width, out = 1, init = opt.init })
    self.width, self.relu = opt.width, opt.relu
    return self
  end

  --- Items with their neighbours, as a generator reads them.
  -- @tparam Ids neighbours the same number for each item, such as `feature_neighbours` gives them;
  -- 0: none
  -- @tparam integer n_items
  -- @treturn table ids (Ids: each item, and behind it its neighbours), size (how many these are)
  function cmml.item_families(neighbours, n_items)
    args.expect("item_families: neighbours", neighbours, classes.ids)
    args.expect("item_families: n_items", n_items, "integer")
    if n_items < 1 or #neighbours == 0 or #neighbours % n_items ~= 0 then
      raise(("item_families: %d neighbours cannot be as many for each of %d items"):format(
        #neighbours, n_items), 2)
    end
    local count, list, ids = #neighbours // n_items, neighbours:totable(), {}
    for item = 1, n_items do
      ids[#ids + 1] = item
      table.move(list, (item - 1) * count + 1, item * count, #ids + 1, ids)
    end
    return { ids = core.ids(ids), size = count + 1 }
  end

  -- p of all members of the families [rows, width]: each item is projected once; or, with layers
  -- that each user has of their own, as often as it is there.
  local function projected(self, features, members, through)
    if through then
      return through.linear("project", self.project, core.embedding(features, members))
    end
    local distinct, places = core.distinct(members)
    return self.project(core.embedding(features, distinct)):gather_rows(places)
  end

  local function generate(self, features, families, items, through)
    local size, width = families.size, self.width
    local members = items and core.take_ids(families.ids, items, size) or families.ids
    local rows = projected(self, features, members, through):reshape { -1, size, width }
    local own, others = rows:slice(2, 1, 1), rows:slice(2, 2, size)
    local n = rows.shape[1]
    local half = { weight = self.attend.weight:slice(2, width + 1, 2 * width) }
    local flat = others:reshape { n * (size - 1), width }
    local logits = through and through.linear("attend", half, flat)
      or core.linear(flat, half.weight)
    -- 1 for a neighbour, 0 where there is none
    local there = core.embedding(core.full({ features.shape[1], 1 }, 1), members)
      :reshape({ n, size }):slice(2, 2, size)
    local beta = core.where(there, logits:reshape { n, size - 1 }, core.full({}, -1e30)):softmax(2)
      * there
    local sum = (own + core.matmul(beta:reshape { n, 1, size - 1 }, others)):reshape { n, width }
    return self.relu and sum:relu() or sum, beta
  end

  --- The vectors of items.
  -- @tparam Tensor features [all items, inp]
  -- @tparam table families of `item_families`
  -- @tparam[opt] Ids items which ones, in order, none unknown; default: all
  -- @tparam[opt] table through functions in place of layers, see `fast_weights`; items of a user
  -- must then stand together
  -- @treturn Tensor [items, width]
  -- @treturn Tensor the weights of the neighbours [items, neighbours]; 0 where there is none
  function ItemGenerator:forward(features, families, items, through)
    args.expect("ItemGenerator: features", features, classes.tensor)
    args.expect("ItemGenerator: families", families, "table")
    args.expect("ItemGenerator: items", items, classes.ids .. " nil")
    args.expect("ItemGenerator: through", through, "table nil")
    return args.call(generate, self, features, families, items, through)
  end

  --- Which occurrences of items take the generated vector.
  -- @tparam integer count of occurrences
  -- @tparam table key options
  -- @treturn Tensor [count]: 1 or 0, a function of the key
  function cmml.generated_flags(count, key)
    args.expect("generated_flags: count", count, "integer")
    local opt = known_key:check(key)
    return args.call(core.uniform, { count }, 0, 1, { seed = opt.seed + opt.place * spread,
      epoch = opt.draw, stream = core.streams.replaced }):lt(opt.rate)
  end

  local function mixed(table_, generated, ids, flags, rows)
    local kept, made = table_:gather_rows(ids), generated:gather_rows(rows or ids)
    return core.where(flags:reshape { -1, 1 }, made, kept)
  end

  --- A vector for each occurrence of an item: the generated one where it is flagged, else that of
  -- the table.
  -- @tparam Tensor table_ [items, width]
  -- @tparam Tensor generated [.., width]
  -- @tparam Ids ids the item of each occurrence
  -- @tparam Tensor flags [occurrences]: above 0 for the generated one
  -- @tparam[opt] Ids rows the row of `generated` for each occurrence; default: ids
  -- @treturn Tensor [occurrences, width]
  function cmml.mixed_items(table_, generated, ids, flags, rows)
    args.expect("mixed_items: table_", table_, classes.tensor)
    args.expect("mixed_items: generated", generated, classes.tensor)
    args.expect("mixed_items: ids", ids, classes.ids)
    args.expect("mixed_items: flags", flags, classes.tensor)
    args.expect("mixed_items: rows", rows, classes.ids .. " nil")
    return args.call(mixed, table_, generated, ids, flags, rows)
  end
end
