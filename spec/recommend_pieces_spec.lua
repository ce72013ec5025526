-- A catalogue of any size is scored a piece at a time; what comes out is as if it had been scored
-- at once.
local cmml = require "cmml"

local n_items = 5000 -- more than two pieces, the last one short

local items, records, means = cmml.core.vocab(), {}, {}
for i = 1, n_items do
  items:add("f" .. i)
  records[i] = { kind = tostring(i % 7) }
  means[i] = 0.5 * (i % 7) -- most scores are equal to many others
end
local function catalogue()
  return cmml.data.catalogue { schema = cmml.data.schema { item = { { "kind" } } }, items = items,
    item_records = records, seen_items = records, user_records = {} }
end

describe("a catalogue that is larger than a piece", function()
  local model = cmml.recommenders.item_user_mean(catalogue())
  model.item_part = cmml.tensor(means)
  local person = model:adapt { { "f1", 5 }, { "f2", 1 }, { "f4999", 4 } }

  -- All items but those that are out, scored at once and sorted by score, then by row.
  local function ranking(out)
    local rows = {}
    for i = 1, n_items do
      rows[i] = i
    end
    local scores = model:scores_of(person.state, person.read.list(rows)):totable()
    local left = {}
    for i = 1, n_items do
      left[#left + 1] = not out[i] and i or nil
    end
    table.sort(left, function(a, b)
      return scores[a] > scores[b] or scores[a] == scores[b] and a < b
    end)
    return left, scores
  end

  local function check(options, out)
    local expected, scores = ranking(out)
    local list = person:recommend(options)
    assert.equal(math.min(options.n, #expected), #list)
    for i, entry in ipairs(list) do
      assert.equal("f" .. expected[i], entry.item)
      assert.equal(scores[expected[i]], entry.score)
    end
  end

  for _, n in ipairs { 1, 10, 1500, 2048, 3000, n_items - 3, 2 * n_items } do
    it(("has the %d best in order, equal ones in that of the catalogue"):format(n), function()
      check({ n = n }, { [1] = true, [2] = true, [4999] = true })
    end)
  end

  it("has all of very many in order", function()
    local many, rows, vocab, values = 135000, {}, cmml.core.vocab(), {}
    for i = 1, many do
      vocab:add(i)
      rows[i], values[i] = {}, (i * 7919) % 1000
    end
    local large = cmml.recommenders.item_user_mean(cmml.data.catalogue { items = vocab,
      schema = cmml.data.schema {}, item_records = rows, seen_items = {}, user_records = {} })
    large.item_part = cmml.tensor(values)
    local list = large:adapt({}):recommend { n = many }
    assert.equal(many, #list)
    for i = 2, many do
      local before, after = list[i - 1], list[i]
      assert(before.score > after.score or before.score == after.score
        and tonumber(before.item) < tonumber(after.item), i)
    end
  end)

  it("leaves out what is excluded, and takes the support where it may come", function()
    check({ n = 20, exclude = { "f7", "f14", "f4998", "unknown" }, include_support = true },
      { [7] = true, [14] = true, [4998] = true })
    local all = {}
    for i = 1, n_items do
      all[i] = "f" .. i
    end
    assert.same({}, person:recommend { exclude = all })
    table.remove(all, 3000)
    assert.equal("f3000", person:recommend({ exclude = all })[1].item)
  end)

  it("keeps the order of items that were given where scores are equal", function()
    local given = {}
    for i = n_items, 1, -1 do
      given[#given + 1] = "f" .. i
    end
    given[#given + 1] = "f5000" -- again
    local list = person:recommend { items = given, n = n_items }
    assert.equal(n_items - 3, #list)
    for i = 2, #list do
      local before, after = list[i - 1], list[i]
      assert.is_true(before.score > after.score or before.score == after.score
        and tonumber(before.item:sub(2)) > tonumber(after.item:sub(2)))
    end
  end)

  it("is predicted for in order", function()
    local network = cmml.cmml(catalogue(), { base = false, seed = 3 })
    for _, one in ipairs { model, network } do
      local adapted = one:adapt { { "f1", 5 }, { "f2", 1 } }
      local names, rows = {}, {}
      for i = 1, n_items do
        rows[i] = (i * 7919) % n_items + 1
        names[i] = "f" .. rows[i]
      end
      local expected = one:scores_of(adapted.state, adapted.read.list(rows)):totable()
      for i, score in ipairs(adapted:predict(names)) do
        assert.is_true(math.abs(score - expected[i]) < 1e-5) -- BLAS rounds as the sizes have it
      end
    end
  end)
end)
