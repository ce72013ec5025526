-- EASE by directions beside the closed form, and what memory and single precision do not hold.
local cmml = require "cmml"
local folded = require "spec.support.folded"
local machine_memory = require "cmml.base.machine_memory"
local refused = require("spec.support.refused").with_text
local saved = require "spec.support.saved"

local plays, fitted, all_scores, near = folded.plays, folded.fitted, folded.all_scores, folded.near

describe("EASE by directions", function()
  it("by EASE in all directions that there are, are those of the closed form", function()
    local whole = fitted("ease", plays, { ridge = 5 })
    local directions = fitted("ease", plays, { ridge = 5, rank = 99 })
    for _, items in ipairs { { 2, 5 }, { 1 }, {} } do
      near(all_scores(whole, items), all_scores(directions, items), 1e-4)
      near(all_scores(whole, items), all_scores(saved(directions), items), 1e-4)
    end
    -- Fewer directions are another model, which is near.
    local few = all_scores(fitted("ease", plays, { ridge = 5, rank = 3 }), { 2, 5 })
    assert.is_false(pcall(near, all_scores(whole, { 2, 5 }), few, 1e-3))
    near(all_scores(whole, { 2, 5 }), few, 0.35)
    assert.same(few, all_scores(fitted("ease", plays, { ridge = 5, rank = 3 }), { 2, 5 }))
  end)

  it("are those of the closed form with tiny ridges, too, or refused with what to do", function()
    for _, ridge in ipairs { 0.1, 1e-3 } do
      local whole = fitted("ease", plays, { ridge = ridge })
      local directions = fitted("ease", plays, { ridge = ridge, rank = 99 })
      near(all_scores(whole, { 2, 5 }), all_scores(directions, { 2, 5 }), 1e-4)
      near(all_scores(whole, { 2, 5 }), all_scores(saved(directions), { 2, 5 }), 1e-4)
    end
    -- Everybody who took a took b, so that there is a direction less than items.
    local ratings = {}
    for person, items in ipairs { "abc", "ab", "cd", "d", "abd", "acd" } do
      for item in items:gmatch "." do
        ratings[#ratings + 1] = { "p" .. person, item }
      end
    end
    local twins = assert(cmml.cold_users(cmml.dataset { name = "d", kind = "interactions",
      ratings = ratings }, { test_users = { "p6" }, valid = 0 }))
    local function scores(options)
      local model = fitted("ease", twins, options)
      return model:score_all(model:adapt({ { "a", 1 }, { "c", 1 } }).state):totable()[1]
    end
    local _, message = pcall(scores, { ridge = 1e-5, rank = 9 })
    local least = tostring(message):match("ease: with rank a ridge of 1e%-05 is lost in "
      .. "rounding: give ridge of ([%d.e-]+) or more, or leave rank out")
    assert.truthy(least, message)
    local found = scores { ridge = tonumber(least), rank = 9 }
    for i, score in ipairs(scores { ridge = tonumber(least) }) do
      assert.near(score, found[i], 1e-4)
    end
  end)
end)

describe("EASE of the largest weights", function()
  local whole = fitted("ease", plays, { ridge = 5 })

  -- What the largest weights in size, so many for each item in the mean, give.
  local function expected(items, keep)
    local weights, scores, ties = whole.weights:totable(), {}, whole.ties:totable()[1]
    local sizes, kept = {}, keep * #weights
    for i = 1, #weights do
      for j = 1, #weights do
        sizes[#sizes + 1] = math.abs(weights[i][j])
      end
    end
    table.sort(sizes)
    local least = sizes[#sizes - kept]
    local function row(item)
      return whole.catalogue.items:id("i" .. item)
    end
    for number = 1, #weights do
      local j = row(number)
      scores[number] = ties[j]
      for _, item in ipairs(items) do
        local weight = weights[row(item)][j]
        scores[number] = scores[number] + (math.abs(weight) > least and weight or 0)
      end
    end
    return scores
  end

  it("has the scores of these alone, also from its file", function()
    for _, keep in ipairs { 1, 3, 8 } do
      local model = fitted("ease", plays, { ridge = 5, keep = keep })
      assert.is_nil(model.weights)
      for _, items in ipairs { { 2, 5 }, { 1, 2, 3 }, { 4 }, {} } do
        near(expected(items, keep), all_scores(model, items), 1e-6)
        near(expected(items, keep), all_scores(saved(model), items), 1e-6)
      end
    end
    assert.is_false(pcall(near, expected({ 2, 5 }, 1), all_scores(whole, { 2, 5 }), 1e-3))
  end)

  it("is the whole where as many are kept as there are", function()
    for _, keep in ipairs { 0, #whole.catalogue.items, 99, 1 << 61, math.maxinteger } do
      local model = fitted("ease", plays, { ridge = 5, keep = keep })
      near(all_scores(whole, { 2, 5 }), all_scores(model, { 2, 5 }), 1e-6)
      near(all_scores(whole, { 2, 5 }), all_scores(saved(model), { 2, 5 }), 1e-6)
    end
  end)

  it("refuses files that are damaged, and takes one with all weights", function()
    local model = fitted("ease", plays, { ridge = 5, keep = 2 })
    local function changed(name, value)
      local contents = model:export()
      for _, entry in ipairs(contents.entries) do
        entry.value = entry.name == "model." .. name and value or entry.value
      end
      return cmml.import_recommender, contents
    end
    local n = #model.catalogue.items
    refused("below_columns is missing", changed("below_columns", cmml.core.full({ 3 }, 1)))
    refused(("0 columns and"), changed("above_columns", {}))
    local columns = model:export()
    for _, entry in ipairs(columns.entries) do
      columns = entry.name == "model.above_columns" and entry.value or columns
    end
    columns[1] = n + 1
    refused(("column %d of only %d"):format(n + 1, n), changed("above_columns", columns))
    refused("weight 1 is -1", changed("above_weights", cmml.core.full({ #columns }, -1)))
    local contents = whole:export()
    contents.config.options = model.options
    near(all_scores(whole, { 2 }), all_scores(cmml.import_recommender(contents), { 2 }), 0)
  end)

  it("goes with the closed form alone", function()
    refused("ease: rank and keep exclude each other", fitted, "ease", plays,
      { rank = 3, keep = 2 })
  end)
end)

describe("the closed form of EASE", function()
  it("is refused where memory does not hold it, with what to do", function()
    local was = machine_memory.available
    machine_memory.available = function()
      return 5000
    end
    local ok, message = pcall(fitted, "ease", plays)
    machine_memory.available = was
    assert.is_false(ok)
    assert.matches("the closed form of 17 items needs about %d.%d GB of memory, but only 0.0 GB "
      .. "are available: give rank, such as 256", tostring(message))
  end)
end)
