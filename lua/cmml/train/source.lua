--- What `train` has to know of its data: where tasks come from, and how an epoch is judged.
--
-- A source has the fields options (true by name: those of `training_options` that it knows),
-- decisive (names of those that decide the numbers of a run), training (options for a model that
-- brings none), defaults (of what is still open then), metrics (list of {field of the state, name
-- for people}), watched (the field that chooses the epoch), mode ("min" or "max": what is better),
-- count (tasks to learn from) and judged (whether there is anything to choose by), and the methods
-- check(opt), tasks(opt), validate(model, opt) giving a value for each metric by field, or nil if
-- the scores were not finite, and conditions().
--
-- @module cmml
local args = require "cmml.base.args"
local same_ids = require "cmml.data.same_ids"
local watched = require "cmml.evaluate.watched"
local raise = args.error

return function(cmml)
  --- The options of `train` that are for some kinds of data alone, as `args.check` reads them.
  cmml.training_options = { batch = "integer?", support = "integer?", query = "integer?",
    short_supports = "number?", valid_query = "integer?", valid_draws = "integer?",
    support_negatives = "integer?", query_negatives = "integer?", order = "string?",
    negatives = "string?", rounds = "integer?", valid_users = "integer?", watch = "string?",
    serve = "cmml.ScenarioCatalogue?" }

  local function set_of(list)
    local set = {}
    for _, name in ipairs(list) do
      set[name] = true
    end
    return set
  end

  local UserSource = { what = "ratings of users",
    decisive = { "batch", "support", "query", "short_supports", "valid_query", "valid_draws" },
    defaults = { valid_draws = 2 },
    metrics = { { "mae", "mae" }, { "rmse", "rmse" }, { "ndcg", "ndcg_exp@1" } },
    watched = "mae", mode = "min", learners = "training users" }
  UserSource.__index, UserSource.options = UserSource, set_of(UserSource.decisive)

  -- Rows are all that ratings have of items: those of other data would be taken for the model's.
  local function refuse_other_items(data, catalogue)
    local given = data.catalogue
    local theirs = type(given) == "table" and given.items or catalogue.items
    local row, mine, other = same_ids.difference(catalogue.items, theirs)
    if row then
      args.error(("train: the model was made for a catalogue of other items: item %d is %s, "
        .. "of the data %s; make the model from data.catalogue"):format(row, mine, other), 4)
    end
  end

  --- What `train` has to know of ratings of users.
  -- @tparam table data ratings, bags, train, valid, catalogue: see `train`
  -- @tparam Catalogue catalogue of the model
  -- @treturn table a source; an error if the data have a catalogue of other items
  function cmml.user_source(data, catalogue)
    if type(data) ~= "table" or data.ratings == nil and data.train == nil then
      args.error(("train: data must be what cmml.cold_users gives, not %s"):format(
        type(data) == "table" and "a table without ratings and train" or type(data)), 4)
    end
    args.check("train: data", type(data) == "table" and { ratings = data.ratings,
      bags = data.bags, train = data.train, valid = data.valid } or data,
      { ratings = "table", bags = "table", train = "table", valid = "table" }, 5)
    refuse_other_items(data, catalogue)
    return setmetatable({ data = data, training = cmml.presets["published-code"].training,
      count = #data.train, judged = #data.valid > 0 }, UserSource)
  end

  --- Takes the options of a run: a share of 0 is none, as in runs from before there was one.
  function UserSource.check(_, opt)
    opt.short_supports = opt.short_supports ~= 0 and opt.short_supports or nil
  end

  -- Tasks of some users, with what tasks to learn from and to judge by do not share.
  local function tasks_of(self, users, opt, own)
    local data = self.data
    own.ratings, own.users, own.bags = data.ratings, users, data.bags
    own.batch, own.support, own.seed = opt.batch, opt.support, opt.seed
    return cmml.users.tasks(own)
  end

  --- The tasks to learn from.
  function UserSource:tasks(opt)
    return tasks_of(self, self.data.train, opt, { query = opt.query, shuffle = opt.shuffle,
      short_supports = opt.short_supports })
  end

  --- The metrics of the validation users, on the same draws each time.
  function UserSource:validate(model, opt)
    local proxy, is_finite = watched(cmml.core, model)
    local tasks = tasks_of(self, self.data.valid, opt, { query = opt.valid_query or opt.query })
    local result = cmml.evaluate({ proxy }, tasks, { draws = opt.valid_draws, cutoffs = { 1 } })[1]
    return is_finite() and { mae = result.mae.mean, rmse = result.rmse.mean,
      ndcg = result["ndcg_exp@1"].mean } or nil
  end

  --- What a run must be resumed under.
  function UserSource:conditions()
    local data = self.data
    return { ratings = #data.ratings.items, train_users = #data.train, valid_users = #data.valid }
  end

  local ScenarioSource = { what = "scenarios",
    decisive = { "batch", "support", "support_negatives", "query", "query_negatives", "order",
      "negatives", "rounds", "valid_draws", "valid_users", "watch" },
    defaults = { batch = 16, support = 64, support_negatives = 64, query = 128,
      query_negatives = 1, order = "mixed", negatives = "untouched", valid_draws = 1,
      valid_users = 100, watch = "recall@20" },
    training = { lr = 1e-4 },
    metrics = { { "recall@10", "recall@10" }, { "recall@20", "recall@20" },
      { "ndcg@20", "ndcg@20" } }, mode = "max", learners = "training scenarios" }
  ScenarioSource.__index, ScenarioSource.options = ScenarioSource, set_of(ScenarioSource.decisive)
  ScenarioSource.options.serve = true

  --- What `train` has to know of a split.
  -- @treturn table a source
  function cmml.scenarios.Split:training_source()
    return setmetatable({ split = self, count = #self.train, judged = #self.valid > 0 },
      ScenarioSource)
  end

  local function refuse_validation()
    raise("train: no user of the validation scenarios has held-out items beside others: raise "
      .. "valid_held_out or valid of the split, or set valid to 0 to choose by the loss", 2)
  end

  -- Whether anything of the validation scenarios is held out.
  local function has_held_out(split)
    for _, scenario in ipairs(split.valid) do
      if #cmml.core.pair_users(split.pairs.valid, scenario) > 0 then
        return true
      end
    end
    return false
  end

  --- Takes the options of a run: an epoch has so many rounds that it takes 200 steps.
  function ScenarioSource:check(opt)
    local names = {}
    for i, metric in ipairs(self.metrics) do
      names[i] = metric[1]
    end
    self.watched = args.one_of("train: watch", opt.watch, names)
    if opt.query < 1 then
      raise("train: query must be at least 1: without pairs there is nothing to learn from", 2)
    elseif self.judged and not has_held_out(self.split) then
      refuse_validation()
    end
    local steps = math.ceil(self.count / math.max(opt.batch, 1))
    opt.rounds = opt.rounds or math.ceil(200 / steps)
  end

  --- The tasks to learn from.
  function ScenarioSource:tasks(opt)
    return self.split:tasks { batch = opt.batch, support = opt.support,
      support_negatives = opt.support_negatives, query = opt.query,
      query_negatives = opt.query_negatives, order = opt.order,
      negatives = opt.negatives, seed = opt.seed, rounds = opt.rounds, shuffle = opt.shuffle }
  end

  --- The metrics of the validation scenarios, on the same draws and users each time.
  function ScenarioSource:validate(model, opt)
    local proxy, is_finite = watched(cmml.core, model)
    local found = cmml.evaluate_ranking({ proxy }, self.split, { part = "valid",
      cutoffs = { 10, 20 }, draws = opt.valid_draws, max_users = opt.valid_users, seed = opt.seed,
      support = opt.support, support_negatives = opt.support_negatives, order = opt.order,
      negatives = opt.negatives })[1]
    if not is_finite() then
      return nil
    end
    local values = {}
    for i, metric in ipairs(self.metrics) do
      values[metric[1]] = found[metric[1]].mean
      if values[metric[1]] ~= values[metric[1]] and i == 1 then
        refuse_validation()
      end
    end
    return values
  end

  --- What a run must be resumed under.
  function ScenarioSource:conditions()
    local split = self.split
    return { split = split.options, interactions = #split.known.items,
      train_scenarios = #split.train, valid_scenarios = #split.valid }
  end
end
