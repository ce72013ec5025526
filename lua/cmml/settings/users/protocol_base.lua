--- What the protocols of the user setting have in common.
--
-- @module cmml.settings.users.protocol_base
local args = require "cmml.base.args"
local raise = args.error

local base = {}

--- Options that every protocol takes, for `args.check`.
base.options = { test_users = { "any", 0.2 }, valid = { "number", 0.05 },
  data_seed = { "integer", 1 }, catalogue = "table?" }

--- The options of a protocol, checked.
-- @tparam string name of the function
-- @tparam Dataset dataset
-- @tparam ?table options
-- @tparam table own rules of the protocol's own
-- @treturn table
function base.check(name, dataset, options, own)
  args.check(name, { dataset = dataset }, { dataset = "cmml.Dataset" }, 4)
  local rules = {}
  for _, source in ipairs { base.options, own } do
    for key, rule in pairs(source) do
      rules[key] = rule
    end
  end
  local opt = args.check(name, options, rules, 4)
  if opt.cap and opt.cap < 1 or opt.data_seed < 0 then
    raise(("%s: cap must be at least 1 and data_seed not negative, not %s and %d"):format(name,
      tostring(opt.cap), opt.data_seed), 3)
  end
  return opt
end

--- Raises unless a value is what a protocol gives.
-- @tparam string name of the function
-- @param data
function base.check_data(name, data)
  local is_table = type(data) == "table"
  for _, key in ipairs { "ratings", "train", "valid", "evaluations" } do
    if not is_table or type(data[key]) ~= "table" then
      raise(("%s: data of a protocol were expected, as user_protocol gives them, not %s"):format(
        name, is_table and "a table without " .. key or type(data)), 3)
    end
  end
end

--- The users apart, and all ratings with the item rows of the catalogue that is given, if one is.
-- @tparam Dataset dataset
-- @tparam table opt
-- @treturn ?table train, valid, test, dataset, all
-- @treturn ?string message
function base.begin(dataset, opt)
  local data, message = dataset:split { test = opt.test_users, valid = opt.valid,
    seed = opt.data_seed }
  if not data then
    return nil, message
  end
  data.dataset, data.all = dataset, dataset.ratings
  if opt.catalogue then
    data.all, message = dataset:ratings_for(opt.catalogue)
    if not data.all then
      return nil, message
    end
  end
  return data
end

--- Adds the catalogue and what follows from it.
-- @tparam table data with ratings
-- @tparam table opt
-- @tparam[opt] table learnt the ratings that the values of a fresh catalogue are from, if it is not
-- to see all of the training users'
function base.finish(data, opt, learnt)
  data.catalogue = opt.catalogue or data.dataset:catalogue(data.train, learnt)
  data.bags = data.catalogue.users:bags_of(data.dataset.user_records)
  for _, evaluation in ipairs(data.evaluations) do
    evaluation.tasks.bags = data.bags
  end
end

return base
