-- Frozen models of sequences: they score and list as the live ones do, whatever the length of what
-- is known; order counts, and an item may be there several times.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

local setting = cmml.settings:get "sequences"
local split = assert(cmml.sequences.split(setting.made(), { new_items = 0.1 }))
local catalogue = split.catalogue
local items = catalogue.items
local small = { width = 16, inner = 16 }

local function trained(kind, options)
  local model = cmml.recommenders[kind](catalogue, options)
  if model.learns == "gradient" then
    cmml.train(model, split, { epochs = 2, patience = 0, batch = 64, lr = 5e-3 })
  else
    cmml.fit(model, split)
  end
  return model
end

local function mml(options)
  options.learner_options = options.learner_options or small
  options.learner_training = { epochs = 2, lr = 5e-3, batch = 64 }
  return trained("mml", options)
end

-- What somebody did: n items, of which those of the longer ones come again and again, the same one
-- twice in a row among them; the last 50 of 60 have not all that the first 10 have.
local function sequence(n)
  local list = {}
  for i = 1, n do
    list[i] = i <= 8 and "r8i" .. i or ("r%di%d"):format(i % 3 + 1, i % 7 // 2 + 1)
  end
  return list
end
local lengths = { 0, 1, 5, 60 }

-- A predictor of a model, by way of a file, and what the model was loaded as from it.
local function frozen(model)
  local path = os.tmpname()
  assert(cmml.freeze(model):save(path))
  local predictor, loaded = assert(cmml.predictor(path)), assert(cmml.load(path))
  os.remove(path)
  return predictor, loaded
end

-- Scores of all items by the model itself.
local function live_scores(model, given)
  local state = model:state_of(setting.read_support(model, given, { unknown = "error" }).rows)
  return model:all_scores_of(state, 1):reshape({ -1 }):totable()
end

-- Scores of all items of a context.
local function scores_of(predictor, person)
  local rows = {}
  for row = 1, #items do
    rows[row] = predictor:row(items:text(row))
  end
  return person.own:score(1, rows, {})
end

-- Asserts that scores are the same to 1e-5 of the largest, and gives how far apart they may be.
local function assert_same(expected, found, what)
  local largest = 0
  for _, value in ipairs(expected) do
    largest = math.max(largest, math.abs(value))
  end
  local bound = 1e-5 * largest
  for i, value in ipairs(expected) do
    assert(math.abs(value - found[i]) <= bound, ("%s: item %d: %.9g, not %.9g"):format(what, i,
      found[i], value))
  end
  return bound
end

local function check_list(model, person, given, expected, bound, include_support)
  local asked = { n = 20, include_support = include_support }
  local live, top = model:adapt(given):recommend(asked), person:recommend(asked)
  assert.equal(#live, #top)
  for i, entry in ipairs(live) do
    local own, other = expected[items:id(entry.item)], expected[items:id(top[i].item)]
    assert(entry.item == top[i].item or math.abs(own - other) <= 2 * bound,
      ("place %d of %d shown: %s, not %s"):format(i, #given, top[i].item, entry.item))
  end
end

-- Asserts that a predictor does what the model does, of supports of all lengths.
local function check(model, shown)
  local predictor = frozen(model)
  assert.is_true(predictor.ordered)
  for _, n in ipairs(shown or lengths) do
    local given = sequence(n)
    local expected = live_scores(model, given)
    local person, grown = predictor:context(given), predictor:context()
    local bound = assert_same(expected, scores_of(predictor, person), n .. " at once")
    for i, item in ipairs(given) do
      grown:observe(item)
      local _ = i % 11 == 1 and scores_of(predictor, grown)
    end
    assert_same(expected, scores_of(predictor, grown), n .. " one by one")
    check_list(model, person, given, expected, bound, false)
    check_list(model, person, given, expected, bound, true)
  end
  return predictor
end

describe("a frozen model of sequences does what the live one does:", function()
  local models = {
    { "popularity" }, { "markov" }, { "sequence_knn" }, { "ease" }, { "ease", { rank = 8 } },
    { "ease", { keep = 10 } }, { "sasrec", small }, { "sasrec", { width = 16, inner = 16,
      reads = { "ids", "fields" } } }, { "gru4rec", { width = 16, hidden = 8 } },
    { "cmml_sequences", { width = 16, inner = 16, backbone = { 16 } } },
    { "cmml_sequences", { width = 16, inner = 16, backbone = { 16 }, context = "attention",
      hybrid = "dot", knn = false } },
    { "sasrec_tuned", { width = 16, inner = 16, fine_tune_steps = 0 } },
  }
  for i, of in ipairs(models) do
    it(("%s (%d)"):format(of[1], i), function()
      check(trained(of[1], of[2]))
    end)
  end

  it("mml, whose fusion is learned or fixed", function()
    check(mml {})
    check(mml { fusion = "fixed", weights = { 1, 0.5, 2 } })
  end)

  it("loaded from a file that was saved before anybody asked for a score", function()
    for _, model in ipairs { trained("sasrec", small), mml { knn = false } } do
      local path = os.tmpname()
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      os.remove(path)
      check(loaded, { 5 })
    end
  end)

  it("of nothing: the network of cmml_sequences says nothing of any item", function()
    local model = trained("cmml_sequences", { width = 16, inner = 16, backbone = { 16 },
      knn = false })
    local counts, known = items.counts:totable(), 0
    for row, score in ipairs(live_scores(model, {})) do
      if counts[row] > 0 then -- new items have an offset of their own
        assert.equal(0, score)
        known = known + 1
      end
    end
    assert.is_true(known > #items / 2)
  end)

  it("and a frozen file is loaded as the same model", function()
    local model = trained("gru4rec", { width = 16, hidden = 8 })
    local _, loaded = frozen(model)
    assert.same(live_scores(model, sequence(5)), live_scores(loaded, sequence(5)))
  end)

  it("for several people at once", function()
    local model = trained("sasrec", small)
    local predictor = frozen(model):again { users = 4 }
    local group, rows, scores, found = {}, {}, {}, {}
    for i, n in ipairs(lengths) do
      group[i] = predictor:context(sequence(n))
    end
    predictor:recommend_rows(group, 5, rows, scores, found)
    for i, n in ipairs(lengths) do
      assert.equal(5, found[i])
      for k, entry in ipairs(model:adapt(sequence(n)):recommend { n = 5 }) do
        assert.near(entry.score, scores[(i - 1) * 5 + k], 1e-5 * math.abs(entry.score) + 1e-9)
      end
    end
  end)
end)

describe("a context of a sequence", function()
  local model, predictor
  setup(function()
    model = trained "markov"
    predictor = frozen(model)
  end)

  local function ids(person)
    local list = {}
    for i, entry in ipairs(person:support()) do
      list[i] = entry[1]
    end
    return table.concat(list, " ")
  end

  it("takes an item that comes again behind all others", function()
    local person = predictor:context { "r1i1", "r2i1" }
    local before = scores_of(predictor, person)
    person:observe "r1i1"
    assert.equal("r1i1 r2i1 r1i1", ids(person))
    local after = scores_of(predictor, person)
    assert_same(live_scores(model, { "r1i1", "r2i1", "r1i1" }), after, "again")
    assert_same(live_scores(model, { "r1i1" }), after, "the last one counts")
    assert.not_same(before, after)
    person:observe("r1i1", 1)
    assert.equal("r1i1 r2i1 r1i1 r1i1", ids(person))
  end)

  it("is of ids, of {item, label}, or of what another one has", function()
    local person = predictor:context { "r1i1", { "r1i2" }, { "r1i1", 1 } }
    assert.equal("r1i1 r1i2 r1i1", ids(person))
    assert.same(person:support(), predictor:context(person:support()):support())
    refused("item r9i9 is not in the catalogue", predictor.context, predictor, { "r9i9" })
    refused("the label must be a finite number", person.observe, person, "r1i1", 0 / 0)
    refused("the label must be a finite number, not", person.observe, person, "r1i1", "much")
  end)

  it("forgets an item as often as it is there, and is then as if it had never been", function()
    local person = predictor:context { "r1i1", "r2i1", "r1i1", "r3i1", "r1i1" }
    scores_of(predictor, person)
    assert.is_true(person:forget "r1i1")
    assert.is_false(person:forget "r1i1")
    assert.equal("r2i1 r3i1", ids(person))
    assert.same(scores_of(predictor, predictor:context { "r2i1", "r3i1" }),
      scores_of(predictor, person))
    for _, entry in ipairs(predictor:context({ "r1i1", "r1i1" }):recommend { n = #items }) do
      assert.not_equal("r1i1", entry.item)
    end
  end)

  it("is what the command line reads of the same file, repeats included", function()
    local path, given = os.tmpname(), { "r1i1", "r2i1", "r1i1" }
    assert(cmml.freeze(model):save(path))
    local text, problem, code = cli("recommend", "--model", path, "--sequence",
      table.concat(given, ","), "--n=3")
    os.remove(path)
    assert.equal(0, code, problem)
    local place = 1
    for _, entry in ipairs(predictor:context(given):recommend { n = 3 }) do
      place = assert(text:find(entry.item, place, true), text)
    end
  end)

  it("takes back an interaction by the fork from before", function()
    local person = predictor:context { "r1i1", "r2i1" }
    local before = person:fork()
    person:observe "r1i1"
    assert.equal("r1i1 r2i1", ids(before))
    assert.same(scores_of(predictor, predictor:context { "r1i1", "r2i1" }),
      scores_of(predictor, before))
  end)

  it("is saved and restored in order, with what is there twice", function()
    local given = sequence(60)
    local person = predictor:context(given)
    local text = person:save()
    assert.equal(30 + 16 * 60, #text)
    local again = assert(predictor:restore(text))
    assert.equal(table.concat(given, " "), ids(again))
    assert.same(scores_of(predictor, person), scores_of(predictor, again))
    assert.equal(text, again:save())
  end)

  it("is full of as many interactions as the limit says, however few the items", function()
    local tight = predictor:again { support = 3 }
    local person = tight:context { "r1i1", "r1i1", "r1i1" }
    refused("limit support = 3", person.observe, person, "r1i1")
    assert.equal("r1i1 r1i1 r1i1", ids(person))
    person:forget "r1i1"
    person:observe "r1i2"
    assert.equal("r1i2", ids(person))
    assert.is_nil((predictor:again { support = 2 }):restore(predictor:context(sequence(3)):save()))
  end)
end)

describe("freezing models of sequences", function()
  it("is refused with the reason where they take steps, or fuse by the gate", function()
    for _, kind in ipairs { "sasrec_tuned", "gru4rec_tuned" } do
      local model = cmml.recommenders[kind](catalogue)
      refused(("freeze: a %s cannot be frozen: it takes gradient steps on what a person did")
        :format(kind), cmml.freeze, model)
    end
    refused("freeze: a mml cannot be frozen: the gate reads the states", cmml.freeze,
      mml { fusion = "gate", knn = false, learners = { "ids" } })
    refused("freeze: a mml cannot be frozen: learner ids: it takes gradient steps", cmml.freeze,
      mml { learner_options = { width = 16, inner = 16, fine_tune_steps = 2 } })
    refused("freeze: a mml cannot be frozen: it has learnt nothing yet", cmml.freeze,
      cmml.recommenders.mml(catalogue))
  end)

  it("does not change what models of ratings keep of an item that comes again", function()
    local people = require "spec.support.people"
    local data = people.data(cmml, { users = 20, items = 12, rated = 6 })
    local model = cmml.recommenders.ease(data.catalogue)
    model:fit(model.setting.learnable(data))
    local predictor = assert(cmml.predictor(cmml.freeze(model)))
    assert.is_false(predictor.ordered)
    local person = predictor:context { { "f1", 5 }, { "f2", 4 }, { "f1", 1 } }
    assert.same({ { "f1", 1 }, { "f2", 4 } }, person:support())
    refused("entry 1 must be {item, label}", predictor.context, predictor, { "f1" })
  end)
end)
