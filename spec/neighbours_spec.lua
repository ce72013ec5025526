-- Neighbours of items: a table small enough to do by hand.
local cmml = require "cmml"
local close = require "spec.support.close"
local refused = require("spec.support.refused").with_text

local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-6, float64 = 1e-14 }

for dtype, library in pairs(libraries) do
  local core, bound = library.core, tolerance[dtype]

  local function near(expected, found)
    assert.equal(#expected, #found)
    for i, value in ipairs(expected) do
      assert.truthy(close.difference(value, found[i]) <= bound,
        ("%d: %.17g was expected, not %.17g"):format(i, value, found[i]))
    end
  end

  describe("neighbours of items in " .. dtype, function()
    -- Residuals: user 1 has a 1, b 1, c -1, d 2; user 2 has a 1, b 0.5; user 3 a -1, c 2, d -2.
    local users, items = core.segments { 4, 2, 3 }, core.ids { 1, 2, 3, 4, 1, 2, 1, 3, 4 }
    local left = core.tensor { 1, 1, -1, 2, 1, 0.5, -1, 2, -2 }
    local by_item = core.ratings_by_item({ users = users, items = items, ratings = left }, 4)

    local function neighbours(keep, shrink)
      return core.item_neighbours(users, items, left, 4, keep, shrink)
    end
    -- a and b: users 1 and 2, 1.5 / sqrt(2 * 1.25), times 2 / 4; a and d: users 1 and 3, the cosine
    -- is 1, times 2 / 4; b and d: user 1 alone, times 1 / 3; c is unlike every other.
    local ab, ad, bd = 1.5 / math.sqrt(2.5) / 2, 0.5, 1 / 3

    it("are grouped by item", function()
      assert.same({ 3, 2, 2, 2 }, by_item.items:totable())
      assert.same({ 1, 2, 3, 1, 2, 1, 3, 1, 3 }, by_item.users:totable())
      assert.same({ 1, 1, -1, 1, 0.5, -1, 2, 2, -2 }, by_item.ratings:totable())
      local empty = core.ratings_by_item({ users = core.segments {}, items = core.ids {},
        ratings = core.full({ 0 }, 0) }, 3)
      assert.same({ 0, 0, 0 }, empty.items:totable())
      refused("item id 4 of only 3 items", core.ratings_by_item, { users = users, items = items,
        ratings = left }, 3)
    end)

    it("come with their similarities, the nearest first", function()
      local found, similarities = neighbours(9, 2)
      assert.same({ 4, 3 }, similarities.shape)
      assert.same({ 4, 2, 0, 1, 4, 0, 0, 0, 0, 1, 2, 0 }, found:totable())
      near({ ad, ab, 0, ab, bd, 0, 0, 0, 0, ad, bd, 0 }, similarities:reshape({ -1 }):totable())
      found, similarities = neighbours(1, 2)
      assert.same({ 4, 1, 0, 1 }, found:totable())
      near({ ad, ab, 0, ad }, similarities:reshape({ -1 }):totable())
      found = neighbours(2, 0) -- a and d, and b and d, are as like as can be: the first comes first
      assert.same({ 4, 2, 4, 1, 0, 0, 1, 2 }, found:totable())
      found, similarities = neighbours(0, 2)
      assert.same({}, found:totable())
      assert.same({ 4, 0 }, similarities.shape)
    end)

    -- What the definition says, by loops over all users: for each item {similarity, item}, the best
    -- first.
    local function by_definition(rated, n_items, shrink)
      local all = {}
      for a = 1, n_items do
        all[a] = {}
        for b = 1, n_items do
          local product, own, other, n = 0.0, 0.0, 0.0, 0
          for _, ratings in ipairs(rated) do
            local x, y = ratings[a], ratings[b]
            if a ~= b and x and y then
              product, own, other, n = product + x * y, own + x * x, other + y * y, n + 1
            end
          end
          local similarity = product / math.sqrt(own * other) * (n / (n + shrink))
          if similarity > 0 then
            table.insert(all[a], { similarity, b })
          end
        end
        table.sort(all[a], function(x, y)
          return x[1] > y[1] or x[1] == y[1] and x[2] < y[2]
        end)
      end
      return all
    end

    -- More candidates than an item has room for, many of them alike, in no order.
    it("are those of the definition, to the last bit", function()
      local n_items, lengths, columns, numbers, rated = 300, {}, {}, {}, {}
      math.randomseed(5)
      for user = 1, 25 do
        rated[user], lengths[user] = {}, 0
        for _ = 1, 200 do
          local item = math.random(n_items)
          if not rated[user][item] and user ~= 13 then -- who has none
            rated[user][item] = math.random(-2, 3) / 2
            lengths[user] = lengths[user] + 1
            columns[#columns + 1], numbers[#numbers + 1] = item, rated[user][item]
          end
        end
      end
      local segments, ids, values = core.segments(lengths), core.ids(columns), core.tensor(numbers)
      local expected = by_definition(rated, n_items, 2)
      for _, kept in ipairs { 1, 3, 130, 1000 } do
        local found, similarities = core.item_neighbours(segments, ids, values, n_items, kept, 2)
        local width = math.min(kept, n_items - 1)
        found, similarities = found:totable(), similarities:totable()
        for a = 1, n_items do
          for j = 1, width do
            local one = expected[a][j] or { 0, 0 }
            local similarity = dtype == "float32" and ("f"):unpack(("f"):pack(one[1])) or one[1]
            assert(one[2] == found[(a - 1) * width + j], one[2])
            assert(similarity == similarities[a][j], similarity)
          end
        end
      end
    end)

    it("say of an item what the nearest of a support leave over", function()
      local found, similarities = neighbours(3, 2)
      local function means(nearest, damp)
        return core.neighbour_means(found, similarities, core.segments { 2, 0, 1, 2 },
          core.ids { 2, 4, 1, 1, 1 }, core.tensor { 2, -1, 1, 9, 4 }, core.segments { 2, 1, 2, 1 },
          core.ids { 1, 3, 1, 4, 1, 2 }, nearest, damp):totable()
      end
      near({ (2 * ab - ad) / (ab + ad + 0.1), 0, 0, ad / (ad + 0.1), 0, 4 * ab / (ab + 0.1) },
        means(2, 0.1))
      near({ -1, 0, 0, 1, 0, 4 }, means(1, 0))
      near({ 0, 0, 0, 0, 0, 0 }, means(0, 0))
    end)

    -- The items that have each one for a neighbour.
    local function followers_of(found, similarities, n)
      local near_ = core.neighbour_weights(found, similarities)
      return core.sparse(near_.columns, near_.rows:groups(), near_.weights, n, n)
    end

    it("say the same of all items from the side of the support", function()
      local found, similarities = neighbours(3, 2)
      local function means(nearest, damp)
        return core.spread_means(followers_of(found, similarities, 4), core.segments { 2, 0, 3 },
          core.ids { 2, 4, 1, 1, 2 }, core.tensor { 2, -1, 1, 9, 4 }, nearest, damp)
      end
      assert.same({ 3, 4 }, means(2, 0).shape)
      near({ (2 * ab - ad) / (ab + ad + 0.1), -bd / (bd + 0.1), 0, 2 * bd / (bd + 0.1),
        0, 0, 0, 0,
        4 * ab / (ab + 0.1), 9 * ab / (ab + 0.1), 0, (9 * ad + 4 * bd) / (ad + bd + 0.1) },
        means(2, 0.1):reshape({ -1 }):totable())
      near({ -1, -1, 0, 2, 0, 0, 0, 0, 4, 9, 0, 9 }, means(1, 0):reshape({ -1 }):totable())
      near({ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, means(0, 0):reshape({ -1 }):totable())
    end)

    it("say the same of all items for random supports, in which items come again", function()
      math.randomseed(8)
      local n, lengths, columns, numbers = 60, {}, {}, {}
      for user = 1, 40 do
        lengths[user] = 0
        for item = 1, n do
          if math.random() < 0.5 then
            lengths[user] = lengths[user] + 1
            columns[#columns + 1], numbers[#numbers + 1] = item, math.random(-4, 4) / 2
          end
        end
      end
      local found, similarities = core.item_neighbours(core.segments(lengths), core.ids(columns),
        core.tensor(numbers), n, 20, 5)
      local followers = followers_of(found, similarities, n)
      local sizes, shown, rest, query, all = { 40, 0, 1, 70 }, {}, {}, {}, {}
      for _, size in ipairs(sizes) do
        for _ = 1, size do
          shown[#shown + 1], rest[#rest + 1] = math.random(n), math.random() - 0.5
        end
        for item = 1, n do
          all[#all + 1] = item
        end
        query[#query + 1] = n
      end
      for _, nearest in ipairs { 1, 3, 10, 1000 } do
        local support = { core.segments(sizes), core.ids(shown), core.tensor(rest) }
        near(core.neighbour_means(found, similarities, support[1], support[2], support[3],
          core.segments(query), core.ids(all), nearest, 0.3):totable(),
          core.spread_means(followers, support[1], support[2], support[3], nearest, 0.3)
            :reshape({ -1 }):totable())
      end
    end)

    it("refuse to say it of other items than those of the support", function()
      local followers = followers_of(neighbours(3, 2), select(2, neighbours(3, 2)), 4)
      local one, value = core.segments { 1 }, core.tensor { 1 }
      refused("support: ids from 5 to 5, but only 4", core.spread_means, followers, one,
        core.ids { 5 }, value, 1, 0)
      refused("support: 1 ids and 2 numbers", core.spread_means, followers, one, core.ids { 1 },
        core.tensor { 1, 2 }, 1, 0)
      refused("not negative", core.spread_means, followers, one, core.ids { 1 }, value, -1, 0)
      refused("not negative", core.spread_means, followers, one, core.ids { 1 }, value, 1, -1)
      refused("as many columns as rows", core.spread_means, { rows = core.segments { 1 },
        columns = core.ids { 2 }, weights = value }, one, core.ids { 1 }, value, 1, 0)
    end)

    it("say nothing where a similarity is too small for a number, and so 0", function()
      local found, similarities = neighbours(3, 2)
      near({ 0 }, core.neighbour_means(found, similarities:mul(0), core.segments { 1 },
        core.ids { 2 }, core.tensor { 2 }, core.segments { 1 }, core.ids { 1 }, 2, 0):totable())
    end)

    it("refuse what does not fit", function()
      refused("must not be negative", neighbours, -1, 2)
      refused("must not be negative", neighbours, 1, 0 / 0)
      refused("rows: ids from 1 to 4, but only 3 are known", core.item_neighbours, users, items,
        left, 3, 1, 0)
      refused("rows: 9 ids and 2 numbers", core.item_neighbours, users, items,
        core.tensor { 1, 2 }, 4, 1, 0)
      refused("-1 items for 9 rows", core.item_neighbours, users, items, left, -1, 1, 0)
      refused("user 2 has item 3 twice", core.item_neighbours, core.segments { 1, 3 },
        core.ids { 3, 3, 1, 3 }, core.full({ 4 }, 1), 4, 1, 0)
      local found, similarities = neighbours(3, 2)
      local one, first, value = core.segments { 1 }, core.ids { 1 }, core.tensor { 1 }
      refused("support: ids from 5 to 5, but only 4", core.neighbour_means, found, similarities,
        one, core.ids { 5 }, value, one, first, 1, 0)
      refused("support: ids from 0 to 0", core.neighbour_means, found, similarities, one,
        core.ids { 0 }, value, one, first, 1, 0)
      refused("query: items from 5 to 5", core.neighbour_means, found, similarities, one, first,
        value, one, core.ids { 5 }, 1, 0)
      refused("1 tasks, but the support has 2", core.neighbour_means, found, similarities,
        core.segments { 1, 0 }, first, value, one, first, 1, 0)
      refused("one item id for each", core.neighbour_means, core.ids { 1, 2 },
        similarities, one, first, value, one, first, 1, 0)
      refused("one item id for each", core.neighbour_means, core.ids { 2 },
        core.full({ 1, 1 }, 1), one, first, value, one, first, 1, 0)
      refused("not negative", core.neighbour_means, found, similarities, one, first, value, one,
        first, 1, 0 / 0)
    end)
  end)
end
