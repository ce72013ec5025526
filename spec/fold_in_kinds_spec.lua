-- What all kinds that fold people in have in common: people of whom little or nothing is known, and
-- model files.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local folded = require "spec.support.folded"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local saved = require "spec.support.saved"
local core = cmml.core

local kinds = { "ease", "ials", "item_knn_implicit", "popularity", "slim" }
local plays, dataset, split, fitted = folded.plays, folded.dataset, folded.split, folded.fitted

for _, name in ipairs(kinds) do
  describe("the kind " .. name, function()
    it("lists the most popular for a person of whom nothing is known", function()
      local model = fitted(name, plays)
      local popular = fitted("popularity", plays)
      local function items(of, support)
        local list = {}
        for i, shown in ipairs(of:adapt(support):recommend { n = 5 }) do
          list[i] = shown.item
        end
        return list
      end
      assert.same(items(popular, {}), items(model, {}))
      -- One with a support beside one without: neither changes the other.
      local lists = model:recommend_all({ {}, { { "i2", 1 }, { "i5", 1 } }, {} }, { n = 5 })
      for i, support in ipairs { {}, { { "i2", 1 }, { "i5", 1 } }, {} } do
        local found = {}
        for k, shown in ipairs(lists[i]) do
          found[k] = shown.item
        end
        assert.same(items(model, support), found)
      end
    end)

    it("reads ratings by what is relevant", function()
      local data = folded.rated()
      local model, plain = fitted(name, data), fitted(name, split(dataset("interactions"), {}))
      local person = model:adapt { { "i2", 4 }, { "i5", 2 }, { "i3", 3 } }
      local same = model:adapt { { "i2", 3 }, { "i3", 4 } }
      assert.same(model:score_all(same.state):totable(), model:score_all(person.state):totable())
      assert.truthy(plain.people:sum():item() > model.people:sum():item())
    end)

    it("gives a row the score that it has among all", function()
      local model = fitted(name, plays)
      local person = model:adapt { { "i2", 1 }, { "i5", 1 } }
      local all = model:score_all(person.state):totable()[1]
      local rows = cmml.data.rows { lengths = { 3 }, items = { 4, 1, 16 } }
      assert.same({ all[4], all[1], all[16] }, model:scores_of(person.state, rows):totable())
    end)

    it("works with one item, one person and nothing to tell apart", function()
      local data = split(cmml.dataset { name = "d", kind = "interactions", ratings = {
        { "a", "only" }, { "t", "only" } } }, { test_users = { "t" } })
      local model = fitted(name, data)
      assert.equal(0, #model:adapt({ { "only", 1 } }):recommend {})
      assert.equal("only", model:adapt({}):recommend({})[1].item)
      local all = {}
      for p = 1, 6 do
        for i = 1, 4 do
          all[#all + 1] = { "p" .. p, "i" .. i }
        end
      end
      data = split(cmml.dataset { name = "d", kind = "interactions", ratings = all },
        { test_users = { "p6" } })
      assert.equal(3, #fitted(name, data):adapt({ { "i1", 1 } }):recommend {})
    end)

    it("can be kept before it was fitted, and scores nothing", function()
      local model = saved(cmml.recommenders[name](plays.catalogue))
      assert.same(0, model:score_all(model:adapt({ { "i2", 1 } }).state):sum():item())
    end)

    it("gives the same bits again, whatever it was fitted to before", function()
      local learnable = cmml.settings:get("users").learnable
      local other = split(dataset "weights", { test_users = { "p1" } })
      local first, second = fitted(name, plays), fitted(name, plays)
      local bits = people.bits(first)
      assert.equal(bits, people.bits(second))
      second:fit(learnable(other))
      assert.not_equal(bits, people.bits(second))
      second:fit(learnable(plays))
      assert.equal(bits, people.bits(second))
    end)
  end)
end

describe("a person of whom nothing is known", function()
  it("is told", function()
    local path = os.tmpname()
    local model = fitted("ease", folded.rated())
    assert(model:save(path))
    local function told(...)
      local _, said = cli("recommend", "--model", path, "--n", "1", ...)
      return said:match "[^\n]*relevant[^\n]*"
    end
    local line = "nothing of the support is relevant (3 or higher): this is the list of somebody "
      .. "new"
    assert.equal(line, told())
    assert.equal(line, told("--rate", "i2=2"))
    assert.is_nil(told("--rate", "i2=3,i5=2"))
    os.remove(path)
    assert.equal(1, model:adapt({ { "i2", 3 }, { "i5", 2 } }).counting)
    assert.equal(0, model:adapt({}).counting)
  end)
end)

describe("model files of weights", function()
  it("are refused where their parts do not go together", function()
    local fold_in = { lengths = { 1, 1 }, columns = { 2, 1 } }
    local model = fitted("slim", plays)
    local tensors = model:tensors()
    local function restored(change)
      local list = {}
      for i, pair in ipairs(tensors) do
        list[i] = { pair[1], change[pair[1]] or pair[2] }
      end
      return model.restore(model.catalogue, model.options, list)
    end
    assert.truthy(restored {})
    refused("do not go together", restored, { lengths = fold_in.lengths })
    refused("do not go together", restored, { columns = fold_in.columns })
    local columns = table.move(tensors[5][2], 1, #tensors[5][2], 1, {})
    columns[1] = 99
    refused("column 99 of only 17", restored, { columns = columns })
    columns[1] = 0
    refused("unknown column", restored, { columns = columns })
    refused("must be finite and not negative", restored,
      { weights = core.full({ #columns }, 0 / 0) })
    refused("n_users", restored, { n_users = { 1, 2 } })
    -- Options that ask for more than the file holds take no memory.
    local ials = fitted("ials", plays, { factors = 4 })
    local options = {}
    for key, value in pairs(ials.options) do
      options[key] = value
    end
    options.factors = 1000000000
    refused("vectors", ials.restore, ials.catalogue, options, ials:tensors())
  end)
end)
