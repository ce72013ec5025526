-- What experiments refuse, and that they do before anything is computed.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local core = cmml.core

local function with(changes)
  local options = { quick = true, seeds = 1, epochs = 1, draws = 1, resamples = 100 }
  for key, value in pairs(changes) do
    options[key] = value
  end
  return options
end

describe("cmml.experiment", function()
  it("refuses what it does not know, and says what there is", function()
    local e = cmml.experiment
    refused.with_text("modulations", e, "modulation", {})
    refused.with_text("did you mean seeds?", e, "users", { seedz = 1 })
    refused.with_text("seeds must be from 1 to 1000", e, "users", with { seeds = 0 })
    refused.with_text("option data is missing", e, "users", {})
    refused.with_text("default, published", e, "users", with { budget = "large" })
    refused.with_text("there is no protocol cold; known: capped, full", e, "users",
      with { protocol = "cold" })
    refused.with_text("there is no metric rmse", e, "users", with { metrics = "rmse" })
    refused.with_text("did you mean film?", e, "modulations", with { modulations = "flim" })
    refused.with_text("5x is no whole number", e, "users", with { supports = "0,5x" })
    refused.with_text("need out", e, "users", with { jobs = 2 })
    refused.with_text("no protocol full", e, "scenarios", with { protocol = "full" })
    refused.with_text("als, bpr", e, "scenarios", with { vectors = "svd" })
    refused.with_text("user, scenario", e, "modulations", with { setting = "both" })
    refused.with_text("unknown option modulations", e, "users", with { modulations = "film" })
  end)

  it("refuses a value that no cell could take before there is a process or a folder", function()
    local out = os.tmpname()
    os.remove(out)
    for _, case in ipairs {
      { "scenarios", { by = "nonsense" }, 'by "nonsense" is not known' },
      { "modulations", { vectors = "svd" }, 'vectors "svd" is not known' },
      { "users", { batch = 0 }, "batch must be at least 1, but is 0" },
      { "users", { lr = 0 }, "lr must be above 0, but is 0" },
      { "users", { lr = 0 / 0 }, "lr must be above 0" },
      { "users", { valid = 1 }, "valid is a share from 0 to below 1, but is 1" },
      { "users", { valid = 0 / 0 }, "valid is a share from 0 to below 1" },
      { "users", { data_seed = -1 }, "data_seed must be at least 0, but is -1" },
      { "users", { cap = 0 }, "cap must be at least 1, but is 0" },
      { "users", { supports = "5,-1" }, "supports must be at least 0, but is -1" },
      { "users", { resamples = 10 ^ 12 }, "resamples must be from 1 to 1000000" },
      { "users", { seeds = 10 ^ 12 }, "seeds must be from 1 to 1000" },
      { "users", { protocol = "" }, "protocol names nothing" },
      { "users", { protocol = "full,full" }, "protocol: full is there twice" },
      { "modulations", { modulations = "," }, "modulations names nothing" },
      { "users", { metrics = {} }, "metrics names nothing" },
      { "scenarios", { factors = 0 }, "factors must be from 1 to 4096, but is 0" },
      { "scenarios", { min_items = 0 }, "min_items must be at least 1, but is 0" },
      { "scenarios", { min_items = 101 }, "min_items (101) must not be above max_items (100)" },
      { "routes", { preset = "recommended/scenario" }, "recommended/scenario has no routes" },
      { "contexts", { preset = "paper" }, "there is no preset paper of the scenario setting" },
      { "scenarios", { data = "a/x,b/x/" }, "a/x and b/x/ would both be called x" },
      { "users", { out = "" }, "out is the path of a folder, but is empty" },
    } do
      local options = with(case[2])
      options.out, options.jobs = options.out or out, 2
      refused.with_text(case[3], cmml.experiment, case[1], options)
    end
    assert.is_false(core.exists(out))
  end)
end)
