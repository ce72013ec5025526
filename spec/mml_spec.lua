-- MML: learners, generator and fusion in stages; networks that take steps on what a person did; and
-- how much members count, against answers that are known.
local child = require "spec.support.child"
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local core = cmml.core

local setting = cmml.settings:get "sequences"
local split = assert(cmml.sequences.split(setting.made(), { new_items = 0.1 }))
local small = { width = 16, inner = 16, length = 12 }
local brief = { epochs = 6, lr = 5e-3, batch = 64 }

local function mml(options)
  local all = { learner_options = small, learner_training = brief }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return cmml.recommenders.mml(split.catalogue, all)
end

local function evaluated(model)
  local evaluation = setting.evaluations(split, {})[1]
  local entry = { evaluation = evaluation, results = cmml.evaluate({ model }, evaluation.tasks) }
  local parts = setting.parts(entry, split)
  return entry.results[1]["hit@10"].mean, parts[1].results[1]["hit@10"].mean,
    parts[2].results[1]["hit@10"].mean
end

local function same_when_loaded(model)
  local path = os.tmpname()
  assert(model:save(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  local given, asked = { "r1i1", "r1i2", "r1i3" }, { "r1i4", "r2i1", "r8i12" }
  assert.same(model:adapt(given):predict(asked), loaded:adapt(given):predict(asked))
  return loaded
end

describe("MML", function()
  it("is learnt in stages, which another run goes on with", function()
    local folder = temporary.folder()
    local told = {}
    local function fit(options)
      local model = mml(options)
      cmml.fit(model, split, { out = folder, seed = 3, tell = function(line)
        told[#told + 1] = line
      end })
      return model
    end
    local first = fit()
    assert.same({ "stage learner-ids: MML (one learner)", "stage learner-fields: MML (one learner)",
      "stage generator: MML (generator of item vectors)" }, told)
    told = {}
    os.remove(folder .. "/generator.safetensors")
    local second = fit()
    assert.truthy(told[1]:find("from " .. folder, 1, true))
    assert.truthy(told[2]:find("from " .. folder, 1, true))
    assert.equal("stage generator: MML (generator of item vectors)", told[3])
    local given, asked = { "r1i1", "r1i2" }, { "r1i3", "r4i4" }
    assert.same(first:adapt(given):predict(asked), second:adapt(given):predict(asked))
    same_when_loaded(first)
    local ok, problem = pcall(fit, { learner_training = { epochs = 2 } })
    assert.is_false(ok)
    assert.truthy(tostring(problem):find("holds a stage of other data or settings", 1, true))
    assert.truthy(tostring(problem):find("training", 1, true))
    temporary.remove(folder)
  end)

  it("takes a generator only beside the learner that it was made for", function()
    local folder = temporary.folder()
    local function fit(epochs)
      cmml.fit(mml { knn = false, learner_training = { epochs = epochs, batch = 64 } }, split,
        { out = folder })
    end
    fit(1)
    os.remove(folder .. "/learner-ids.safetensors")
    os.remove(folder .. "/learner-fields.safetensors")
    refused("generator.safetensors holds a stage of other data or settings (the stage before it)",
      fit, 2)
    temporary.remove(folder)
  end)

  it("takes the steps of its learner of ids beside generated vectors, too", function()
    local function scores(steps, fusion)
      local options = { fine_tune_steps = steps, fine_tune_lr = 0.3, fine_tune_items = true,
        loss = "bpr" }
      for key, value in pairs(small) do
        options[key] = value
      end
      local model = mml { learners = { "ids" }, knn = false, fusion = fusion,
        learner_options = options, learner_training = { epochs = 1, batch = 64 } }
      cmml.fit(model, split, { seed = 1 })
      assert.equal("bpr", model.generator.options.loss)
      return model:adapt({ "r1i1", "r1i2", "r1i3" }):predict { "r1i4", "r2i1", "r8i12" }
    end
    for _, fusion in ipairs { "fixed", "gate" } do
      assert.not_same(scores(0, fusion), scores(20, fusion))
    end
  end)

  it("waits for a stage that another process makes", function()
    local folder, told = temporary.folder(), {}
    local other = assert(io.popen(child.line("spec/support/hold.lua",
      folder .. "/learner-ids.safetensors.making", "0.5")))
    assert.equal("held", other:read "l")
    cmml.fit(mml { learners = { "ids" }, knn = false, generator = false }, split, { out = folder,
      tell = function(line)
        told[#told + 1] = line
      end })
    other:close()
    assert.same({ "stage learner-ids: another process makes it",
      "stage learner-ids: MML (one learner)" }, told)
    assert.is_false(core.exists(folder .. "/learner-ids.safetensors.making"))
    temporary.remove(folder)
  end)

  it("finds new items by what is known of them, and nobody knows them by id", function()
    local longer = { epochs = 25, lr = 1e-2, batch = 32 }
    local with = mml { learner_training = longer }
    local without = mml { learners = { "ids" }, generator = false, learner_training = longer }
    cmml.fit(with, split)
    cmml.fit(without, split)
    local _, new = evaluated(with)
    local all, none, known = evaluated(without)
    assert.is_true(new > 0.2, new)
    assert.equal(0, none)
    assert.is_true(known > 0.8 and all > 0.6)
  end)

  it("joins learners by fixed weights, and by the published gate", function()
    for _, options in ipairs { { fusion = "fixed", knn = false, weights = { 1, 0 } },
      { fusion = "gate", knn = false, last_relu = true }, { fusion = "fixed" },
      { fusion = "gate", knn = false, generator = false, learner_options = { width = 16,
        inner = 16, length = 12, attention_fields = { "colour" } } },
      { fusion = "fixed", weights = { 1, 0, 1 } } } do
      local model = mml(options)
      cmml.fit(model, split)
      same_when_loaded(model)
    end
    refused("weights must be a number for each of 2 learners and for neighbours, not 2", mml,
      { fusion = "fixed", weights = { 1, 2 } })
    refused("fusion = \"gate\" goes with knn = false", mml, { fusion = "gate" })
    refused("it is learnt in stages: use cmml.fit(model, split)", function()
      mml():fit { ratings = split.sequences, users = split.train }
    end)
  end)
end)

describe("a learner of MML", function()
  local function trained(options, training)
    local all = { seed = 5 }
    for _, from in ipairs { small, options or {} } do
      for key, value in pairs(from) do
        all[key] = value
      end
    end
    local model = cmml.recommenders.mml_learner(split.catalogue, all)
    cmml.train(model, split, training or brief)
    return model
  end

  it("without steps is SASRec", function()
    local learner = trained()
    local plain = cmml.recommenders.sasrec(split.catalogue, { width = 16, inner = 16, length = 12,
      seed = 5 })
    cmml.train(plain, split, brief)
    local given, asked = { "r1i1", "r1i2" }, { "r1i3", "r4i4" }
    assert.same(plain:adapt(given):predict(asked), learner:adapt(given):predict(asked))
  end)

  it("learns by steps of each person, restored or kept as published", function()
    for _, keep in ipairs { false, true } do
      local learner = trained({ inner_steps = 2, inner_lr = 0.05, keep_last = keep, dropout = 0 },
        { epochs = 20, lr = 5e-3, batch = 64 })
      local hit = evaluated(learner)
      assert.is_true(hit > 0.5, hit)
    end
  end)

  it("reads content features in attention, and in place of ids", function()
    local learner = trained { attention_fields = { "colour" }, attention_scale = 1 }
    same_when_loaded(learner)
    local by_fields = trained({ reads = { "colour", "size" } }, { epochs = 20, lr = 1e-2,
      batch = 64 })
    local _, new = evaluated(by_fields)
    assert.is_true(new > 0.2, new)
    refused("reads: the field \"taste\" is not known", trained, { reads = { "taste" } })
  end)

  it("takes steps on what a person did, of items, too", function()
    for _, items in ipairs { false, true } do
      local training = { epochs = 6, lr = 5e-3, batch = 64, choose = "last" }
      local plain = trained({}, training)
      local tuned = trained({ fine_tune_steps = 3, fine_tune_lr = 0.1, fine_tune_items = items },
        training)
      local given, asked = { "r1i1", "r1i2", "r1i4" }, { "r1i5", "r1i6", "r4i4" }
      local a, b = plain:adapt(given):predict(asked), tuned:adapt(given):predict(asked)
      assert.is_true(math.abs(a[1] - b[1]) > 1e-6)
      -- one interaction has nothing behind it to step on
      assert.same(plain:adapt({ "r1i1" }):predict(asked), tuned:adapt({ "r1i1" }):predict(asked))
    end
  end)
end)

describe("a network that takes steps on what people did", function()
  local people = { { "r1i1", "r1i2", "r1i4" }, { "r2i1" }, {}, { "r2i2", "r3i1", "r3i1", "r1i1" },
    { "r3i2", "r2i3" } }

  -- Scores of all items for some people who are adapted together.
  local function scores_of(model, supports)
    local rows = setting.read_supports(model, supports, { unknown = "error" }).rows
    return model:all_scores_of((model:state_of(rows)), #supports):totable()
  end

  for _, of in ipairs { { "sasrec_tuned", small }, { "gru4rec_tuned", { width = 16, hidden = 8 } },
    { "mml_learner", { width = 16, inner = 16, attention_fields = { "colour" },
      attention_scale = 1 } } } do
    it(("tells people apart, whoever is adapted with them: %s"):format(of[1]), function()
      for _, items in ipairs { false, true } do
        local options = { fine_tune_lr = 1, fine_tune_items = items }
        for key, value in pairs(of[2]) do
          options[key] = value
        end
        local model = cmml.recommenders[of[1]](split.catalogue, options)
        model.options.fine_tune_steps = 0
        local start = scores_of(model, people)
        model.options.fine_tune_steps = 3
        local together = scores_of(model, people)
        for person, support in ipairs(people) do
          local alone, stepped = scores_of(model, { support })[1], 0
          for item, score in ipairs(alone) do
            assert.near(score, together[person][item], 1e-5)
            stepped = math.max(stepped, math.abs(score - start[person][item]))
          end
          assert.equal(#support > 1, stepped > 1e-3, stepped)
        end
      end
    end)
  end
end)

describe("the generator of MML alone", function()
  it("says whose part it is", function()
    local folder = temporary.folder()
    cmml.fit(mml(), split, { out = folder })
    local generator = assert(cmml.load(folder .. "/generator.safetensors"))
    temporary.remove(folder)
    refused("mml_generator: it makes vectors for a learner of ids, and is alone here",
      generator.adapt, generator, { "r1i1" })
    refused("it is a part of MML", cmml.freeze, generator)
  end)
end)

describe("weights of members", function()
  local score_mix = require "cmml.recommenders.score_mix"(cmml)

  -- People of whom the first member knows what came next, and the second one nothing.
  local function batches(people, n, knows)
    local good, bad, targets = {}, {}, {}
    local dice = core.uniform({ people, n }, 0, 1, { seed = 9 }):totable()
    for p = 1, people do
      targets[p] = (p - 1) * n + p % n + 1
      good[p], bad[p] = {}, {}
      for i = 1, n do
        good[p][i] = (i == p % n + 1 and p % 4 > 0) and 1 or 0
        bad[p][i] = dice[p][i]
      end
    end
    local scores = { score_mix.standardised(core.tensor(knows == 1 and good or bad)),
      score_mix.standardised(core.tensor(knows == 1 and bad or good)) }
    return function()
      local given = false
      return function()
        if not given then
          given = true
          return { scores = scores, lengths = core.full({ people, 1 }, 0),
            targets = core.ids(targets) }
        end
      end
    end
  end

  it("follow who knows", function()
    for knows = 1, 2 do
      local weights, gain = score_mix.learn({ members = 2, new = {} }, batches(200, 7, knows))
      assert.is_true(weights[knows] > 10 * math.abs(weights[3 - knows]))
      assert.is_true(gain > 0)
    end
  end)

  it("are where no other ones make what came next likelier", function()
    local form, of = { members = 2, new = {} }, batches(60, 5, 1)
    local weights = score_mix.learn(form, of)
    local function likelihood(w)
      local batch, sum = of()(), 0
      local scores = score_mix.joined(form, core.tensor(w), batch.scores, batch.lengths)
      local logs = scores:log_softmax(2):reshape({ -1, 1 }):gather_rows(batch.targets)
      for i, weight in ipairs(w) do
        sum = sum - (weight - (i <= 2 and 1 or 0)) ^ 2 / 2 -- the ridge
      end
      return logs:sum():item() + sum
    end
    local best = likelihood(weights)
    for i = 1, 2 do
      for _, step in ipairs { -0.1, 0.1 } do
        local other = table.move(weights, 1, #weights, 1, {})
        other[i] = other[i] + step
        assert.is_true(likelihood(other) < best)
      end
    end
  end)
end)

describe("CMML for sequences", function()
  it("modulates by what was done, finds new items, and is the same from a file", function()
    for _, options in ipairs { {}, { context = "attention", hybrid = "dot" },
      { modulation = "none", knn = false }, { modulation = "sigmoid", hybrid = "none" } } do
      options.width, options.inner, options.backbone, options.length = 16, 16, { 16 }, 12
      options.id_dropout = 0.3
      local model = cmml.recommenders.cmml_sequences(split.catalogue, options)
      cmml.train(model, split, { epochs = 30, lr = 1e-2, batch = 32, seed = 2,
        choose = "last" })
      local all, new = evaluated(model)
      assert.is_true(all > 0.7 and new > 0.1, ("%g %g"):format(all, new))
      same_when_loaded(model)
    end
  end)

  it("shows more new items the larger their offset is", function()
    local found = {}
    for i, offset in ipairs { -50, 50 } do
      local model = cmml.recommenders.cmml_sequences(split.catalogue, { width = 16, inner = 16,
        length = 12, backbone = { 16 }, new_offset = offset })
      cmml.train(model, split, { epochs = 6, lr = 1e-2, batch = 32 })
      local _, new, known = evaluated(model)
      found[i] = { new, known }
    end
    assert.equal(0, found[1][1])
    assert.is_true(found[2][1] > found[1][1] and found[2][2] < found[1][2])
  end)
end)
