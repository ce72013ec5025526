-- Nothing that is judged in the scenario setting may have been there to be learnt from: each way in
-- which it could is planted, and must be found.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local taken = require "spec.support.taken"
local core = cmml.core

local data = scenario_world.data(cmml)
local split = data:split { seed = 3, query_fraction = 0.2 }
local popularity = cmml.recommenders.popularity(split:catalogue())

-- A split whose parts were changed; the original stays.
local function changed(fields)
  local copy = {}
  for key, value in pairs(split) do
    copy[key] = value
  end
  for key, value in pairs(fields) do
    copy[key] = value
  end
  return setmetatable(copy, getmetatable(split))
end

-- Who took what, with one more.
local function with_one(given, user, item)
  local lists = {}
  for u, items in ipairs(taken.sets(given)) do
    lists[u] = {}
    if u == user then
      items[item] = true
    end
    for i in pairs(items) do
      table.insert(lists[u], i)
    end
    table.sort(lists[u])
  end
  return taken.of(core, lists)
end

describe("a leak", function()
  local first = taken.pairs(split.pairs.test)[split.test[1]][1]
  local user, item = first[1], first[2]
  local who = ("user %s, item %s is to be evaluated, but "):format(data.users:text(user),
    data.items:text(item))

  local function caught(what, of, models)
    refused(who .. what, cmml.evaluate, models or { popularity }, of)
  end

  it("is caught where it was planted: interactions, pairs, vectors", function()
    caught("is known", changed { known = with_one(split.known, user, item) })
    caught("is in the background of the vectors", changed {
      background = with_one(split.background, user, item) })
    caught("is asked for in training", changed { fresh = with_one(split.fresh, user, item) })
    caught("is held out for validation", changed {
      held_valid = with_one(split.held_valid, user, item) })
    for _, name in ipairs { "known", "support", "query" } do
      local all = {}
      for key, value in pairs(split.pairs) do
        all[key] = value
      end
      all[name] = split.pairs.test
      refused(("stands among the pairs that tasks are drawn from (%s)"):format(name),
        cmml.evaluate, { popularity }, changed { pairs = all })
    end
    local vectors = cmml.vectors.als { ratings = with_one(split.background, user, item),
      n_items = #data.items, factors = 2, iterations = 1 }
    caught("is in what the vectors of [cmml recommender cf_score", split,
      { popularity, cmml.recommenders.cf_score(split:catalogue(vectors)) })
  end)

  it("is caught in what was counted: by popularity, or for an input of CMML", function()
    caught("is in what [cmml recommender popularity", split, { popularity,
      cmml.recommenders.popularity(
      cmml.scenarios.catalogue { users = data.users, items = data.items,
        interactions = with_one(split.known, user, item) }) })
    local fitted = cmml.recommenders.popularity(split:catalogue())
    fitted:fit { ratings = data.interactions, users = {} }
    refused("is in what [cmml recommender popularity", cmml.evaluate, { fitted }, split)
    local vectors = cmml.vectors.als { ratings = split.background, n_items = #data.items,
      factors = 2, iterations = 1 }
    refused("is in what [cmml recommender cmml", cmml.evaluate, {
      cmml.cmml(cmml.scenarios.catalogue { users = data.users, items = data.items,
        vectors = vectors, interactions = data.interactions },
        { preset = "recommended/scenario" }) }, split)
  end)

  it("would not be seen in what came from a file, and evaluation says so", function()
    local vectors = split:vectors { factors = 2, iterations = 1 }
    local function unchecked(models, of)
      return cmml.evaluate(models, of or split, { cutoffs = { 10 } }).unchecked
    end
    local cf = cmml.recommenders.cf_score(split:catalogue(vectors))
    assert.is_false(unchecked { popularity, cf })
    local path = os.tmpname()
    assert(vectors:save(path, { users = data.users, items = data.items }))
    local loaded = assert(cmml.vectors.load(path))
    local of_file = cmml.recommenders.cf_score(split:catalogue(loaded))
    assert.is_true(unchecked { popularity, of_file })
    local says, titles = "leaks could not be checked", { "CF score" }
    local found = cmml.evaluate({ of_file }, split)
    assert.truthy(cmml.metrics.format_results(titles, found, { "recall@10" }):find(says, 1, true))
    found = cmml.evaluate({ cf }, split)
    assert.is_nil(cmml.metrics.format_results(titles, found, { "recall@10" }):find(says, 1, true))
    local alone = cmml.recommenders.cf_score(cmml.scenarios.catalogue { vectors = loaded })
    assert.is_false(unchecked({ alone },
      data:split { protocol = "published" })) -- which is leaky as a whole
    loaded.interactions = split.background
    assert.is_false(unchecked { cmml.recommenders.cf_score(split:catalogue(loaded)) })
    assert(cf:save(path))
    assert.is_true(unchecked { (assert(cmml.load(path))) })
    assert(popularity:save(path))
    assert.is_true(unchecked { (assert(cmml.load(path))) })
    os.remove(path)
    local nothing = cmml.scenarios.catalogue { users = data.users, items = data.items }
    assert.is_false(unchecked { cmml.recommenders.popularity(nothing) }) -- it counted nothing
  end)

  it("is refused where a file tells of another split, also one of before scenarios were noted",
    function()
      local check = cmml.settings:get("scenarios").check_unseen
      local function entry(notes)
        return { path = "m", model = popularity, notes = notes }
      end
      for _, setting in ipairs { "scenario", "scenarios" } do
        local ok, message = check(entry { setting = setting, data_seed = 7 }, split, {})
        assert.is_nil(ok)
        assert.matches("m was trained with data_seed 7, but is to be evaluated with 3", message)
      end
      assert.is_true(check(entry { data_seed = 7, setting = "" }, split, {})) -- trained in Lua
      assert.is_true(check(entry { data_seed = 7 }, split, {}))
    end)

  it("is refused by the core, too, where something known is held out", function()
    local ok, message = pcall(core.ranking_rows, split.candidates, split.test[1],
      split.pairs.test, { split.held_test }, core.ids { user })
    assert.is_false(ok)
    assert.truthy(message:find(("item %d of user %d is held out for evaluation, but already")
      :format(item, user), 1, true), message)
  end)

  it("is what the published split is named for", function()
    local leaky = data:split { protocol = "published", support_pairs = 20 }
    local found = cmml.evaluate({ cmml.recommenders.popularity(leaky:catalogue()) }, leaky)
    assert.is_true(found.leaky)
    assert.truthy(found[1]["recall@10"].tasks > 0)
    assert.is_false(cmml.evaluate({ popularity }, split).leaky)
  end)
end)
