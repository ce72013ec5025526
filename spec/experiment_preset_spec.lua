-- Experiments that exchange parts of a preset of one's choice.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local user_cell = require "cmml.experiment.user_cell"

local function means(name, preset)
  local found = {}
  for _, row in ipairs(cmml.experiment(name, { quick = true, seeds = 1, epochs = 1, draws = 1,
    resamples = 100, protocol = "full", preset = preset }).rows) do
    found[row.row] = row["cold users/mae"].mean
  end
  return found
end

describe("experiments over a preset", function()
  it("exchange its modulation, encoder and hybrid, and leave the rest as it is", function()
    local users = means "users"
    local modulations = means("modulations", "recommended")
    local encoders = means("encoders", "recommended")
    assert.equal(users.recommended, modulations.film)
    assert.equal(users["recommended without modulation"], modulations.none)
    assert.equal(users.recommended, encoders["mean, dot"])
    assert.equal(users["recommended without context"], encoders["none, dot"])
    assert.not_equal(users.recommended, encoders["gru, dot"])
  end)

  it("say how long its models learn", function()
    local function budget(preset, options)
      local rows = {}
      for i, name in ipairs(preset) do
        rows[i] = { kind = "cmml", model = { preset = name } }
      end
      local shared = user_cell.settings(cmml, options)
      return user_cell.budget_text(cmml, shared, rows, options):match "^data made; (.*); support"
    end
    local stopped = "at most %d epochs, stopped after %d without a better validation MAE"
    assert.equal("14 epochs", budget({ "recommended", "recommended" }, {}))
    assert.equal(stopped:format(30, 5), budget({ "published-code", "paper" }, {}))
    assert.equal("30 epochs", budget({ "published-code" }, { budget = "published" }))
    assert.equal("recommended: 14 epochs; paper: " .. stopped:format(30, 5),
      budget({ "recommended", "paper" }, {}))
    assert.equal(stopped:format(7, 2), budget({ "recommended", "paper" }, { epochs = 7,
      patience = 2 }))
    assert.is_nil(budget({}, {}))
  end)

  it("refuse a preset that is none, or of the other setting", function()
    local options = { quick = true, preset = "papre" }
    refused.with_text("did you mean paper?", cmml.experiment, "modulations", options)
    options.preset = "recommended/scenario"
    refused.with_text("the preset recommended/scenario is for the setting scenario, but the data "
      .. "are taken for user", cmml.experiment, "encoders", options)
  end)
end)
