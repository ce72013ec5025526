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
--      predicts = "ratings",       -- or "ranking": a score that orders items and is no rating
--      options = { .. },           -- declarations, see base/option.lua
--      presets = { recommended = { model = { .. }, training = { .. } } },
--      needs = { vectors = true }, -- what its catalogue must have
--      baseline = 3,               -- its place among the baselines of tables (none: not shown)
--      make = function(catalogue, options, init) .. end,     -- a table of its fields, e.g. module
--      adapt = function(self, support) .. end,               -- Rows of several tasks -> state
--      score = function(self, state, rows) .. end,           -- Rows -> scores [rows]
--      score_all = function(self, state) .. end,             -- of the catalogue [tasks, items]
--      loss = function(self, batch) .. end,                  -- of a kind that learns by gradient
--      fit = function(self, data) .. end,                    -- of one that is fitted
--    }
--
-- What may stand there besides is said at `cmml.kind` below.
--
-- @module cmml
local args = require "cmml.base.args"
local choice = require "cmml.recommenders.choice_options"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local shared = require "cmml.base.shared_options"
local tuned = require "cmml.recommenders.tuned"
local raise = args.error

return function(cmml, use)
  local Recommender = use "recommenders.recommender"
  local starts = use "recommenders.start"

  -- Kinds by name and by setting, names of earlier files by setting, and the order in which kinds
  -- were declared.
  local by_name, former, order = {}, {}, {}

  -- Whether there is a kind, and whether a file may name one so already.
  local function is_declared(name, setting)
    return (by_name[name] or {})[setting] ~= nil
  end
  local function is_taken(name, setting)
    return is_declared(name, setting) or (former[setting] or {})[name] ~= nil
  end

  -- The presets of a kind in a setting: its own, with what tuning found under the name `tuned`.
  -- Scripts may add to its own at any time.
  local function presets_of(declaration, setting)
    local own, found = declaration.presets or {}, (tuned[setting] or {})[declaration.name]
    if not found or own.tuned then
      return own
    end
    return setmetatable({ tuned = found }, { __index = own, __pairs = function()
      local all = { tuned = found }
      for name, preset in pairs(own) do
        all[name] = preset
      end
      return next, all, nil
    end })
  end

  -- The options of a kind: its own, and those of every kind with presets or fresh weights.
  local function options_of(declaration, setting)
    local list = table.move(declaration.options or {}, 1, #(declaration.options or {}), 1, {})
    if declaration.presets or (tuned[setting] or {})[declaration.name] then
      list[#list + 1] = options.changed(choice.preset, { group = "model", tunable = false,
        default = declaration.default_preset
          or (declaration.presets or {}).recommended and "recommended" or false,
        default_text = false, help = "settings of the model and its training" })
    end
    if declaration.learns == "gradient" or declaration.stages then
      list[#list + 1] = options.changed(shared.seed, { group = "model", tunable = false,
        help = "seed of the initial weights" })
    end
    return options.make(("%s (%s)"):format(declaration.name, setting), list)
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

  -- What a kind is fitted to, with what its setting makes of it for kinds that rank. Raises where
  -- a kind that predicts ratings gets data without any.
  local function learnt_from(class, self, data)
    check_learnable(class.kind, data)
    if class.predicts == "ratings" and data.nothing_to_predict then
      raise(("%s predicts ratings: %s"):format(class.kind, data.nothing_to_predict), 3)
    elseif class.predicts == "ratings" or not class.setting.interactions then
      return data
    end
    local with = {}
    for key, value in pairs(data) do
      with[key] = value
    end
    with.interactions = args.call(class.setting.interactions, self.catalogue, data)
    return with
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
    for _, key in ipairs { "title", "source", "learns", "baseline", "prepare", "settle",
      "before_step", "part", "over",
      "steps", "memory", "contributions", "reads", "facts",
      "unlisted", "cannot_freeze" } do
      class[key] = declaration[key]
    end
    class.predicts = declaration.predicts or setting.predicts
    class.loss = declaration.loss and checked_loss(declaration)
    if declaration.fit then
      function class.fit(self, data)
        return declaration.fit(self, learnt_from(class, self, data))
      end
    end
    class.__index = class
    class.adapts = declaration.adapts or "forward"
    class.needs, class.integers = declaration.needs or {}, declaration.integers or {}
    class.presets = presets_of(declaration, setting.name)
    class.default_preset = declaration.default_preset
      or class.presets.recommended and "recommended" or nil
    class.adapt_rows, class.score_rows = declaration.adapt, declaration.score
    class.list_rows, class.score_all = declaration.rank, declaration.score_all
    class.tensors, class.restore = declaration.tensors, declaration.restore
    class.known = options_of(declaration, setting.name)
    class.seeded = class.learns == "gradient" or declaration.stages
      or class.adapts == "gradient" and class.known:find "seed" ~= nil
    for _, name in ipairs(declaration.steps or {}) do
      if not class.known:find(name) then
        raise(("kind %s: steps: there is no option %s; %s"):format(declaration.name,
          args.shown(name), args.suggest(name, class.known:names())), 3)
      end
    end
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
  -- "gradient": gradients are recorded while it adapts); predicts ("ratings": a score is a
  -- predicted rating, the default where tasks have such; or "ranking": only the order of scores
  -- means anything); steps (of one that takes gradient steps on a support: names of those of its
  -- options that number them); options (declarations, see
  -- base/option.lua); presets (by name {model = its options, training = options of `train`, budgets
  -- = how long experiments train it}; `tuned` is what recommenders/tuned.lua has, unless the kind
  -- has one of its own), default_preset (else "recommended"); needs ({vectors = true}, {fields =
  -- true} or {source = true}, a source domain: what its catalogue must have); baseline (a number:
  -- its place among the baselines of tables). Functions: make(catalogue, options, init) gives a
  -- table of fields (module: its parameters, made by init); adapt(self, support) gives a state;
  -- score(self, state, rows) gives a Tensor [rows], each number from its own row alone, since long
  -- lists are scored in pieces; loss(self, batch), of one that learns by gradient, gives a number,
  -- the mean over the tasks of batch.support and batch.query; fit(self, data), of one that is
  -- fitted, gets ratings (users, items, ratings) and users (rows that may be learnt from), and one
  -- that predicts a ranking of ratings of users interactions, see `users.interactions`; it may give
  -- a text, which `cmml train` tells.
  -- Optional: rank(self, state, rows), of one that predicts ratings but orders lists by another
  -- score; score_all(self, state), what lists are ordered by for all items of the catalogue at
  -- once, a Tensor [tasks, items], of one that can do so faster than row by row;
  -- contributions(self, support, rows), of one task's Rows each: what each entry of the support
  -- adds to what lists are ordered by, a Tensor [rows, entries], of one whose scores, less those of
  -- the empty support, are their sum (else `Adapted:explain` leaves one out at a time);
  -- tensors(self) and restore(catalogue, options, tensors), what a model file keeps and the
  -- recommender of it (with a module neither is needed); integers (names of kept entries that are
  -- lists of integers: true by name); prepare(self, data), before the first step of a training;
  -- settle(self, tasks, options, metric), before each validation of one, chooses what no gradient
  -- can on the validation tasks (options are those of `evaluate`, metric the name of what is to
  -- become better) and puts it into its parameters; reads ("relevant", the default of one that
  -- ranks: entries of a support that are not relevant say nothing to it; or "all");
  -- fitted_parts (of one that learns by gradient: names of fields that hold what is fitted beside
  -- the module, each a table with tensors(self) and restore(self, entries), or none);
  -- facts(self), what `cmml info` and `cmml train` tell of what was learnt beside the weights, such
  -- as what was chosen: a list of {name, value (plain data), text}; unlisted(self), rows of items
  -- of which nothing is known, so that lists leave them out; cannot_freeze(self), a text that says
  -- why `freeze` cannot take it, nil where it may;
  -- part (true: a part of another kind, without a row of its own in tables); stages (true, of one
  -- that is fitted: it trains others by data.stage, see pipeline/stages.lua);
  -- before_step(self), of one that learns by gradient, behind the backward pass of each training
  -- step and before the optimiser's; memory(self, tasks, support, query), how many numbers a step
  -- of a training keeps at once, for
  -- so many tasks of so many rows: what is more than there is is refused before training;
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
    local checks = not options.is_loading() and require "cmml.recommenders.kind_checks"
    local where = checks and checks.fields(declaration)
    if checks then
      checks.tables(where, declaration)
      checks.functions(where, declaration)
      checks.settings(where, declaration, cmml.settings, is_declared, is_taken)
    end
    local classes, file = {}, not options.is_loading() and args.file_of(2) or nil
    for i, name in ipairs(declaration.settings) do
      classes[i] = class_of(declaration, cmml.settings:get(name))
      classes[i].file = file
      if checks then
        checks.presets(where, declaration, classes[i].known, cmml.settings)
      end
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
    local titles, others = {}, args.keys(classes or {})
    for i, other in ipairs(others) do
      titles[i] = cmml.settings:get(other).title
    end
    return nil, ("%s; %s"):format(classes and ("the kind %s is for %s, not for %s (%s)"):format(
      name, table.concat(titles, " and "), cmml.settings:get(setting).title,
      args.option("setting", others[1]))
      or "there is no kind of recommender " .. args.shown(name),
      args.suggest(name, kinds.names(setting)))
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
  -- @tparam[opt=false] boolean ranks whether lists are compared, so that those are among them that
  -- rank where the setting predicts ratings
  -- @treturn table list of classes, in the order of their places
  function kinds.baselines(setting, ranks)
    local list = {}
    for _, class in ipairs(kinds.list(setting)) do
      local takes_part = ranks or class.predicts == class.setting.predicts
      list[#list + 1] = class.baseline and takes_part and class or nil
    end
    plain.sort(list, function(a, b)
      return a.baseline < b.baseline
    end)
    return list
  end

  return kinds
end
