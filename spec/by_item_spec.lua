-- What depends on items alone is computed once: what comes of it is what rows that are scored by
-- themselves get, and follows every change of the weights.
require "spec.support.close"
local cmml = require "cmml"
local people = require "spec.support.people"
local core = cmml.core

local base = { kind = "factor_analysis", factors = 3 }

-- People's data with more items than are scored at once, and a model with weights that are not 0.
local data = people.data(cmml, { users = 60, items = 2500, rated = 40 })
local function model_of(changes)
  local options = people.small(3)
  options.base, options.read_users = base, false
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  local model = cmml.cmml(data.catalogue, options)
  if options.base then
    model:prepare { ratings = data.ratings, train = data.train }
  end
  return model
end

local function support(k, n, items)
  local list = { user = { age = tostring(k) } }
  for i = 1, n do
    list[i] = { "f" .. (i * 13 + k * 7) % (items or 2500) + 1, (i + k) % 5 + 1 }
  end
  return list
end

-- Rows in which each of some people has all items, and the state of these people.
local function all_rows(model, sizes)
  local supports = {}
  for k, n in ipairs(sizes) do
    supports[k] = support(k, n, #model.catalogue.items)
  end
  local read = model.setting.read_supports(model, supports, {})
  local rows = {}
  for i = 1, #model.catalogue.items do
    rows[i] = i
  end
  return model:state_of(read.rows), read.list(1, #sizes, rows)
end

-- Scores of all items as rows of their own, and at once.
local function both(model, sizes)
  local state, rows = all_rows(model, sizes)
  return model:scores_of(state, rows):reshape { #sizes, -1 },
    model:all_scores_of(state, #sizes)
end

local function check(model, sizes)
  local apart, at_once = both(model, sizes)
  local values = apart:reshape({ -1 }):totable()
  assert.near_tensor({ shape = apart.shape, data = values }, at_once, 2e-6)
  assert.is_true(math.max(table.unpack(values, 1, 100)) - math.min(table.unpack(values, 1, 100))
    > 0.01)
end

describe("scores of a catalogue of which is kept what depends on items", function()
  local cases = { ["the preset's parts"] = {}, ["neighbours"] = { neighbours = { keep = 20 } },
    ["few of the nearest"] = { neighbours = { keep = 20, nearest = 1 } },
    ["three members"] = { members = 3 }, ["no base"] = { base = false },
    ["users' fields"] = { read_users = true }, ["pulled"] = { pull = 0.25, mean_share = 0.1 } }
  for _, name in ipairs { "none", "sigmoid", "linear" } do
    cases["modulation " .. name] = { modulation = name }
  end
  cases["modulation soft"] = { modulation = "soft", modulation_options = { modules = 2 } }
  cases["hybrid generator"] = { hybrid = "generator" }
  for name, changes in pairs(cases) do
    it("are those of rows, of one person and of several: " .. name, function()
      local model = model_of(changes)
      check(model, { 12 })
      check(model, { 5, 0, 30, 2, 1 })
      check(model, { 3 })
    end)
  end

  it("are those of rows in double precision, too", function()
    local double = people.data(cmml.double, { users = 20, items = 50, rated = 20 })
    local options = people.small(3)
    options.base, options.read_users = base, false
    local model = cmml.double.cmml(double.catalogue, options)
    model:prepare { ratings = double.ratings, train = double.train }
    local state, rows = all_rows(model, { 4, 9 })
    local apart = model:scores_of(state, rows)
    assert.near_tensor({ shape = { 2, 50 }, data = apart:totable() },
      model:all_scores_of(state, 2), 1e-12)
  end)

  -- How often a model asks for the vectors of all items.
  local function counted(model)
    local network, count = model.module, 0
    local embed = network.embed_fields
    function network.embed_fields(self, side, bags, rows)
      count = count + (side == "item" and rows and #rows == #model.catalogue.items and 1 or 0)
      return embed(self, side, bags, rows)
    end
    return function()
      return count
    end
  end

  it("look items up once for any number of people", function()
    local model = model_of()
    local count = counted(model)
    for k = 1, 4 do
      assert.equal(7, #cmml.tidy(function() -- what is kept outlives it
        return model:adapt(support(k, 9)):recommend { n = 7 }
      end))
    end
    assert.equal(1, count())
    assert.equal(3, #model:recommend_all({ support(1, 4), support(2, 0), support(3, 2) }))
    assert.equal(1, count())
  end)

  it("follow weights that change in place, by whatever", function()
    local model = model_of()
    local count = counted(model)
    check(model, { 10 })
    local before = count()
    cmml.no_grad(function() -- a row of a table, which scores follow
      local table_ = model.module.embedding.kind.weight
      table_:copy_(table_ * 3)
    end)
    check(model, { 10 })
    assert.is_true(count() > before)
    local optimiser = cmml.optim.adam(model.module, { lr = 0.1 })
    check(model, { 10 })
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.train, bags = data.bags,
      support = 4, query = 3, seed = 5 }
    for _ = 1, 2 do
      optimiser:backward(model:loss(tasks:draw(1, { 1, 2, 3 })))
      optimiser:step()
      check(model, { 10 })
    end
    local other = model_of { seed = 8 }
    model.module:load_parameters((function()
      local values = {}
      for name, tensor in other.module:parameters() do
        values[name] = tensor
      end
      return values
    end)())
    check(model, { 10 })
  end)

  it("keep nothing of a catalogue that is too large for it", function()
    local by_item, model = require "cmml.recommenders.by_item"(cmml), model_of()
    local state = all_rows(model, { 6 })
    local asked = {}
    local function of_items(_, items)
      asked[#asked + 1] = #items
      return { core.full({ #items, 4 }, 1), { wide = core.full({ #items, 7000 }, 2) } }
    end
    local seen = 0
    for _ = 1, 2 do
      local scores = by_item.score_all(model, 1, of_items, function(rows)
        seen = seen + rows.known.of[2].wide.shape[1]
        return rows.known.of[1]:slice(2, 1, 1):reshape { -1 }
      end)
      assert.same({ 1, 2500 }, scores.shape)
    end
    assert.same({ 1, 2048, 452, 2048, 452 }, asked)
    assert.equal(5000, seen)
    assert.is_nil(model.kept_items.of)
    assert.is_truthy(state)
  end)

  it("are none for nobody, and of no items", function()
    local by_item, model = require "cmml.recommenders.by_item"(cmml), model_of()
    local scores = by_item.score_all(model, 0, function(_, items)
      return { core.full({ #items, 1 }, 0) }
    end, function(rows)
      return core.full({ #rows.items }, 0)
    end)
    assert.same({ 0, 2500 }, scores.shape)
    model.catalogue = { items = {} }
    assert.same({ 3, 0 }, by_item.score_all(model, 3, error, error).shape)
  end)
end)

describe("the version of a tensor", function()
  it("counts changes in place, also through a view", function()
    local x = cmml.zeros { 4, 2 }
    local before = x.version
    x:slice(1, 1, 2):copy_(cmml.ones { 2, 2 })
    assert.equal(before + 1, x.version)
    local _ = x + x
    assert.equal(before + 1, x.version)
  end)
end)
