-- Fine-tuning of an encoder and its items for each user, against plain descent by autograd on
-- copies of all weights and of the whole table, in double precision.
local single = require "cmml"
local refused = require("spec.support.refused").with_text

local cmml = single.double
local core = cmml.core
local n_items, steps, rate = 9, 4, 0.2
local sequences = { { 3, 5, 3, 7 }, { 2, 9 }, { 4, 4, 4 } }

local function random(shape, task)
  return core.normal(shape, 0, 1, { seed = 3, task = task })
end

local encoder = cmml.sequence_encoder { width = 4, inner = 6, heads = 2, layers = 1, length = 5,
  init = cmml.nn.init(1) }
cmml.no_grad(function()
  local task = 100
  for _, tensor in encoder:parameters() do
    task = task + 1
    tensor:copy_(tensor + random(tensor.shape, task) * 0.4)
  end
end)
local map = cmml.nn.linear { inp = 3, out = 4, init = cmml.nn.init(2) }
local learners = {
  ["a table"] = { encoder = encoder, items = random({ n_items, 4 }, 1) },
  ["features"] = { encoder = encoder, items = random({ n_items, 3 }, 2), map = map },
}

-- The negative of a row in a step, among them items that the user took.
local function negative(user, row, step)
  return (user * 5 + row * 3 + step * 7) % n_items + 1
end

local function data_of(list)
  local data, lengths = { items = {}, positives = {}, negatives = {} }, {}
  for user, sequence in ipairs(list) do
    lengths[user] = math.max(#sequence - 1, 0)
    for row = 1, #sequence - 1 do
      local at = #data.items + 1
      data.items[at], data.positives[at] = sequence[row], sequence[row + 1]
      for step = 1, steps do
        data.negatives[step] = data.negatives[step] or {}
        data.negatives[step][at] = negative(user, row, step)
      end
    end
  end
  for step, ids in ipairs(data.negatives) do
    data.negatives[step] = cmml.ids(ids)
  end
  return { items = cmml.ids(data.items), positives = cmml.ids(data.positives),
    negatives = data.negatives, segments = cmml.segments(lengths) }
end

local function slice(list, first, last)
  return cmml.ids(table.move(list, first, last, 1, {}))
end

-- All weights of one user after some steps, by plain descent.
local function oracle(learner, user, count, fixed)
  local weights = { encoder = {}, items = learner.items:clone():track(), map = {} }
  for name, tensor in encoder:parameters() do
    weights.encoder[name] = tensor:detach():clone():track()
  end
  if learner.map then
    weights.map = { weight = map.weight:detach():clone():track(),
      bias = map.bias:detach():clone():track() }
  end
  local function vectors()
    return learner.map and weights.items:linear(weights.map.weight, weights.map.bias)
      or weights.items
  end
  local sequence = sequences[user]
  for step = 1, count do
    local ids = {}
    for row = 1, #sequence - 1 do
      ids[row] = negative(user, row, step)
    end
    local all = vectors()
    local h = cmml.nn.functional(encoder, weights.encoder)(
      all:gather_rows(slice(sequence, 1, #sequence - 1)), cmml.segments { #sequence - 1 })
    local lead = h:row_dot(all:gather_rows(slice(sequence, 2, #sequence))
      - all:gather_rows(cmml.ids(ids)))
    local slopes = cmml.grad(-(lead:sigmoid() + 1e-10):log():mean(), weights)
    local function stepped(value, slope)
      return (value:detach() - slope * rate):track()
    end
    for _, part in ipairs { "encoder", "map" } do
      for name, value in pairs(part == "map" and fixed and {} or weights[part]) do
        weights[part][name] = stepped(value, slopes[part][name])
      end
    end
    weights.items = fixed and weights.items or stepped(weights.items, slopes.items)
  end
  return { vectors = vectors(), encoder = weights.encoder }
end

-- The scores of all items behind a sequence.
local function scored(own, sequence)
  local h = cmml.nn.functional(encoder, own.encoder)(
    own.vectors:gather_rows(cmml.ids(sequence)), cmml.segments { #sequence })
  return h:slice(1, #sequence, #sequence):matmul(own.vectors:transpose())
end

local function flat(list)
  local ids, lengths = {}, {}
  for user, sequence in ipairs(list) do
    table.move(sequence, 1, #sequence, #ids + 1, ids)
    lengths[user] = #sequence
  end
  return cmml.ids(ids), cmml.segments(lengths)
end

local function all_scores(tuned, list)
  local ids, segments = flat(list)
  local h = tuned:encode(ids, segments)
  return tuned:scores(core.embedding(h, core.last_rows(segments)))
end

local function apart(a, b)
  return (a - b):abs():max():item()
end

describe("fine_tune", function()
  for name, learner in pairs(learners) do
    it(("of items that are rows of %s is plain descent of each user"):format(name), function()
      for count = 0, steps do
        for _, items in ipairs { true, false } do
          local tuned = cmml.fine_tune(learner, data_of(sequences), { steps = count, rate = rate,
            items = items })
          local found = all_scores(tuned, sequences)
          for user, sequence in ipairs(sequences) do
            local expected = scored(oracle(learner, user, count, not items), sequence)
            assert.is_true(apart(expected, found:slice(1, user, user)) < 1e-11)
          end
        end
      end
    end)

    it(("reads items of %s that no step touched"):format(name), function()
      local tuned = cmml.fine_tune(learner, data_of(sequences), { steps = 2, rate = rate })
      local other = { { 1, 8, 6 }, { 6 }, { 8, 4 } }
      local found = all_scores(tuned, other)
      for user, sequence in ipairs(other) do
        local expected = scored(oracle(learner, user, 2), sequence)
        assert.is_true(apart(expected, found:slice(1, user, user)) < 1e-11)
      end
    end)
  end

  it("chooses for each user the step that lists a held-out item highest", function()
    local learner, targets = learners["a table"], { 8, 1, 6 }
    local ids, segments = flat(sequences)
    local valid = { items = ids, segments = segments, targets = cmml.ids(targets) }
    local tuned = cmml.fine_tune(learner, data_of(sequences), { steps = steps, rate = rate * 10,
      choose = "best", valid = valid })
    local found, kinds = all_scores(tuned, sequences), {}
    for user in ipairs(sequences) do
      local values, best = {}, 1
      for count = 1, steps do
        rate = rate * 10
        local scores = scored(oracle(learner, user, count), sequences[user]):totable()[1]
        rate = rate / 10
        local rank = 1
        for _, score in ipairs(scores) do
          rank = rank + (score > scores[targets[user]] and 1 or 0)
        end
        values[count] = 1 / rank
        best = values[count] >= values[best] and count or best
      end
      assert.are.equal(best, tuned.chosen[user])
      kinds[best] = true
      rate = rate * 10
      local expected = scored(oracle(learner, user, best), sequences[user])
      rate = rate / 10
      assert.is_true(apart(expected, found:slice(1, user, user)) < 1e-9)
    end
    assert.is_true(next(kinds, next(kinds)) ~= nil, "all users chose the same step")
  end)

  it("leaves the start to users who have nothing, or diverge", function()
    local list = { sequences[1], { 5 }, sequences[3] }
    local learner = learners["a table"]
    local tuned = cmml.fine_tune(learner, data_of(list), { steps = 3, rate = 1e250 })
    assert.are.equal(2, #tuned.diverged)
    local start = oracle(learner, 1, 0)
    local found = all_scores(tuned, list)
    for user, sequence in ipairs(list) do
      assert.is_true(apart(scored(start, sequence), found:slice(1, user, user)) < 1e-11)
    end
  end)

  it("asks the encoder's options for each step, and of which items", function()
    local asked, of = {}, {}
    local tuned = cmml.fine_tune(learners["a table"], data_of(sequences), { steps = 3, rate = rate,
      encode = function(step, items)
        asked[#asked + 1], of[#of + 1] = step or "none", table.concat(items:totable(), " ")
        return step and { key = { seed = step } } or {}
      end })
    assert.same({ 1, 2, 3 }, asked)
    local plain = cmml.fine_tune(learners["a table"], data_of(sequences), { steps = 3,
      rate = rate })
    assert.is_true(apart(all_scores(tuned, sequences), all_scores(plain, sequences)) > 1e-3)
    assert.are.equal("none", asked[4])
    assert.same({ "3 5 3 2 4 4", "3 5 3 2 4 4", "3 5 3 2 4 4", "3 5 3 7 2 9 4 4 4" }, of)
  end)

  it("gives attention the features of the items that it reads", function()
    local features = random({ n_items, 2 }, 7)
    local seeing = { items = learners["a table"].items, encoder = cmml.sequence_encoder { width = 4,
      inner = 6, layers = 1, length = 5, features = 2, feature_scale = 1,
      init = cmml.nn.init(4) } }
    local function tuned(scale)
      return all_scores(cmml.fine_tune(seeing, data_of(sequences), { steps = 2, rate = rate * 10,
        encode = function(_, items)
          return { features = core.embedding(features, items) * scale }
        end }), sequences)
    end
    assert.is_true(apart(tuned(100), tuned(0)) > 1e-4)
    refused("features are missing", cmml.fine_tune, seeing, data_of(sequences), { steps = 1,
      rate = rate })
  end)

  it("scores by the map of items' features as often as it is asked", function()
    local tuned = cmml.fine_tune(learners.features, data_of(sequences), { steps = 1, rate = rate })
    local first = core.tidy(all_scores, tuned, sequences)
    assert.are.equal(0, apart(first, core.tidy(all_scores, tuned, sequences)))
  end)

  it("takes any module that encodes sequences", function()
    local Sums = cmml.nn.class "cmml.SpecSums"
    function Sums:forward(e, segments, options)
      local x = e:segment_sum(segments):segment_expand(segments)
      return options.through and options.through.linear("out", self.out, x) or self.out(x)
    end
    local sums = Sums.new()
    sums:register("out", cmml.nn.linear { inp = 4, out = 4, init = cmml.nn.init(5) })
    local learner = { encoder = sums, items = learners["a table"].items }
    local function scores(count)
      return all_scores(cmml.fine_tune(learner, data_of(sequences), { steps = count, rate = rate,
        items = false }), sequences)
    end
    assert.is_true(apart(scores(1), scores(0)) > 1e-3)
  end)

  it("refuses what does not fit", function()
    local learner, data = learners["a table"], data_of(sequences)
    refused("data.negatives must have a list for each of 5 steps, not 4", cmml.fine_tune, learner,
      data, { steps = 5, rate = 1 })
    refused("choose best needs valid", cmml.fine_tune, learner, data,
      { steps = 1, rate = 1, choose = "best" })
    refused("learner.encoder must be a module that encodes sequences, such as a sequence_encoder, "
      .. "not nil", cmml.fine_tune, {}, data, { steps = 1, rate = 1 })
    data.items = cmml.ids { 1 }
    refused("data has a list of 1 items for 6 rows", cmml.fine_tune, learner, data,
      { steps = 1, rate = 1 })
  end)
end)
