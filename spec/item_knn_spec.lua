-- item-kNN against plain Lua, on made data, from files and with hostile input.
local cmml = require "cmml"
local baselines = require "spec.support.baselines"
local close = require "spec.support.close"
local fitted_kind = require "spec.support.fitted_kind"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-6, float64 = 1e-14 }

for dtype, library in pairs(libraries) do
  local bound = tolerance[dtype]

  describe("item-kNN in " .. dtype, function()
    local data = people.data(library, { users = 40, items = 9, rated = 5 })

    it("predicts what plain Lua makes of the ratings", function()
      local opt = { nearest = 2, keep = 4, shrink = 3, damp = 0.25, item_shrink = 1,
        user_shrink = 2 }
      local model = library.recommenders.item_knn(data.catalogue, opt)
      model:fit { ratings = data.ratings, users = data.train }
      local means = library.recommenders.item_user_mean(data.catalogue, { item_shrink = 1,
        user_shrink = 2 })
      means:fit { ratings = data.ratings, users = data.train }
      local rows = library.users.ratings_of(data.ratings, data.train, 9)
      local fit = means:score_rows(means:adapt_rows(rows), rows)
      local items, over, of, at = rows.items:totable(), (rows.labels - fit):totable(), {}, 0
      for u, length in ipairs(rows.segments:totable()) do
        of[u] = {}
        for i = at + 1, at + length do
          of[u][items[i]] = over[i]
        end
        at = at + length
      end
      local function similarity(i, j)
        local xy, xx, yy, n = 0, 0, 0, 0
        for _, user in ipairs(of) do
          local x, y = user[i], user[j]
          if x and y then
            xy, xx, yy, n = xy + x * y, xx + x * x, yy + y * y, n + 1
          end
        end
        return n > 0 and xy > 0 and xy / math.sqrt(xx * yy) * n / (n + 3) or 0
      end
      local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 }, { "f8", 3 } }
      local names, shown = {}, {}
      for row = 1, 9 do
        names[row] = data.catalogue.items:text(row)
      end
      local base = means:adapt(support):predict(names)
      for _, pair in ipairs(support) do
        local row = data.catalogue.items:id(pair[1])
        shown[row] = pair[2] - base[row]
      end
      local moved = 0
      for i = 1, 9 do
        local list = {}
        for j = 1, 9 do
          list[j] = { j, j ~= i and similarity(i, j) or 0 }
        end
        table.sort(list, function(x, y)
          return x[2] > y[2]
        end)
        local sum, weight, used = 0, 0.25, 0
        for place = 1, 4 do
          local j, s = list[place][1], list[place][2]
          if s > 0 and shown[j] and used < 2 then
            sum, weight, used = sum + s * shown[j], weight + s, used + 1
          end
        end
        moved = moved + used
        base[i] = base[i] + sum / weight
      end
      assert.truthy(moved > 5)
      local found = model:adapt(support):predict(names)
      for i = 1, 9 do
        assert.truthy(close.difference(base[i], found[i]) < 10 * bound)
      end
    end)

    it("finds what means cannot: people who love one kind of film and hate the other", function()
      local world = people.data(library, { users = 120, items = 14, rated = 8 })
      fitted_kind.finds_tastes(library, world, fitted_kind.fitted(library, world, "item_knn",
        { shrink = 5 }), 0.7)
    end)
  end)
end

describe("item-kNN", function()
  local core = cmml.core
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  it("is item mean + user bias where it knows no neighbours", function()
    baselines.are_means_alone(cmml, data, "item_knn")
  end)

  it("is refused from a file that does not hold it", function()
    local path = os.tmpname()
    local model = fitted_kind.fitted(cmml, data, "item_knn", { keep = 2 })
    local whole = model:export()

    local with = fitted_kind.refused_file(cmml, model, path)
    with("the entry item_part is missing", function()
      return {}
    end)
    with("the entry neighbours is missing", function(entries)
      entries[3] = nil
    end)
    with("the entry neighbours is missing", function(entries)
      entries[3] = { "neighbours", core.full({ 24 }, 1) }
    end)
    with("similarities is not an array of floating-point numbers", function(entries)
      entries[2] = { "similarities", { 1, 2 } }
    end)
    with("similarities has shape 3x2, but 12x2 was expected", function(entries)
      entries[2] = { "similarities", core.full({ 3, 2 }, 1) }
    end)
    with("similarities has shape 24", function(entries)
      entries[2] = { "similarities", core.full({ 24 }, 1) }
    end)
    with("neighbours holds 2 numbers, but 2 for each of 12 items were expected", function(entries)
      entries[3] = { "neighbours", { 1, 2 } }
    end)
    for _, row in ipairs { -1, 13, 1 << 40 } do
      with(("neighbours names item %d of 12"):format(row), function(entries)
        local list = { table.unpack(entries[3][2]) }
        list[5] = row
        entries[3] = { "neighbours", list }
      end)
    end
    os.remove(path)
    assert.equal(people.bits(model), people.bits(cmml.import_recommender(whole)))
  end)

  it("refuses options that make no sense", function()
    local make = cmml.recommenders.item_knn
    refused("item_knn: nearest must be at least 1, but is 0", make, data.catalogue,
      { nearest = 0 })
    refused("keep must be at least 1, but is 0", make, data.catalogue, { keep = 0 })
    for _, name in ipairs { "shrink", "damp", "item_shrink", "user_shrink" } do
      refused(name .. " must be at least 0, but is -1", make, data.catalogue, { [name] = -1 })
      for _, value in ipairs { 0 / 0, 1 / 0 } do
        refused(name .. " must be a finite number, but is", make, data.catalogue,
          { [name] = value })
      end
    end
    refused("unknown option k;", make, data.catalogue, { k = 3 })
    refused("item_knn: catalogue must be a cmml.Catalogue, not nil", make)
  end)
end)
