--- Protocols of the setting users: from whom to learn, by whom to choose, on what to test.
--
-- A protocol makes of a data set a table with the fields
--
--    setting, protocol, conditions  names, and the plain data that it can be made again from
--    dataset, catalogue             what is known of items and people
--    bags                           user fields of all rows
--    ratings                        what may be learnt from, of the users in train and valid
--    all                            every rating
--    train, valid, test             lists of user rows: to learn from, to choose by, never seen
--    evaluations                    list of {name, leaky, tasks}: what is evaluated; tasks are
--                                   options of `users.tasks` (ratings, query_ratings, users, bags)
--
-- An evaluation that is leaky evaluates on what was learnt from. Of all others
-- `users.check_no_leak` says that nothing evaluated was learnt.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local raise = args.error

return function(cmml)
  local core = cmml.core

  --- Prepares a data set for training and testing on cold users.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options test_users (path of a list, list of raw ids, or fraction; default
  -- 0.2), valid (fraction of the other users, default 0.05), protocol: "capped" (each training user
  -- keeps `cap` ratings, chosen once) or "full" (each draw takes fresh ones from the whole history;
  -- default), cap (default 50), data_seed (of these choices, default 1), catalogue (of a trained
  -- model; default: one is made)
  -- @treturn ?table dataset, catalogue, bags (user fields of all rows), ratings (to train on), all
  -- (every rating, to test on), train, valid, test (lists of user rows); protocol, conditions,
  -- evaluations ("cold users"; see the head of protocols.lua)
  -- @treturn ?string message
  -- @usage
  -- local data = assert(cmml.cold_users(dataset, {
  --   test_users = 0.2, valid = 0.1 }))
  -- print(#data.train, #data.valid, #data.test)
  function cmml.cold_users(dataset, options)
    local opt = base.check("cold_users", dataset, options, { protocol = { "string", "full" },
      cap = { "integer", 50 } })
    args.one_of("cold_users: protocol", opt.protocol, { "capped", "full" })
    local data, message = base.begin(dataset, opt)
    if not data then
      return nil, message
    end
    local capped = opt.protocol == "capped"
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
  -- evaluations (list of {name, title of its table, leaky}), cap (the default, where one is taken)}.
  cmml.users.protocols = {
    { name = "full", help = "each draw takes fresh ratings of the whole history",
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
  }

  --- Prepares a data set by the protocol of a name.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options protocol: "full" (default) or "capped", see `cold_users`; "warm" or
  -- "warm-leaky", see `users.warm`; "melu", see `users.melu`; test_users, valid, cap, data_seed
  -- and catalogue as those take them
  -- @treturn ?table see the head of protocols.lua
  -- @treturn ?string message
  function cmml.users.protocol(dataset, options)
    local opt = args.check("users.protocol", options, { protocol = { "string", "full" },
      test_users = "any?", valid = "number?", cap = "integer?", data_seed = "integer?",
      catalogue = "table?" })
    local names, by_name = {}, {}
    for i, protocol in ipairs(cmml.users.protocols) do
      names[i], by_name[protocol.name] = protocol.name, protocol
    end
    local protocol = by_name[args.one_of("users.protocol: protocol", opt.protocol, names)]
    if protocol.no_cap and opt.cap then
      raise(("users.protocol: %s takes no cap: %s"):format(protocol.name, protocol.no_cap), 2)
    end
    opt.protocol = protocol.make == cmml.cold_users and protocol.name or nil
    return protocol.make(dataset, opt)
  end
end
