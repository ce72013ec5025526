-- The setting sequences: data in order, splits into old and new users, tasks, and lists of the
-- whole catalogue, on data small enough to know every answer.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local function list(ids)
  return table.concat(ids:totable(), " ")
end

-- Ten people who go round a ring of 6 items, user k from item k on for 4 + k % 3 steps.
local function ring(with_times)
  local interactions = {}
  for user = 1, 10 do
    for k = 0, 3 + user % 3 do
      interactions[#interactions + 1] = { "u" .. user, "i" .. (user + k) % 6,
        with_times and user * 100 + k or nil }
    end
  end
  return cmml.sequences.data { name = "ring", interactions = interactions }
end

describe("sequence data", function()
  it("keep order and repeats, and are sorted by time where there are times", function()
    local data = cmml.sequences.data { interactions = { { "a", "x" }, { "b", "y" }, { "a", "y" },
      { "a", "x" } } }
    assert.equal("3 1", list(data.sequences.users))
    assert.equal("1 2 1 2", list(data.sequences.items))
    assert.is_nil(data.sequences.times)
    data = cmml.sequences.data { interactions = { { "a", "x", 5 }, { "a", "y", 3 }, { "a", "z", 5 },
      { "a", "x", 4 } } }
    assert.equal("2 1 1 3", list(data.sequences.items)) -- y x x z; of equal times as they stand
    assert.equal(2, data.disordered)
    assert.truthy(data.notes[#data.notes]:find("2 of 4 interactions stood behind a later one", 1,
      true))
  end)

  it("are refused where they are malformed", function()
    refused("sequences.data: there are no interactions", cmml.sequences.data, { interactions = {} })
    refused("interaction 2 has no time, but interaction 1 has one", cmml.sequences.data,
      { interactions = { { "a", "x", 5 }, { "a", "y" } } })
    refused("the time of interaction 1 is 1.5", cmml.sequences.data,
      { interactions = { { "a", "x", 1.5 } } })
    refused("interaction 1 must be {user, item, time}, not", cmml.sequences.data,
      { interactions = { 5 } })
    refused("users must be a column of kind", cmml.sequences.data,
      { interactions = { users = core.vocab(), items = core.vocab() } })
  end)
end)

describe("a split of sequences", function()
  it("by time has those as new users who came last, and old ones' early interactions", function()
    local split = assert(cmml.sequences.split(ring(true), { new_users = 0.2, valid = 0,
      cut_time = 904, min_length = 2 }))
    assert.same({ 10 }, split.test)
    assert.equal(9, #split.train) -- of user 9, 4 lie before the cut: 900 to 903
    assert.equal("4", tostring(split.sequences.users:totable()[9]))
    assert.equal(904, split.cut_time)
    split = assert(cmml.sequences.split(ring(true), { new_users = 0.2, valid = 0 }))
    assert.same({ 9, 10 }, split.test)
    assert.equal(900, split.cut_time)
  end)

  it("at random is the same for a seed, and leaves nobody out", function()
    local one = assert(cmml.sequences.split(ring(), { valid = 0.25, data_seed = 3 }))
    local same = assert(cmml.sequences.split(ring(), { valid = 0.25, data_seed = 3 }))
    assert.same({ one.train, one.valid, one.test }, { same.train, same.valid, same.test })
    assert.same({ 6, 2, 2 }, { #one.train, #one.valid, #one.test })
    local seen = {}
    for _, part in ipairs { one.train, one.valid, one.test } do
      for _, user in ipairs(part) do
        assert.is_nil(seen[user])
        seen[user] = true
      end
    end
    assert.is_nil(one.sequences.times)
  end)

  it("by folds has everybody once among the new users", function()
    local seen, cut = {}, {}
    for fold = 1, 5 do
      local split = assert(cmml.sequences.split(ring(), { valid = 0, fold = fold, min_length = 2,
        new_items = 0.34 }))
      assert.same({ 8, 2 }, { #split.train, #split.test })
      for _, user in ipairs(split.test) do
        assert.is_nil(seen[user])
        seen[user] = true
      end
      cut[table.concat(split.catalogue.items.counts:step():totable(), " ")] = true
    end
    assert.equal(10, #seen)
    assert.truthy(next(cut, (next(cut)))) -- other items are new in other folds
    local plain = assert(cmml.sequences.split(ring(), {}))
    assert.same(plain.test, assert(cmml.sequences.split(ring(), { fold = 1 })).test)
    local none, message = cmml.sequences.split(ring(), { fold = 6 })
    assert.same({ nil, "fold 6: the 10 people of ring make 5 parts of 2 (new_users 0.2)" },
      { none, message })
    none, message = cmml.sequences.split(ring(true), { fold = 2 })
    assert.is_nil(none)
    assert.truthy(message:find("folds are of protocol = \"random\"", 1, true))
  end)

  it("cuts items from the sequences of old users alone, which are then new", function()
    local split = assert(cmml.sequences.split(ring(), { new_items = 0.34, min_length = 2 }))
    local counts = split.catalogue.items.counts:totable()
    local new = 0
    for _, count in ipairs(counts) do
      new = new + (count == 0 and 1 or 0)
    end
    assert.equal(2, new) -- a third of 6
    assert.is_true(split.left_out.cut > 0)
    local whole, at = ring().sequences, 0
    local lengths = split.sequences.users:totable()
    for user, n in ipairs(whole.users:totable()) do
      for _, tested in ipairs(split.test) do
        assert.is_true(user ~= tested or lengths[user] == n)
      end
      at = at + n
    end
  end)

  it("for a model has the items as its catalogue numbers them, or says why not", function()
    local made = assert(cmml.sequences.split(ring(), { new_items = 0.34, min_length = 2 }))
    local model = cmml.recommenders.markov(made.catalogue)
    cmml.fit(model, made)
    local turned = {}
    for user = 10, 1, -1 do -- other numbers of people and items, the same sequences
      for k = 0, 3 + user % 3 do
        turned[#turned + 1] = { "u" .. user, "i" .. (user + k) % 6 }
      end
    end
    local other = cmml.sequences.data { name = "turned", interactions = turned }
    local of_other = assert(cmml.sequences.split(other, { catalogue = made.catalogue,
      min_length = 2 }))
    assert.equal(made.catalogue, of_other.catalogue)
    local items, rows = of_other.sequences.items:totable(), other.sequences.items:totable()
    for i, row in ipairs(rows) do
      assert.equal(other.items:text(row), made.catalogue.items:text(items[i]))
    end
    turned[1][2], turned[2][2] = "x1", "x2"
    other = cmml.sequences.data { name = "turned", interactions = turned }
    assert.same({ nil, "2 items of turned are not in the model's catalogue (x1, for one): it was "
      .. "made from other data" }, { cmml.sequences.split(other, { catalogue = made.catalogue }) })
    local setting = cmml.settings:get "sequences"
    local entry = { path = "model", model = model, notes = {} }
    assert.is_true(setting.check_unseen(entry, made))
    local none, message = setting.check_unseen(entry, assert(cmml.sequences.split(ring(), {
      catalogue = made.catalogue, new_items = 0.34, data_seed = 2, min_length = 2 })))
    assert.is_nil(none)
    assert.truthy(message:find("model was trained on item i%d, which is to be a new one"), message)
  end)

  it("by time makes nobody new where nobody is to be, and says where nobody can be", function()
    local split = assert(cmml.sequences.split(ring(true), { new_users = 0, valid = 0 }))
    assert.same({ 0, 10, 0 }, { #split.test, #split.train, split.left_out.late })
    local at_once = {}
    for user = 1, 5 do
      for k = 0, 4 do
        at_once[#at_once + 1] = { "u" .. user, "i" .. k, 7 + k }
      end
    end
    local none, message = cmml.sequences.split(cmml.sequences.data { name = "once",
      interactions = at_once })
    assert.same({ nil, "once: the first interactions of all people have one time (7), so that "
      .. "nobody can be new in time: take protocol = \"random\"" }, { none, message })
  end)

  it("says why there is none", function()
    local split, message = cmml.sequences.split(ring(), { protocol = "time" })
    assert.is_nil(split)
    assert.truthy(message:find("ring has no times", 1, true))
    split, message = cmml.sequences.split(ring(true), { cut_time = 5 })
    assert.is_nil(split)
    assert.truthy(message:find("cut_time 5", 1, true) and message:find("all are new", 1, true))
    split, message = cmml.sequences.split(ring(), { min_length = 50 })
    assert.is_nil(split)
    assert.truthy(message:find("nobody is left to learn from", 1, true))
  end)
end)

describe("tasks of sequences", function()
  local sequences = { users = core.segments { 3, 0, 1, 5 },
    items = core.ids { 1, 2, 3, 9, 4, 5, 6, 7, 8 } }

  local function cut(options)
    local support, query = core.cut_sequences(sequences, core.ids { 4, 1, 2, 3 }, options)
    return { list(support.segments), list(support.items), list(support.following),
      list(query.segments), list(query.items) }
  end

  it("show all but the last, or the first ones", function()
    assert.same({ "4 2 0 1", "4 5 6 7 1 2 9", "5 6 7 8 2 3 0", "1 1 0 0", "8 3" }, cut {})
    assert.same({ "2 2 0 1", "4 5 1 2 9", "5 6 2 3 0", "2 1 0 0", "6 7 3" },
      cut { shown = 2, next = 2 })
    assert.same({ "1 1 0 1", "4 1 9", "5 2 0", "4 2 0 0", "5 6 7 8 2 3" }, cut { next = 10 })
  end)

  it("cut a window out of longer ones, by seed, draw and user alone", function()
    local starts = {}
    for draw = 1, 50 do
      local support, query = core.cut_sequences(sequences, core.ids { 4 }, { window = 3,
        draw = draw, seed = 2 })
      local first = support.items:totable()[1]
      assert.equal(("%d %d"):format(first, first + 1), list(support.items))
      assert.equal(tostring(first + 2), list(query.items))
      local _, again = core.cut_sequences(sequences, core.ids { 1, 4 }, { window = 3, draw = draw,
        seed = 2 })
      assert.equal(first + 2, again.items:totable()[2])
      starts[first] = true
    end
    assert.same({ [4] = true, [5] = true, [6] = true }, starts)
  end)

  it("refuse what makes no sense", function()
    refused("users from 5 to 5, but there are 4 sequences", core.cut_sequences, sequences,
      core.ids { 5 }, {})
    refused("next 0 at least 1", core.cut_sequences, sequences, core.ids { 1 }, { next = 0 })
  end)
end)

describe("kinds of sequences", function()
  local data = ring()
  local split = assert(cmml.sequences.split(data, { valid = 0, new_users = 0.3, data_seed = 2 }))
  local setting = cmml.settings:get "sequences"

  local function fitted(kind, options)
    local model = cmml.recommenders[kind](split.catalogue, options)
    model:fit(setting.learnable(split))
    return model
  end

  it("know what follows: the Markov chain on a ring is always right", function()
    local model = fitted "markov"
    local evaluation = setting.evaluations(split, {})[1]
    local results = cmml.evaluate({ model, fitted "popularity" }, evaluation.tasks,
      { cutoffs = { 1 } })
    assert.equal(1, results[1]["hit@1"].mean)
    assert.is_true(results[2]["hit@1"].mean < 1)
    local best = model:adapt({ "i3", "i4", "i5" }):recommend { n = 1, include_support = true }
    assert.equal("i0", best[1].item)
  end)

  it("count what was done of late for more", function()
    local model = fitted("sequence_knn", { steps = 1, distance_power = 0, backward = 0,
      popularity_power = 0, decay = 0.25, latest = 2 })
    -- how often one item follows another, of how often it is there
    local rows = cmml.sequences.rows_of(split.sequences, split.train)
    local items, following = rows.items:totable(), rows.following:totable()
    local function share(from, to)
      local n, all = 0, 0
      for i, item in ipairs(items) do
        all = all + (item == from and 1 or 0)
        n = n + (item == from and following[i] == to and 1 or 0)
      end
      return n / all
    end
    local id = {}
    for k = 0, 5 do
      id[k] = data.items:id("i" .. k)
    end
    local scores = model:adapt({ "i5", "i0", "i2" }):predict { "i3", "i1", "i4" }
    assert.is_true(share(id[2], id[3]) > 0.3 and share(id[0], id[1]) > 0.3)
    assert.is_true(math.abs(scores[1] - share(id[2], id[3])) < 1e-5)
    assert.is_true(math.abs(scores[2] - 0.25 * share(id[0], id[1])) < 1e-5)
    assert.is_true(math.abs(scores[3]) < 1e-5)
  end)

  it("weigh pairs by distance and direction", function()
    local pairs_ = core.sequence_pairs({ segments = core.segments { 3 }, items = core.ids { 1, 2,
      3 } }, { steps = 2, power = 1, backward = 0.5 })
    assert.equal("1 2 1 3 2 3", list(pairs_.from))
    assert.equal("2 1 3 1 3 2", list(pairs_.to))
    assert.same({ 1, 0.5, 0.5, 0.25, 1, 0.5 }, pairs_.weights:totable())
    pairs_ = core.sequence_pairs({ segments = core.segments { 2, 2 }, items = core.ids { 1, 1, 2,
      3 } }, {})
    assert.equal("2", list(pairs_.from)) -- no pair of an item with itself, or across sequences
    refused("steps 0 must be at least 1", core.sequence_pairs, { segments = core.segments {},
      items = core.ids {} }, { steps = 0 })
  end)

  it("learn by gradients, with each loss, what comes next", function()
    for _, kind in ipairs { "sasrec", "gru4rec" } do
      for _, loss in ipairs { "softmax", "sampled", "bpr" } do
        local model = cmml.recommenders[kind](split.catalogue, { loss = loss, negatives = 3,
          width = 16, dropout = 0, length = 8, seed = 3 })
        cmml.train(model, split, { epochs = 60, lr = 0.02, batch = 4, seed = 1 })
        local evaluation = setting.evaluations(split, {})[1]
        local results = cmml.evaluate({ model }, evaluation.tasks, { cutoffs = { 2 } })
        assert.is_true(results[1]["hit@2"].mean > 0.9, ("%s, %s: %g"):format(kind, loss,
          results[1]["hit@2"].mean))
      end
    end
  end)

  it("save, load and serve the same", function()
    for _, kind in ipairs { "sasrec", "gru4rec", "markov", "sequence_knn", "ease", "popularity" } do
      local model = cmml.recommenders[kind](split.catalogue)
      local _ = model.fit and model:fit(setting.learnable(split))
      local path = os.tmpname()
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      os.remove(path)
      local a = model:adapt({ "i1", "i2" }):predict { "i3", "i4" }
      local b = loaded:adapt({ "i1", "i2" }):predict { "i3", "i4" }
      assert.same(a, b)
      assert.equal(2, #loaded:adapt({ "i1", "zzz", "i2" }, { unknown = "skip" }):predict { "i1",
        "i2" })
      refused("item zzz is not in the catalogue", loaded.adapt, loaded, { "zzz" })
    end
  end)
end)

describe("lists of what came next", function()
  it("have what was shown, or not", function()
    local split = assert(cmml.sequences.split(cmml.sequences.data { interactions = {
      { "a", "x" }, { "a", "y" }, { "a", "x" }, { "b", "y" }, { "b", "x" }, { "b", "y" },
      { "c", "x" }, { "c", "y" }, { "c", "z" } }, items = { { id = "x" }, { id = "v" },
      { id = "w" } } }, { new_users = 0.34, valid = 0, min_length = 2, data_seed = 1 }))
    local setting = cmml.settings:get "sequences"
    local model = cmml.recommenders.popularity(split.catalogue)
    model:fit(setting.learnable(split))
    for _, history in ipairs { "kept", "removed" } do
      local evaluation = setting.evaluations(split, { history = history })[1]
      local results = cmml.evaluate({ model }, evaluation.tasks, { cutoffs = { 1 } })
      local tested = split.data.users:text(split.test[1])
      if history == "removed" and tested ~= "c" then
        assert.equal(1, results[1]["hit@1"].skipped) -- its next item was shown before
      else
        assert.equal(0, results[1]["hit@1"].skipped)
      end
    end
  end)

  it("tell of new items apart", function()
    local split = assert(cmml.sequences.split(cmml.settings:get("sequences").made(), {
      new_items = 0.2, data_seed = 1 }))
    local setting = cmml.settings:get "sequences"
    local model = cmml.recommenders.markov(split.catalogue)
    model:fit(setting.learnable(split))
    local evaluation = setting.evaluations(split, {})[1]
    local entry = { evaluation = evaluation, results = cmml.evaluate({ model }, evaluation.tasks) }
    local parts = setting.parts(entry, split)
    assert.equal(2, #parts)
    local of_new, of_known = parts[1].results[1]["hit@10"], parts[2].results[1]["hit@10"]
    assert.equal(0, of_new.mean) -- nothing was learnt of them
    assert.is_true(of_known.mean > 0.5)
    assert.equal(#split.test, of_new.tasks + of_known.tasks)
    local whole = entry.results[1]["hit@10"].mean
    assert.is_true(math.abs(whole * #split.test - of_known.mean * of_known.tasks) < 1e-6)
  end)
end)
