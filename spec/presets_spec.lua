-- The presets against the numbers of parameters that were counted independently.
local args = require "cmml.base.args"
local cmml = require "cmml"
local people = require "spec.support.people"

local function read_counts()
  local file = assert(io.open "spec/golden/param_counts.json")
  local counts = cmml.core.json_decode(file:read "a", "param_counts.json").counts
  file:close()
  return counts
end

-- Parameters by part, as the counts name them.
local function counted(net)
  local parts, total = {}, 0
  for name, tensor in net:parameters() do
    local first = name:match "^[^.]+"
    local part = ({ out = "backbone", module = "backbone", route = "hyper" })[first] or first
    parts[part] = (parts[part] or 0) + tensor.count
    total = total + tensor.count
  end
  parts.total = total
  return parts
end

local names = { ml20m_soft_last_width_32 = "ml20m_soft",
  ml20m_soft_last_width_64 = "ml20m_soft_wide", ml1m_film_pooling = "",
  ml1m_soft_pooling = "soft" }

local fields = {
  item = { { name = "rate", size = 6 }, { name = "genre", size = 25 },
    { name = "director", size = 2186 }, { name = "actor", size = 8030 } },
  user = { { name = "gender", size = 2 }, { name = "age", size = 7 },
    { name = "occupation", size = 21 }, { name = "zip", size = 3402 } },
}

describe("the presets of the published code", function()
  for _, setting in ipairs { "users", "scenarios" } do
    for case, expected in pairs(read_counts()["cmml_" .. setting:sub(1, -2)]) do
      it("have the counted parameters: " .. case, function()
        local name = names[case] or case
        local preset = cmml.presets[name == "" and "published-code" or "published-code/" .. name]
        assert(preset, case)
        local options = { init = cmml.nn.init(1), dim = preset.dim,
          label = setting == "scenarios" and "binary" or nil }
        for key, value in pairs(preset.model) do
          options[key] = value
        end
        if setting == "users" then
          options.item_fields, options.user_fields = fields.item, fields.user
        end
        assert.same(expected, counted(cmml.network(options)))
        assert.equal(setting, preset.setting)
      end)
    end
  end
end)

describe("a model of a preset", function()
  local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
  local catalogue = data.catalogue
  local vectors = cmml.vectors.als { ratings = data.ratings, n_items = 8, factors = 4 }

  it("takes the preset's options of the components that it keeps", function()
    local kept = cmml.cmml(catalogue, { preset = "paper/soft" })
    assert.same({ modules = 4, over = "targets" }, kept.options.modulation_options)
    local named = cmml.cmml(catalogue, { preset = "paper/soft", modulation = "soft" })
    assert.same(kept.options, named.options)
    local other = cmml.cmml(catalogue, { preset = "paper/soft", modulation = "film" })
    assert.is_nil(other.options.modulation_options)
  end)

  it("starts the biases as the preset does, of the components that it keeps", function()
    local function start(changes)
      changes.preset = "published-code/taobao_film"
      return cmml.cmml(vectors, changes).options.bias_start
    end
    assert.same({ backbone = 0, hyper = 0, encoder = 0 }, start {})
    assert.same({ backbone = 0, hyper = 0, encoder = 0 }, start { modulation = "film" })
    assert.same({ encoder = 0 }, start { modulation = "soft" })
    assert.same({ backbone = 0, hyper = 0 }, start { encoder = "mean" })
    assert.is_nil(start { encoder = "mean", modulation = "soft" })
    assert.same({ hyper = 2 }, start { bias_start = { hyper = 2 }, modulation = "linear" })
  end)

  it("shares no table with it, nor with the caller", function()
    local hyper = { 5, 5 }
    local model = cmml.cmml(catalogue, { preset = "published-code", hyper = hyper })
    model.options.backbone[1], hyper[1] = 7, 9
    assert.same({ 64, 64 }, cmml.presets["published-code"].model.backbone)
    assert.same({ 5, 5 }, model.options.hyper)
  end)
end)

describe("a preset that a script adds", function()
  local data = people.data(cmml, { users = 20, items = 8, rated = 5 })

  local function refuses(message, preset)
    cmml.presets.added = preset
    local ok, said = pcall(cmml.recommenders.cmml, data.catalogue, { preset = "added" })
    cmml.presets.added = nil
    assert.is_false(ok)
    assert.matches(message, said, 1, true)
  end

  it("is checked where it is used first", function()
    local function changed(changes)
      local preset = {}
      for key, value in pairs(cmml.presets.recommended) do
        preset[key] = value
      end
      for key, value in pairs(changes) do
        preset[key] = value
      end
      return preset
    end
    refuses("cmml: preset added: there is no option hybird; did you mean hybrid?",
      changed { model = { hybird = "dot" } })
    refuses("cmml: preset added: there is no option epoch of training", changed { training = {
      epoch = 3 } })
    refuses("cmml: preset added: split is not for a preset to decide", changed { split = {
      seed = 2 } })
    refuses("cmml: preset added: unknown field budget;", changed { budget = {} })
    cmml.presets.added = changed {}
    local model = cmml.recommenders.cmml(data.catalogue, { preset = "added" })
    assert.equal("added", model.options.preset)
    cmml.presets.added = nil
  end)
end)

describe("presets of a kind", function()
  it("are no two the same", function()
    for _, setting in ipairs { "users", "scenarios" } do
      for _, class in ipairs(cmml.kinds.list(setting)) do
        local list = args.keys(class.presets)
        for i, name in ipairs(list) do
          for k = i + 1, #list do
            assert.is_false(args.equal(class.presets[name], class.presets[list[k]]),
              ("%s of %s: %s and %s"):format(class.kind, setting, name, list[k]))
          end
        end
      end
    end
  end)
end)
