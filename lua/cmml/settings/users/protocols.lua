--- Protocols of the setting users: from whom to learn, by whom to choose, on what to test.
--
-- A protocol makes of a data set a table with the fields
--
--    setting, protocol, conditions  names, and the plain data that it can be made again from
--    dataset, catalogue             what is known of items and people
--    bags                           user fields of all rows
--    ratings                        what may be learnt from, of the users in train and valid
--    all                            every rating
--    nothing_to_predict             why what predicts ratings has nothing to learn; nil: it has
--    relevant                       the rating, or weight, from which on an item is relevant
--    train, valid, test             lists of user rows: to learn from, to choose by, never seen
--    evaluations                    list of {name, leaky, tasks}: what is evaluated; tasks are
--                                   options of `users.tasks` (ratings, query_ratings, users, bags);
--                                   lists are such options where lists are evaluated otherwise
--
-- An evaluation that is leaky evaluates on what was learnt from. Of all others
-- `users.check_no_leak` says that nothing evaluated was learnt.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local declare = require("cmml.base.options").declare
local raise = args.error

local known = base.declare("cold_users", {
  { name = "protocol", kind = "string", choices = { "full", "capped" }, default = "full",
    help = "full: each draw takes fresh ratings of the whole history; capped: each training user "
      .. "keeps cap ratings, chosen once" },
  { name = "cap", kind = "integer", default = 50, from = 1, unit = "ratings",
    help = "number of ratings kept of a training user under protocol capped" },
})

local any_known = declare("users.protocol", {
  { name = "protocol", kind = "string", default = "full",
    help = "a name in users.protocols: full or capped, see cold_users; warm or warm-leaky, see "
      .. "users.warm; melu, see users.melu; last, see users.last; time, see users.time; "
      .. "given, see users.given" },
  { name = "test_users", kind = "any", help = "as the protocol takes it" },
  { name = "valid", kind = "number", help = "as the protocol takes it" },
  { name = "cap", kind = "integer", help = "as the protocol takes it" },
  { name = "data_seed", kind = "integer", help = "as the protocol takes it" },
  { name = "population", kind = "string", help = "as the protocol takes it" },
  { name = "relevant", kind = "number", help = "as the protocol takes it" },
  { name = "cut", kind = "number", help = "as the protocol takes it" },
  { name = "last_n", kind = "integer", help = "as the protocol takes it" },
  { name = "split", kind = "string", help = "as the protocol takes it" },
  { name = "train_users", kind = "string", help = "as the protocol takes it" },
  { name = "valid_users", kind = "string", help = "as the protocol takes it" },
  { name = "tasks", list = "string", help = "as the protocol takes it" },
  { name = "catalogue", kind = "table", help = "as the protocol takes it" },
})

return function(cmml, use)
  local core = cmml.core
  use "settings.users.by_time"
  use "settings.users.given"

  --- Prepares a data set for training and testing on cold users.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options see below
  -- @treturn ?table dataset, catalogue, bags (user fields of all rows), ratings (to train on), all
  -- (every rating, to test on), train, valid, test (lists of user rows); protocol, conditions
  -- (plain data that it can be made again from), evaluations (list of {name, leaky, tasks = options
  -- of `users.tasks`}: here "cold users" alone)
  -- @treturn ?string message
  -- @usage
  -- local data = assert(cmml.cold_users(dataset, {
  --   test_users = 0.2, valid = 0.1 }))
  -- print(#data.train, #data.valid, #data.test)
  function cmml.cold_users(dataset, options)
    local opt = base.check("cold_users", known, dataset, options)
    local capped = opt.protocol == "capped"
    if not capped and options and options.cap ~= nil then
      raise(("cold_users: protocol %s takes no cap; give protocol = \"capped\" with it"):format(
        opt.protocol), 2)
    end
    local data, message = base.begin(dataset, opt)
    if not data then
      return nil, message
    end
    data.ratings = capped and core.cap_ratings(data.all, opt.cap, opt.data_seed) or data.all
    data.protocol = opt.protocol
    data.conditions = { protocol = opt.protocol, cap = capped and opt.cap or nil,
      data_seed = opt.data_seed, valid = opt.valid }
    data.evaluations = { { name = "cold users", leaky = false,
      tasks = { ratings = data.all, users = data.test } } }
    base.finish(data, opt)
    return data
  end

  local function warm(leaky)
    return function(dataset, opt)
      opt.leaky = leaky
      return cmml.users.warm(dataset, opt)
    end
  end

  --- The protocols, the default first: list of {name, help, make (of a data set and options),
  -- evaluations (list of {name, title of its table, leaky}), cap (the default, where one is
  -- taken), no_cap, no_test_users and the like (why that option is not taken), takes (set of the
  -- options that it has alone or with few others)}.
  cmml.users.protocols = {
    { name = "full", help = "each draw takes fresh ratings of the whole history",
      no_cap = "it learns from all ratings of a training user; capped keeps some",
      make = cmml.cold_users, evaluations = { { "cold users", "Cold users, full histories" } } },
    { name = "capped", help = "each training user keeps `cap` ratings, chosen once",
      cap = 50, make = cmml.cold_users,
      evaluations = { { "cold users", "Cold users, capped histories" } } },
    { name = "warm", help = "10 ratings of each training user are held out and evaluated",
      cap = false, make = warm(false),
      evaluations = { { "warm users", "Warm users, ratings held out" },
        { "cold users", "Cold users, beside warm ones" } } },
    { name = "warm-leaky", help = "training users are evaluated on what was learnt from, as "
      .. "published", cap = false, make = warm(true),
      evaluations = { { "warm users (leaky)", "Warm users as published", leaky = true },
        { "cold users", "Cold users, beside warm ones as published" } } },
    { name = "melu", help = "existing and new users times items up to 1997 and after",
      no_cap = "its tasks have 13 to 100 ratings", make = function(dataset, opt)
        return cmml.users.melu(dataset, opt)
      end, evaluations = { { "warm", "MeLU: existing users, existing items" },
        { "user cold", "MeLU: new users, existing items" },
        { "item cold", "MeLU: existing users, new items" },
        { "user and item cold", "MeLU: new users, new items" } } },
    { name = "last", help = "each person's last `last_n` ratings by time are predicted from those "
      .. "before", no_cap = "all ratings before the last ones are learnt from",
      takes = { last_n = true }, make = cmml.users.last,
      evaluations = { { "warm users", "Warm users, last ratings by time" },
        { "cold users", "Cold users, last ratings by time" } } },
    { name = "time", help = "learns from ratings before the time `cut`, predicts those behind it",
      no_cap = "all ratings before the cut are learnt from",
      no_test_users = "it tests those whose first rating lies behind the cut",
      takes = { last_n = true, cut = true }, make = cmml.users.time,
      evaluations = { { "warm users", "Warm users, ratings from the cut on" },
        { "cold users", "Cold users, first rating from the cut on" } } },
    { name = "given", help = "as files say: --split, or --tasks and lists of users",
      no_cap = "its files say what is learnt from", no_valid = "its files say who validates",
      no_data_seed = "nothing is drawn", no_population = "its files say who takes part",
      takes = { split = true, train_users = true, valid_users = true, tasks = true },
      make = cmml.users.given, evaluations = { { "cold users", "Users and tasks from files" } } },
  }

  --- Prepares a data set by the protocol of a name.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options see below
  -- @treturn ?table as of `cold_users`, with the evaluations of the protocol
  -- @treturn ?string message
  function cmml.users.protocol(dataset, options)
    local opt = any_known:check(options)
    local names, by_name = {}, {}
    for i, protocol in ipairs(cmml.users.protocols) do
      names[i], by_name[protocol.name] = protocol.name, protocol
    end
    local protocol = by_name[args.one_of("users.protocol: protocol", opt.protocol, names)]
    for _, name in ipairs { "cap", "test_users", "valid", "data_seed", "population" } do
      if protocol["no_" .. name] and opt[name] ~= nil then
        raise(("users.protocol: %s takes no %s: %s"):format(protocol.name, name,
          protocol["no_" .. name]), 2)
      end
    end
    for _, other in ipairs(cmml.users.protocols) do
      for name in pairs(other.takes or {}) do
        if opt[name] ~= nil and not (protocol.takes or {})[name] then
          raise(("users.protocol: %s takes no %s, which is for %s"):format(protocol.name, name,
            other.name), 2)
        end
      end
    end
    opt.protocol = protocol.make == cmml.cold_users and protocol.name or nil
    return protocol.make(dataset, opt)
  end
end
