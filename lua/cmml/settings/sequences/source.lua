--- Where the tasks of a training on sequences come from, and what its epochs are validated on.
--
-- @module cmml.settings.sequences.source
local args = require "cmml.base.args"
local defaults = require "cmml.settings.sequences.defaults"
local same_ids = require "cmml.data.same_ids"
local raise = args.error

return function(_, use)
  local evaluation = use "settings.sequences.evaluation"

  -- Of few people fewer are taken together, so that an epoch has enough steps.
  local most_together, least_together, enough_steps = 256, 16, 20

  local Source = { learners = "old users to learn from",
    defaults = { valid_draws = defaults.valid_draws, train_window = 51,
      valid_shown = 0, valid_next = 1 },
    metrics = { { "hit", "hit@10", shown = true }, { "ndcg", "ndcg@10", shown = true } },
    monitored = "ndcg", training = { lr = 1e-3 } }
  Source.__index = Source

  --- Takes the options of a run: how many people a step is made of follows from how many there are.
  -- @tparam table opt of `train`
  function Source:check(opt)
    if opt.train_window == 1 then
      raise(("train: %s has nothing to learn from: a window has at least 2 interactions, what was "
        .. "done and what came next (0: whole sequences)"):format(args.option("train_window", 1)),
        3)
    end
    opt.batch = opt.batch or math.max(least_together, math.min(self.count // enough_steps,
      most_together))
  end

  --- The tasks to learn from: whole sequences, of longer ones a window.
  -- @tparam table opt of `train`
  -- @treturn SequenceTasks
  function Source:tasks(opt)
    return (evaluation.tasks_of(self.split, self.split.train, { batch = opt.batch,
      window = opt.train_window, next_n = opt.query or 1, shuffle = opt.shuffle, seed = opt.seed }))
  end

  --- What an epoch is validated on: what came next for old users that nothing is learnt from.
  -- @tparam table opt of `train`
  -- @treturn SequenceTasks
  -- @treturn table options of `evaluate`
  function Source:validation(opt)
    local tasks = evaluation.tasks_of(self.split, self.split.valid, { shown = opt.valid_shown,
      next_n = opt.valid_next, seed = opt.seed })
    if #tasks.users == 0 then
      raise(("train: no validation user has more than %d interactions: lower %s"):format(
        opt.valid_shown, args.option "valid_shown"), 3)
    end
    return tasks, { cutoffs = { 10 }, metrics = { "hit", "ndcg" } }
  end

  --- What a run must be resumed under.
  -- @treturn table plain data
  function Source:conditions()
    return { interactions = #self.split.sequences.items, train_users = #self.split.train,
      valid_users = #self.split.valid }
  end

  --- What `train` has to know of sequences.
  -- @tparam Recommender model
  -- @tparam table split of `sequences.split`
  -- @treturn table a source (see train/train.lua); an error if the split has other items
  return function(model, split)
    if type(split) ~= "table" or split.setting ~= "sequences" then
      raise(("train: a %s over this catalogue learns from sequences (cmml.sequences.split), not "
        .. "from %s"):format(model.kind, args.describe(split)), 4)
    end
    local row, mine, other = same_ids.difference(model.catalogue.items, split.catalogue.items)
    if row then
      raise(("train: the model was made for a catalogue of other items: item %d is %s, of the "
        .. "split %s; make the model from split.catalogue"):format(row, mine, other), 4)
    end
    return setmetatable({ split = split, count = #split.train, validates = #split.valid > 0 },
      Source)
  end
end
