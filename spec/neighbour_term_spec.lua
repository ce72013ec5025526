-- What neighbours say of what a trained model leaves over: by hand, in files, over other items.
local cmml = require "cmml"
local close = require "spec.support.close"
local fitted_kind = require "spec.support.fitted_kind"
local people = require "spec.support.people"
local told = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local own = { nearest = 2, keep = 4, shrink = 3, damp = 0.25, item_shrink = 1, user_shrink = 2 }
local base = { factors = 3, ridge = 2, bias_ridge = 1, sweeps = 5 }

local options, training = people.over_base { base = base, neighbours = own }

-- The same weights without neighbours.
local function without(library, model)
  local other = library.cmml(model.catalogue, options { base = model.options.base,
    neighbours = false, members = model.options.members })
  local values = {}
  for name, tensor in model.module:parameters() do
    values[name] = tensor
  end
  other.module:load_parameters(values)
  return other
end

local function names_of(catalogue)
  local names = {}
  for row = 1, #catalogue.items do
    names[row] = catalogue.items:text(row)
  end
  return names
end

local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 }, { "f8", 3 } }

-- The neighbours of each item by loops over the training people: {similarity, item}, best first.
local function by_definition(library, data, n)
  local means = library.recommenders.item_user_mean(data.catalogue, { item_shrink = 1,
    user_shrink = 2 })
  means:fit { ratings = data.ratings, users = data.train }
  local rows = library.users.ratings_of(data.ratings, data.train, n)
  local fit = means:score_rows(means:adapt_rows(rows), rows)
  local items, over, of, at = rows.items:totable(), (rows.labels - fit):totable(), {}, 0
  for u, length in ipairs(rows.segments:totable()) do
    of[u] = {}
    for i = at + 1, at + length do
      of[u][items[i]] = over[i]
    end
    at = at + length
  end
  local all = {}
  for i = 1, n do
    all[i] = {}
    for j = 1, n do
      local xy, xx, yy, common = 0, 0, 0, 0
      for _, user in ipairs(of) do
        local x, y = user[i], user[j]
        if x and y then
          xy, xx, yy, common = xy + x * y, xx + x * x, yy + y * y, common + 1
        end
      end
      if i ~= j and xy > 0 then
        table.insert(all[i], { xy / math.sqrt(xx * yy) * common / (common + 3), j })
      end
    end
    table.sort(all[i], function(x, y)
      return x[1] > y[1]
    end)
  end
  return all
end

-- The scores of all items, by hand from those without neighbours; how many neighbours were used.
local function by_hand(library, data, plain, rated)
  local names = names_of(data.catalogue)
  local scores, left, used = plain:adapt(rated):predict(names), {}, 0
  for _, pair in ipairs(rated) do
    local row = data.catalogue.items:id(pair[1])
    left[row] = pair[2] - scores[row]
  end
  for i, neighbours in ipairs(by_definition(library, data, #names)) do
    local sum, weight, n = 0, 0.25, 0
    for place = 1, math.min(4, #neighbours) do
      local similarity, j = table.unpack(neighbours[place])
      if left[j] and n < 2 then
        sum, weight, n = sum + similarity * left[j], weight + similarity, n + 1
      end
    end
    scores[i], used = scores[i] + sum / weight, used + n
  end
  return scores, used
end

describe("neighbours beside a model", function()
  local double = cmml.double
  local data = people.data(double, { users = 40, items = 9, rated = 5 })

  for name, changes in pairs { ["a matrix factorisation"] = {}, ["no base"] = { base = false },
    ["biases alone"] = { base = { factors = 0 } }, ["several members"] = { members = 3 },
    ["several members without base"] = { members = 2, base = false },
    ["factor analysis"] = { base = { kind = "factor_analysis", factors = 3, sweeps = 5 } } } do
    it("add the mean of what it leaves over of a support: with " .. name, function()
      local model = double.cmml(data.catalogue, options(changes))
      double.train(model, data, training { epochs = 2 })
      local plain, names = without(double, model), names_of(data.catalogue)
      local expected, used = by_hand(double, data, plain, support)
      assert.truthy(used > 5)
      local person = model:adapt(support)
      local found = person:predict(names)
      local apart = 0
      for i, score in ipairs(plain:adapt(support):predict(names)) do
        assert.truthy(close.difference(expected[i], found[i]) < 1e-12)
        assert.truthy(math.abs(expected[i] - person:predict({ names[i] })[1]) < 1e-12)
        apart = apart + math.abs(score - found[i])
      end
      assert.truthy(apart > 0.1)
      for _, one in ipairs(person:recommend { n = 9, include_support = true }) do
        local score = expected[data.catalogue.items:id(one.item)]
        assert.truthy(math.abs(score - one.score) < 1e-12)
      end
    end)
  end

  it("add nothing to who has rated nothing, or before there was a training", function()
    local model = double.cmml(data.catalogue, options())
    local names = names_of(data.catalogue)
    assert.same(without(double, model):adapt(support):predict(names),
      model:adapt(support):predict(names))
    names[#names + 1] = { id = "new", kind = "calm" }
    assert.same(without(double, model):adapt(support):predict(names),
      (model:adapt(support):predict(names)))
    names[#names] = nil
    double.train(model, data, training { epochs = 1 })
    local plain = without(double, model)
    assert.same(plain:adapt({}):predict(names), model:adapt({}):predict(names))
    local unknown, skip = { { "who", 3 } }, { unknown = "skip" }
    assert.same(plain:adapt(unknown, skip):predict(names),
      model:adapt(unknown, skip):predict(names))
  end)

  it("are no part of what training minimises", function()
    local weights = {}
    for i, neighbours in ipairs { own, false } do
      local model = double.cmml(data.catalogue, options { neighbours = neighbours })
      double.train(model, { ratings = data.ratings, bags = data.bags, train = data.train,
        valid = {} }, training { epochs = 2 })
      weights[i] = people.bits(without(double, model))
    end
    assert.equal(weights[1], weights[2])
  end)

  it("count where epochs are validated", function()
    local function validated(neighbours)
      local model, mae = double.cmml(data.catalogue, options { neighbours = neighbours })
      double.train(model, data, training { epochs = 1, on_epoch = function(state)
        mae = state.mae
      end })
      return mae
    end
    assert.not_equal(validated(own), validated(false))
  end)

  it("score many people as they score one", function()
    local model = double.cmml(data.catalogue, options())
    double.train(model, data, training { epochs = 1 })
    local supports = { support, {}, { { "f9", 1 } }, { { "f3", 4 }, { "f1", 2 } } }
    local lists = model:recommend_all(supports, { n = 9 })
    local count = 0
    for i, list in ipairs(lists) do
      for place, one in ipairs(model:adapt(supports[i]):recommend { n = 9 }) do
        count = count + 1
        assert.equal(one.item, list[place].item)
        assert.truthy(math.abs(one.score - list[place].score) < 1e-12)
      end
    end
    assert.equal(4 + 9 + 8 + 7, count)
  end)
end)

describe("neighbours of a model", function()
  local data = people.data(cmml, { users = 60, items = 16, rated = 10 })
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function trained(changes, opt)
    local model = cmml.cmml(data.catalogue, options(changes))
    cmml.train(model, data, training(opt or { epochs = 1 }))
    return model
  end

  it("are saved and loaded, and stay in a second training", function()
    local model = trained()
    assert.same({ 16, 4 }, model.neighbours.similarities.shape)
    assert(model:save(folder .. "/m.safetensors"))
    local loaded = assert(cmml.load(folder .. "/m.safetensors"))
    assert.equal(people.bits(model), people.bits(loaded))
    local names = names_of(data.catalogue)
    assert.same(model:adapt(support):predict(names), loaded:adapt(support):predict(names))
    local before = loaded.neighbours.similarities:totable()
    loaded:prepare { ratings = data.ratings, train = { data.train[1] } }
    assert.same(before, loaded.neighbours.similarities:totable())
  end)

  it("are in both files of a run, and resume bit for bit", function()
    local schedule = { kind = "cosine", steps = 12 }
    local whole = people.bits(trained({}, { out = folder .. "/whole", schedule = schedule }))
    trained({}, { out = folder .. "/cut", epochs = 2, schedule = schedule })
    local model = trained({}, { out = folder .. "/cut", resume = true, schedule = schedule })
    assert.equal(whole, people.bits(model))
    local kept = model.neighbours.similarities:totable()
    for _, name in ipairs { "best", "last" } do
      local found = assert(cmml.load(("%s/cut/%s.safetensors"):format(folder, name)))
      assert.same(kept, found.neighbours.similarities:totable())
    end
  end)

  it("are the same on any number of threads", function()
    local one = people.bits(trained({}, { shards = 2, threads = 1, epochs = 2 }))
    assert.equal(one, people.bits(trained({}, { shards = 2, threads = 2, epochs = 2 })))
  end)

  it("go with their items to a catalogue with more of them", function()
    local model, names = trained(), names_of(data.catalogue)
    local wider = model:over(model.catalogue:with_items { { id = "new", kind = "calm" } })
    local expected = model:adapt(support):predict(names)
    names[17] = "new"
    assert(wider:save(folder .. "/wider.safetensors"))
    local twice = wider:over(wider.catalogue:with_items { { id = "newer", kind = "loud" } })
    for _, some in ipairs { wider, assert(cmml.load(folder .. "/wider.safetensors")), twice } do
      local found = some:adapt(support):predict(names)
      for i, score in ipairs(expected) do
        assert.truthy(math.abs(score - found[i]) < 1e-5)
      end
      -- nobody is like it: it is scored, and rated, as without neighbours
      local plain = without(cmml, model)
      plain = plain:over(plain.catalogue:with_items { { id = "new", kind = "calm" } })
      assert.truthy(math.abs(plain:adapt(support):predict({ "new" })[1] - found[17]) < 1e-5)
      local rated = { { "new", 5 } }
      assert.truthy(math.abs(plain:adapt(rated):predict({ "f1" })[1]
        - some:adapt(rated):predict({ "f1" })[1]) < 1e-5)
    end
  end)

  it("tell of records by the id that they have", function()
    local model = trained()
    local person, plain = model:adapt(support), without(cmml, model):adapt(support)
    local records = { { id = "new", kind = "calm" }, { id = "f3", kind = "loud" } }
    local found, bare = person:predict(records), plain:predict(records)
    assert.truthy(math.abs(bare[1] - found[1]) < 1e-6)
    local moved = person:predict({ "f3" })[1] - plain:predict({ "f3" })[1]
    assert.truthy(math.abs(moved) > 1e-3)
    assert.truthy(math.abs(found[2] - bare[2] - moved) < 1e-5)
  end)

  it("go with their items to a catalogue without some of them", function()
    local model = trained()
    local few = model:over(model.catalogue:of_items {
      { id = "f3", kind = "loud", tags = { "tag3", "tag0" } },
      { id = "f1", kind = "loud", tags = { "tag1", "tag1" } } })
    local pairs_of, moved = { f1 = "f3", f3 = "f1" }, 0
    for rated, asked in pairs(pairs_of) do
      local expected = model:adapt({ { rated, 5 } }):predict({ asked })[1]
      assert.truthy(math.abs(expected - few:adapt({ { rated, 5 } }):predict({ asked })[1]) < 1e-5)
      moved = moved + math.abs(expected
        - without(cmml, model):adapt({ { rated, 5 } }):predict({ asked })[1])
    end
    assert.truthy(moved > 1e-3)
  end)

  it("are refused from a file that does not hold them", function()
    local path, model = folder .. "/m.safetensors", trained()
    local n = #model:tensors() - 1 -- similarities, and behind them neighbours
    local with = fitted_kind.refused_file(cmml, model, path)
    with("the entry similarities is missing", function(entries)
      entries[n], entries[n + 1] = nil, nil
    end)
    with("the entry neighbours is missing", function(entries)
      entries[n + 1] = nil
    end)
    with("similarities has shape 3x2, but 16x2 was expected", function(entries)
      entries[n] = { "neighbours.similarities", cmml.full({ 3, 2 }, 1) }
    end)
    with("neighbours holds 2 numbers, but 4 for each of 16 items were expected", function(entries)
      entries[n + 1] = { "neighbours.neighbours", { 1, 2 } }
    end)
    with("neighbours names item 17 of 16", function(entries)
      local list = { table.unpack(entries[n + 1][2]) }
      list[5] = 17
      entries[n + 1] = { "neighbours.neighbours", list }
    end)
    with("rows holds 1 numbers, but one for each of 16 items were expected", function(entries)
      entries[n + 2] = { "neighbours.rows", { 1 } }
    end)
    with("rows names item 0 of 16", function(entries)
      local list = { table.unpack(entries[n + 1][2], 1, 16) }
      list[3] = 0
      entries[n + 2] = { "neighbours.rows", list }
    end)
  end)

  it("have options that are refused where they make no sense", function()
    local function refused(text, changes)
      told(text, cmml.cmml, data.catalogue, options(changes))
    end
    refused("neighbours must be a table or a boolean, not number 8", { neighbours = 8 })
    refused("cmml: neighbours must be a table of options, or false for none",
      { neighbours = true })
    refused("neighbour_options: keep must be at least 1, but is 0", { neighbours = { keep = 0 } })
    refused("neighbour_options: damp must be at least 0, but is -1",
      { neighbours = { damp = -1 } })
    refused("neighbour_options: unknown option nearst", { neighbours = { nearst = 3 } })
  end)
end)
