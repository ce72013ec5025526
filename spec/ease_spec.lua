-- EASE by directions beside the closed form, and what memory and single precision do not hold.
local cmml = require "cmml"
local folded = require "spec.support.folded"
local machine_memory = require "cmml.base.machine_memory"
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
