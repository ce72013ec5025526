--- Where the tasks of a training on ratings of users come from, and what its epochs are validated
-- on.
--
-- @module cmml.settings.users.source
local args = require "cmml.base.args"
local defaults = require "cmml.settings.users.defaults"
local same_ids = require "cmml.data.same_ids"
local raise = args.error

return function(cmml)
  local Source = { defaults = { valid_draws = defaults.valid_draws }, learners = "training users",
    metrics = { { "mae", "mae", shown = true }, { "rmse", "rmse" },
      { "ndcg", "ndcg_exp@1", shown = true } },
    monitored = "mae",
    training = { batch = 32, support = 40, query = 10, lr = 3e-4, clip = 10, weight_decay = 1e-5 } }
  Source.__index = Source

  -- What kinds are validated by that rank.
  local of_lists = { { "recall", "normalized_recall@20", shown = true },
    { "ndcg", "ndcg@20", shown = true } }

  -- Validation people choose the base of lists and what it counts for: where they are few, more
  -- draws of each make up for some of the noise.
  local supports_of_lists = 400

  -- Rows are all that ratings have of items: those of other data would be taken for the model's.
  local function refuse_other_items(data, catalogue)
    local given = data.catalogue
    local theirs = type(given) == "table" and given.items or catalogue.items
    local row, mine, other = same_ids.difference(catalogue.items, theirs)
    if row then
      raise(("train: the model was made for a catalogue of other items: item %d is %s, "
        .. "of the data %s; make the model from data.catalogue"):format(row, mine, other), 4)
    end
  end

  -- Tasks of some users, with what training and validation tasks have in common.
  local function tasks_of(self, users, opt, own)
    local data = self.data
    own.ratings, own.users, own.bags = data.ratings, users, data.bags
    own.batch, own.support, own.seed = opt.batch, opt.support, opt.seed
    if self.ranks then
      own.rank, own.relevant = "all", data.relevant
    end
    return cmml.users.tasks(own)
  end

  --- Takes the options of a run: a fraction of 0 is none, as in runs from before there was one.
  -- @tparam table opt of `train`
  function Source.check(_, opt)
    opt.short_supports = opt.short_supports ~= 0 and opt.short_supports or nil
  end

  --- The tasks to learn from.
  -- @tparam table opt of `train`
  -- @treturn Tasks
  function Source:tasks(opt)
    return tasks_of(self, self.data.train, opt, { query = opt.query, shuffle = opt.shuffle,
      short_supports = opt.short_supports })
  end

  --- What an epoch is validated on: the same draws each time. Of lists a person counts of whom one
  -- of them leaves something relevant to be found.
  -- @tparam table opt of `train`
  -- @treturn Tasks
  -- @treturn table options of `evaluate`
  function Source:validation(opt)
    return tasks_of(self, self.data.valid, opt, { query = opt.valid_query or opt.query }),
      self.ranks and { draws = opt.valid_draws, partial = true, cutoffs = { 20 },
        metrics = { "normalized_recall", "ndcg" } } or { draws = opt.valid_draws, cutoffs = { 1 } }
  end

  --- What a run must be resumed under.
  -- @treturn table plain data
  function Source:conditions()
    local data = self.data
    return { ratings = #data.ratings.items, train_users = #data.train, valid_users = #data.valid }
  end

  --- What `train` has to know of ratings of users.
  -- @tparam Recommender model
  -- @tparam table data ratings, bags, train, valid, catalogue: see `cold_users`
  -- @treturn table a source (see train/train.lua); an error if the data have other items
  return function(model, data)
    local of = type(data) == "table" and data.setting
    if of and of ~= "users" then
      raise(("train: a %s over this catalogue learns from ratings of users (cmml.cold_users), not "
        .. "from %s"):format(model.kind, args.describe(data)), 4)
    elseif type(data) ~= "table" or data.ratings == nil and data.train == nil then
      raise(("train: data must be what cmml.cold_users gives, not %s"):format(
        type(data) == "table" and "a table without ratings and train" or type(data)), 4)
    end
    if model.predicts == "ratings" and data.nothing_to_predict then
      raise(("train: %s predicts ratings: %s"):format(model.kind, data.nothing_to_predict), 4)
    end
    for _, key in ipairs { "ratings", "bags", "train", "valid" } do
      args.expect("train: data: " .. key, data[key], "table", 5)
    end
    refuse_other_items(data, model.catalogue)
    local self = { data = data, count = #data.train, validates = #data.valid > 0 }
    if model.predicts == "ranking" then
      self.ranks, self.metrics, self.monitored = true, of_lists, "ndcg"
      self.defaults = { valid_draws = math.max(defaults.valid_draws,
        math.ceil(supports_of_lists / math.max(#data.valid, 1))) }
      self.nothing_to_validate = "train: to no validation user is anything relevant that is not in "
        .. "the support: lower " .. args.option "relevant" .. ", or raise " .. args.option "valid"
    end
    return setmetatable(self, Source)
  end
end
