-- Neighbours of people: a table small enough to do by hand, and the definition by loops.
local cmml = require "cmml"
local near = require("spec.support.close").near_lists
local refused = require("spec.support.refused").with_text
local stream = require "spec.support.stream"

local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-6, float64 = 1e-14 }

for dtype, library in pairs(libraries) do
  local core, bound = library.core, tolerance[dtype]

  describe("neighbours of people in " .. dtype, function()
    -- Item a: users 1 and 2 leave 1 and -1; b: users 1 and 3 leave 2 and 1; c: all three 1, -2, 3.
    local by_item, users = core.segments { 2, 2, 3 }, core.ids { 1, 2, 1, 3, 1, 2, 3 }
    local left = core.tensor { 1, -1, 2, 1, 1, -2, 3 }
    local squares = core.tensor { 6, 5, 10 }

    local function means(support, query, all, options)
      return core.user_neighbour_means(by_item, users, left, core.segments(support[1]),
        core.ids(support[2]), core.tensor(support[3]), core.segments(query[1]),
        core.ids(query[2]), all, options.nearest or 50, options.shrink or 0,
        options.damp or 0):totable()
    end

    -- Two people: the first left 1 of a and 1 of b, the second -3 of a.
    local support = { { 2, 1 }, { 1, 2, 1 }, { 1, 1, -3 } }

    it("say what those left over who rate alike", function()
      local query = { { 2, 1 }, { 3, 1, 3 } }
      -- pearson: of the first with user 1 (1 + 2) / sqrt(2 * 5), with 2: -1, with 3: 1; of the
      -- second with 1: -1, with 2: 1
      local one = 3 / math.sqrt(10)
      near({ (one * 1 + 1 * 3) / (one + 1), one * 1 / one, -2 }, means(support, query, nil,
        { nearest = 5 }), bound, "pearson")
      near({ 3, 1, -2 }, means(support, query, nil, { nearest = 1 }), bound, "the nearest alone")
      -- shrunk by 2, over 2 items in common and over 1
      local a, b = one / 2, 1 / 3
      near({ (a + 3 * b) / (a + b + 0.5), a / (a + 0.5), -2 * b / (b + 0.5) },
        means(support, query, nil, { nearest = 5, shrink = 2, damp = 0.5 }), bound, "shrunk")
      -- cosine: over the squares of all, 2 and 9 of the two people
      local c, d = 3 / math.sqrt(2 * 6), 1 / math.sqrt(2 * 10)
      near({ (c + 3 * d) / (c + d), 1, -2 }, means(support, query, squares, { nearest = 5 }),
        bound, "cosine")
    end)

    it("say 0 for people without a support, or whom nobody is like", function()
      near({ 0, 0, 0 }, means({ { 0, 1 }, { 1 }, { 0 } }, { { 2, 1 }, { 1, 3, 3 } }, nil,
        { nearest = 5 }), 0, "nobody")
      near({ 0 }, means({ { 1 }, { 2 }, { -1 } }, { { 1 }, { 3 } }, nil, { nearest = 5 }), 0,
        "all unlike")
      near({ 0 }, means({ { 1 }, { 2 }, { 1 } }, { { 1 }, { 3 } }, nil, { nearest = 0 }), 0,
        "no neighbours asked for")
    end)

    it("read the last of two ratings of one item", function()
      near(means({ { 1 }, { 2 }, { 1 } }, { { 1 }, { 3 } }, nil, { nearest = 2 }),
        means({ { 3 }, { 2, 2, 2 }, { 5, -3, 1 } }, { { 1 }, { 3 } }, nil, { nearest = 2 }), 0,
        "twice")
    end)

    -- What the definition says, by loops over all users.
    local function by_definition(of, person, item, all, opt)
      local list = {}
      for user, ratings in ipairs(of) do
        local xy, xx, yy, n, own, other = 0.0, 0.0, 0.0, 0, 0.0, 0.0
        for i, y in pairs(ratings) do
          local x = person[i]
          other = other + y * y
          if x then
            xy, xx, yy, n = xy + x * y, xx + x * x, yy + y * y, n + 1
          end
        end
        for _, x in pairs(person) do
          own = own + x * x
        end
        local similarity = xy / math.sqrt(all and own * other or xx * yy) * n / (n + opt.shrink)
        if similarity > 0 and ratings[item] then
          list[#list + 1] = { similarity, user }
        end
      end
      table.sort(list, function(a, b)
        return a[1] > b[1] or a[1] == b[1] and a[2] < b[2]
      end)
      local sum, weights = 0, opt.damp
      for j = 1, math.min(opt.nearest, #list) do
        sum = sum + list[j][1] * of[list[j][2]][item]
        weights = weights + list[j][1]
      end
      return weights > 0 and sum / weights or 0
    end

    it("are those of the definition, for many people at once", function()
      local n_items, n_users, draw = 40, 150, stream(7)
      local of, by = {}, {}
      for i = 1, n_items do
        by[i] = {}
      end
      for user = 1, n_users do
        of[user] = {}
        for i = 1, n_items do
          if draw(3) == 1 then
            of[user][i] = (draw(9) - 5) / 4 + (user % 7) / 16
            by[i][#by[i] + 1] = user
          end
        end
      end
      local lengths, ids, values, norms = {}, {}, {}, {}
      for i = 1, n_items do
        lengths[i] = #by[i]
        for _, user in ipairs(by[i]) do
          ids[#ids + 1], values[#values + 1] = user, of[user][i]
        end
      end
      for user = 1, n_users do
        norms[user] = 0
        for i = 1, n_items do
          norms[user] = norms[user] + (of[user][i] or 0) ^ 2
        end
      end
      local people, shown, queries = {}, { {}, {}, {} }, { {}, {} }
      for t = 1, 12 do
        people[t] = {}
        shown[1][t], queries[1][t] = 0, 5
        for i = 1, n_items do
          if t > 1 and draw(4) == 1 then
            people[t][i] = (draw(7) - 4) / 2 + t / 32
            shown[1][t] = shown[1][t] + 1
            shown[2][#shown[2] + 1], shown[3][#shown[3] + 1] = i, people[t][i]
          end
        end
        for j = 1, 5 do
          queries[2][#queries[2] + 1] = (7 * t + 3 * j) % n_items + 1
        end
      end
      for _, opt in ipairs { { nearest = 3, shrink = 0, damp = 0 }, { nearest = 20, shrink = 4,
        damp = 0.3 }, { nearest = 1000, shrink = 10, damp = 1 } } do
        for _, all in ipairs { core.tensor(norms), false } do
          local found = core.user_neighbour_means(core.segments(lengths), core.ids(ids),
            core.tensor(values), core.segments(shown[1]), core.ids(shown[2]),
            core.tensor(shown[3]), core.segments(queries[1]), core.ids(queries[2]), all or nil,
            opt.nearest, opt.shrink, opt.damp):totable()
          local expected = {}
          for q, item in ipairs(queries[2]) do
            expected[q] = by_definition(of, people[(q - 1) // 5 + 1], item, all, opt)
          end
          near(expected, found, 10 * bound, "nearest " .. opt.nearest)
        end
      end
    end)

    it("refuse what does not fit", function()
      local query = { { 1 }, { 1 } }
      local one = { { 1 }, { 1 }, { 1 } }
      local function refuses(text, own, asked, all, options)
        refused(text, means, own, asked, all, options)
      end
      refuses("support: ids from 4 to 4, but only 3", { { 1 }, { 4 }, { 1 } }, query, nil, {})
      refuses("support: ids from 0 to 0", { { 1 }, { 0 }, { 1 } }, query, nil, {})
      refuses("support: 1 ids and 2 numbers", { { 1 }, { 1 }, { 1, 2 } }, query, nil, {})
      refuses("query: items from 5 to 5", one, { { 1 }, { 5 } }, nil, {})
      refuses("2 tasks, but the support has 1", one, { { 1, 0 }, { 1 } }, nil, {})
      refuses("known: ids from 1 to 3, but only 2 are known", one, query, core.tensor { 1, 2 }, {})
      for name, value in pairs { nearest = -1, shrink = -1, damp = -0.5 } do
        refuses("must not be negative", one, query, nil, { [name] = value })
      end
      for _, value in ipairs { 0 / 0, 1 / 0 } do
        refuses("must not be negative", one, query, nil, { shrink = value })
        refuses("must not be negative", one, query, nil, { damp = value })
      end
      refused("known: ids from 1073741824 to 1073741824", core.user_neighbour_means,
        core.segments { 1 }, core.ids { 1 << 30 }, core.tensor { 1 }, core.segments {}, core.ids {},
        core.full({ 0 }, 0), core.segments {}, core.ids {}, nil, 50, 0, 0)
      refused("contiguous", core.user_neighbour_means, by_item, users,
        core.full({ 7, 2 }, 1):slice(2, 1, 1), core.segments {}, core.ids {}, core.full({ 0 }, 0),
        core.segments {}, core.ids {}, nil, 50, 0, 0)
    end)
  end)
end
