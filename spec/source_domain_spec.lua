-- The source domain: what users took of items that lie in no scenario. It is found, kept in
-- catalogues and in the files of models that need it, and never has what is held out.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local refused = require("spec.support.refused").with_text
local scenario_cli = require "spec.support.scenario_cli"
local scenario_world = require "spec.support.scenario_world"
local taken = require "spec.support.taken"
local temporary = require "spec.support.temporary"
local core = cmml.core

-- A kind that reads the source domain: the score of an item is how many source items its user took.
cmml.kind {
  name = "source_counts", title = "source counts", settings = { "scenarios" }, learns = "none",
  needs = { source = true },
  make = function(catalogue)
    local lengths = catalogue.source.users:totable()
    return { counts = core.tensor(lengths) }
  end,
  adapt = function()
    return {}
  end,
  score = function(self, _, rows)
    return self.counts:gather_rows(rows.users)
  end,
}

-- Five users; items a and b lie in scenario "x", c in a group that is too small to be one, d and e
-- in none.
local function small(changes)
  local options = { name = "small", min_items = 2, min_users = 1, interactions = {
    { "u1", "a" }, { "u1", "c" }, { "u1", "d" }, { "u2", "a" }, { "u2", "b" }, { "u3", "e" },
    { "u4", "b" }, { "u4", "d" }, { "u5", "d" }, { "u5", "e" }, { "u1", "d" } },
    groups = { { name = "x", items = { "a", "b" } }, { name = "y", items = { "c" } } } }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return cmml.scenarios.data(options)
end

-- The raw ids of rows.
local function texts(vocab, rows)
  local list = {}
  for i, row in ipairs(rows:totable()) do
    list[i] = vocab:text(row)
  end
  return table.concat(list, " ")
end

describe("the source domain", function()
  it("is of the items that lie in no scenario, and of who took them", function()
    local data = small()
    local source = data:source_domain()
    assert.equal("c d e", texts(data.items, source.domain))
    assert.equal("c d e d d e", texts(data.items, source.items))
    assert.same({ 2, 0, 1, 1, 2 }, source.users:totable())
    assert.same({ 4, 2 }, { source.known, source.common }) -- u1 and u4 took items of x, too
    local some = data:source_domain { users = core.segments { 1, 0, 1, 0, 0 },
      items = core.ids { data.items:id "d", data.items:id "a" } }
    assert.equal("c d e", texts(data.items, some.domain))
    assert.same({ 1, 0, 0, 0, 0 }, some.users:totable())
    assert.same({ 1, 0 }, { some.known, some.common })
  end)

  it("of other interactions than those of the data is refused", function()
    local data = small()
    for _, wrong in ipairs { 3, {}, { users = core.segments { 1 }, items = core.ids { 1 } },
      { users = core.segments { 1, 0, 0, 0, 0 }, items = core.ids { 1, 2 } } } do
      refused("ScenarioData:source_domain: interactions", data.source_domain, data, wrong)
    end
  end)

  it("is told among the numbers of data", function()
    for _, fact in ipairs(small():stats().more) do
      if fact[1] == "source" then
        assert.same({ items = 3, interactions = 6, users = 4, common_users = 2 }, fact[2])
        assert.equal("3 items in none of them (the source domain): 6 interactions of 4 users, of "
          .. "whom 2 took items of scenarios, too", fact[3])
        return
      end
    end
    error "no fact on the source domain"
  end)

  it("joins in unions", function()
    local union = cmml.scenarios.join { small(), small { name = "other" } }
    local source = union:source_domain()
    assert.equal("small:c small:d small:e other:c other:d other:e",
      texts(union.items, source.domain))
    assert.same({ 8, 4 }, { source.known, source.common })
  end)

  local data = scenario_world.data(cmml, { outside = 40 })
  for _, protocol in ipairs { "no-leak", "published" } do
    it("of a catalogue has nothing that is held out: protocol " .. protocol, function()
      local split = data:split { seed = 3, query_fraction = 0.2, protocol = protocol }
      local source = split:catalogue().source
      local background = taken.sets(split.background)
      local count = 0
      for u, items in ipairs(taken.sets(source)) do
        for item in pairs(items) do
          assert.is_true(background[u][item])
          count = count + 1
        end
      end
      assert.is_true(count > 200)
      assert.equal(40, #source.domain)
      local _, known = split:vectors { factors = 2, iterations = 1, further = 1 }
      assert.same(data:source_domain(split.known).items:totable(),
        split:catalogue(known).source.items:totable()) -- goes on with what serves
      local held = core.common_interactions(source, split.held_test)
        or core.common_interactions(source, split.held_valid)
      assert.is_nil(held)
    end)
  end

  it("is looked at for leaks, also that of a model from a file", function()
    local split = data:split { seed = 3 }
    local whole = cmml.scenarios.catalogue { users = data.users, items = data.items,
      interactions = split.known, source = data:source_domain() }
    local model = cmml.recommenders.source_counts(whole)
    refused("is to be evaluated, but is in the source domain that [cmml recommender source_counts",
      cmml.evaluate, { model }, split)
    local path = os.tmpname()
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    refused("is in the source domain that", cmml.evaluate, { loaded }, split)
    cmml.evaluate({ cmml.recommenders.source_counts(split:catalogue()) }, split)
  end)

  it("is in the files of models that need it, and of no others", function()
    local catalogue = data:split({ seed = 3 }):catalogue()
    local path = os.tmpname()
    assert(cmml.recommenders.source_counts(catalogue):save(path))
    local loaded = assert(cmml.load(path))
    for _, name in ipairs { "users", "items", "domain" } do
      assert.same(catalogue.source[name]:totable(), loaded.catalogue.source[name]:totable())
    end
    assert(cmml.recommenders.popularity(catalogue):save(path))
    assert.is_nil(assert(cmml.load(path)).catalogue.source)
    os.remove(path)
  end)

  it("of a file is not trusted", function()
    local catalogue = small():split({ valid = 0, test = 0 }):catalogue()
    local kept = cmml.recommenders.source_counts(catalogue):export()
    local function with(name, value)
      local entries = {}
      for i, entry in ipairs(kept.entries) do
        entries[i] = entry.name == "catalogue.source." .. name and { name = entry.name,
          value = value } or entry
      end
      return { entries = entries, config = kept.config }
    end
    cmml.import_recommender(with("none"))
    for text, changed in pairs {
      ["it is of 4 users, but the catalogue has 5"] = with("lengths", { 2, 0, 1, 3 }),
      ["as many as its users cover"] = with("lengths", { 2, 0, 1, 1, 3 }),
      ["rising within each user"] = with("items", { 4, 3, 5, 4, 4, 5 }),
      ["some that are not of its domain"] = with("items", { 1, 2, 5, 4, 4, 5 }),
      ["its domain has row 9 of 5 items"] = with("domain", { 2, 3, 4, 5, 9 }),
      ["its domain must be rows of the catalogue, rising"] = with("domain", { 5, 4, 3 }),
      ["catalogue.source.items is missing or of a wrong type"] = with("items", "text"),
      ["catalogue.source.domain is missing or of a wrong type"] = with("domain", nil),
    } do
      refused(text, cmml.import_recommender, changed)
    end
  end)
end)

describe("a kind that needs a source domain", function()
  local function make(data)
    return cmml.recommenders.source_counts(data:split({ valid = 0, test = 0,
      held_out = 0, valid_held_out = 0 }):catalogue())
  end

  it("refuses a catalogue without one, and one without a common user", function()
    assert.equal("[cmml recommender source_counts, 5 items]", tostring(make(small())))
    local covered = small { groups = { { name = "x", items = { "a", "b", "c", "d", "e" } } } }
    refused("source_counts: there is no source domain: every item lies in a scenario; narrower "
      .. "filters (min_items, max_items)", make, covered)
    local apart = small { interactions = { { "u1", "a" }, { "u1", "b" }, { "u2", "a" },
      { "u3", "d" }, { "u4", "e" } } , unknown = "skip" }
    refused("source and target domain have no user in common: none of the users is known to have "
      .. "taken any of the 2 items in no scenario and an item of a scenario as well", make, apart)
    local catalogue = cmml.scenarios.catalogue { users = apart.users, items = apart.items }
    refused("source_counts: the catalogue has no source domain",
      cmml.recommenders.source_counts, catalogue)
  end)

  it("takes a source domain of one's own, which has to fit", function()
    local data = small()
    local function catalogue(source)
      return cmml.scenarios.catalogue { users = data.users, items = data.items, source = source }
    end
    local own = { users = core.segments { 1, 0, 0, 0, 0 }, items = core.ids { 4 },
      domain = core.ids { 3, 4, 5 } }
    assert.equal(1, cmml.recommenders.source_counts(catalogue(own)).counts:totable()[1])
    refused("scenarios.catalogue: source: its users must be Segments, not table", catalogue,
      { users = {}, items = own.items, domain = own.domain })
    refused("scenarios.catalogue: source: its items have some that are not of its domain",
      catalogue, { users = own.users, items = own.items, domain = core.ids { 5 } })
  end)
end)

describe("the command line", function()
  local folder
  temporary.around(setup, teardown, function(path)
    folder = path
  end)

  it("tells of the source domain, in 80 columns", function()
    local path = scenario_cli.folder(core, folder .. "/world", "lastfm", { outside = 30 })
    local output, said, code = cli("stats", "--data", path, "--quiet", "--min-items=10",
      "--max-items=100")
    assert.equal(0, code, said)
    assert.truthy(output:gsub("%s+", " "):find("30 items in none of them %(the source domain%): "
      .. "%d+ interactions of %d+ users, of whom %d+ took items of scenarios, too"), output)
    for line in output:gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 80, line)
    end
  end)
end)
