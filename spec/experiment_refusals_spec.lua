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
    refused.with_text("there is no experiment modulation; did you mean modulations?", e,
      "modulation", {})
    refused.with_text("did you mean seeds?", e, "users", { seedz = 1 })
    refused.with_text("seeds must be from 1 to 1000", e, "users", with { seeds = 0 })
    refused.with_text("option data is missing", e, "users", {})
    refused.with_text("known: default, published, converged", e, "users", with { budget = "large" })
    refused.with_text("there is no protocol cold for ratings of users; known: full, capped", e,
      "users", with { protocol = "cold" })
    refused.with_text("there is no metric rmsee; did you mean rmse?", e, "users",
      with { metrics = "rmsee" })
    refused.with_text("recall@10 needs the option relevant", e, "users",
      with { metrics = "recall@10" })
    refused.with_text("did you mean film?", e, "modulations", with { modulations = "flim" })
    refused.with_text('supports entry 2 must be an integer, not "5x"', e, "users",
      with { supports = "0,5x" })
    refused.with_text("need out", e, "users", with { jobs = 2 })
    refused.with_text("no protocol full", e, "scenarios", with { protocol = "full" })
    refused.with_text("als, bpr", e, "scenarios", with { vectors = "svd" })
    refused.with_text("known: scenarios, sequences, users", e, "modulations",
      with { setting = "both" })
    refused.with_text("experiment users: it is for the setting users, not for scenarios", e,
      "users", with { setting = "scenarios" })
    refused.with_text("unknown option modulations", e, "users", with { modulations = "film" })
    refused.with_text("option supports applies only to ratings of users", e, "modulations",
      with { setting = "scenarios", supports = "5" })
    refused.with_text("options was expected", e, "users", 5)
    refused.with_text("there is no experiment nil", e)
    refused.with_text("without: no experiment has an option seds; did you mean seeds?",
      cmml.register_experiment, { name = "odd", summary = "odd", rows = {}, without = { "seds" } })
  end)

  it("gives an option of data to the protocols that take it", function()
    local result = cmml.experiment(with { protocol = "capped,full", cap = 2, seeds = 1, draws = 1,
      resamples = 10, rows = { { row = "user mean", kind = "user_mean" } } })
    assert.same({}, result.failures)
    assert.equal(2, #result.tables)
  end)

  it("refuses a value that no cell could take before there is a process or a folder", function()
    local out = os.tmpname()
    os.remove(out)
    for _, case in ipairs {
      { "scenarios", { by = "nonsense" },
        'by "nonsense" is not known; known: genre, combination, ' },
      { "modulations", { vectors = "svd" }, 'vectors "svd" is not known; known: als, bpr' },
      { "users", { batch = 0 }, "batch must be at least 1, but is 0" },
      { "users", { lr = 0 }, "lr must be above 0, but is 0" },
      { "users", { lr = 0 / 0 }, "lr must be a finite number" },
      { "users", { valid = 1 }, "valid must be at least 0 and below 1, but is 1" },
      { "users", { valid = 0 / 0 }, "valid must be a finite number" },
      { "users", { data_seed = -1 }, "data_seed must be at least 0, but is -1" },
      { "users", { cap = 3, protocol = "full,last" }, "full takes no cap" },
      { "routes", { metrics = "auc" }, "option metrics does not apply; cmml experiment routes" },
      { "users", { cap = 0 }, "cap must be at least 1, but is 0" },
      { "users", { supports = "5,-1" }, "supports entry 2 must be at least 0, but is -1" },
      { "users", { resamples = 10 ^ 12 }, "resamples must be from 1 to 1000000" },
      { "users", { seeds = 10 ^ 12 }, "seeds must be from 1 to 1000" },
      { "users", { protocol = "" }, "protocol is empty" },
      { "users", { protocol = "full,full" }, "protocol names \"full\" twice" },
      { "modulations", { modulations = "," }, "modulations is empty" },
      { "users", { metrics = {} }, "metrics is empty" },
      { "scenarios", { factors = 0 }, "factors must be from 1 to 4096, but is 0" },
      { "scenarios", { min_items = 0 }, "min_items must be at least 1, but is 0" },
      { "scenarios", { min_items = 101 }, "min_items (101) must not be above max_items (100)" },
      { "routes", { preset = "recommended/scenario" }, "recommended/scenario has no routes" },
      { "contexts", { preset = "paper" }, "there is no preset paper of cmml for scenarios" },
      { "scenarios", { data = "a/x,b/x/" }, "a/x and b/x/ would both be called x" },
      { "users", { out = "" }, "out must be the path of a folder, but is empty" },
    } do
      local options = with(case[2])
      options.out, options.jobs = options.out or out, 2
      refused.with_text(case[3], cmml.experiment, case[1], options)
    end
    assert.is_false(core.exists(out))
  end)
end)
