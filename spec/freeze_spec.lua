-- Freezing: a frozen model scores as the live one does, for every kind that freezes, and one that
-- does not says why.
local args = require "cmml.base.args"
local cmml = require "cmml"
local child = require "spec.support.child"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 60, items = 48, rated = 20 })
local items = data.catalogue.items

-- Supports of these sizes; the second has a field of the person which no frozen model reads.
local function support(n, user)
  local list = { user = user }
  for i = 1, n do
    list[i] = { "f" .. (i * 7) % 48 + 1, 1 + (i * 3) % 9 / 2 }
  end
  return list
end

local sizes = { 0, 1, 5, 40 }

local function fitted(model)
  if model.fit then
    model:fit(model.setting.learnable(data))
  end
  if model.prepare then
    model:prepare { ratings = data.ratings, train = data.train }
  end
  return model
end

-- Scores of all items that a live model gives, before they are shown.
local function live_scores(model, entries)
  local rows, ids = {}, {}
  for row = 1, #items do
    rows[row], ids[row] = row, items:text(row)
  end
  local read = model.setting.read_support(model, entries, { unknown = "error" })
  local state = model:state_of(read.rows)
  return model:list_scorer(state, 1)(read.list(rows)):reshape({ -1 }):totable(), ids
end

local function largest(list)
  local most = 0
  for _, value in ipairs(list) do
    most = math.max(most, math.abs(value))
  end
  return most
end

-- Asserts that a predictor gives what the model does.
local function check_same(model, predictor, entries)
  local expected, ids = live_scores(model, entries)
  local person = predictor:context(entries)
  local rows = {}
  for i, id in ipairs(ids) do
    rows[i] = predictor:row(id)
  end
  local found = person.own:score(predictor.parts, rows, {})
  local bound = 1e-5 * math.max(largest(expected), 0.01) -- untrained networks sum up to little
  for i, value in ipairs(expected) do
    assert(math.abs(value - found[i]) <= bound, ("item %d of %d after %d: %.9g, not %.9g"):format(i,
      #items, #entries, found[i], value))
  end
  local top, live = person:recommend { n = 10 }, model:adapt(entries):recommend { n = 10 }
  assert.equal(#live, #top)
  for i, entry in ipairs(live) do
    local own = expected[predictor:row(entry.item)]
    local other = expected[predictor:row(top[i].item)]
    assert(entry.item == top[i].item or math.abs(own - other) <= 2 * bound,
      ("place %d: %s, not %s"):format(i, top[i].item, entry.item))
  end
end

-- A predictor of a model, and what the model was loaded as from the same file.
local function frozen(model)
  local path = os.tmpname()
  assert(cmml.freeze(model):save(path))
  local predictor = assert(cmml.predictor(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  return predictor, loaded
end

-- Asserts that a support that grows is at each size what it is at once, within small limits.
local function check_growing(predictor)
  local small = predictor:again { support = 40, block = 7, list = 5 }
  local person, rows = small:context(), {}
  for row = 1, #items do
    rows[row] = row
  end
  for n, entry in ipairs(support(40)) do
    person:observe(table.unpack(entry))
    local grown = person.own:score(small.parts, rows, {})
    if n < 4 or n % 9 == 0 then
      local whole = small:context(person:support()).own:score(small.parts, rows, {})
      local bound = 1e-5 * math.max(largest(whole), 0.01)
      for i, value in ipairs(whole) do
        assert(math.abs(value - grown[i]) <= bound, ("item %d after %d: %.9g, not %.9g"):format(i,
          n, grown[i], value))
      end
    end
    assert(#person:recommend { n = 5 } > 0)
  end
end

local function check_frozen(model)
  local predictor, loaded = frozen(model)
  check_growing(predictor)
  assert.equal(#items, predictor.items)
  for _, n in ipairs(sizes) do
    check_same(model, predictor, support(n))
  end
  local one, other = live_scores(model, support(5)), live_scores(loaded, support(5))
  assert.same(one, other) -- to the last bit
  return predictor
end

-- Which kinds say no, and the call that they name.
local refuse = { dcnf = "scores come about in another way at a third size",
  metacs = "what is computed comes about in another way of nothing: " }

describe("a frozen model gives what the live one does:", function()
  for _, class in ipairs(cmml.kinds.list "users") do
    local presets = args.keys(class.presets or {})
    for _, preset in ipairs(#presets > 0 and presets or { false }) do
      it(class.kind .. (preset and " " .. preset or ""), function()
        local model = fitted(cmml.recommenders[class.kind](data.catalogue,
          preset and { preset = preset } or {}))
        if refuse[class.kind] then
          refused(("freeze: a %s cannot be frozen: "):format(class.kind), cmml.freeze, model)
          refused(refuse[class.kind], cmml.freeze, model)
        else
          check_frozen(model)
        end
      end)
    end
  end

  for option, registry in pairs { encoder = cmml.encoders, hybrid = cmml.hybrids,
    modulation = cmml.modulations } do
    for _, name in ipairs(args.keys(registry)) do
      it(("cmml with the %s %s"):format(option, name), function()
        local options = people.small(2)
        options[option] = name
        check_frozen(cmml.cmml(data.catalogue, options))
      end)
    end
  end

  it("frozen again, it is the same to the last bit, in another process, too", function()
    local script = [[
local cmml = require "cmml"
local people = require "spec.support.people"
local data = people.data(cmml, { users = 12, items = 8, rated = 6 })
local lists = cmml.recommenders.item_knn_implicit(data.catalogue)
lists:fit(lists.setting.learnable(data))
local model = cmml.with_lists(cmml.cmml(data.catalogue, people.small(1)), lists)
print((cmml.freeze(model).text:gsub("%d+$", "")))]]
    local first, ok = child.run(script)
    assert.is_true(ok, first)
    for _ = 1, 4 do -- tables are in another order each time
      assert.equal(first, (child.run(script)))
    end
  end)

  it("a model with lists, whose second part makes them", function()
    local ratings = cmml.cmml(data.catalogue, people.small(1))
    local lists = fitted(cmml.recommenders.ease(data.catalogue))
    local both = cmml.with_lists(ratings, lists)
    local predictor, loaded = frozen(both)
    assert.equal(2, predictor.parts)
    assert.is_truthy(loaded.lists)
    for _, n in ipairs(sizes) do
      local entries = support(n)
      check_same(lists, predictor, entries)
      local person = predictor:context(entries)
      local expected = live_scores(ratings, entries)
      local ids = {}
      for row = 1, #items do
        ids[row] = items:text(row)
      end
      local found = person:predict(ids)
      for i, value in ipairs(expected) do
        assert.near(value, found[i], 1e-5 * math.max(largest(expected), 1))
      end
      local top = person:recommend { n = 3 }
      for _, entry in ipairs(top) do
        assert.near(expected[predictor:row(entry.item)], entry.expected, 1e-4)
      end
    end
  end)

  it("one that is trained", function()
    local model, tasks, optimiser = people.learner(cmml)
    for step = 1, 3 do
      optimiser:backward(model:loss(tasks:draw(step, { 1, 2, 3 })))
      optimiser:step()
    end
    local predictor = frozen(model)
    local ids = { "f1", "f2", "f3", "f16" }
    local found = predictor:context({ { "f1", 5 }, { "f4", 1 } }):predict(ids)
    local read = model.setting.read_support(model, { { "f1", 5 }, { "f4", 1 } }, {})
    local state, rows = model:state_of(read.rows), {}
    for i, id in ipairs(ids) do
      rows[i] = predictor:row(id)
    end
    local expected = model:list_scorer(state, 1)(read.list(rows)):totable()
    for i, value in ipairs(expected) do
      assert.near(value, found[i], 1e-5)
    end
  end)
end)

describe("a component that a user wrote", function()
  local nn, core = cmml.nn, cmml.core

  after_each(function()
    cmml.encoders.spec_own, cmml.modulations.spec_own = nil, nil
  end)

  -- An encoder whose forward pass is `f` of (self, samples, segments).
  local function encoder(f)
    local Own = nn.class "spec.Own"
    Own.forward = f
    cmml.encoders.spec_own = function(options)
      local self = Own.new()
      self:register("map", nn.linear { inp = options.inp, out = options.out, init = options.init })
      return self
    end
    local options = people.small(4)
    options.encoder = "spec_own"
    return cmml.cmml(data.catalogue, options)
  end

  it("freezes like one of the library", function()
    check_frozen(encoder(function(self, samples, segments)
      local count = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
      return self.map(core.segment_sum(samples:square(), segments) / (count + 1)):tanh()
    end))
  end)

  it("is refused with the call that numbers of the support go into", function()
    local model = encoder(function(self, samples, segments)
      local sum = core.segment_sum(samples, segments)
      return self.map(sum * sum:sum():item()) -- of what was given
    end)
    refused("freeze: a cmml cannot be frozen: mul: gets number", cmml.freeze, model)
  end)

  it("is refused where a tensor is made of what was given", function()
    local model = encoder(function(self, samples, segments)
      local values = samples:mean():item()
      return self.map(core.segment_sum(samples, segments) + core.tensor { values })
    end)
    refused("cannot be frozen: ", cmml.freeze, model)
  end)

  it("is refused where it takes another way for other sizes", function()
    local model = encoder(function(self, samples, segments)
      local sum = core.segment_sum(samples, segments)
      return self.map(segments:rows() > 8 and sum:tanh() or sum)
    end)
    refused("cannot be frozen: ", cmml.freeze, model)
  end)

  it("is refused where it loops over the support", function()
    local model = encoder(function(self, samples, segments)
      local sum = core.segment_sum(samples, segments)
      for _ = 1, segments:rows() do
        sum = sum * 0.5
      end
      return self.map(sum)
    end)
    refused("cannot be frozen: ", cmml.freeze, model)
  end)

  it("is refused where a size is used in an odd way", function()
    local model = encoder(function(self, samples, segments)
      return self.map(core.segment_sum(samples, segments) * (1 / (segments:rows() ^ 2 + 1)))
    end)
    refused("mul: gets number", cmml.freeze, model)
  end)
end)

describe("freezing", function()
  it("refuses what is no model, and models of scenarios, with the reason", function()
    refused("freeze: a recommender was expected, not", cmml.freeze, 3)
    refused("freeze: a recommender was expected, not", cmml.freeze, {})
    local split = scenario_world.data(cmml, { users = 16, items = 40, scenarios = 4, size = 20,
      outside = 6 }):split()
    local catalogue = split:catalogue((split:vectors { factors = 2 }))
    for _, class in ipairs(cmml.kinds.list "scenarios") do
      local model = cmml.recommenders[class.kind](catalogue)
      if model.fit then
        model:fit(model.setting.learnable(split))
      end
      refused("cannot be frozen: their lists are of users whom the support does not name",
        cmml.freeze, model)
    end
  end)

  it("keeps notes, and says what it is", function()
    local folder = temporary.folder()
    local model = cmml.cmml(data.catalogue, people.small(1))
    local frozen_model = cmml.freeze(model)
    assert.matches("^%[cmml%.Frozen of ", tostring(frozen_model))
    assert(frozen_model:save(folder .. "/f.safetensors", { notes = { a = 1 } }))
    local _, notes = assert(cmml.load(folder .. "/f.safetensors"))
    assert.equal(1, (notes or {}).a or (notes.notes or {}).a)
    local ok, message = frozen_model:save(folder .. "/none/f.safetensors")
    assert.is_nil(ok)
    assert.truthy(message:find("none/f.safetensors", 1, true))
    temporary.remove(folder)
  end)

  it("gives the same hash for the same model, and another for another", function()
    local function hash(seed)
      return cmml.freeze(cmml.cmml(data.catalogue, people.small(seed))).text:match '"hash":"(%x+)"'
    end
    assert.equal(hash(1), hash(1))
    assert.not_equal(hash(1), hash(2))
  end)
end)
