-- Cells of experiments in the scenario setting: their numbers, and what they say of themselves.
local cell = require "cmml.experiment.scenario_cell"
local cmml = require "cmml"
local refused = require "spec.support.refused"

-- A small cell of what has nothing to learn.
local function settings_of(kind)
  local settings = cell.settings(cmml, { quick = true }, "made")
  settings.kind = kind
  return settings
end

describe("a scenario cell", function()
  it("gives the mean over users of scenarios, as evaluation does", function()
    local settings = settings_of "popularity"
    local result = cell.run(cmml, settings)
    local split = cell.prepare(cmml, settings)
    local found = cmml.evaluate_ranking({ split:rivals()[2] }, split, { cutoffs = { 20 } })[1]
    local top, bottom = 0, 0
    for i, value in ipairs(result.metrics["recall@20"]) do
      if value == value then
        top, bottom = top + value * result.weights[i], bottom + result.weights[i]
      end
    end
    assert.near(found["recall@20"].mean, top / bottom, 1e-12)
    assert.is_nil(result.unchecked)
  end)

  it("says whether its vectors do not tell what they were made of", function()
    local prepare = cell.prepare
    cell.prepare = function(...)
      local split = prepare(...)
      split.vectors.interactions = nil -- as those of a file
      return split
    end
    local ok, result = pcall(cell.run, cmml, settings_of "cf_score")
    cell.prepare = prepare
    assert.is_true(ok, result)
    assert.is_true(result.unchecked)
  end)

  it("says why the made world has no scenarios under its filters", function()
    local settings = settings_of "popularity"
    settings.filters = { min_items = 1, max_items = 1 }
    refused.with_text("none of the 16 groups is a scenario", cell.run, cmml, settings)
  end)
end)
