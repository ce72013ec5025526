-- Learning rates that follow the metric, or the steps.
local cmml = require "cmml"
local json = require "cmml.base.json"

-- The rates of the first n steps.
local function rates(schedule, n)
  local list = {}
  for i = 1, n do
    list[i] = schedule.lr
    assert.equal(schedule:step(), schedule.lr)
  end
  return list
end

local function near(expected, found)
  assert.equal(#expected, #found)
  for i, rate in ipairs(expected) do
    assert.truthy(math.abs(rate - found[i]) < 1e-12, ("step %d: %.12g, not %.12g"):format(i, rate,
      found[i]))
  end
end

describe("plateau", function()
  it("lowers the rate after more bad values in a row than it has patience for", function()
    local plateau = cmml.optim.plateau { lr = 1, patience = 1, factor = 0.5 }
    local seen = {}
    for i, value in ipairs { 3, 2, 2, 2, 1, 1, 1 } do
      seen[i] = plateau:update(value)
    end
    assert.same({ 1, 1, 1, 0.5, 0.5, 0.5, 0.25 }, seen)
    assert.equal(1, plateau.best)
  end)

  it("takes the larger for the better if told so, and never goes below the least rate", function()
    local plateau = cmml.optim.plateau { lr = 1, mode = "max", patience = 0, factor = 0.1,
      min_lr = 0.05 }
    assert.equal(1, plateau:update(1))
    assert.equal(1, plateau:update(2))
    assert.equal(0.1, plateau:update(1.5))
    assert.equal(0.05, plateau:update(0 / 0))
    assert.equal(0.05, plateau:update(1))
  end)

  it("refuses what is no schedule", function()
    assert.error_matches(function()
      cmml.optim.plateau { lr = 1, factor = 1 }
    end, "factor must be above 0 and below 1, but is 1")
    assert.error_matches(function()
      cmml.optim.plateau { lr = 1, mode = "least" }
    end, 'mode "least" is not known; known: min, max')
    for text, options in pairs {
      ["plateau: lr must be at least 0, but is %-1"] = { lr = -1 },
      ["plateau: min_lr must be at most lr, 1, but is 2"] = { lr = 1, min_lr = 2 },
      ["plateau: min_lr must be a finite number, but is %-?nan"] = { lr = 1, min_lr = 0 / 0 },
      ["plateau: patience must be at least 0, but is %-1"] = { lr = 1, patience = -1 },
      ["plateau: threshold must be at least 0 and below 1, but is 1"] = { lr = 1, threshold = 1 },
    } do
      assert.error_matches(function()
        cmml.optim.plateau(options)
      end, text)
    end
    assert.error_matches(function()
      cmml.optim.plateau({ lr = 1 }):update()
    end, "update: the value of the metric was expected, not nil")
  end)
end)

-- The numbers are those of PyTorch 2.13's CosineAnnealingLR, CosineAnnealingWarmRestarts, LinearLR
-- and SequentialLR.
describe("cosine", function()
  it("falls along half a wave, and stays at its end", function()
    near({ 0.1, 0.0914057647469, 0.0689057647469, 0.0410942352531, 0.0185942352531, 0.01, 0.01,
      0.01 }, rates(cmml.optim.cosine { lr = 0.1, steps = 5, min_lr = 0.01 }, 8))
  end)

  it("begins again with restarts, with longer waves if they grow", function()
    near({ 0.1, 0.055, 0.1, 0.0868198051534, 0.055, 0.0231801948466, 0.1, 0.096574578963,
      0.0868198051534, 0.0722207544564 }, rates(cmml.optim.cosine { lr = 0.1, steps = 2,
      min_lr = 0.01, restarts = true, growth = 2 }, 10))
    near({ 0.1, 0.075, 0.025, 0.1, 0.075, 0.025, 0.1, 0.075 }, rates(cmml.optim.cosine { lr = 0.1,
      steps = 3, restarts = true }, 8))
  end)

  it("does not mind the metric", function()
    local cosine = cmml.optim.cosine { lr = 0.1, steps = 2 }
    assert.equal(0.1, cosine:update(3))
    assert.equal(0.1, cosine:update(0 / 0))
  end)

  it("refuses what is no schedule", function()
    for text, options in pairs {
      ["cosine: lr must be at least 0, but is %-1"] = { lr = -1, steps = 1 },
      ["cosine: min_lr must be a finite number, but is inf"] = { lr = 1, steps = 1,
        min_lr = 1 / 0 },
      ["cosine: min_lr must be at most lr, 1, but is 1.5"] = { lr = 1, steps = 1, min_lr = 1.5 },
      ["cosine: steps must be at least 1, but is 0"] = { lr = 1, steps = 0 },
      ["cosine: growth must be at least 1, but is 0"] = { lr = 1, steps = 1, growth = 0 },
      ["cosine: option steps is missing"] = { lr = 1 },
    } do
      assert.error_matches(function()
        cmml.optim.cosine(options)
      end, text)
    end
  end)
end)

describe("warmup", function()
  it("rises to a rate and stays there", function()
    near({ 0.025, 0.04375, 0.0625, 0.08125, 0.1, 0.1, 0.1 },
      rates(cmml.optim.warmup { lr = 0.1, steps = 4, start = 0.25 }, 7))
  end)

  it("rises, then follows another schedule from its start", function()
    near({ 0.01, 0.04, 0.07, 0.1, 0.0853553390593, 0.05, 0.0146446609407, 0 },
      rates(cmml.optim.warmup { steps = 3,
        schedule = cmml.optim.cosine { lr = 0.1, steps = 4 } }, 8))
  end)

  it("lets a plateau see the metric from the start", function()
    local plateau = cmml.optim.plateau { lr = 1, patience = 0, factor = 0.5 }
    local warmup = cmml.optim.warmup { steps = 2, start = 0.5, schedule = plateau }
    assert.equal(0.5, warmup:update(1))
    assert.equal(0.75, warmup:step())
    assert.equal(0.375, warmup:update(2))
    assert.equal(0.5, warmup:step())
    assert.equal(0.5, warmup:step())
    assert.equal(0.25, warmup:update(2))
  end)

  it("refuses what is no schedule", function()
    for text, options in pairs {
      ["warmup: either lr or schedule was expected"] = { steps = 1 },
      ["warmup: schedule must be a schedule"] = { steps = 1, schedule = {} },
      ["warmup: steps must be at least 1, but is 0"] = { steps = 0, lr = 1 },
      ["warmup: start must be from 0 to 1, but is 1.5"] = { steps = 1, lr = 1, start = 1.5 },
      ["warmup: lr must be a finite number, but is %-?nan"] = { steps = 1, lr = 0 / 0 },
    } do
      assert.error_matches(function()
        cmml.optim.warmup(options)
      end, text)
    end
  end)
end)

describe("a schedule", function()
  local function plateau()
    return cmml.optim.plateau { lr = 0.3, patience = 1, factor = 0.3 }
  end
  local function cosine()
    return cmml.optim.cosine { lr = 0.3, steps = 3, min_lr = 0.01, restarts = true, growth = 2 }
  end
  local kinds = {
    plateau = plateau,
    cosine = cosine,
    warmup = function()
      return cmml.optim.warmup { lr = 0.3, steps = 7 }
    end,
    ["warmup, then plateau"] = function()
      return cmml.optim.warmup { steps = 7, schedule = plateau() }
    end,
    ["warmup, then cosine"] = function()
      return cmml.optim.warmup { steps = 7, schedule = cosine() }
    end,
  }
  for name, make in pairs(kinds) do
    it("goes on from its state, through JSON, with the very same rates: " .. name, function()
      local function go(schedule, from, to)
        local seen = {}
        for i = from, to do
          schedule:step()
          seen[#seen + 1] = i % 2 == 0 and schedule:update(10 - math.min(i, 8)) or schedule.lr
        end
        return seen
      end
      for stop = 0, 20 do
        local first, whole = make(), make()
        go(first, 1, stop)
        go(whole, 1, stop)
        local resumed = make()
        resumed:restore(assert(cmml.core.json_decode(json.encode(first:state()))))
        assert.equal(first.lr, resumed.lr)
        assert.same(go(whole, stop + 1, 30), go(resumed, stop + 1, 30))
      end
    end)
  end
end)
