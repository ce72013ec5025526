--- What a declaration of a kind must be: what is declared wrongly is refused where it stands.
--
-- Each of these is called by `cmml.kind` itself, whose caller errors point at. The library's own
-- kinds go through them in `make check` alone, so that loading it stays fast.
--
-- @module cmml.recommenders.kind_checks
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local experiment_options = require "cmml.settings.experiment_options"
local general_training = require "cmml.settings.training_options"
local raise = args.error

local fields = { name = "string", title = "string", source = "string", settings = "table",
  learns = "string", adapts = "string", predicts = "string", steps = "table",
  options = "table", presets = "table",
  default_preset = "string", needs = "table", baseline = "number", make = "function",
  adapt = "function", score = "function", rank = "function", score_all = "function",
  contributions = "function", loss = "function", fit = "function",
  tensors = "function", restore = "function", integers = "table", prepare = "function",
  part = "boolean", stages = "boolean", settle = "function", before_step = "function",
  reads = "string",
  over = "function", memory = "function", formerly = "table", describe = "function",
  check = "function", fitted_parts = "table", facts = "function",
  unlisted = "function", cannot_freeze = "function" }

local preset_fields = { setting = "string", model = "table", training = "table", split = "table",
  vectors = "table", budgets = "table", dim = "number", tuned = "table" }

local needed = { "title", "settings", "learns", "make", "adapt", "score" }
local ways, adaptations = { "gradient", "fit", "none" }, { "forward", "gradient" }
local predictions, readings = { "ranking", "ratings" }, { "all", "relevant" }
local wanted = { gradient = "loss", fit = "fit" }
local goes_with = { loss = "gradient", prepare = "gradient", settle = "gradient",
  before_step = "gradient", fit = "fit" }

local checks = {}

--- What stands in a declaration, and what not.
-- @tparam table declaration
-- @treturn string prefix of further messages
function checks.fields(declaration)
  if type(declaration) ~= "table" then
    raise("kind: a table was expected, not " .. args.describe(declaration), 3)
  elseif type(declaration.name) ~= "string"
    or not declaration.name:find "^[A-Za-z][0-9A-Za-z_]*$" then
    raise("kind: name must be a text of letters, digits and _, not "
      .. args.describe(declaration.name), 3)
  end
  local where = "kind " .. declaration.name
  args.fields(where, declaration, fields, needed, 4)
  return where
end

--- What the tables of a declaration hold.
-- @tparam string where prefix of messages
-- @tparam table declaration
function checks.tables(where, declaration)
  for _, key in ipairs { "settings", "options", "formerly" } do
    args.list(("%s: %s"):format(where, key), declaration[key] or {}, 4)
  end
  args.texts(where .. ": formerly", declaration.formerly or {}, 4)
  args.texts(where .. ": steps", declaration.steps or {}, 4)
  args.texts(where .. ": fitted_parts", declaration.fitted_parts or {}, 4)
  for _, need in ipairs(args.keys(declaration.needs or {})) do
    args.one_of(where .. ": needs", need, { "fields", "source", "vectors" }, 4)
    args.expect(("%s: needs: %s"):format(where, need), declaration.needs[need], "boolean", 4)
  end
  for key, value in pairs(declaration.integers or {}) do
    if type(key) ~= "string" or value ~= true then
      raise(("%s: integers must be true by name of an entry, but has %s = %s"):format(where,
        plain.tostring(key), args.describe(value)), 3)
    end
  end
end

--- What a kind must have, by how it learns and adapts.
-- @tparam string where prefix of messages
-- @tparam table declaration
function checks.functions(where, declaration)
  local way = declaration.learns
  args.one_of(where .. ": learns", way, ways, 4)
  args.one_of(where .. ": adapts", declaration.adapts or "forward", adaptations, 4)
  args.one_of(where .. ": predicts", declaration.predicts or "ranking", predictions, 4)
  args.one_of(where .. ": reads", declaration.reads or "all", readings, 4)
  if wanted[way] and not declaration[wanted[way]] then
    raise(("%s learns by %s: the function %s is missing"):format(where, way, wanted[way]), 3)
  end
  for _, key in ipairs { "loss", "prepare", "settle", "before_step", "fit" } do
    if declaration[key] and goes_with[key] ~= way then
      raise(("%s: the function %s does not go with learns = %q"):format(where, key, way), 3)
    end
  end
  if declaration.fitted_parts and way ~= "gradient" then
    raise(("%s: fitted_parts goes with learns = \"gradient\": others say by tensors what they fit")
      :format(where), 3)
  elseif declaration.baseline and declaration.learns == "gradient" then
    raise(("%s: baseline does not go with learns = \"gradient\": tables show baselines beside a "
      .. "model that is trained"):format(where), 3)
  elseif (declaration.tensors == nil) ~= (declaration.restore == nil) then
    raise(("%s: tensors and restore go together: what a file keeps, and the recommender of it")
      :format(where), 3)
  elseif declaration.learns == "fit" and not declaration.restore then
    raise(("%s is fitted: tensors and restore are missing, without which no file could hold it")
      :format(where), 3)
  end
end

--- The settings that a kind is for, where its names must be free.
-- @tparam string where prefix of messages
-- @tparam table declaration
-- @tparam Registry all the settings
-- @tparam function is_declared of (name, setting): whether there is such a kind
-- @tparam function is_taken of (name, setting): whether model files may name one so
function checks.settings(where, declaration, all, is_declared, is_taken)
  if #declaration.settings == 0 then
    raise(where .. ": settings names none", 3)
  end
  local seen = {}
  for _, setting in ipairs(declaration.settings) do
    local of = all:find(where .. ": settings", setting, 4)
    if declaration.predicts == "ratings" and of.predicts ~= "ratings" then
      raise(("%s: predicts is \"ratings\", but the setting %s has none: there a score ranks")
        :format(where, setting), 3)
    elseif declaration.rank and (declaration.predicts or of.predicts) ~= "ratings" then
      raise(("%s: the function rank is for kinds that predict ratings; where only the order means "
        .. "anything, score is what ranks"):format(where), 3)
    end
    if seen[setting] then
      raise(("%s: settings names %s twice"):format(where, setting), 3)
    end
    seen[setting] = true
    if is_declared(declaration.name, setting) then
      raise(("%s: there is a kind of this name for the setting %s already"):format(where,
        setting), 3)
    end
    for _, name in ipairs { declaration.name, table.unpack(declaration.formerly or {}) } do
      if is_taken(name, setting) then
        raise(("%s: the name %s is in model files of another kind for the setting %s"):format(
          where, name, setting), 3)
      end
    end
  end
end

-- Whether preset values fit the options that they are for.
local function check_values(where, values, known, what, level)
  for _, key in ipairs(args.keys(values)) do
    if not known:find(key) then
      raise(("%s: there is no option %s%s; %s"):format(where, args.shown(key), what,
        args.suggest(plain.tostring(key), known:names())), level)
    end
    local taken, problem = known:take(key, values[key])
    if taken == nil then
      raise(("%s: %s %s"):format(where, key, problem), level)
    end
  end
end

-- The options of training in some settings.
local function training_options(where, settings)
  local list = table.move(general_training, 1, #general_training, 1, {})
  for _, setting in ipairs(settings) do
    for declared in setting.training_options:each() do
      list[#list + 1] = declared
    end
  end
  return options.of(where, list)
end

-- What a preset decides of the data, as their settings take it.
local function check_data(where, preset, settings, level)
  for _, setting in ipairs(settings) do
    if setting.check_preset then
      local ok, problem = pcall(setting.check_preset, preset)
      if not ok then
        raise(("%s: %s"):format(where, tostring(problem)), level)
      end
    else
      for _, key in ipairs { "split", "vectors" } do
        if preset[key] then
          raise(("%s: %s is not for a preset to decide in the setting %s"):format(where, key,
            setting.name), level)
        end
      end
    end
  end
end

--- What a preset holds.
-- @tparam string where prefix of messages: the kind, and the name of the preset
-- @tparam table preset
-- @tparam Options known of the kind
-- @tparam table settings list of those that it is for
-- @tparam integer level of the stack that errors point at; 0: no position
function checks.preset(where, preset, known, settings, level)
  if type(preset) ~= "table" or type(preset.model) ~= "table" then
    raise(where .. " must be a table with model", level)
  end
  level = level > 0 and level + 1 or 0
  args.fields(where, preset, preset_fields, nil, level)
  local own = {}
  for _, setting in ipairs(settings) do
    own[#own + 1] = (preset.setting or setting.name) == setting.name and setting or nil
  end
  if #own == 0 then
    raise(("%s: setting is %s, but the kind is for %s"):format(where, preset.setting,
      settings[1].name), level)
  end
  check_values(where, preset.model, known, "", level)
  local training = training_options(where, own)
  check_values(where, preset.training or {}, training, " of training", level)
  for _, name in ipairs(args.keys(preset.budgets or {})) do
    args.one_of(where .. ": budgets", name, experiment_options.budgets, level)
    local of = ("%s: budget %s"):format(where, name)
    args.expect(of, preset.budgets[name], "table", level)
    check_values(of, preset.budgets[name], training, " of training", level)
  end
  check_data(where, preset, own, level)
end

--- What the presets of a declaration hold.
-- @tparam string where prefix of messages
-- @tparam table declaration
-- @tparam Options known of the kind
-- @tparam Registry all the settings
function checks.presets(where, declaration, known, all)
  local settings = {}
  for i, name in ipairs(declaration.settings) do
    settings[i] = all:get(name)
  end
  for _, name in ipairs(args.keys(declaration.presets or {})) do
    checks.preset(("%s: preset %s"):format(where, name), declaration.presets[name], known,
      settings, 4)
  end
  local default = declaration.default_preset
  if default and not (declaration.presets or {})[default] then
    raise(("%s: default_preset: there is no preset %s; %s"):format(where, default,
      args.suggest(default, args.keys(declaration.presets or {}))), 3)
  end
end

return checks
