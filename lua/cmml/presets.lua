--- Settings of CMML by name: what was published, in text and in code.
--
-- A preset has `setting` ("user": ratings of a user, learnt content features; "scenario": implicit
-- feedback on a grouping of items, vectors made beforehand), `model` (options of `network`), and
-- `training` (options of `train`). Scenario presets are for the widths of vectors of their data.
--
-- @module cmml

-- The released code: LeakyReLU, Adam with L2 1e-5.
local function code(model, training)
  local preset = { model = { hybrid = "dot", modulation = "film", activation = "leaky_relu" },
    training = { weight_decay = 1e-5 } }
  for key, value in pairs(model) do
    preset.model[key] = value
  end
  for key, value in pairs(training or { lr = 1e-4 }) do
    preset.training[key] = value
  end
  preset.setting = preset.model.label == "binary" and "scenario" or "user"
  return preset
end

-- User setting of the code: pooling encoder that sees the embeddings as constants, two modulated
-- layers, entries of the mean gradient clamped to 10, 32 tasks a step.
local function user(model)
  local all = { width = 32, encoder = "mean", encoder_widths = { 64 }, encoder_detach = true,
    label_hidden = 64 }
  for key, value in pairs(model) do
    all[key] = value
  end
  return code(all, { batch = 32, support = 40, query = 10, lr = 3e-4, clip = 10 })
end

-- Scenario setting of the code: a GRU of width H and an MLP H -> middle -> dim.
local function scenario(dim, state, middle, model)
  local all = { dim = dim, label = "binary", encoder = "gru", encoder_detach = false,
    encoder_widths = { state, middle } }
  for key, value in pairs(model) do
    all[key] = value
  end
  return code(all)
end

local function film(h)
  return { backbone = { 64, 64, 64 }, hyper = { h, h, h } }
end

local function sigmoid(h)
  return { modulation = "sigmoid", backbone = { 64, 64, 64 }, hyper = { h, h, h } }
end

local function linear(h, hybrid)
  return { modulation = "linear", hybrid = hybrid or "dot", backbone = { 64, 64, 64 },
    hyper = { h, h } }
end

local function soft(backbone, hyper)
  return { modulation = "soft", backbone = backbone, hyper = hyper, activation = "relu",
    modulation_options = { modules = 4 } }
end

-- The text of the paper: ReLU, GRU and ReLU MLP (128, 128), hypernetwork (64, 64, 64), Adam 1e-4;
-- routes that sum to 1 over the modules they lead to, as it says.
local function paper(model)
  local all = { width = 32, encoder = "gru", encoder_widths = { 128, 128 },
    encoder_detach = false, label_hidden = 64, hybrid = "dot", modulation = "film",
    backbone = { 64, 64, 64 }, hyper = { 64, 64, 64 }, activation = "relu" }
  for key, value in pairs(model or {}) do
    all[key] = value
  end
  return { setting = "user", model = all,
    training = { batch = 32, support = 40, query = 10, lr = 1e-4 } }
end

local no_gru = linear(64, "none")
no_gru.encoder, no_gru.encoder_widths = "mean", { 128, 128 }

return function(cmml)
  --- Settings by name. `published-code`, the default, is what the paper's released code runs on
  -- MovieLens-1M.
  cmml.presets = {
    ["paper"] = paper(),
    ["paper/soft"] = paper { modulation = "soft", backbone = { 32, 32, 32 },
      modulation_options = { modules = 4, over = "targets" } },
    ["published-code"] = user { backbone = { 64, 64 }, hyper = { 256, 256 } },
    ["published-code/soft"] = user(soft({ 32, 32 }, { 128, 128 })),
    ["published-code/ml20m_film"] = scenario(128, 256, 256, film(64)),
    ["published-code/ml20m_sigmoid"] = scenario(128, 256, 256, sigmoid(64)),
    ["published-code/ml20m_linear_dot"] = scenario(128, 192, 192, linear(64)),
    ["published-code/ml20m_linear_mlp"] = scenario(128, 192, 192, linear(64, "mlp")),
    ["published-code/ml20m_linear_pooling_no_hybrid"] = scenario(128, 0, 0, no_gru),
    ["published-code/ml20m_soft"] = scenario(128, 128, 128, soft({ 32, 32, 32 }, { 64, 64, 64 })),
    ["published-code/ml20m_soft_wide"] = scenario(128, 128, 128,
      soft({ 32, 32, 64 }, { 64, 64, 64 })),
    ["published-code/taobao_film"] = scenario(256, 256, 256, film(64)),
    ["published-code/taobao_sigmoid"] = scenario(256, 256, 256, sigmoid(128)),
    ["published-code/taobao_linear_dot"] = scenario(256, 192, 192, linear(128)),
    ["published-code/hybrid_film"] = scenario(256, 128, 64, film(64)),
    ["published-code/hybrid_soft"] = scenario(256, 128, 64, soft({ 32, 32, 32 }, { 64, 64, 32 })),
  }
end
