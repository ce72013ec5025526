--- What the protocols of the user setting have in common.
--
-- @module cmml.settings.users.protocol_base
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local of_users = require "cmml.settings.users.shared_options"
local populations = require "cmml.settings.users.populations"
local raise = args.error

local base = {}

-- Options that every protocol takes.
local shared = {
  of_users.test_users,
  of_users.valid,
  { name = "data_seed", kind = "integer", default = 1, from = 0, help = "seed of these choices" },
  populations.option,
  of_users.relevant,
  { name = "catalogue", kind = "cmml.Catalogue", help = "catalogue of a trained model",
    default_text = "one is made" },
}

--- Declares the options of a protocol: those that every protocol takes, and its own.
-- @tparam string name of the function
-- @tparam table own declarations
-- @treturn Options
function base.declare(name, own)
  local list = table.move(own, 1, #own, #shared + 1, table.move(shared, 1, #shared, 1, {}))
  return options.declare(name, list)
end

--- One of the options that every protocol takes, for one that does not take all of them.
-- @tparam string name
-- @treturn table its declaration
function base.shared(name)
  for _, declared in ipairs(shared) do
    if declared.name == name then
      return declared
    end
  end
  raise(("no option %s is shared"):format(name), 2)
end

--- The options of a protocol, checked.
-- @tparam string name of the function
-- @tparam Options known
-- @tparam Dataset dataset
-- @tparam ?table given
-- @treturn table
function base.check(name, known, dataset, given)
  local class = getmetatable(dataset)
  if type(class) ~= "table" or class.__name ~= "cmml.Dataset" then
    raise(("%s: a Dataset was expected, not %s"):format(name, args.describe(dataset)), 3)
  end
  local opt = known:check(given, 4)
  return opt
end

--- Raises unless a value is what a protocol gives.
-- @tparam string name of the function
-- @param data
function base.check_data(name, data)
  local is_table = type(data) == "table"
  for _, key in ipairs { "ratings", "train", "valid", "evaluations" } do
    if not is_table or type(data[key]) ~= "table" then
      raise(("%s: data of a protocol were expected, as users.protocol gives them, not %s"):format(
        name, is_table and "a table without " .. key or type(data)), 3)
    end
  end
end

--- Why there is nothing to learn of a data set for what predicts ratings.
-- @tparam Dataset dataset
-- @treturn ?string nil where ratings differ
function base.nothing_to_predict(dataset)
  local only = dataset:only_rating()
  if not only then
    return nil
  end
  local what = dataset.kind == "interactions" and ("%s has interactions without ratings"):format(
    dataset.name) or plain.format("all %d ratings of %s are %g", #dataset.ratings.items,
    dataset.name, only)
  return what .. ": there is nothing to predict. Name the column that holds ratings (rating=..) or "
    .. "counts (weight=..), or take a kind that ranks"
end

--- All ratings, with the item rows of the catalogue that is given, if one is.
-- @tparam Dataset dataset
-- @tparam table opt
-- @treturn ?table nil where an item is not in the catalogue
-- @treturn ?string message
function base.ratings(dataset, opt)
  if opt.catalogue then
    return dataset:ratings_for(opt.catalogue)
  end
  return dataset.ratings
end

--- The users apart, and all ratings.
-- @tparam Dataset dataset
-- @tparam table opt
-- @treturn ?table train, valid, test, dataset, all; population and left_out, where not everybody
-- takes part
-- @treturn ?string message
function base.begin(dataset, opt)
  local all, message = base.ratings(dataset, opt)
  if not all then
    return nil, message
  end
  local data
  data, message = dataset:split { test = opt.test_users, valid = opt.valid, seed = opt.data_seed,
    population = opt.population }
  if not data then
    return nil, message
  end
  data.population = data.left_out and opt.population
  data.dataset, data.all = dataset, all
  return data
end

--- Adds the catalogue and what follows from it.
-- @tparam table data with ratings
-- @tparam table opt
-- @tparam[opt] table learnt the ratings that the values of a fresh catalogue are from, if it is not
-- to see all of the training users'
function base.finish(data, opt, learnt)
  data.nothing_to_predict = base.nothing_to_predict(data.dataset)
  data.catalogue = opt.catalogue or data.dataset:catalogue(data.train, learnt, opt.relevant)
  data.relevant = opt.relevant or data.catalogue.relevant
  local users, records, told = data.catalogue.users, data.dataset.user_records, {}
  data.bags = args.call(users.bags_of, users, records, #records, told)
  for _, name in ipairs(opt.catalogue and #records > 0 and users:field_names() or {}) do
    if told[name].missing == #records then -- a model would be judged without what it learnt to read
      raise(("the model reads the field %s of users, but no user of %s has it: give what is known "
        .. "of them, as in the model's training"):format(name, data.dataset.name), 3)
    end
  end
  data.conditions.relevant = opt.relevant
  data.conditions.population = data.population or data.conditions.population
  for _, evaluation in ipairs(data.evaluations) do
    evaluation.tasks.bags = data.bags
    if evaluation.lists then
      evaluation.lists.bags = data.bags
    end
  end
end

return base
