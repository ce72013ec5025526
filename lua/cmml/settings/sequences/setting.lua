--- The setting sequences: a task is a person with few interactions, in order; a model ranks what
-- comes next.
--
-- @module cmml.settings.sequences.setting
local args = require "cmml.base.args"
local base = require "cmml.base.options"
local defaults = require "cmml.settings.sequences.defaults"
local plain = require "cmml.base.plain"
local split_options = require "cmml.settings.sequences.split_options"

return function(cmml, use)
  local evaluation = use "settings.sequences.evaluation"
  local report = use "settings.sequences.report"
  local support = use "settings.sequences.support"
  use "settings.sequences.data"
  use "settings.sequences.interactions"
  use "settings.sequences.split"
  use "settings.setting"

  local options = {
    { name = "features", list = "string", may_be_empty = true, group = "data",
      help = "content features of items that models see, or none",
      default_text = "all that the data have" },
    { name = "text_width", kind = "integer", from = 0, group = "data", tunable = false,
      help = "number of dims of the vectors that texts of items become, by tf-idf and a truncated "
        .. "SVD; 0: their words are read as a bag", default_text = "64" },
  }
  for _, option in ipairs(split_options) do
    options[#options + 1] = base.changed(option, { group = "data", tunable = false })
  end

  local training_options = {
    { name = "train_window", kind = "integer", from = 0, unit = "interactions", group = "tasks",
      decides = true, tunable = false, default_text = "51",
      help = "of longer sequences so many interactions in a row are learnt from in an epoch, at "
        .. "random; 0: all of them" },
    { name = "valid_shown", kind = "integer", from = 0, unit = "interactions", group = "tasks",
      decides = true, tunable = false, default_text = "0",
      help = "number of a validation user's first interactions that are shown; 0: all but those "
        .. "to be found" },
    { name = "valid_next", kind = "integer", from = 1, unit = "interactions", group = "tasks",
      decides = true, tunable = false, default_text = "1",
      help = "number of interactions behind them that are to be found" },
  }

  local evaluation_options = {
    { name = "shown", list = "integer", from = 0, unit = "interactions", group = "evaluation",
      arg = "N[,N..]", default_text = "0",
      help = "number of a new user's first interactions that are shown; 0: all but those to be "
        .. "found; with several numbers: results for each" },
    { name = "next_n", kind = "integer", from = 1, unit = "interactions", group = "evaluation",
      help = "number of interactions behind them that are to be found", default_text = "1" },
    { name = "history", kind = "string", choices = { "kept", "removed" }, group = "evaluation",
      help = "whether lists have the items that were shown", default_text = "kept" },
  }

  local experiment_options = {
    { name = "folds", kind = "integer", from = 1, to = 100, default = 1, group = "data",
      tunable = false, help = "number of splits with new users at random, who have nobody in "
        .. "common: each is learnt on its own, and tables are of the people of all; at most "
        .. "1/new_users" },
  }

  -- Everybody that may be learnt from.
  local function learners(split)
    local users = table.move(split.train, 1, #split.train, 1, {})
    return table.move(split.valid, 1, #split.valid, #users + 1, users)
  end

  -- Who is new in a split, in words.
  local function whom(cut_time, of)
    return math.type(cut_time) and plain.format("by time from %s on", plain.tostring(cut_time))
      or ("at random with %s %s"):format(args.option "data_seed", plain.tostring(of.data_seed))
  end

  -- The first of some items that a model learnt from.
  local function learnt_item(catalogue, names)
    local counts = catalogue.items.counts
    for _, name in ipairs(counts and names or {}) do
      local row = catalogue.items:id(name)
      if row and counts:slice(1, row, row):item() > 0 then
        return name
      end
    end
  end

  -- What a later command makes the same split from.
  local noted = { protocol = "string?", data_seed = "integer?", valid = "number?",
    new_users = "number?", cut_time = "number?", new_items = "number?", min_length = "integer?",
    old_fraction = "number?", fold = "integer?",
    test_users = "table?" }

  cmml.setting {
    name = "sequences", title = "sequences", noun = { "user", "users" }, rank = 3,
    default_kind = "cmml_sequences",
    interactions = cmml.sequences.interactions,
    protocols = {
      { name = "new-users", help = "people never seen: those who came last where the data have "
        .. "times, else some at random" },
      { name = "time", help = "people who came last" },
      { name = "random", help = "people at random" },
    },
    defaults = { valid = defaults.valid, data_seed = defaults.data_seed, draws = defaults.draws,
      seed = defaults.seed, cutoffs = defaults.cutoffs, metrics = defaults.metrics,
      valid_draws = defaults.valid_draws },
    quick_budget = { epochs = 2, patience = 0 }, search = { batch = "128|256" },
    options = options, training_options = training_options,
    evaluation_options = evaluation_options, experiment_options = experiment_options,
    support_options = support.options,
    folds = function(opt)
      local list = {}
      local folds = opt.folds or 1
      for i = 1, folds do
        list[i] = folds == 1 and { fold = opt.fold }
          or { fold = i, protocol = not opt.protocol and "random" or nil }
      end
      return list
    end,

    read = function(folders, opt)
      if #folders > 1 then
        return nil, "sequences are read from one folder, not from several joined by +"
      end
      return folders[1].loader.read(folders[1].folder, { features = opt.features,
        text_width = opt.text_width })
    end,
    from_files = use "settings.sequences.from_files",
    data_class = "cmml.SequenceData",
    read_by = { "features", "text_width" },
    stats = function(data)
      return data:stats()
    end,
    made = use "settings.sequences.made",
    split = function(data, opt)
      return cmml.sequences.split(data, { protocol = opt.protocol, valid = opt.valid,
        data_seed = opt.data_seed, new_users = opt.new_users, cut_time = opt.cut_time,
        new_items = opt.new_items, min_length = opt.min_length, old_fraction = opt.old_fraction,
        fold = opt.fold, catalogue = opt.catalogue })
    end,
    catalogue = function(split)
      return split.catalogue
    end,
    learnable = function(split)
      return { ratings = split.sequences, users = learners(split), split = split }
    end,
    conditions = function(split)
      local opt = split.options
      local conditions = { test_users = {}, protocol = split.protocol, data_seed = opt.data_seed,
        valid = opt.valid, new_users = opt.new_users, cut_time = split.cut_time,
        new_items = opt.new_items, min_length = opt.min_length, old_fraction = opt.old_fraction,
        fold = opt.fold > 1 and opt.fold or nil }
      for i, row in ipairs(split.test) do
        conditions.test_users[i] = split.data.users:text(row)
      end
      return conditions
    end,
    noted = noted,
    complete = function(opt, notes)
      notes.test_users = nil -- they follow from the others
      if opt.new_users or opt.protocol and opt.protocol ~= notes.protocol then
        notes.cut_time = nil -- which would count before what is asked for
      end
      return notes
    end,
    check_unseen = function(entry, split)
      local kept = {}
      for _, user in ipairs(type(entry.notes.test_users) == "table" and entry.notes.test_users
        or {}) do
        kept[user] = true
      end
      for _, row in ipairs(entry.notes.test_users and split.test or {}) do
        local user = split.data.users:text(row)
        if not kept[user] then
          return nil, ("%s was trained on user %s, who is to be tested on: split the data as for "
            .. "its training, with new users %s, not %s (%s, %s)"):format(entry.path, user,
            whom(entry.notes.cut_time, entry.notes), whom(split.cut_time, split.options),
            args.option "data_seed", args.option "new_users")
        end
      end
      local item = learnt_item(entry.model.catalogue, split.new_items)
      if item then
        return nil, ("%s was trained on item %s, which is to be a new one: split the data as for "
          .. "its training, with %s and %s as then"):format(entry.path, item,
          args.option "new_items", args.option "data_seed")
      end
      return true
    end,
    summary = function(split)
      return ("%s; %d old users to learn from, %d that validate, %d new ones"):format(
        split.data:summary(), #split.train, #split.valid, #split.test)
    end,

    source = use "settings.sequences.source",
    make_tasks = function(exported)
      return cmml.sequences.tasks(exported)
    end,
    evaluations = evaluation.list,
    report = report.text, parts = report.parts, columns = report.columns,
    values = report.values, budget_text = report.budget_text,
    cell_evaluation = function(opt)
      return { seed = defaults.seed, draws = 1, cutoffs = opt.cutoffs or defaults.cutoffs,
        metrics = table.move(defaults.metrics, 1, #defaults.metrics, 1, {}),
        shown = opt.shown or defaults.shown, next_n = opt.next_n or defaults.next_n,
        history = opt.history or defaults.history }
    end,

    ordered = true, read_support = support.read, read_supports = support.read_all,
    frozen_rows = use "settings.frozen_rows",
    read_request = support.request, read_requests = use "settings.sequences.requests",
    describe = function(line, catalogue)
      local counts, new = catalogue.items.counts, 0
      if counts then
        new = #catalogue.items - counts:step():sum():item()
      end
      line("items", #catalogue.items, plain.format("%d, of which %d in no sequence that was "
        .. "learnt from", #catalogue.items, math.tointeger(new) or 0))
      line("item fields", catalogue.items:fields_text())
    end,
  }
end
