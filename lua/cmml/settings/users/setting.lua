--- The setting users: a task is a person with ratings; a model predicts what they rate.
--
-- @module cmml.settings.users.setting
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local base = require "cmml.base.options"
local defaults = require "cmml.settings.users.defaults"
local few = require "cmml.settings.users.few"
local populations = require "cmml.settings.users.populations"
local shared = require "cmml.settings.users.shared_options"

return function(cmml, use)
  local scale = use "data.scale"
  local core = cmml.core
  local evaluation = use "settings.users.evaluation"
  local report = use "settings.users.report"
  local support = use "settings.users.support"
  local sets = use "settings.users.rating_sets"
  local split_files = use "settings.users.split_files"
  use "settings.users.interactions"
  use "settings.users.protocols"
  use "settings.setting"

  -- How data are read and split, beside what all settings have.
  local options = {
    { name = "test_users", kind = { "string", "number", "table" }, arg = "FILE", group = "data",
      help = "users to test on: a file that lists them, one a line, or a fraction drawn at random",
      default_text = "test_users.txt of the data folder if there is one, else 0.2" },
    base.changed(populations.option, { group = "data", tunable = false }),
    base.changed(shared.relevant, { group = "data", tunable = false }),
    { name = "cap", kind = "integer", from = 1, unit = "ratings", group = "data",
      help = "number of ratings kept of a training user, for protocols capped and warm",
      default_text = "50 under protocol capped, else all" },
    { name = "split", kind = "string", arg = "DIR", group = "data", tunable = false,
      help = "folder of files that say who is learnt from and tested on what, as --split-out "
        .. "writes them" },
    { name = "train_users", kind = "string", arg = "FILE", group = "data", tunable = false,
      help = "users to learn from, one a line", default_text = "all who are in no other list" },
    { name = "valid_users", kind = "string", arg = "FILE", group = "data", tunable = false,
      help = "users that choose the best epoch, one a line, in place of a fraction" },
    { name = "tasks", list = "string", arg = "FILES", group = "data", tunable = false,
      help = "files of user, item, part (support or query) and rating, tabs between them: what is "
        .. "evaluated, in place of random draws" },
    { name = "cut", kind = "number", arg = "TIME", group = "data", tunable = false,
      help = "protocol time: the time from which on ratings are tested, as in the data; or the "
        .. "fraction of ratings, below 1, that is to lie before it", default_text = "0.8" },
    { name = "last_n", kind = "integer", from = 1, unit = "ratings", group = "data",
      tunable = false, help = "protocols last and time: number of a person's latest ratings that "
        .. "are predicted, at most half of them", default_text = "10" },
    { name = "item_fields", list = "string", may_be_empty = true, group = "data",
      help = "content features of items that the model sees, or none",
      default_text = "all that the data have" },
    { name = "user_fields", list = "string", may_be_empty = true, group = "data",
      help = "content features of people that the model sees, or none: then it has to read the "
        .. "support", default_text = "all that the data have" },
    { name = "unknown", kind = "string", choices = { "zero", "learned" }, group = "data",
      help = "how a value that training has not seen is treated: zero as absent, learned as a "
        .. "value with a vector of its own", default_text = "zero" },
    { name = "min_count", kind = "integer", from = 1, group = "data",
      help = "values that occur fewer times are treated as not seen", default_text = "1" },
  }

  local training_options = {
    { name = "short_supports", kind = "number", from = 0, to = 1, group = "tasks", decides = true,
      help = "fraction of training tasks whose support is cut to a random length, so that the "
        .. "model learns to adapt to any number of ratings", default_text = "the preset's, or 0" },
    { name = "valid_query", kind = "integer", from = 1, unit = "ratings", group = "tasks",
      decides = true, tunable = false,
      help = "maximum number of query ratings of a validation user",
      default_text = "query" },
  }

  local evaluation_options = {
    { name = "support", list = "integer", from = 0, unit = "ratings", group = "evaluation",
      arg = "N[,N..]", default_text = table.concat(defaults.support, ","),
      help = "maximum number of ratings that a task adapts to; with several numbers: results by "
        .. "support size, each support a prefix of the next larger one" },
    { name = "query", kind = "integer", from = 1, unit = "ratings", group = "evaluation",
      help = "maximum number of ratings of a task that are predicted",
      default_text = tostring(defaults.query) },
    base.changed(shared.shuffle_labels, { group = "evaluation" }),
    { name = "rank", kind = "string", choices = { "all", "sampled" }, group = "evaluation",
      help = "evaluate lists instead of predicted ratings: what is relevant and was not shown is "
        .. "to be found in the catalogue without the support; all: in the whole of it, sampled: "
        .. "among `candidates` random items, which says little of the former",
      default_text = "predicted ratings" },
    { name = "candidates", kind = "integer", from = 1, unit = "items", group = "evaluation",
      help = "number of items beside the relevant ones under rank sampled",
      default_text = "100" },
  }

  local experiment_options = {
    { name = "supports", list = "integer", from = 0, unit = "ratings", group = "evaluation",
      arg = "N[,N..]", default_text = "none",
      help = "further support sizes, as those behind the first one of support: their MAE and RMSE "
        .. "are shown in a table of its own" },
  }

  local protocols = {}
  for _, protocol in ipairs(cmml.users.protocols) do
    protocols[protocol.name] = protocol
  end

  -- Test users as asked for; none of a list that a model file notes where the protocol itself says
  -- who is tested.
  local function test_users(opt)
    if (protocols[opt.protocol] or {}).no_test_users or opt.protocol == "given" then
      return type(opt.test_users) ~= "table" and opt.test_users or nil
    end
    local test = opt.test_users
    if type(test) == "string" and plain.tonumber(test) then
      test = plain.tonumber(test)
    end
    return test
  end

  -- One list behind the other.
  local function with_first(first, others)
    return table.move(others, 1, #others, #first + 1, table.move(first, 1, #first, 1, {}))
  end

  -- Everybody that may be learnt from.
  local function learners(data)
    local users = table.move(data.train, 1, #data.train, 1, {})
    return table.move(data.valid, 1, #data.valid, #users + 1, users)
  end

  -- Whether a protocol evaluates on people who are learnt from, by ratings that were held out.
  local function has_held_out(data)
    local learnt = sets.set_of(data.train, data.valid)
    for _, entry in ipairs(data.evaluations) do
      for _, user in ipairs(entry.tasks.query_ratings and entry.tasks.users or {}) do
        if learnt[user] then
          return true
        end
      end
    end
    return false
  end

  -- How many of the people learnt from took each item, of ratings those that are relevant.
  local function popularity_of(data)
    local users = learners(data)
    local taken = cmml.users.interactions(data.catalogue, { ratings = data.ratings, users = users })
    return { people = #users, counts = core.scatter_add_rows(core.full({ #data.catalogue.items },
      0), core.full({ #taken.columns }, 1), taken.columns) }
  end

  -- Options that are files of a split, beside test_users.
  local file_options = { "split", "train_users", "valid_users", "tasks" }

  -- Whether files say how to split.
  local function has_files(opt)
    for _, name in ipairs(file_options) do
      if opt[name] ~= nil then
        return true
      end
    end
    return false
  end

  -- The files that say how to split: what stands in them decides, not their names.
  local function split_paths(opt)
    local paths = {}
    for _, name in ipairs { "test_users", "train_users", "valid_users" } do
      local value = opt[name]
      paths[#paths + 1] = type(value) == "string" and not plain.tonumber(value) and value or nil
    end
    for _, path in ipairs(opt.tasks or {}) do
      paths[#paths + 1] = path
    end
    local found = opt.split and split_files.find(opt.split) or { tasks = {} }
    for _, name in ipairs { "train", "valid", "test", "ratings" } do
      paths[#paths + 1] = found[name]
    end
    for _, entry in ipairs(found.tasks) do
      paths[#paths + 1] = entry.path
    end
    return paths
  end

  local function unlike(path, key, was, is)
    return nil, ("%s was trained with %s %s, but is to be evaluated with %s: what would be "
      .. "evaluated was not held out from it. Evaluate it as it was trained, or under --protocol "
      .. "warm-leaky"):format(path, key, was == nil and "unknown"
      or plain.tostring(was), plain.tostring(is))
  end

  cmml.setting {
    name = "users", title = "ratings of users", noun = { "user", "users" }, rank = 1,
    predicts = "ratings", interactions = cmml.users.interactions,
    formerly = { "user", "" }, protocols = cmml.users.protocols,
    defaults = defaults, quick_budget = { epochs = 3, lr = 5e-3 }, search = { query = "10|20|40" },
    options = options, training_options = training_options,
    evaluation_options = evaluation_options, experiment_options = experiment_options,
    support_options = support.options,

    read = function(folders, opt)
      if #folders > 1 then
        return nil, "ratings of users are read from one folder, not from several joined by +"
      end
      local data, message = folders[1].loader.read(folders[1].folder, {
        item_fields = opt.item_fields, user_fields = opt.user_fields, unknown = opt.unknown,
        min_count = opt.min_count })
      if data then
        data.folder = folders[1].folder
      end
      return data, message
    end,
    from_files = use "settings.users.read_dataset",
    data_class = "cmml.Dataset",
    split_paths = split_paths,
    stats = function(dataset)
      return dataset:stats()
    end,
    made = use "settings.users.made",
    made_full = use "settings.users.made_full",
    split = function(dataset, opt)
      local data, message = cmml.users.protocol(dataset, { test_users = test_users(opt),
        valid = opt.valid, protocol = opt.protocol, cap = opt.cap, data_seed = opt.data_seed,
        population = opt.population, relevant = opt.relevant,
        cut = opt.cut, last_n = opt.last_n, split = opt.split, train_users = opt.train_users,
        valid_users = opt.valid_users, tasks = opt.tasks, catalogue = opt.catalogue })
      if data then
        data.setting = "users"
      end
      return data, message
    end,
    catalogue = function(data)
      return data.catalogue
    end,
    learnable = function(data)
      return { ratings = data.ratings, users = learners(data),
        nothing_to_predict = data.nothing_to_predict }
    end,
    conditions = function(data)
      local conditions = { test_users = {} }
      for i, row in ipairs(data.test) do
        conditions.test_users[i] = data.dataset.users:text(row)
      end
      for key, value in pairs(data.conditions) do
        conditions[key] = value
      end
      return conditions
    end,
    -- Test users are a list: a text would be a path, which no model file is to choose.
    noted = { protocol = "string?", population = "string?", cap = "integer?", relevant = "number?",
      data_seed = "integer?", valid = "number?", cut = "number?", last_n = "integer?",
      test_users = "table?" },
    split_files = file_options,
    -- What is noted of another protocol than that of the command is none of its options; earlier
    -- files note a cap that there was none of.
    complete = function(opt, notes)
      if has_files(opt) or opt.protocol == "given" then
        return {}
      end
      local protocol = protocols[opt.protocol or notes.protocol] or {}
      if protocol.no_cap or notes.protocol == "full" then
        notes.cap = nil
      end
      for _, name in ipairs { "cut", "last_n" } do
        notes[name] = (protocol.takes or {})[name] and notes[name] or nil
      end
      return notes
    end,
    check_unseen = function(entry, data)
      local path, notes = entry.path, entry.notes
      local listed = type(notes.test_users) == "table" and notes.test_users or {}
      local kept, count = sets.set_of(listed), 0
      for _ in pairs(kept) do
        count = count + 1
      end
      if has_held_out(data) then
        for _, key in ipairs { "protocol", table.unpack(args.keys(data.conditions)) } do
          if key ~= "cap" and notes[key] ~= data.conditions[key] then
            return unlike(path, key, notes[key], data.conditions[key])
          end
        end
        if count ~= #data.test then
          return unlike(path, "test users:", count, #data.test)
        end
      end
      for _, row in ipairs(notes.test_users and data.test or {}) do
        local user = data.dataset.users:text(row)
        if not kept[user] then
          return nil, ("%s was trained on user %s, who is to be tested on: give the users that "
            .. "were held out from it (--test-users)"):format(path, user)
        end
      end
      return true
    end,
    implied_protocol = function(opt)
      return has_files(opt) and "given" or nil
    end,
    write_split = function(data, folder, opt)
      return split_files.write(data, cmml.settings:get("users").evaluations(data, opt), folder)
    end,
    read_scores = use "settings.users.scores",
    agreed = function(split, opt)
      return opt.rank and { relevant = split.relevant } or {}
    end,
    summary = function(data)
      return data.dataset:summary() .. (data.population
        and "; " .. populations.text(data.population, data.left_out) or "")
    end,

    source = use "settings.users.source",
    make_tasks = function(exported)
      return cmml.users.tasks(exported)
    end,

    evaluations = function(data, opt)
      local list = {}
      if opt.candidates and opt.rank ~= "sampled" then
        args.error(("evaluate: %s goes with %s"):format(args.option "candidates",
          args.option("rank", "sampled")), 0)
      end
      local who = data.population
        and "; " .. populations.text(data.population, data.left_out) or ""
      for _, entry in ipairs(evaluation.tasks_of(data, { query = opt.query or defaults.query,
        seed = opt.seed or defaults.seed, batch = 64, shuffle_labels = opt.shuffle_labels,
        rank = opt.rank, candidates = opt.candidates, relevant = opt.relevant,
        popularity = opt.rank and popularity_of(data) or nil })) do
        local most = 0
        for _, size in ipairs(opt.support or defaults.support) do
          most = math.max(most, size)
        end
        -- tasks from files are whole, unless a size is asked for, and there is one draw of them
        for i, size in ipairs(opt.support or entry.fixed and { entry.tasks.support }
          or defaults.support) do
          local tasks = entry.tasks:with_support(size, math.max(size, most))
          list[#list + 1] = { name = entry.name, leaky = entry.leaky, size = size, first = i == 1,
            tasks = tasks, fixed = entry.fixed, rule = (opt.rank and few.list_rule
              or few.rule)(tasks, entry, data.dataset.kind) .. who,
            options = { draws = entry.fixed and 1 or opt.draws,
              cutoffs = opt.cutoffs, metrics = opt.metrics,
              relevant = not opt.rank and opt.relevant or nil, on_task = opt.on_task } }
        end
      end
      return list
    end,
    report = report.text,
    binary = false,
    -- The draws of an experiment are those of `cmml evaluate`; supports of other sizes are
    -- evaluated beside the one that its tables show.
    cell_evaluation = function(opt)
      local own = opt.rank and defaults.lists or defaults
      return { query = opt.query or defaults.query, seed = defaults.seed,
        draws = opt.draws or not opt.rank and opt.quick and 2 or own.draws,
        rank = opt.rank, candidates = opt.candidates,
        cutoffs = opt.rank and opt.cutoffs or own.cutoffs, metrics = report.computed(opt),
        relevant = opt.relevant,
        shuffle_labels = opt.shuffle_labels or nil,
        support = with_first({ (opt.support or defaults.support)[1] }, report.further_sizes(opt)) }
    end,
    columns = report.columns,
    values = report.values,
    budget_text = report.budget_text,

    read_support = support.read, read_supports = support.read_all,
    frozen_rows = use "settings.frozen_rows",
    read_request = support.request, read_requests = use "settings.users.requests",
    describe = function(line, catalogue)
      line("items", #catalogue.items)
      for _, side in ipairs { "items", "users" } do
        line(side:sub(1, -2) .. " fields", catalogue[side]:fields_text())
      end
      if catalogue.scale then
        line("ratings", scale.text(catalogue.scale))
      end
    end,
  }
end
