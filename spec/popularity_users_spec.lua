-- Popularity in the setting users, and the time that it counts.
local cmml = require "cmml"
local folded = require "spec.support.folded"
local refused = require("spec.support.refused").with_text
local saved = require "spec.support.saved"

local n_items, plays, split, learnt = folded.n_items, folded.plays, folded.split, folded.learnt
local fitted, all_scores, near = folded.fitted, folded.all_scores, folded.near

describe("popularity in the setting users", function()
  it("counts people, whatever the weights", function()
    local expected = {}
    for i = 1, n_items do
      expected[i] = 0
      for _, row in ipairs(learnt()) do
        expected[i] = expected[i] + row[i]
      end
    end
    local model = fitted("popularity", plays)
    near(expected, all_scores(model, { 3 }), 1e-5)
    near(expected, all_scores(saved(model), {}), 1e-5)
  end)

  it("counts those of the last days alone, if so it is told", function()
    local day = 86400
    for unit = 1, 1000, 999 do
      local data = split(cmml.dataset { name = "d", ratings = {
        { "a", "i1", 5, 18000 * day * unit }, { "b", "i1", 5, 18000 * day * unit },
        { "a", "i2", 5, 18090 * day * unit }, { "b", "i3", 2, 18100 * day * unit },
        { "c", "i3", 5, 18100 * day * unit }, { "t", "i1", 5, 19000 * day * unit } } },
        { test_users = { "t" } })
      local function order(options)
        local list = {}
        for i, shown in ipairs(fitted("popularity", data, options):adapt({}):recommend {}) do
          list[i] = shown.item .. " " .. math.floor(shown.score + 0.5)
        end
        return list
      end
      assert.same({ "i1 2", "i2 1", "i3 1" }, order {})
      assert.same({ "i2 1", "i3 1", "i1 0" }, order { window = 10 })
      assert.same({ "i3 1", "i1 0", "i2 0" }, order { window = 9.99 })
    end
    -- Somebody who took an item twice is one person, and what is not relevant is not learnt from.
    local twice = split(cmml.dataset { name = "d", ratings = {
      { "a", "i1", 5, 18000 * day }, { "a", "i1", 4, 18001 * day }, { "b", "i2", 5, 18001 * day },
      { "c", "i2", 5, 18001 * day }, { "b", "i1", 1, 18050 * day }, { "t", "i1", 5, 0 } } },
      { test_users = { "t" } })
    local counts = fitted("popularity", twice, { window = 10 }).counts:totable()
    assert.same({ 1, 2 }, { counts[twice.catalogue.items:id "i1"],
      counts[twice.catalogue.items:id "i2"] })
    refused("window needs times, but the data have none: leave it out", fitted, "popularity", plays,
      { window = 3 })
    refused("window must be above 0", fitted, "popularity", plays, { window = 0 })
  end)
end)
