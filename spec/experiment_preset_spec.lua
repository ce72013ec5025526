-- Experiments that exchange parts of a preset of one's choice.
local cmml = require "cmml"
local computing = require "spec.support.computing"
local refused = require "spec.support.refused"

local function means(name, preset)
  local found = {}
  for _, row in ipairs(cmml.experiment(name, { quick = true, seeds = 1, epochs = 1, draws = 1,
    resamples = 100, protocol = "full", preset = preset,
    variants = name == "users" or nil }).rows) do
    found[row.row] = row["cold users/mae"].mean
  end
  return found
end

describe("experiments over a preset", function()
  it("exchange its modulation, encoder and hybrid, and leave the rest as it is", function()
    local users = means "users"
    local modulations = means("modulations", "recommended")
    local encoders = means "encoders" -- over the recommended preset by default
    local recommended = users["CMML (recommended)"]
    assert.equal(recommended, modulations.film)
    assert.equal(users["CMML (recommended without-modulation)"], modulations.none)
    assert.equal(recommended, encoders["mean, dot"])
    assert.equal(users["CMML (recommended without-context)"], encoders["none, dot"])
    assert.not_equal(recommended, encoders["gru, dot"])
  end)

  it("take the sizes that were published for a modulation", function()
    local options = { quick = true, setting = "scenarios", seeds = 1,
      preset = "published-code/scenario", modulations = "film,linear,none" }
    local models = {}
    for i, settings in ipairs(computing.settings_of("modulations", options)) do
      models[i] = settings.model
    end
    assert.same({ { preset = "published-code/scenario", modulation = "film" },
      { preset = "published-code/scenario/linear" },
      { preset = "published-code/scenario", modulation = "none" } }, models)
    options.modulations, options.modulation = nil, "linear"
    assert.same({ preset = "published-code/scenario/linear", encoder = "mean", hybrid = "none",
      encoder_negatives = false }, computing.settings_of("encoders", options)[1].model)
  end)

  it("say how long its models learn", function()
    local function budget(presets, changes)
      local options = { data = "data/made", seeds = 1,
        rows = { { row = "no", kind = "item_knn" } } }
      for i, name in ipairs(presets) do
        options.rows[i] = { row = "row " .. i, preset = name }
      end
      for key, value in pairs(changes or {}) do
        options[key] = value
      end
      local _, result = computing.settings_of(options)
      return (result.text:gsub("%s+", " "):match "^data made; (.-);? ?support")
    end
    local stopped = "at most %d epochs, stopped after %d without improvement on the validation "
      .. "users"
    assert.equal("14 epochs", budget { "recommended", "recommended" })
    assert.equal(stopped:format(30, 5), budget { "published-code", "paper" })
    assert.equal("30 epochs", budget({ "published-code" }, { budget = "published" }))
    assert.equal("recommended: 14 epochs; paper: " .. stopped:format(30, 5),
      budget { "recommended", "paper" })
    assert.equal(stopped:format(7, 2), budget({ "recommended", "paper" }, { epochs = 7,
      patience = 2 }))
    assert.equal("", budget {})
    assert.equal("recommended: at most 200 epochs, learning rate by plateau, stopped after 10 "
      .. "without improvement on the validation users; paper: " .. stopped:format(200, 10),
      budget({ "recommended", "paper" }, { budget = "converged" }))
  end)

  it("refuse a preset that is none, or of the other setting", function()
    local options = { quick = true, preset = "papre" }
    refused.with_text("did you mean paper?", cmml.experiment, "modulations", options)
    options.preset = "recommended/scenario"
    refused.with_text("there is no preset recommended/scenario of cmml for ratings of users; did "
      .. "you mean recommended?", cmml.experiment, "encoders", options)
  end)
end)
