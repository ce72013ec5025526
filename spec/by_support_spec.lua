-- Evaluation by the size of the support: the same queries, and supports that are beginnings of each
-- other.
local plain = require "cmml.base.plain"
local cli = require "spec.support.cli"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local stub = require "spec.support.stub"
local temporary = require "spec.support.temporary"
local core = cmml.core

-- Predicts the same for everything.
local function constant(value)
  return stub(cmml, "users", function()
    return value
  end, function(_, state, rows)
    return core.full({ #rows.items }, state)
  end)
end

describe("evaluation by support", function()
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  local function tasks(options)
    return cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags, query = 2,
      seed = 4, batch = options and options.batch,
      short_supports = options and options.short_supports }
  end

  it("gives what tasks of that size give, a size after the other", function()
    local sizes, seen = { 0, 1, 3 }, {}
    -- Scores depend on the support, all of it; what is seen is noted by size.
    local watching = constant(2)
    function watching.adapt_rows(_, support)
      local note = { items = support.items:totable(), lengths = support.segments:totable() }
      seen[#seen + 1] = note
      return 1 + support.labels:sum():item() / 100
    end
    local one_batch = tasks { batch = 100, short_supports = 1 } -- which is for training
    local found = cmml.users.evaluate_by_support({ watching, constant(3) }, one_batch, sizes,
      { draws = 1 })
    assert.equal(#sizes, #seen)
    for i, size in ipairs(sizes) do
      local at, whole_at = 0, 0
      for t, length in ipairs(seen[i].lengths) do
        assert.equal(size, length)
        for row = 1, length do
          assert.equal(seen[#sizes].items[whole_at + row], seen[i].items[at + row])
        end
        at, whole_at = at + length, whole_at + seen[#sizes].lengths[t]
      end
      local alone = cmml.evaluate({ watching, constant(3) }, cmml.users.tasks { ratings = data.all,
        users = data.test, bags = data.bags, support = size, query = 2, batch = 100, seed = 4 },
        { draws = 1 })
      assert.same(alone, found[i])
    end
    assert.same(found[1][2], found[3][2]) -- the same query
    assert.not_same(found[1][1], found[3][1])
    local text = cmml.metrics.format_by_support({ "a", "b" }, sizes, found, "rmse")
    assert.matches("^| model | support 0 +| support 1 +| support 3 +|\n|%-+|%-+|%-+|%-+|\n| a ",
      text)
    assert.truthy(text:find(plain.format("%.4f ± %.4f |\n| b", found[3][1].rmse.mean,
      found[3][1].rmse.interval), 1, true), text)
    assert.truthy(cmml.metrics.format_by_support({ "a", "b" }, sizes, found):find(
      plain.format("%.4f", found[2][1].mae.mean), 1, true))
    refused("format_by_support: there are more titles or sizes than results",
      cmml.metrics.format_by_support, { "a" }, { 0, 1, 3, 5 }, found)
    refused("format_by_support: there are more titles or sizes than results",
      cmml.metrics.format_by_support, { "a", "b", "c" }, sizes, found)
    refused("format_by_support: there is no metric mea; did you mean mae?",
      cmml.metrics.format_by_support, { "a", "b" }, sizes, found, "mea")
  end)

  it("refuses what is no size", function()
    refused("support must be at least 0, but is -1", cmml.users.evaluate_by_support,
      { constant(1) }, tasks(), { -1 })
    refused("option support must be an integer", cmml.users.evaluate_by_support, { constant(1) },
      tasks(), { 1.5 })
    refused("sizes must be a list, not number 3", cmml.users.evaluate_by_support,
      { constant(1) }, tasks(), 3)
    refused("tasks of users (users.tasks) were expected", cmml.users.evaluate_by_support,
      { constant(1) }, {}, { 3 })
  end)
end)

describe("cmml evaluate --support", function()
  local root, data, words

  setup(function()
    root = temporary.folder()
    data = root .. "/data"
    assert(core.mkdir(data))
    people.write(core, data, { users = 40, items = 16, rated = 8 })
    local output, said, code = cli("train", "--data", data, "--out", root .. "/out", "--model",
      "item_knn")
    assert.equal(0, code, output .. said)
    words = { "evaluate", "--data", data, "--model", root .. "/out/best.safetensors", "--draws=1",
      "--query=2" }
  end)

  teardown(function()
    temporary.remove(root)
  end)

  local function evaluate(...)
    local all = { table.unpack(words) }
    table.move({ ... }, 1, select("#", ...), #all + 1, all)
    return cli(table.unpack(all))
  end

  it("shows a table a metric, a column a size, of the same figures as one size alone", function()
    local text, _, code = evaluate("--support", "0,2,40")
    assert.equal(0, code)
    assert.truthy(text:find("support up to 0, 2, 40, 2 query ratings", 1, true), text)
    local row = text:match "\nmae\n.-\n(| item%-kNN[^\n]+)"
    local none, two, forty = row:match "^| [^|]+ | ([^|]+) | ([^|]+) | ([^|]+) |$"
    for size, value in pairs { ["0"] = none, ["2"] = two, ["40"] = forty } do
      local alone = evaluate("--support", size, "--baselines=none")
      assert.truthy(alone:find("kNN | " .. value, 1, true), alone .. row)
    end
    assert.not_equal(none, forty)
    for _, name in ipairs { "rmse", "ndcg_exp@1", "ndcg_exp@3" } do
      assert.truthy(text:find("\n" .. name .. "\n\n| model", 1, true), text)
    end
    local rows = select(2, text:gsub("\n| matrix factorisation ", ""))
    assert.equal(4, rows)
  end)

  it("shows how well the queries are ranked by size, too", function()
    local text, said, code = evaluate("--support=0,2", "--relevant=4",
      "--baselines=matrix_factorization,item_knn")
    assert.equal(0, code, said)
    assert.matches("\nrelevant: rated 4 or higher.-\nndcg@1\n.-\nauc\n\n| model +| support 0", text)
  end)

  it("refuses what are no sizes", function()
    for bad, what in pairs { [""] = "is empty", ["1,"] = "has an empty entry",
      x = "must be an integer", ["2.5"] = "must be an integer", ["-1"] = "must be at least 0",
      ["1;2"] = "must be an integer", ["1e999"] = "must be an integer" } do
      local output, said, code = evaluate("--support=" .. bad)
      assert.same({ "", 2 }, { output, code })
      assert.matches("%-%-support " .. (bad:find "^[^,]+$" and "entry 1 " or "") .. what, said)
    end
  end)
end)
