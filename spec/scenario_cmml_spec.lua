-- The recommender of the scenario setting: its scores, inputs and terms, gradients, files.
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = scenario_world.data(cmml)
local split = data:split { seed = 2 }
local vectors = cmml.vectors.als { ratings = split.background, n_items = #data.items, factors = 4 }
local catalogue = split:catalogue(vectors)

local small = { preset = "paper/scenario", encoder_widths = { 6 }, encoder = "mean", backbone = { 5,
  5 }, hyper = { 5, 5 } }

local function options(changes)
  local all = {}
  for key, value in pairs(small) do
    all[key] = value
  end
  for key, value in pairs(changes or {}) do
    all[key] = value
  end
  return all
end

local function batch_of(of_split, batch)
  return of_split:tasks { support = 6, support_negatives = 6, query = 5, batch = batch }
    :batches(1)()
end

-- What stands in the rows of x, without joined matrices.
local function plain_rows(users, items)
  return core.concat { vectors.users:gather_rows(users), vectors.items:gather_rows(items) }
end

describe("CMML on scenarios", function()
  for _, hybrid in ipairs { "none", "dot", "mlp", "generator" } do
    for _, encoder in ipairs { "mean", "max", "gru", "attention" } do
      it(("scores as the network does on rows written out: %s, %s"):format(encoder, hybrid),
        function()
          local model = cmml.cmml(catalogue, options { hybrid = hybrid,
            encoder = encoder })
          local batch = batch_of(split, 4)
          local rows, support = core.paired_rows(batch.query), batch.support
          local found = model:score_rows(model:adapt_rows(support), rows)
          local context = model.network:context(plain_rows(support.users, support.items),
            support.labels, support.segments)
          local expected = model.network:score(plain_rows(rows.users, rows.items), context,
            rows.segments)
          close.near_lists(expected:totable(), found:totable(), 1e-5, "score")
        end)
    end
  end

  it("has the loss of eq. 4: hinge of margin 1, mean over pairs, then over tasks", function()
    local model = cmml.cmml(catalogue, options())
    local batch = batch_of(split, 4)
    local state = model:adapt_rows(batch.support)
    local query = batch.query
    local function scores_of(items)
      return model:score_rows(state, { items = items, segments = query.segments,
        users = query.users }):totable()
    end
    local positive, negative = scores_of(query.positives), scores_of(query.negatives)
    local sum, at = 0, 0
    for _, length in ipairs(query.segments:totable()) do
      local task = 0
      for i = at + 1, at + length do
        task = task + math.max(0, 1 - positive[i] + negative[i])
      end
      sum, at = sum + task / length, at + length
    end
    close.near(sum / #query.segments, model:loss(batch):item(), 1e-5, "loss")
  end)

  it("has gradients that finite differences confirm, in double precision", function()
    local double = cmml.double
    local world = scenario_world.data(double, { users = 40, items = 60, scenarios = 6, size = 30 })
    local of_world = world:split { seed = 1 }
    local given = double.vectors.als { ratings = of_world.background, n_items = #world.items,
      factors = 3, iterations = 3 }
    local model = double.cmml(of_world:catalogue(given), options {
      inputs = { "cf_score", "popularity" }, terms = { "popularity", "cf_score" },
      term_start = { 0.1, 0.2 }, activation = "tanh" })
    local batch = batch_of(of_world, 2)
    local names, values = {}, {}
    for i, pair in ipairs(model.module:named_parameters()) do
      names[i], values[i] = pair[1], pair[2]:detach()
    end
    assert.is_true(double.gradcheck(function(_, ...)
      local parameters = {}
      for i, value in ipairs { ... } do
        parameters[names[i]] = value
      end
      local changed = setmetatable({ module = double.nn.functional(model.module, parameters) },
        { __index = model })
      changed.network = changed.module.network
      return changed:loss(batch)
    end, values))
  end)

  it("adds terms with learnt weights, in the order of their names", function()
    local plain = cmml.cmml(catalogue, options())
    local with = cmml.cmml(catalogue, options { terms = { "popularity", "cf_score" },
      term_start = { 0.5, 2 } })
    local rows = { users = core.ids { 1, 2, 3 }, items = core.ids { 4, 5, 6 },
      segments = core.segments { 3 } }
    local one = { segments = core.segments { 0 }, users = core.ids {}, items = core.ids {},
      labels = core.full({ 0 }, 0) }
    local a = plain:score_rows(plain:adapt_rows(one), rows):totable()
    local b = with:score_rows(with:adapt_rows(one), rows):totable()
    local counts, logs, mean, square = catalogue.items.counts:totable(), {}, 0, 0
    for i, count in ipairs(counts) do
      logs[i] = math.log(1 + count)
      mean = mean + logs[i] / #counts
    end
    for _, log in ipairs(logs) do
      square = square + (log - mean) ^ 2 / #counts
    end
    local u, v = vectors.users:totable(), vectors.items:totable()
    for r = 1, 3 do
      local product = 0
      for k = 1, 4 do
        product = product + u[r][k] * v[r + 3][k]
      end
      close.near(a[r] + 0.5 * (logs[r + 3] - mean) / math.sqrt(square) + 2 * product / 2, b[r],
        1e-4, "row " .. r)
    end
  end)

  it("begins given terms at 0, not where the preset's own begin", function()
    local function starts(changes)
      local given = { preset = "recommended/scenario" }
      for key, value in pairs(changes) do
        given[key] = value
      end
      local list = cmml.cmml(catalogue, given).module.term_weight:totable()
      for i, value in ipairs(list) do
        list[i] = math.floor(value * 1000 + 0.5) / 1000
      end
      return list
    end
    assert.same({ 1.3, 0.7 }, starts {})
    assert.same({ 0 }, starts { terms = { "popularity" } })
    assert.same({ 0, 0 }, starts { terms = { "popularity", "cf_score" } })
    assert.same({ 0.5 }, starts { terms = { "popularity" }, term_start = { 0.5 } })
    assert.same({ 1, 2 }, starts { term_start = { 1, 2 } })
  end)

  it("counts parameters as the published configurations of these widths", function()
    local wide = cmml.scenarios.catalogue { vectors = setmetatable({ kind = "als",
      users = core.full({ 3, 64 }, 0), items = core.full({ 4, 64 }, 0) }, cmml.vectors.Vectors) }
    assert.equal(454849, cmml.cmml(wide,
      { preset = "published-code/ml20m_film" }).module:count())
    assert.equal(454849, cmml.cmml(wide,
      { preset = "published-code/scenario" }).module:count())
  end)

  it("serves from its file alone, with raw ids", function()
    local folder = temporary.folder()
    local model = cmml.cmml(catalogue, options { inputs = { "popularity" },
      terms = { "cf_score" }, term_start = { 1 } })
    assert(model:save(folder .. "/m.safetensors"))
    local loaded = assert(cmml.load(folder .. "/m.safetensors"))
    temporary.remove(folder)
    assert.equal(people.bits(model), people.bits(loaded))
    local support = { { "u1", "i1", 1 }, { "u2", "i7", 1 }, { "u1", "i3", 0 } }
    local a, b = model:adapt(support), loaded:adapt(support)
    assert.same(a:predict({ "i1", "i2" }, { user = "u5" }),
      b:predict({ "i1", "i2" }, { user = "u5" }))
    local list = b:recommend { user = "u1", n = 3, items = { "i1", "i2", "i3", "i5" },
      exclude = { "i5", "unknown" } }
    assert.equal(2, #list) -- i1 is a positive of the user's, i5 is excluded
    assert.truthy(list[1].score >= list[2].score)
    assert.equal(#data.items - 1, #b:recommend { user = "u1", n = 1000 })
    assert.equal(#data.items, #b:recommend { user = "u1", n = 1000, include_support = true })
    assert.equal(0, #b:recommend { user = "u1", n = 0 })
    assert.equal(1, #loaded:adapt({}):predict({ "i1" }, { user = "u1" }))
    for _, rival in ipairs(split:rivals(vectors)) do
      local path = os.tmpname()
      assert(rival:save(path))
      local again = assert(cmml.load(path))
      os.remove(path)
      assert.same(rival:adapt(support):predict({ "i1", "i7" }, { user = "u1" }),
        again:adapt(support):predict({ "i1", "i7" }, { user = "u1" }))
    end
  end)

  it("does not come from a file whose counts are negative", function()
    local path = os.tmpname()
    assert(cmml.recommenders.popularity(catalogue):save(path))
    local archive = assert(core.read_archive(path))
    for i, entry in ipairs(archive.tensors) do
      local value = entry.value
      if entry.name == "catalogue.counts" then
        value = value - 1000
      end
      archive.tensors[i] = { name = entry.name, value = value }
    end
    assert(core.write_archive(path, archive.tensors, archive.metadata))
    local loaded, message = cmml.load(path)
    os.remove(path)
    assert.is_nil(loaded)
    assert.truthy(message:find("catalogue.counts holds negative numbers", 1, true), message)
  end)

  it("refuses what it does not know or cannot use", function()
    local model = cmml.cmml(catalogue, options())
    local adapted = model:adapt {}
    refused("adapt: entry 1 must be {user, item, 1 or 0}", model.adapt, model,
      { { "u1", "i1", 3 } })
    refused("adapt: entry 1: user nobody is not among the", model.adapt, model,
      { { "nobody", "i1", 1 } })
    refused("predict: entry 1: item x is not in the catalogue of 160", adapted.predict, adapted,
      { "x" }, { user = "u1" })
    refused("option user is missing", adapted.recommend, adapted, {})
    refused("cmml: catalogue must be a cmml.Catalogue", cmml.cmml, {})
    refused("the catalogue has no vectors", cmml.cmml, split:catalogue())
    refused("cmml: there is no preset paper of cmml for scenarios (groups of items); did you mean",
      cmml.cmml,
      catalogue, { preset = "paper" })
    refused('cmml: inputs entry 1 "cf" is not known; did you mean cf_score?',
      cmml.cmml, catalogue, { inputs = { "cf" } })
    refused("unknown option dim", cmml.cmml, catalogue, { dim = 3 })
    for _, rate in ipairs { -1, 1, 0 / 0 } do
      refused(("cmml: dropout must be %s, but is"):format(rate == rate
        and "at least 0 and below 1" or "a finite number"), cmml.cmml, catalogue,
        { dropout = rate })
    end
    refused("term_start must be a list of finite numbers", cmml.cmml, catalogue,
      { terms = { "cf_score" }, term_start = { 0 / 0 } })
  end)

  it("names both numbers where vectors are of the wrong width or row count", function()
    local function of(users, items)
      return setmetatable({ kind = "als", users = core.full(users, 0),
        items = core.full(items, 0) }, cmml.vectors.Vectors)
    end
    refused(("%d users, but 3 vectors of them"):format(#data.users), split.catalogue, split,
      of({ 3, 4 }, { #data.items, 4 }))
    refused(("%d items, but 9 vectors of them"):format(#data.items), split.catalogue, split,
      of({ #data.users, 4 }, { 9, 4 }))
    refused("vectors of users have 4 numbers, those of items 5", split.catalogue, split,
      of({ #data.users, 4 }, { #data.items, 5 }))
  end)
end)
