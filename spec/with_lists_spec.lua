-- A model of two parts in one file: ratings by the one, lists by the other.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local people = require "spec.support.people"
local plain = require "cmml.base.plain"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local core = cmml.core
local data = people.data(cmml, { users = 60, items = 12, rated = 8 })

local function fitted(kind, of)
  of = of or data
  local model = cmml.recommenders[kind](of.catalogue)
  model:fit(model.setting.learnable(of))
  return model
end

-- The two parts: popularity and the mean of an item order these films otherwise.
local stars, ranker = fitted "item_mean", fitted "ease"
local both = cmml.with_lists(stars, ranker)
local support = { { "f1", 5 }, { "f3", 4.5 }, { "f2", 1 } }
local all = {}
for i = 1, 12 do
  all[i] = "f" .. i
end

local function through_file(model, notes)
  local path = os.tmpname()
  assert(cmml.save(model, path, { notes = notes }))
  local archive = assert(core.read_archive(path))
  local loaded, found = cmml.load(path)
  os.remove(path)
  return loaded, found, archive
end

local function order_of(list)
  local items, scores = {}, {}
  for i, entry in ipairs(list) do
    items[i], scores[i] = entry.item, entry.score
  end
  return items, scores
end

local function tasks_of(rank)
  return cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags, support = 4,
    query = 3, rank = rank, relevant = rank and data.relevant, seed = 9 }
end

describe("a model with lists", function()
  it("predicts by the one, and recommends by the other, with expected ratings", function()
    local person = both:adapt(support)
    assert.same(stars:adapt(support):predict(all), person:predict(all))
    local list, own = person:recommend { n = 5 }, ranker:adapt(support):recommend { n = 5 }
    local items, scores = order_of(list)
    local own_items, own_scores = order_of(own)
    assert.same(own_items, items)
    assert.same(own_scores, scores)
    assert.not_same(own_items, (order_of(stars:adapt(support):recommend { n = 5 })))
    local expected = stars:adapt(support):predict(items)
    for i, entry in ipairs(list) do
      assert.equal(expected[i], entry.expected)
    end
    assert.is_nil(own[1].expected)
  end)

  it("leaves out and chooses from what it is told to", function()
    local chosen = both:adapt(support):recommend { n = 5, items = { "f1", "f7", "f9", "f11" },
      exclude = { "f9" } }
    local items = order_of(chosen)
    table.sort(items)
    assert.same({ "f11", "f7" }, items)
  end)

  it("recommends for many as for one, also for people without a support", function()
    local supports = { support, {}, { { "f4", 5 }, { "nowhere", 1 } } }
    local lists, skipped = both:recommend_all(supports, { n = 4, unknown = "skip" })
    assert.same({ {}, {}, { "nowhere" } }, skipped)
    for i, own in ipairs(supports) do
      local one = both:adapt(own, { unknown = "skip" }):recommend { n = 4 }
      assert.same((order_of(one)), (order_of(lists[i])))
      for k, entry in ipairs(lists[i]) do
        assert(math.abs(one[k].expected - entry.expected) < 1e-5)
      end
    end
    assert.same({ {}, {} }, (both:recommend_all({ {}, support }, { n = 0 })))
  end)

  it("explains by what makes its lists", function()
    local mine, own = both:adapt(support):explain { "f5" }, ranker:adapt(support):explain { "f5" }
    assert.same(own, mine)
    assert.not_same(stars:adapt(support):explain { "f5" }, mine)
  end)

  it("is evaluated on ratings by the one, on lists by the other", function()
    local ratings = cmml.evaluate({ both, stars }, tasks_of())
    assert.equal(ratings[2].mae.mean, ratings[1].mae.mean)
    local lists = cmml.evaluate({ both, ranker, stars }, tasks_of "all",
      { metrics = { "ndcg" }, cutoffs = { 5 } })
    assert.equal(lists[2]["ndcg@5"].mean, lists[1]["ndcg@5"].mean)
    assert.not_equal(lists[3]["ndcg@5"].mean, lists[1]["ndcg@5"].mean)
  end)

  it("tells of each part how much of a support it counts", function()
    local hated = both:adapt { { "f1", 1 } }
    assert.equal(1, hated.counting)
    assert.equal(0, hated.lists.counting)
  end)
end)

-- Takes what is kept of lists out of an exported model.
local function without_lists(exported)
  for i = #exported.entries, 1, -1 do
    if exported.entries[i].name:find "^lists%." then
      table.remove(exported.entries, i)
    end
  end
end

describe("a file of a model with lists", function()
  it("gives both parts back to the last bit, over one catalogue that it has once", function()
    local network = cmml.recommenders.cmml_lists(data.catalogue, { width = 8, backbone = { 8 },
      hyper = { 8 }, residual = false })
    cmml.train(network, data, { epochs = 1, batch = 16, support = 4, query = 3 })
    local ratings = cmml.cmml(data.catalogue, people.small(4))
    cmml.train(ratings, data, { epochs = 1, batch = 16, support = 4, query = 3 })
    local model = cmml.with_lists(ratings, network)
    local loaded, found, archive = through_file(model, { city = "Riverton" })
    assert.equal("cmml", loaded.kind)
    assert.equal("cmml_lists", loaded.lists.kind)
    assert.equal(loaded.catalogue, loaded.lists.catalogue)
    assert.same({ city = "Riverton" }, found.notes)
    assert.same(network.options, loaded.lists.options)
    local person, back = model:adapt(support), loaded:adapt(support)
    assert.same(person:predict(all), back:predict(all))
    assert.same(person:recommend(), back:recommend())
    local times = 0
    for _, entry in ipairs(archive.tensors) do
      times = times + (entry.name:find "items%.bytes$" and 1 or 0)
    end
    assert.equal(1, times)
    assert.equal("2", archive.metadata.format_version)
  end)

  it("is the only one of format 2", function()
    local _, _, archive = through_file(stars)
    assert.equal("1", archive.metadata.format_version)
  end)

  it("carries kinds that are fitted, and what export gives carries both", function()
    local loaded = through_file(both)
    assert.same(both:adapt(support):recommend(), loaded:adapt(support):recommend())
    local copy = cmml.import_recommender(both:export())
    assert.same(both:adapt(support):recommend(), copy:adapt(support):recommend())
  end)

  it("of which the lists are damaged is refused, by the name of the part", function()
    for _, damage in ipairs {
      { "lacks options", function(d) d.config.lists = { kind = "ease" } end },
      { "lacks options", function(d) d.config.lists = 3 end },
      { "kind nothing is known", function(d) d.config.lists.kind = "nothing" end },
      { "predicts ratings", function(d)
        without_lists(d)
        d.config.lists = { kind = "item_mean", options = stars.options }
        for _, pair in ipairs(stars:tensors()) do
          table.insert(d.entries, { name = "lists." .. pair[1], value = pair[2] })
        end
      end },
      { "the entry", without_lists },
    } do
      local exported = both:export()
      exported.config = { kind = exported.config.kind, options = exported.config.options,
        schema = exported.config.schema, lists = { kind = "ease", options = ranker.options } }
      damage[2](exported)
      local ok, message = pcall(cmml.import_recommender, exported)
      assert.is_false(ok)
      assert(message:find(damage[1], 1, true), message)
      assert(message:find("the part that makes lists: ", 1, true), message)
    end
  end)
end)

describe("the commands, of a file of a model with lists", function()
  local root, file, alone, model

  local function runs(...)
    local output, said, code = cli(...)
    assert.equal(0, code, output .. said)
    return output, said
  end

  local function decoded(path)
    return assert(core.json_decode(assert(core.read_file(path)), path))
  end

  setup(function()
    root = temporary.folder()
    file, alone = root .. "/both.safetensors", root .. "/ease.safetensors"
    assert(core.mkdir(root .. "/data"))
    people.write(core, root .. "/data", { users = 60, items = 12, rated = 8 })
    local films = assert(cmml.cold_users(assert(cmml.movielens(root .. "/data"))))
    model = cmml.with_lists(fitted("item_mean", films), fitted("ease", films))
    assert(model:save(file))
    assert(model.lists:save(alone))
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("recommend: lists of the one with stars of the other, as text and as data", function()
    local list = model:adapt({ { "1", 5 }, { "3", 4.5 }, { "2", 1 } }):recommend { n = 3 }
    local lines = {}
    for i, entry in ipairs(list) do
      lines[i] = plain.format("%3d  %5.2f  %-8s %s\n", i, model:stars(entry.expected), entry.item,
        entry.title)
    end
    local given = "--rate=1=5,3=4.5,2=1"
    assert.equal(table.concat(lines), (runs("recommend", "--model", file, given, "--n=3")))
    runs("recommend", "--model", file, given, "--n=3", "--out", root .. "/list.json")
    for i, row in ipairs(decoded(root .. "/list.json").recommendations) do
      assert.equal(list[i].item, row.item)
      assert(math.abs(list[i].score - row.score) < 1e-6)
      assert(math.abs(list[i].expected - row.expected) < 1e-6)
    end
    local why = runs("recommend", "--model", file, given, "--n=1", "--why")
    assert.truthy(why:find("because of Film", 1, true), why)
    local _, said = runs("recommend", "--model", file, "--rate=1=1")
    assert.truthy(said:find("nothing of the support is relevant", 1, true), said)
  end)

  it("recommend --users: the same lists as the one alone makes", function()
    local found = {}
    for i, path in ipairs { file, alone } do
      runs("recommend", "--model", path, "--data", root .. "/data", "--users=all", "--n=4",
        "--quiet", "--out", root .. "/" .. i .. ".json")
      found[i] = decoded(root .. "/" .. i .. ".json").recommendations
    end
    assert.equal(#found[2], #found[1])
    for i, row in ipairs(found[1]) do
      assert.equal(found[2][i].item, row.item)
      assert.equal("number", type(row.expected))
      assert.is_nil(found[2][i].expected)
    end
  end)

  it("info: both kinds, and the parameters of both", function()
    local text = runs("info", "--model", file, "--parameters")
    assert.truthy(text:find("kind         item_mean (", 1, true), text)
    assert.truthy(text:find("lists by     ease (", 1, true), text)
    assert.truthy(text:find("lists.", 1, true), text)
  end)

  it("evaluate --rank: what the lists of the one alone are worth", function()
    local found = {}
    for i, path in ipairs { file, alone } do
      runs("evaluate", "--model", path, "--data", root .. "/data", "--rank=all", "--draws=1",
        "--support=4", "--query=4", "--baselines=none", "--quiet", "--protocol=warm-leaky", "--out",
        root .. "/e.json")
      found[i] = decoded(root .. "/e.json")
    end
    found[1].data, found[2].data = nil, nil
    assert.same(found[2], found[1])
  end)
end)

describe("with_lists", function()
  it("takes models that were loaded apart, and leaves its arguments as they were", function()
    local joined = cmml.with_lists((through_file(stars)), (through_file(ranker)))
    assert.same(both:adapt(support):recommend(), joined:adapt(support):recommend())
    assert.equal(joined.catalogue, joined.lists.catalogue)
    assert.is_nil(stars.lists)
    assert.is_nil(cmml.with_lists(both).lists)
    assert.truthy(both.lists)
  end)

  it("refuses what are no two parts of one", function()
    local other = people.data(cmml, { users = 30, items = 10, rated = 6 })
    refused("the model must be a recommender", cmml.with_lists)
    refused("what makes lists must be a recommender", cmml.with_lists, stars, 3)
    refused("ease predicts no ratings", cmml.with_lists, ranker, ranker)
    refused("item_mean predicts ratings", cmml.with_lists, stars, stars)
    refused("know other items", cmml.with_lists, stars, fitted("ease", other))
  end)
end)
