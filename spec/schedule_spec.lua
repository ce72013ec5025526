-- The learning rate that falls when a metric has ceased to improve.
local cmml = require "cmml"

describe("plateau", function()
  it("lowers the rate after more bad values in a row than it has patience for", function()
    local plateau = cmml.plateau { lr = 1, patience = 1, factor = 0.5 }
    local rates = {}
    for i, value in ipairs { 3, 2, 2, 2, 1, 1, 1 } do
      rates[i] = plateau:update(value)
    end
    assert.same({ 1, 1, 1, 0.5, 0.5, 0.5, 0.25 }, rates)
    assert.equal(1, plateau.best)
  end)

  it("takes the larger for the better if told so, and never goes below the least rate", function()
    local plateau = cmml.plateau { lr = 1, mode = "max", patience = 0, factor = 0.1, min_lr = 0.05 }
    assert.equal(1, plateau:update(1))
    assert.equal(1, plateau:update(2))
    assert.equal(0.1, plateau:update(1.5))
    assert.equal(0.05, plateau:update(0 / 0))
    assert.equal(0.05, plateau:update(1))
  end)

  it("refuses what is no schedule", function()
    assert.error_matches(function()
      cmml.plateau { lr = 1, factor = 1 }
    end, "factor must be above 0 and below 1, not 1")
    assert.error_matches(function()
      cmml.plateau { lr = 1, mode = "least" }
    end, "is none of min, max")
  end)
end)
