--- Settings of S2Meta by name; see recommenders/presets.lua for the fields.
--
-- @module cmml.recommenders.s2meta_presets

-- The stop controller learns at half the rate of the others, whatever that is.
local groups = { { parameters = "stop", lr_factor = 0.5 } }

-- How long experiments train published presets: as those of CMML in the setting.
local budgets = { published = { epochs = 20, patience = 0, steps = 5000 },
  default = { epochs = 12, patience = 3, steps = 100, batch = 4, lr = 1e-3,
    groups = groups } }

-- The released code: one task a step, whose every step on the support has negatives of its own:
-- 20 times 64, drawn without regard to what their users took.
local function code(model)
  local all = { lstm_bias = "published", stop = "sampled", controller_hidden = 16 }
  for key, value in pairs(model) do
    all[key] = value
  end
  return { model = all, budgets = budgets,
    training = { batch = 1, support = 64, support_negatives = 1280, query = 128,
      order = "positives-first", negatives = "published", lr = 1e-4, weight_decay = 1e-5,
      clip = 0.25, groups = groups,
      schedule = { kind = "plateau", factor = 0.2, patience = 2, min_lr = 1e-6 } } }
end

-- As CMML's comparison ran it on MovieLens-20M, on Taobao and on both together; then the towers of
-- S2Meta's own configurations, for Taobao and for Amazon.
return function()
  return {
    -- A quarter of the steps, which on validation scenarios of Last.fm was no worse.
    ["recommended"] = { budgets = budgets,
      model = { widths = { 64, 32, 16 }, lstm_bias = "forget", stop = "greedy", unit_rows = true,
        min_step = 1, max_step = 5 },
      training = { batch = 4, support = 64, support_negatives = 64, query = 128, order = "mixed",
        lr = 1e-3, groups = groups, clip = 0.25,
        weight_decay = 1e-5, schedule = "plateau" } },
    ["published-code"] = code { widths = { 64, 32, 16 }, inner_batch = 128 },
    ["published-code/taobao"] = code { widths = { 64, 64, 64 }, inner_batch = 64 },
    ["published-code/hybrid"] = code { widths = { 64, 64, 64 }, inner_batch = 64,
      controller_hidden = 8 },
    ["published-code/hybrid-tower"] = code { tower = "hybrid", widths = { 128, 64 },
      inner_batch = 64 },
    ["published-code/dot-tower"] = code { tower = "dot", widths = { 128, 128 },
      inner_batch = 64 },
  }
end
