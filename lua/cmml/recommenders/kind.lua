--- Kinds of recommenders: each describes itself in one declaration, and everything else asks it.
--
-- Trainer, evaluator, model files, command line, experiments and tuning know no kind by name. What
-- comes with the library and what a user declares are the same thing:
--
--    cmml.kind {
--      name = "melu", title = "MeLU", source = "Lee et al., KDD 2019",
--      settings = { "users" },     -- where it can be used; a name may have one kind a setting
--      learns = "gradient",        -- or "fit" (without gradient training), or "none"
--      adapts = "gradient",        -- or "forward": whether adapting needs gradients
--      options = { .. },           -- declarations, see base/options.lua
--      presets = { recommended = { model = { .. }, training = { .. } } },
--      needs = { vectors = true }, -- what its catalogue must have
--      baseline = 3,               -- its place among the baselines of tables (none: not shown)
--      make = function(catalogue, options, init) .. end,     -- a table of its fields, e.g. module
--      adapt = function(self, support) .. end,               -- Rows of several tasks -> state
--      score = function(self, state, rows) .. end,           -- Rows -> scores [rows]
--      loss = function(self, batch) .. end,                  -- of a kind that learns by gradient
--      fit = function(self, data) .. end,                    -- of one that is fitted
--    }
--
-- What may stand there besides is said at `cmml.kind` below.
--
-- @module cmml
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

return function(cmml, use)
  local Recommender = use "recommenders.recommender"
  local starts = use "recommenders.start"

  -- Kinds by name and by setting, names of earlier files by setting, and the order in which kinds
  -- were declared.
  local by_name, former, order = {}, {}, {}

  local function check_fields(declaration)
    if type(declaration) ~= "table" then
      raise("kind: a table was expected, not " .. args.describe(declaration), 3)
    elseif type(declaration.name) ~= "string" or not declaration.name:find "^%a[%w_]*$" then
      raise("kind: name must be a text of letters, digits and _, not "
        .. args.describe(declaration.name), 3)
    end
    local where = "kind " .. declaration.name
    for _, key in ipairs(args.keys(declaration)) do
      if not fields[key] then
        raise(("%s: unknown field %s; %s"):format(where, key, args.suggest(key,
          args.keys(fields))), 3)
      elseif type(declaration[key]) ~= fields[key] then
        raise(("%s: %s must be a %s, not %s"):format(where, key, fields[key],
          args.describe(declaration[key])), 3)
      end
    end
    return where
  end

  -- Whether a file may name a kind so already, as its name or as a former one.
  local function is_taken(name, setting)
    return (by_name[name] or {})[setting] ~= nil or (former[setting] or {})[name] ~= nil
  end

  -- What the tables of a declaration hold.
  local function check_tables(where, declaration)
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

  -- What a kind must have, by how it learns and adapts.
  local function check_functions(where, declaration)
    for _, key in ipairs { "title", "settings", "learns", "make", "adapt", "score" } do
      if declaration[key] == nil then
        raise(("%s: %s is missing"):format(where, key), 3)
      end
    end
    args.one_of(where .. ": learns", declaration.learns, { "gradient", "fit", "none" }, 4)
    args.one_of(where .. ": adapts", declaration.adapts or "forward", { "forward", "gradient" }, 4)
    local wanted = ({ gradient = "loss", fit = "fit" })[declaration.learns]
    if wanted and not declaration[wanted] then
      raise(("%s learns by %s: the function %s is missing"):format(where, declaration.learns,
        wanted), 3)
    end
    for _, own in ipairs { { "loss", "gradient" }, { "prepare", "gradient" }, { "fit", "fit" } } do
      local key, way = own[1], own[2]
      if declaration[key] and declaration.learns ~= way then
        raise(("%s: the function %s does not go with learns = %q"):format(where, key,
          declaration.learns), 3)
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
    if #declaration.settings == 0 then
      raise(where .. ": settings names none", 3)
    end
    local seen = {}
    for _, setting in ipairs(declaration.settings) do
      cmml.settings:find(where .. ": settings", setting, 4)
      if seen[setting] then
        raise(("%s: settings names %s twice"):format(where, setting), 3)
      end
      seen[setting] = true
      if (by_name[declaration.name] or {})[setting] then
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

  -- Whether preset values fit the options that they are for. The library's own are looked at when
  -- they are used, so that loading it stays fast.
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
  local function training_options(where, declaration)
    local list = table.move(general_training, 1, #general_training, 1, {})
    for _, name in ipairs(declaration.settings) do
      for declared in cmml.settings:get(name).training_options:each() do
        list[#list + 1] = declared
      end
    end
    return options.of(where, list)
  end

  local function check_presets(where, declaration, known)
    for _, name in ipairs(args.keys(declaration.presets or {})) do
      local preset = declaration.presets[name]
      if type(preset) ~= "table" or type(preset.model) ~= "table" then
        raise(("%s: preset %s must be a table with model"):format(where, name), 3)
      end
      for key, value in pairs(preset) do
        local wanted = preset_fields[key]
        if type(value) ~= wanted then
          raise(("%s: preset %s: %s"):format(where, name, wanted
            and ("%s must be a %s, not %s"):format(key, wanted, args.describe(value))
            or ("unknown field %s; %s"):format(tostring(key), args.suggest(tostring(key),
            args.keys(preset_fields)))), 3)
        end
      end
      if known.rules then
        local of = ("%s: preset %s"):format(where, name)
        check_values(of, preset.model, known, "")
        check_values(of, preset.training or {}, training_options(of, declaration), " of training")
      end
    end
    local default = declaration.default_preset
    if default and not (declaration.presets or {})[default] then
      raise(("%s: default_preset: there is no preset %s; %s"):format(where, default,
        args.suggest(default, args.keys(declaration.presets or {}))), 3)
    end
  end

  -- The options of a kind: its own, and those of every kind with presets or fresh weights.
  local function options_of(declaration, setting)
    local list = table.move(declaration.options or {}, 1, #(declaration.options or {}), 1, {})
    if declaration.presets then
      list[#list + 1] = { name = "preset", kind = "string",
        default = declaration.default_preset
          or declaration.presets.recommended and "recommended" or nil,
        help = "settings of the model and its training", group = "model", tunable = false }
    end
    if declaration.learns == "gradient" then
      list[#list + 1] = { name = "seed", kind = "integer", default = 1, from = 0, group = "model",
        help = "seed of the initial weights", tunable = false }
    end
    local known = options.make(("%s (%s)"):format(declaration.name, setting), list)
    return known
  end

  -- What a kind is fitted to.
  local function check_learnable(name, data)
    for _, key in ipairs { "ratings", "users" } do
      if type(data) ~= "table" or type(data[key]) ~= "table" then
        raise(("%s: fit: data must be a table of ratings and users, as learnable(split) of the "
          .. "setting gives it, not %s"):format(name, type(data) == "table"
          and ("one whose %s is %s"):format(key, args.describe(data[key]))
          or args.describe(data)), 3)
      end
    end
    if type(data.ratings.users) ~= "userdata" or type(data.ratings.items) ~= "userdata" then
      raise(("%s: fit: ratings must have users (Segments) and items (Ids), not %s and %s"):format(
        name, args.describe(data.ratings.users), args.describe(data.ratings.items)), 3)
    end
  end

  -- A loss that is looked at: what is wrong with it is told by the name of the kind.
  local function checked_loss(declaration)
    return function(self, batch)
      local loss = declaration.loss(self, batch)
      if not cmml.is_tensor(loss) or loss.count ~= 1 then
        raise(("%s: loss must give one number, as a Tensor, not %s"):format(declaration.name,
          cmml.is_tensor(loss) and ("one [%s]"):format(table.concat(loss.shape, ", "))
          or args.describe(loss)), 0)
      end
      return loss
    end
  end

  -- The class of a kind in one setting.
  local function class_of(declaration, setting)
    local class = setmetatable({ __name = Recommender.__name, kind = declaration.name,
      declaration = declaration, setting = setting }, Recommender)
    for _, key in ipairs { "title", "source", "learns", "baseline", "prepare", "over" } do
      class[key] = declaration[key]
    end
    class.loss = declaration.loss and checked_loss(declaration)
    if declaration.fit then
      function class.fit(self, data)
        check_learnable(declaration.name, data)
        return declaration.fit(self, data)
      end
    end
    class.__index = class
    class.adapts = declaration.adapts or "forward"
    class.needs, class.integers = declaration.needs or {}, declaration.integers or {}
    class.presets = declaration.presets or {}
    class.default_preset = declaration.default_preset
      or class.presets.recommended and "recommended" or nil
    class.adapt_rows, class.score_rows = declaration.adapt, declaration.score
    class.tensors, class.restore = declaration.tensors, declaration.restore
    class.known = options_of(declaration, setting.name)
    class.__tostring = declaration.describe or function(self)
      return ("[cmml recommender %s, %d items]"):format(declaration.name, #self.catalogue.items)
    end
    return starts.complete(class)
  end

  --- Constructors of recommenders by kind: `cmml.recommenders.item_knn(catalogue, options)`. The
  -- setting is that of the catalogue.
  cmml.recommenders = {}

  --- Declares a kind of recommenders, found by its name in model files, on the command line and in
  -- `cmml.recommenders`. What is declared wrongly is refused here.
  --
  -- Its functions get several tasks at once, as Rows: a table of segments (how many rows each task
  -- has), items (Ids) and, where there are such, users (Ids), people, labels (Tensor) and lists;
  -- see `data.rows`. In them `self` has options, catalogue, setting, and the fields that `make`
  -- gave.
  -- @tparam table declaration name, title, source (optional: where it was published); settings
  -- (list of names); learns ("gradient", "fit" or "none"); adapts ("forward", the default, or
  -- "gradient": gradients are recorded while it adapts); options (declarations, see
  -- base/options.lua); presets (by name {model = its options, training = options of `train`,
  -- budgets = how long experiments train it}), default_preset (else "recommended"); needs ({vectors
  -- = true} or {fields = true}: what its catalogue must have); baseline (a number: its place among
  -- the baselines of tables). Functions: make(catalogue, options, init) gives a table of fields
  -- (module: its parameters, made by init); adapt(self, support) gives a state; score(self, state,
  -- rows) gives a Tensor [rows]; loss(self, batch), of one that learns by gradient, gives a number,
  -- the mean over the tasks of batch.support and batch.query; fit(self, data), of one that is
  -- fitted, gets ratings (users, items, ratings) and users (rows that may be learnt from).
  -- Optional: tensors(self) and restore(catalogue, options, tensors), what a model file keeps and
  -- the recommender of it (with a module neither is needed); integers (names of kept entries that
  -- are lists of integers: true by name); prepare(self, data), before the first step of a training;
  -- over(self, catalogue), the same weights over another catalogue; check(options), raises where
  -- options do not go together; describe(self), what tostring gives; formerly (names that older
  -- model files have)
  -- @treturn function its constructor, of a Catalogue and a table of options
  -- @usage
  -- cmml.kind {
  --   name = "item_counts", title = "item counts",
  --   settings = { "scenarios" }, learns = "none",
  --   make = function()
  --     return {}
  --   end,
  --   adapt = function()
  --     return {}
  --   end,
  --   score = function(self, _, rows)
  --     return self.catalogue.items.counts:gather_rows(rows.items)
  --   end,
  -- }
  function cmml.kind(declaration)
    local where = check_fields(declaration)
    check_tables(where, declaration)
    check_functions(where, declaration)
    local classes = {}
    for i, name in ipairs(declaration.settings) do
      classes[i] = class_of(declaration, cmml.settings:get(name))
      check_presets(where, declaration, classes[i].known)
    end
    for _, class in ipairs(classes) do
      options.register(class.known)
    end
    local own = declaration.name
    by_name[own] = by_name[own] or {}
    for i, name in ipairs(declaration.settings) do
      by_name[own][name] = classes[i]
      order[#order + 1] = classes[i]
    end
    for _, setting in ipairs(declaration.settings) do
      former[setting] = former[setting] or {}
      for _, name in ipairs(declaration.formerly or {}) do
        former[setting][name] = own
      end
    end
    cmml.recommenders[own] = cmml.recommenders[own] or function(catalogue, given)
      return starts.construct(own, by_name[own], catalogue, given)
    end
    return cmml.recommenders[own]
  end

  local kinds = {}
  --- The kinds of recommenders: functions `kinds.find`, `kinds.list`, `kinds.names`.
  cmml.kinds = kinds

  --- The kind of a name in a setting.
  -- @tparam string name
  -- @tparam string setting its name
  -- @treturn ?Recommender the class; nil and a message, with the nearest name, where there is none
  -- @treturn ?string
  function kinds.find(name, setting)
    cmml.settings:find("kinds.find: setting", setting)
    local classes = by_name[name]
    if classes and classes[setting] then
      return classes[setting]
    end
    local others = args.keys(classes or {})
    return nil, classes and ("the kind %s is for %s, not for %s"):format(name,
      cmml.settings:get(others[1]).title, cmml.settings:get(setting).title)
      or ("there is no kind of recommender %s; %s"):format(tostring(name),
        args.suggest(tostring(name), kinds.names(setting)))
  end

  --- The kind of a name in a model file.
  -- @tparam string name
  -- @tparam string setting its name
  -- @treturn ?Recommender the class; nil if there is none
  function kinds.of_file(name, setting)
    return (by_name[name] or by_name[(former[setting] or {})[name]] or {})[setting]
  end

  --- The kinds of a setting, in the order in which they were declared.
  -- @tparam ?string setting its name; nil: of all
  -- @treturn table list of classes
  function kinds.list(setting)
    local list = {}
    for _, class in ipairs(order) do
      list[#list + 1] = (not setting or class.setting.name == setting) and class or nil
    end
    return list
  end

  --- The names of the kinds of a setting, sorted.
  -- @tparam ?string setting its name; nil: of all
  -- @treturn {string,...}
  function kinds.names(setting)
    local set = {}
    for _, class in ipairs(kinds.list(setting)) do
      set[class.kind] = true
    end
    return args.keys(set)
  end

  --- The baselines of a setting: kinds without gradient training that tables show beside a model.
  -- @tparam string setting its name
  -- @treturn table list of classes, in the order of their places
  function kinds.baselines(setting)
    local list = {}
    for _, class in ipairs(kinds.list(setting)) do
      list[#list + 1] = class.baseline and class or nil
    end
    table.sort(list, function(a, b)
      return a.baseline < b.baseline
    end)
    return list
  end

  return kinds
end
