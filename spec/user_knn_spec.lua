-- user-kNN against plain Lua, on made data, from files and with hostile input.
local cmml = require "cmml"
local baselines = require "spec.support.baselines"
local near = require("spec.support.close").near_lists
local fitted_kind = require "spec.support.fitted_kind"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-5, float64 = 1e-13 }

for dtype, library in pairs(libraries) do
  local bound = tolerance[dtype]

  describe("user-kNN in " .. dtype, function()
    local data = people.data(library, { users = 60, items = 9, rated = 5 })
    local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 }, { "f8", 3 } }
    local names = {}
    for row = 1, 9 do
      names[row] = data.catalogue.items:text(row)
    end

    -- The means of the training people and of the support by one of the kinds of means, then
    -- similarities and predictions by loops.
    local function expected(centre, similarity)
      local means = library.recommenders[centre](data.catalogue, { item_shrink = 1,
        user_shrink = 2 })
      means:fit { ratings = data.ratings, users = data.train }
      local rows = library.users.ratings_of(data.ratings, data.train, 9)
      local over = (rows.labels - means:score_rows(means:adapt_rows(rows), rows)):totable()
      local items, of, at = rows.items:totable(), {}, 0
      for u, length in ipairs(rows.segments:totable()) do
        of[u] = {}
        for i = at + 1, at + length do
          of[u][items[i]] = over[i]
        end
        at = at + length
      end
      local result, shown, own = means:adapt(support):predict(names), {}, 0
      for _, pair in ipairs(support) do
        local row = data.catalogue.items:id(pair[1])
        shown[row] = pair[2] - result[row]
        own = own + shown[row] ^ 2
      end
      local moved = 0
      for item = 1, 9 do
        local list = {}
        for _, ratings in ipairs(of) do
          local xy, xx, yy, all, n = 0, 0, 0, 0, 0
          for i, y in pairs(ratings) do
            all = all + y * y
            if shown[i] then
              xy, xx, yy, n = xy + shown[i] * y, xx + shown[i] ^ 2, yy + y * y, n + 1
            end
          end
          local square = similarity == "cosine" and own * all or xx * yy
          if ratings[item] and xy > 0 then
            list[#list + 1] = { xy / math.sqrt(square) * n / (n + 3), ratings[item] }
          end
        end
        table.sort(list, function(a, b)
          return a[1] > b[1]
        end)
        local sum, weight = 0, 0.25
        for j = 1, math.min(4, #list) do
          sum, weight = sum + list[j][1] * list[j][2], weight + list[j][1]
        end
        moved = moved + #list
        result[item] = result[item] + sum / weight
      end
      assert.truthy(moved > 30)
      return result
    end

    for _, similarity in ipairs { "pearson", "cosine" } do
      for _, centre in ipairs { "item_user_mean", "user_mean" } do
        it(("predicts what plain Lua makes of the ratings: %s, %s"):format(similarity, centre),
          function()
            local model = library.recommenders.user_knn(data.catalogue, { nearest = 4, shrink = 3,
              damp = 0.25, item_shrink = 1, user_shrink = 2, centre = centre,
              similarity = similarity })
            model:fit { ratings = data.ratings, users = data.train }
            near(expected(centre, similarity), model:adapt(support):predict(names), bound,
              similarity)
          end)
      end
    end

    it("gives several people at once what it gives each alone", function()
      local model = library.recommenders.user_knn(data.catalogue)
      model:fit { ratings = data.ratings, users = data.train }
      local tasks = library.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
        support = 3, query = 2 }
      local batch = tasks:draw(1, data.test)
      local together, at = model:score_rows(model:adapt_rows(batch.support), batch.query):totable(),
        0
      for _, person in ipairs(data.test) do
        local one = tasks:draw(1, { person })
        local alone = model:score_rows(model:adapt_rows(one.support), one.query):totable()
        near(alone, table.move(together, at + 1, at + #alone, 1, {}), bound, "person")
        at = at + #alone
      end
      assert.equal(#together, at)
    end)

    it("finds what means cannot: people who love one kind of film and hate the other", function()
      local world = people.data(library, { users = 120, items = 14, rated = 8 })
      fitted_kind.finds_tastes(library, world, fitted_kind.fitted(library, world, "user_knn"), 0.7)
    end)
  end)
end

describe("user-kNN", function()
  local core = cmml.core
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  it("is item mean + user bias where nobody is similar, and for people without ratings", function()
    baselines.are_means_alone(cmml, data, "user_knn")
  end)

  it("comes back from a file with the same predictions", function()
    local path = os.tmpname()
    for _, similarity in ipairs { "pearson", "cosine" } do
      local model = fitted_kind.fitted(cmml, data, "user_knn", { similarity = similarity })
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      local support, names = { { "f1", 5 }, { "f4", 1 } }, { "f2", "f3", "f5", "f6" }
      assert.same(model:adapt(support):predict(names), loaded:adapt(support):predict(names))
      assert.equal(people.bits(model), people.bits(loaded))
      assert.not_same(model.means:adapt(support):predict(names),
        loaded:adapt(support):predict(names))
    end
    os.remove(path)
  end)

  it("is refused from a file that does not hold it", function()
    local path = os.tmpname()
    local model = fitted_kind.fitted(cmml, data, "user_knn")
    local n = model.left.count

    local with = fitted_kind.refused_file(cmml, model, path)
    local function changed(entry, place, value)
      return function(entries)
        local list = { table.unpack(entries[entry][2]) }
        list[place] = value
        entries[entry] = { entries[entry][1], list }
      end
    end
    with("the entry item_part is missing", function()
      return {}
    end)
    with("the entry left is missing", function(entries)
      entries[2] = { "other", entries[2][2] }
    end)
    with("the entry users is missing", function(entries)
      entries[4] = nil
    end)
    with("item_part has shape 3", function(entries)
      entries[1] = { "item_part", core.full({ 3 }, 1) }
    end)
    with("left has shape", function(entries)
      entries[2] = { "left", core.full({ n, 1 }, 1) }
    end)
    with(("12 items %d ratings, but 12 items, %d numbers of users and %d numbers in left"):format(
      n, n, n - 1), function(entries)
      entries[2] = { "left", core.full({ n - 1 }, 1) }
    end)
    with("gives 13 items", changed(3, 13, 0))
    with("gives item 2 -1 ratings", changed(3, 2, -1))
    with("gives item 2 1099511627776 ratings", changed(3, 2, 1 << 40))
    for _, user in ipairs { 0, -1, n + 1, 1 << 40 } do
      with(("users names user %d"):format(user), changed(4, 5, user))
    end
    os.remove(path)
  end)

  it("refuses options that make no sense", function()
    local make = cmml.recommenders.user_knn
    refused("user_knn: nearest must be at least 1, but is 0", make, data.catalogue,
      { nearest = 0 })
    refused('similarity "cosin" is not known; did you mean cosine?', make, data.catalogue,
      { similarity = "cosin" })
    refused('centre "item_mean" is not known', make, data.catalogue, { centre = "item_mean" })
    for _, name in ipairs { "shrink", "damp", "item_shrink", "user_shrink" } do
      refused(name .. " must be at least 0, but is -1", make, data.catalogue, { [name] = -1 })
      for _, value in ipairs { 0 / 0, 1 / 0 } do
        refused(name .. " must be a finite number, but is", make, data.catalogue,
          { [name] = value })
      end
    end
    refused("unknown option k;", make, data.catalogue, { k = 3 })
    refused("user_knn: catalogue must be a cmml.Catalogue, not nil", make)
  end)
end)
