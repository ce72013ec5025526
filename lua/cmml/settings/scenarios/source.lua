--- Where the tasks of a training on scenarios come from, and what its epochs are validated on.
--
-- @module cmml.settings.scenarios.source
local args = require "cmml.base.args"
local defaults = require "cmml.settings.scenarios.defaults"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local Source = { learners = "training scenarios", training = { lr = 1e-4 },
    defaults = { batch = 16, support = 64, support_negatives = 64, query = 128,
      query_negatives = 1, order = "mixed", negatives = "untouched",
      valid_draws = defaults.valid_draws,
      valid_users = 100, watch = "recall@20" },
    metrics = { { "recall@10", "recall@10", shown = true },
      { "recall@20", "recall@20", shown = true }, { "ndcg@20", "ndcg@20" } },
    nothing_to_validate = "train: no user of the validation scenarios has held-out items beside "
      .. "others: raise valid_held_out or valid of the split, or set valid to 0 to choose by the "
      .. "loss" }
  Source.__index = Source

  -- Whether anything of the validation scenarios is held out.
  local function has_held_out(split)
    for _, scenario in ipairs(split.valid) do
      if #core.pair_users(split.pairs.valid, scenario) > 0 then
        return true
      end
    end
    return false
  end

  --- Takes the options of a run: an epoch has so many rounds that it takes `steps`, or 200.
  -- @tparam table opt of `train`
  function Source:check(opt)
    self.monitored = opt.watch
    if opt.query < 1 then
      raise("train: query must be at least 1: without pairs there is nothing to learn from", 2)
    elseif self.validates and not has_held_out(self.split) then
      raise(self.nothing_to_validate, 2)
    end
    if opt.steps or not opt.rounds then
      opt.rounds = math.ceil((opt.steps or 200) / math.ceil(self.count / opt.batch))
    end
  end

  --- The tasks to learn from.
  -- @tparam table opt of `train`
  -- @treturn ScenarioTasks
  function Source:tasks(opt)
    return self.split:tasks { batch = opt.batch, support = opt.support,
      support_negatives = opt.support_negatives, query = opt.query,
      query_negatives = opt.query_negatives, order = opt.order,
      negatives = opt.negatives, seed = opt.seed, rounds = opt.rounds, shuffle = opt.shuffle }
  end

  --- What an epoch is validated on: the same draws and users each time.
  -- @tparam table opt of `train`
  -- @treturn ScenarioSplit
  -- @treturn table options of `evaluate`
  function Source:validation(opt)
    return self.split, { part = "valid", cutoffs = { 10, 20 }, metrics = { "recall", "ndcg" },
      draws = opt.valid_draws, max_users = opt.valid_users, seed = opt.seed, support = opt.support,
      support_negatives = opt.support_negatives, order = opt.order, negatives = opt.negatives }
  end

  --- What a run must be resumed under.
  -- @treturn table plain data
  function Source:conditions()
    local split = self.split
    return { split = split.options, interactions = #split.known.items,
      train_scenarios = #split.train, valid_scenarios = #split.valid }
  end

  --- What `train` has to know of a split.
  -- @tparam Recommender model
  -- @tparam ScenarioSplit split
  -- @treturn table a source (see train/train.lua)
  return function(model, split)
    if getmetatable(split) ~= cmml.scenarios.Split then
      raise(("train: a %s over this catalogue learns from a split of scenarios "
        .. "(data:split), not from %s"):format(model.kind, args.describe(split)), 4)
    end
    return setmetatable({ split = split, count = #split.train, validates = #split.valid > 0 },
      Source)
  end
end
