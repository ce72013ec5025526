--- Evaluation in the setting sequences: adapt to what a person did first, rank the whole catalogue,
-- and see where what came next stands.
--
-- @module cmml.settings.sequences.evaluation
local args = require "cmml.base.args"
local defaults = require "cmml.settings.sequences.defaults"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local Tasks = use "settings.sequences.tasks"
  local catalogue_lists = use "settings.catalogue_lists"
  local evaluation = {}

  -- 1 for each row of a query whose item was not shown to its person, else 0.
  local function not_shown(support, query)
    local shown, at, weights = {}, 0, {}
    local items = support.items:totable()
    for t, n in ipairs(support.segments:totable()) do
      shown[t] = {}
      for row = at + 1, at + n do
        shown[t][items[row]] = true
      end
      at = at + n
    end
    local owners = query.segments:groups():totable()
    for row, item in ipairs(query.items:totable()) do
      weights[row] = shown[owners[row]][item] and 0 or 1
    end
    return #weights > 0 and core.tensor(weights) or nil
  end

  -- The lists of a batch, some people at a time.
  local function lists_of(tasks, batch, before, catalogue)
    local n, query, keeps = catalogue.n, batch.query, tasks.history == "kept"
    return catalogue_lists.each { catalogue = catalogue, keys = batch.tasks, before = before,
      held = catalogue_lists.sorted(query, not keeps and not_shown(batch.support, query) or nil,
        n),
      removed = keeps and core.sparse(core.ids {}, core.ids {}, nil, #batch.tasks, n)
        or catalogue_lists.sorted(batch.support, nil, n) }
  end

  --- What `evaluate` asks of tasks; see evaluate/evaluate.lua. A value is a person's; it does not
  -- exist of a person whose next items are all removed from lists.
  -- @tparam table models list of recommenders
  -- @tparam table opt options of `evaluate`
  -- @treturn table
  function Tasks:evaluation(models, opt)
    if #self.users == 0 then
      raise("evaluate: there are no users to evaluate on", 2)
    end
    local n = catalogue_lists.check_models(models)
    local catalogue = catalogue_lists.catalogue(n)
    local sized = self:sized(catalogue_lists.batch(self.batch, n))
    return {
      binary = true, ranks = true, whole = true, defaults = defaults, draws = 1,
      about = { items = models[1].catalogue.items, popularity = self.popularity },
      batches = function(draw)
        return catalogue_lists.batches(sized, draw, { draws = 1, on_task = opt.on_task,
          lists = function(batch, before)
            return lists_of(self, batch, before, catalogue)
          end })
      end,
    }
  end

  -- Those of some users who have more interactions than are shown.
  local function long_enough(sequences, users, shown)
    local lengths, list = sequences.users:totable(), {}
    for _, user in ipairs(users) do
      list[#list + 1] = lengths[user] > math.max(shown, 1) and user or nil
    end
    return list
  end

  -- Behind how many people's shown interactions there are fewer than are to be found.
  local function with_fewer(sequences, users, shown, next_n)
    local lengths, n = sequences.users:totable(), 0
    for _, user in ipairs(users) do
      n = n + (lengths[user] - math.max(shown, 1) < next_n and 1 or 0)
    end
    return n
  end

  --- The tasks of some users, those left out whose sequences end with what is shown.
  -- @tparam table split of `sequences.split`
  -- @tparam table users list of rows
  -- @tparam table opt shown, next_n, and other options of `sequences.tasks`
  -- @treturn SequenceTasks
  -- @treturn integer how many were left out
  function evaluation.tasks_of(split, users, opt)
    local own = { sequences = split.sequences }
    for key, value in pairs(opt) do
      own[key] = value
    end
    own.users = long_enough(split.sequences, users, own.shown or 0)
    return cmml.sequences.tasks(own), #users - #own.users
  end

  --- The tasks of the people who validate: all but the last interaction is shown, unless options
  -- say otherwise.
  -- @tparam table split of `sequences.split`
  -- @tparam[opt] table options of `sequences.tasks`, but for sequences and users
  -- @treturn SequenceTasks
  function cmml.sequences.validation_tasks(split, options)
    if type(split) ~= "table" or split.setting ~= "sequences" then
      raise("sequences.validation_tasks: a split of sequences (sequences.split) was expected, not "
        .. args.describe(split), 2)
    end
    options = args.expect("sequences.validation_tasks: options", options or {}, "table")
    args.expect("sequences.validation_tasks: shown", options.shown or 0, "integer")
    return (evaluation.tasks_of(split, split.valid, options))
  end

  --- The evaluations of a split: one for each number of interactions that are shown.
  -- @tparam table split of `sequences.split`
  -- @tparam table opt shown (list), next_n, history, seed, batch, cutoffs, metrics, on_task
  -- @treturn table see `Setting`; short: how many were left out; fewer: to how many fewer came next
  -- than next_n
  function evaluation.list(split, opt)
    local list = {}
    local people = { counts = split.catalogue.items.counts, people = #split.train + #split.valid }
    for i, shown in ipairs(opt.shown or defaults.shown) do
      local tasks, short = evaluation.tasks_of(split, split.test, { shown = shown,
        next_n = opt.next_n or defaults.next_n, history = opt.history or defaults.history,
        seed = opt.seed or defaults.seed, popularity = people })
      list[i] = { name = shown == 0 and "new users" or ("new users, %d shown"):format(shown),
        leaky = false, tasks = tasks, shown = shown, first = i == 1, short = short,
        fewer = with_fewer(split.sequences, tasks.users, shown, opt.next_n or defaults.next_n),
        options = {
          cutoffs = opt.cutoffs, metrics = opt.metrics, on_task = opt.on_task } }
      if #tasks.users == 0 then
        raise(("evaluate: none of the %d new users has more than %d interactions: show fewer (%s)")
          :format(#split.test, math.max(shown, 1), args.option "shown"), 0)
      end
    end
    return list
  end

  --- Which people have a new item among what came next: true by number of a task.
  -- @tparam SequenceTasks tasks
  -- @tparam Tensor counts of items, 0 of new ones
  -- @treturn table
  -- @treturn integer how many they are
  function evaluation.with_new_items(tasks, counts)
    local batch, found, n = tasks:draw(1, tasks.users), {}, 0
    local of, counts_of = batch.query.segments:groups():totable(), counts:totable()
    for row, item in ipairs(batch.query.items:totable()) do
      if counts_of[item] == 0 and not found[of[row]] then
        found[of[row]], n = true, n + 1
      end
    end
    return found, n
  end

  return evaluation
end
