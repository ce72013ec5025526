--- Settings of CMML by name: what was published, in text and in code.
--
-- A preset has `setting` ("users": ratings, learnt content features; "scenarios": implicit feedback
-- on groups of items, vectors made beforehand), `model` (options of the kind cmml), and `training`
-- (options of `train`); `budgets`, how long experiments train it (by the name of a budget: epochs,
-- patience, steps of an epoch); of scenarios also `split` (query_fraction, of the options of
-- `ScenarioData:split`) and `vectors` (options of `ScenarioSplit:vectors`) where they matter, and
-- `dim`, the dimension of the vectors of the published data.
--
-- @module cmml

-- The later tables' fields over the first's, as a new table.
local function merged(...)
  local all = {}
  for _, fields in ipairs { ... } do
    for key, value in pairs(fields) do
      all[key] = value
    end
  end
  return all
end

-- The released code: LeakyReLU, Adam with L2 1e-5.
local function code(setting, model, training, budgets)
  return { setting = setting, training = merged({ weight_decay = 1e-5 }, training),
    budgets = budgets,
    model = merged({ hybrid = "dot", modulation = "film", activation = "leaky_relu" }, model) }
end

-- How long experiments train published presets. On ratings, as long as published: 30 epochs.
local of_users = { published = { epochs = 30, patience = 0 } }

-- On scenarios they take one task a step, at the rate 1e-4, for 100,000 steps, validated every
-- 5,000; a few tasks at a higher rate come nearly as far in a fraction of the time.
local of_scenarios = { published = { epochs = 20, patience = 0, steps = 5000 },
  default = { epochs = 12, patience = 3, steps = 100, batch = 4, lr = 1e-3 } }


-- User setting of the code: pooling encoder that sees the embeddings as constants, two modulated
-- layers, entries of the mean gradient clamped to 10, 32 tasks a step.
local function user(model)
  return code("users", merged({ width = 32, encoder = "mean", encoder_widths = { 64 },
    encoder_detach = true, label_hidden = 64 }, model),
    { batch = 32, support = 40, query = 10, lr = 3e-4, clip = 10 },
    of_users)
end

-- Scenario setting of the code: a GRU of width H and an MLP H -> middle -> dim; one task a step,
-- whose support has twice as many negatives as positives, behind them, drawn without regard to what
-- their users took. The schedule looked every 5,000 steps.
local function scenario(dim, state, middle, model, training)
  local preset = code("scenarios", merged({ encoder = "gru", encoder_detach = false,
    encoder_widths = { state, middle } }, model), merged({ batch = 1, support = 64,
    support_negatives = 128, query = 128, order = "positives-first", negatives = "published",
    lr = 1e-4,
    schedule = { kind = "plateau", factor = 0.2, patience = 2, min_lr = 1e-6 } },
    training or {}), of_scenarios)
  preset.dim = dim
  return preset
end

-- Biases of backbone and hypernetwork, and those of the encoder's MLP, as the code begins.
local function starts(backbone, encoder)
  return { backbone = backbone, hyper = backbone, encoder = encoder }
end

local function film(h, bias_start)
  return { backbone = { 64, 64, 64 }, hyper = { h, h, h }, bias_start = bias_start }
end

local function sigmoid(h, bias_start)
  return { modulation = "sigmoid", backbone = { 64, 64, 64 }, hyper = { h, h, h },
    bias_start = bias_start }
end

local function linear(h, hybrid)
  return { modulation = "linear", hybrid = hybrid or "dot", backbone = { 64, 64, 64 },
    hyper = { h, h } }
end

local function soft(backbone, hyper)
  return { modulation = "soft", backbone = backbone, hyper = hyper, activation = "relu",
    modulation_options = { modules = 4 } }
end

-- The text of the paper: ReLU, GRU and ReLU MLP (128, 128), hypernetwork (64, 64, 64), Adam 1e-4.
local paper_model = { encoder = "gru", encoder_widths = { 128, 128 }, encoder_detach = false,
  hybrid = "dot", modulation = "film", backbone = { 64, 64, 64 }, hyper = { 64, 64, 64 },
  activation = "relu" }

-- Three layers of four modules of 32 units; routes that sum to 1 over the modules they lead to, as
-- the wording says.
local paper_soft = { modulation = "soft", backbone = { 32, 32, 32 },
  modulation_options = { modules = 4, over = "targets" } }

local function paper(model)
  return { setting = "users",
    model = merged(paper_model, { width = 32, label_hidden = 64 }, model or {}),
    training = { batch = 32, support = 40, query = 10, lr = 1e-4 }, budgets = of_users }
end

-- As many negatives as positives in a support, in random order.
local function paper_scenario(model)
  return { setting = "scenarios", model = merged(paper_model, model or {}),
    training = { batch = 1, support = 64, support_negatives = 64, query = 128, order = "mixed",
      lr = 1e-4 }, budgets = of_scenarios }
end

-- Settings beyond the published ones for ratings of users, chosen on validation users; what each
-- contributes is told in doc/results/recommended-users.md.
local recommended = { setting = "users",
  model = { width = 16, encoder = "mean", encoder_widths = { 64 }, encoder_detach = false,
    label_hidden = 32, hybrid = "dot", modulation = "film", backbone = { 32, 32 },
    hyper = { 32, 32 }, activation = "leaky_relu", context_shrink = 5, members = 3,
    base = { kind = "factor_analysis", factors = 10, ridge = 16, item_shrink = 3 },
    neighbours = { nearest = 20, keep = 200, shrink = 200, damp = 1 }, read_users = false,
    loss = "absolute", rank_weight = 0.5, mean_share = 0.1, pull = 0.25 },
  training = { batch = 32, support = 40, short_supports = 0.5, query = 40, valid_query = 10,
    lr = 1e-3, schedule = "cosine", epochs = 14 } }

-- What does best on validation scenarios without leak; doc/results/recommended-scenarios.md tells
-- what each part of it contributes.
local recommended_scenario = { setting = "scenarios",
  split = { query_fraction = 0.2 },
  model = { encoder = "mean", encoder_widths = { 128 }, encoder_detach = false,
    hybrid = "dot", modulation = "film", backbone = { 32, 32 }, hyper = { 32, 32 },
    activation = "leaky_relu", unit_rows = true, dropout = 0.5, loss = "softmax",
    inputs = { "cf_score", "popularity" }, terms = { "cf_score", "popularity" },
    term_start = { 1.3, 0.7 } },
  training = { batch = 16, support = 64, support_negatives = 64, query = 64,
    query_negatives = 32, order = "mixed", optimizer = "adamw", weight_decay = 0.1, lr = 3e-3,
    schedule = "cosine", epochs = 3, rounds = 7, patience = 0 } }

-- A preset with some options of the model changed.
local function changed(preset, changes)
  return merged(preset, { model = merged(preset.model, changes) })
end

local no_gru = merged(linear(64, "none"), { encoder = "mean", encoder_widths = { 128, 128 } })
local wide_query = { query = 256 }

return function(cmml, use)
  recommended_scenario.vectors = use "settings.scenarios.vectors"
  --- Presets of CMML by name, in both settings: setting, model, training. `recommended` is the
  -- default for ratings of users, `recommended/scenario` for scenarios; `published-code` is what
  -- the paper's released code runs on MovieLens-1M. Those of scenarios stand under
  -- `paper/scenario` and `published-code/scenario`, and under the names of the code's data sets.
  -- Of the encoder ablation, `.._non_negative_pooling` sees no negatives. `recommended` is for
  -- ratings of users, `recommended/scenario` for scenarios, each also without modulation and
  -- without context; `recommended/single` has one member, see the option `members`.
  cmml.presets = {
    ["recommended"] = recommended,
    ["recommended/without-modulation"] = changed(recommended, { modulation = "none" }),
    ["recommended/without-context"] = changed(recommended, { encoder = "none" }),
    ["recommended/single"] = changed(recommended, { members = 1 }),
    ["paper"] = paper(),
    ["paper/soft"] = paper(paper_soft),
    ["recommended/scenario"] = recommended_scenario,
    ["recommended/scenario/without-modulation"] = changed(recommended_scenario,
      { modulation = "none" }),
    ["recommended/scenario/without-context"] = changed(recommended_scenario,
      { encoder = "none" }),
    ["paper/scenario"] = paper_scenario(),
    ["paper/scenario/soft"] = paper_scenario(paper_soft),
    ["published-code"] = user { backbone = { 64, 64 }, hyper = { 256, 256 } },
    ["published-code/soft"] = user(soft({ 32, 32 }, { 128, 128 })),
    ["published-code/scenario"] = scenario(nil, 256, 256, film(64, starts(0.1))),
    ["published-code/scenario/sigmoid"] = scenario(nil, 256, 256, sigmoid(64, starts(0.1))),
    ["published-code/scenario/linear"] = scenario(nil, 192, 192, linear(64)),
    ["published-code/scenario/soft"] = scenario(nil, 128, 128,
      soft({ 32, 32, 32 }, { 64, 64, 64 }), wide_query),
    ["published-code/ml20m_film"] = scenario(128, 256, 256, film(64, starts(0.1))),
    ["published-code/ml20m_sigmoid"] = scenario(128, 256, 256, sigmoid(64, starts(0.1))),
    ["published-code/ml20m_linear_dot"] = scenario(128, 192, 192, linear(64)),
    ["published-code/ml20m_linear_mlp"] = scenario(128, 192, 192, linear(64, "mlp")),
    ["published-code/ml20m_linear_no_hybrid"] = scenario(128, 192, 192, linear(64, "none")),
    ["published-code/ml20m_linear_pooling_no_hybrid"] = scenario(128, 0, 0, no_gru),
    ["published-code/ml20m_linear_non_negative_pooling"] = scenario(128, 0, 0,
      merged(no_gru, { encoder_negatives = false })),
    ["published-code/ml20m_soft"] = scenario(128, 128, 128, soft({ 32, 32, 32 }, { 64, 64, 64 }),
      wide_query),
    ["published-code/ml20m_soft_wide"] = scenario(128, 128, 128,
      soft({ 32, 32, 64 }, { 64, 64, 64 }), wide_query),
    ["published-code/taobao_film"] = scenario(256, 256, 256, film(64, starts(0, 0))),
    ["published-code/taobao_sigmoid"] = scenario(256, 256, 256, sigmoid(128, starts(0))),
    ["published-code/taobao_linear_dot"] = scenario(256, 192, 192, linear(128)),
    ["published-code/hybrid_film"] = scenario(256, 128, 64, film(64)),
    ["published-code/hybrid_soft"] = scenario(256, 128, 64, soft({ 32, 32, 32 }, { 64, 64, 32 })),
  }

  -- Those of one setting by name, with what a script adds to `cmml.presets`.
  return function(setting)
    local function find(name)
      local preset = cmml.presets[name]
      return preset and preset.setting == setting and preset or nil
    end
    return setmetatable({}, { __index = function(_, name)
      return find(name)
    end, __pairs = function()
      local some = {}
      for name in pairs(cmml.presets) do
        some[name] = find(name)
      end
      return next, some, nil
    end })
  end
end
