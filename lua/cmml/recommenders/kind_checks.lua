--- What a declaration of a kind must be: what is declared wrongly is refused where it stands.
--
-- Each of these is called by `cmml.kind` itself, whose caller errors point at. The library's own
-- kinds go through them in `make check` alone, so that loading it stays fast.
--
-- @module cmml.recommenders.kind_checks
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local general_training = require "cmml.settings.training_options"
local raise = args.error

local fields = { name = "string", title = "string", source = "string", settings = "table",
  learns = "string", adapts = "string", options = "table", presets = "table",
  default_preset = "string", needs = "table", baseline = "number", make = "function",
  adapt = "function", score = "function", loss = "function", fit = "function",
  tensors = "function", restore = "function", integers = "table", prepare = "function",
  over = "function", formerly = "table", describe = "function", check = "function" }

local preset_fields = { setting = "string", model = "table", training = "table", split = "table",
  vectors = "table", budgets = "table", dim = "number" }

local needed = { "title", "settings", "learns", "make", "adapt", "score" }
local ways, adaptations = { "gradient", "fit", "none" }, { "forward", "gradient" }
local wanted = { gradient = "loss", fit = "fit" }
local goes_with = { loss = "gradient", prepare = "gradient", fit = "fit" }

local checks = {}

--- What stands in a declaration, and what not.
-- @tparam table declaration
-- @treturn string prefix of further messages
function checks.fields(declaration)
  if type(declaration) ~= "table" then
    raise("kind: a table was expected, not " .. args.describe(declaration), 3)
  elseif type(declaration.name) ~= "string" or not declaration.name:find "^%a[%w_]*$" then
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
  for _, need in ipairs(args.keys(declaration.needs or {})) do
    args.one_of(where .. ": needs", need, { "fields", "vectors" }, 4)
    args.expect(("%s: needs: %s"):format(where, need), declaration.needs[need], "boolean", 4)
  end
  for key, value in pairs(declaration.integers or {}) do
    if type(key) ~= "string" or value ~= true then
      raise(("%s: integers must be true by name of an entry, but has %s = %s"):format(where,
        tostring(key), args.describe(value)), 3)
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
  if wanted[way] and not declaration[wanted[way]] then
    raise(("%s learns by %s: the function %s is missing"):format(where, way, wanted[way]), 3)
  end
  for _, key in ipairs { "loss", "prepare", "fit" } do
    if declaration[key] and goes_with[key] ~= way then
      raise(("%s: the function %s does not go with learns = %q"):format(where, key, way), 3)
    end
  end
  if declaration.baseline and declaration.learns == "gradient" then
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
    all:find(where .. ": settings", setting, 4)
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
local function check_values(where, values, known, what)
  for key, value in pairs(values) do
    if not known:find(key) then
      raise(("%s: there is no option %s%s; %s"):format(where, tostring(key), what,
        args.suggest(tostring(key), known:names())), 4)
    end
    local taken, problem = known:take(key, value)
    if taken == nil then
      raise(("%s: %s %s"):format(where, key, problem), 4)
    end
  end
end

-- The options of training in the settings of a kind.
local function training_options(where, declaration, all)
  local list = table.move(general_training, 1, #general_training, 1, {})
  for _, name in ipairs(declaration.settings) do
    for declared in all:get(name).training_options:each() do
      list[#list + 1] = declared
    end
  end
  return options.of(where, list)
end

--- What the presets of a declaration hold.
-- @tparam string where prefix of messages
-- @tparam table declaration
-- @tparam Options known of the kind
-- @tparam Registry all the settings
function checks.presets(where, declaration, known, all)
  for _, name in ipairs(args.keys(declaration.presets or {})) do
    local preset = declaration.presets[name]
    if type(preset) ~= "table" or type(preset.model) ~= "table" then
      raise(("%s: preset %s must be a table with model"):format(where, name), 3)
    end
    local of = ("%s: preset %s"):format(where, name)
    args.fields(of, preset, preset_fields, nil, 4)
    check_values(of, preset.model, known, "")
    check_values(of, preset.training or {}, training_options(of, declaration, all),
      " of training")
  end
  local default = declaration.default_preset
  if default and not (declaration.presets or {})[default] then
    raise(("%s: default_preset: there is no preset %s; %s"):format(where, default,
      args.suggest(default, args.keys(declaration.presets or {}))), 3)
  end
end

return checks
