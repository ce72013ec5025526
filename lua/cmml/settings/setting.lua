--- Settings: what a task is. In the setting `users` a task is a person with ratings, in `scenarios`
-- a group of items that users interact with; each lies in a folder of its own beside this file.
--
-- A setting is an object that says all that trainer, evaluator, command line, experiments and
-- tuning have to know of it. They hold one and call it; none compares its name. A setting of one's
-- own is declared by `cmml.setting` in the same way, from any file.
--
-- The functions that a declaration gives, all called without self:
--
--    options                 declarations of how data are read and split (see base/option.lua);
--                            no option of these lists may have the name of one of every setting,
--                            or of another setting: the command line and experiments join them
--    defaults                what options are where nothing is said: protocol, valid and data_seed
--                            of the data; for help also draws, seed, cutoffs and metrics of an
--                            evaluation, valid_draws of a training
--    read(folders, opt)      data of one folder, or of several: list of {folder, loader}; nil and a
--                            message where they cannot be read
--    from_files(data, opt)   data of files of one's own (see data/files.lua); nil and a message
--                            where they say too little
--    data_class              the name of the class of these data, where they are objects of one:
--                            such an object may stand where a folder is named (`tune`)
--    read_by                 names of options that say how such an object is made of files: they
--                            are refused beside one
--    stats(data)             numbers on data, see data/stats.lua; `more` there: further facts, a
--                            list of {name, value, text}
--    split_paths(opt)        files that options name which decide how data are split: results that
--                            were kept count only where their contents are the same
--    made(opt)               data of a small made world, for runs that take seconds
--    quick_budget            options of training for such runs
--    made_full()             made data of the sizes of published data, for measurements
--    split(data, opt, preset)    what may be learnt from and what is evaluated: a table with train,
--                            valid and test (lists of tasks) and protocol; nil and a message
--    check_preset(preset)    raises where split or vectors, what the preset of a kind decides of
-- the
--                            data, are not what these take; without it they decide nothing
--    implied_protocol(opt)   the name of the protocol that options ask for where none is named;
--                            nil: the first one
--    write_split(split, folder, opt)     writes a split to files that `split` reads again; nil and
--                            a message; opt is of `evaluations`
--    agreed(split, opt)      options of evaluations that the split of a first model decides for the
--                            splits of others beside it (optional)
--    read_scores(split, path)    scores of another program as what `evaluate` takes for a
--                            recommender, and words on what was left out; nil and a message
--    prepare(split, opt, preset)    makes what models are made over besides, such as vectors
--    catalogue(split)        the catalogue to learn with; a second result is the one to serve with
--    learnable(split)        what kinds that are fitted learn from: ratings {users = Segments,
--                            items = Ids, ratings = Tensor or nil} and users (list of rows that
--                            may be learnt from); nothing_to_predict (optional): why kinds that
--                            predict ratings have nothing to learn
--    default_kind            the name of the kind that is taken where none is named; default: the
--                            first that learns by gradient training
--    predicts                what kinds predict that do not say: "ratings", or "ranking" (the
--                            default), scores of which the order alone means anything
--    interactions(catalogue, data)    where there are ratings: what kinds learn from that rank, as
--                            core.sparse gives it, of what `learnable` gave
--    conditions(split, opt)  plain data by which a later command makes the same split
--    noted                   what of them a model file notes that a later split depends on, options
--                            and others: kinds by name, with ? behind, as they may be absent
--    split_files             names of options that are paths of files of a split: no model file
--                            notes them, and a later command takes them, too
--    complete(opt, notes, model)    options that a later command leaves open, from those notes
--    check_unseen(entry, split, opt)    nil and a message where a model may have learnt from what
--                            is evaluated: entry is {path, model, notes}
--    source(model, data)     where the tasks of a training come from; see train/train.lua
--    make_tasks(options)     tasks from what `tasks:export()` gave, in another thread
--    training_options        declarations of what training takes besides
--    evaluation_options      declarations of how models are evaluated
--    search                  what of the training of every setting is searched here, by name of an
--                            option, over what it declares (see base/option.lua)
--    experiment_options      declarations of what experiments take besides
--    folds(opt)              of an experiment: what differs among the options of data of the splits
--                            whose results its tables join, a list of tables (optional)
--    evaluations(split, opt) list of {name, title, leaky, tasks, options (of `evaluate`)}
--    report(found, titles, split, opt)      text of the results of several models, and which
--                            metrics (full names) it shows: found is a list of {evaluation,
--                            results}
--    parts(entry, split)     results on parts of the tasks, which stand behind those of all: list
--                            of {evaluation = {name, leaky}, results}
--    cell_evaluation(opt)    how a cell of an experiment evaluates: options of `evaluations`, plain
--                            data, with metrics and cutoffs, what is computed by default
--    columns(protocol, opt, source)      tables of an experiment: list of {title, leaky, evaluation
--                            (its name, optional), compared (false: no verdicts), metrics = list
--                            of {name, base, head}}; opt has
--                            metrics (full names, where some are asked for) and several (whether
--                            there are several sources)
--    budget_text(cell)       words on how cells are evaluated, of their options and evaluation
--    binary                  false: labels are not 1 and 0, so that metrics of relevance need the
--                            option relevant
--    values(evaluation, results)    what a cell keeps of an evaluation of one model: metrics (by
--                            name of a column one value a task), weights (of how many things each
--                            is the mean: by name of a column one a task, or one list for all;
--                            optional) and rules (by the name of an evaluation words that stand
--                            with its table)
--    read_support(model, support, opt)      see recommenders/adapted.lua
--    read_supports(model, supports, opt)    the same of many people, where a support is a person's
--    frozen_rows(model, size)    a support, candidates and inputs of a graph (see serve/freeze),
--                            of the sizes that 1 to 4 stand for, or of others (optional)
--    ordered                 true: supports are sequences, in which order counts and an item may be
--                            several times
--    support_options         declarations of what `cmml recommend` reads
--    read_request(model, values)    support and options of `recommend` from the command line
--    read_requests(model, values, data, wanted)    the people of `recommend --users`: see
--                            settings/users/requests.lua
--    summary(split)          what the data are, in a line
--    describe(line, catalogue, notes)       lines of `cmml info`
--
-- @module cmml
local args = require "cmml.base.args"
local data_options = require "cmml.settings.data_options"
local experiment_options = require "cmml.settings.experiment_options"
local options = require "cmml.base.options"
local registry = require "cmml.base.registry"
local setting_defaults = require "cmml.base.setting_defaults"
local training_options = require "cmml.settings.training_options"
local raise = args.error

local needed = { "title", "noun", "read", "split", "catalogue", "learnable", "conditions",
  "source", "make_tasks", "evaluations", "read_support" }
local fields = { name = "string", title = "string", noun = "table", data_class = "string",
  read_by = "table",
  made = "function",
  made_full = "function",
  from_files = "function", split_paths = "function", stats = "function", prepare = "function",
  implied_protocol = "function",
  write_split = "function", read_scores = "function", complete = "function",
  check_unseen = "function", report = "function",
  parts = "function", read_supports = "function", frozen_rows = "function", ordered = "boolean",
  read_requests = "function",
  read_request = "function", describe = "function", summary = "function", columns = "function",
  values = "function", budget_text = "function", cell_evaluation = "function", binary = "boolean",
  check_preset = "function", folds = "function",
  formerly = "table", rank = "number", knows_users = "boolean", protocols = "table",
  defaults = "table", noted = "table", split_files = "table", quick_budget = "table",
  predicts = "string", default_kind = "string", interactions = "function", agreed = "function",
  search = "table", options = "table",
  evaluation_options = "table", experiment_options = "table", support_options = "table",
  training_options = "table", read = "function", split = "function", catalogue = "function",
  learnable = "function", conditions = "function", source = "function", make_tasks = "function",
  evaluations = "function", read_support = "function" }

-- The lists of options of a setting, and with which of other settings each is joined.
local lists = { options = "data", evaluation_options = "data", experiment_options = "data",
  support_options = false, training_options = "training" }

return function(cmml)
  --- What a task is, and all that follows from it; see `setting`.
  -- @tfield string name
  -- @tfield string title for messages and help: "ratings of users"
  -- @tfield {string,...} noun what a task is called: one, and several of them
  -- @tfield number rank where data fit several settings, the lowest rank is taken
  -- @tfield string predicts what kinds predict that do not say: "ratings" or "ranking"
  -- @tfield boolean knows_users whether model files have the raw ids of users, and with them the
  -- counts of items
  -- @tfield table protocols list of {name, help, ..}; the first is the default
  -- @tfield ?string file where it is declared, of one that is not the library's
  local Setting = { __name = "cmml.Setting", rank = 100, knows_users = false, formerly = {},
    predicts = "ranking", protocols = {}, defaults = {} }
  Setting.__index = Setting

  local settings = registry.new("setting", "setting")
  --- Settings by name: a registry with get, find, names and each.
  cmml.settings = settings

  -- Raises unless a declaration has the fields that it needs, and none that are unknown.
  local function check_fields(where, declaration)
    args.fields(where, declaration, fields, needed, 4)
    local noun = declaration.noun
    if type(noun[1]) ~= "string" or type(noun[2]) ~= "string" or #noun ~= 2 then
      raise(where .. ": noun must be what a task is called, {one, several of them}", 3)
    end
    for _, key in ipairs(args.keys(declaration.noted or {})) do
      local kind = declaration.noted[key]
      args.expect(("%s: noted: %s"):format(where, key), kind, "string", 4)
      options.make(where .. ": noted", { { name = key, kind = (kind:gsub("%?$", "")),
        help = "noted in a file" } })
    end
    args.one_of(where .. ": predicts", declaration.predicts or "ranking", { "ranking", "ratings" },
      4)
    args.list(where .. ": protocols", declaration.protocols or {}, 4)
    local seen = {}
    for i, protocol in ipairs(declaration.protocols or {}) do
      local own = type(protocol) == "table" and protocol.name
      if type(own) ~= "string" or seen[own] then
        raise(("%s: protocol %d must be a table with %s"):format(where, i,
          seen[own] and "another name than " .. own or "name, a text"), 3)
      end
      seen[own] = true
    end
  end

  -- What has an option of a name already, by what the options of a list are joined with.
  -- Options of data and evaluation stand beside those of experiments and tuning, some of training
  -- among them.
  local taken = { data = {}, training = {} }
  local function take(group, list, whose)
    for _, general in ipairs(list) do
      taken[group][general.name] = taken[group][general.name] or whose
    end
  end
  take("training", training_options, "every setting already")
  take("data", data_options(settings), "every setting already")
  take("data", experiment_options.compared, "every experiment already: take another name")
  take("data", experiment_options.running, "every experiment already: take another name")
  take("data", experiment_options.searched, "tuning already: take another name")
  for _, name in ipairs(experiment_options.training) do
    take("data", { { name = name } }, "training, which experiments have, too: take another name")
  end

  local function check_free(where, key, name)
    local whose = (taken[lists[key]] or {})[name]
    if whose then
      raise(("%s: %s: %s is an option of %s"):format(where, key, name, whose), 4)
    end
  end

  -- The sets of options that a declaration lists, by field; each option says whose it is.
  local function sets_of(name, declaration)
    local sets = {}
    for _, key in ipairs(args.keys(lists)) do
      local list = {}
      args.list(("setting %s: %s"):format(name, key), declaration[key] or {}, 4)
      for i, declared in ipairs(declaration[key] or {}) do
        list[i] = type(declared) == "table" and options.changed(declared, {
          setting = declared.setting or name }) or declared
      end
      sets[key] = options.make(("%s: %s"):format(key, name), list)
      for _, declared in ipairs(list) do
        check_free("setting " .. name, key, declared.name)
      end
    end
    return sets
  end

  --- Declares a setting. What is declared wrongly is refused here.
  -- @tparam table declaration name, title, noun ({"user", "users"}), and the functions that the
  -- head of settings/setting.lua lists
  -- @treturn Setting
  function cmml.setting(declaration)
    if type(declaration) ~= "table" then
      raise("setting: a table was expected, not " .. args.describe(declaration), 2)
    end
    local name = declaration.name
    settings:check_name(name)
    check_fields("setting " .. name, declaration)
    local self = { file = not options.is_loading() and args.file_of(2) or nil }
    for key, value in pairs(declaration) do
      self[key] = value
    end
    for key, set in pairs(sets_of(name, declaration)) do
      self[key] = set
    end
    settings:add(name, setmetatable(self, Setting), declaration.formerly)
    setting_defaults.add(name, self.defaults)
    for _, key in ipairs(args.keys(lists)) do
      options.register(self[key])
      local group = taken[lists[key]]
      for _, declared in ipairs(group and self[key].list or {}) do
        group[declared.name] = ("the setting %s already: take another name"):format(name)
      end
    end
    return self
  end

  function Setting:__tostring()
    return ("[cmml.Setting %s: %s]"):format(self.name, self.title)
  end

  --- The names of its protocols, the default first.
  -- @treturn {string,...}
  function Setting:protocol_names()
    local names = {}
    for i, protocol in ipairs(self.protocols) do
      names[i] = protocol.name
    end
    return names
  end

  --- The protocol of a name.
  -- @tparam string where for the message
  -- @tparam ?string name default: the setting's first
  -- @treturn table raises, with the nearest name, where there is none; {} where the setting has no
  -- protocols and none is named
  function Setting:protocol(where, name)
    if name == nil and #self.protocols == 0 then
      return {}
    end
    for _, protocol in ipairs(self.protocols) do
      if protocol.name == (name or self.protocols[1].name) then
        return protocol
      end
    end
    raise(("%s: there is no protocol %s for %s; %s"):format(where, args.shown(name), self.title,
      args.suggest(name, self:protocol_names())), 0)
  end
end
