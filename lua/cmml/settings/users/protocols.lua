--- Protocols of the user setting: from whom to learn, by whom to choose, on what to test.
--
-- A protocol makes of a data set a table with the fields
--
--    protocol, conditions           its name, and the plain data that it can be made again from
--    dataset, catalogue             what is known of items and people
--    bags                           user fields of all rows
--    ratings                        what may be learnt from, of the users in train and valid
--    all                            every rating
--    train, valid, test             lists of user rows: to learn from, to choose by, never seen
--    evaluations                    list of {name, leaky, tasks}: what is judged; tasks are options
--                                   of `tasks` (ratings, query_ratings, users, bags)
--
-- An evaluation that is leaky judges by what was learnt from. Of all others `check_no_leak` says
-- that nothing judged was learnt.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local error = args.error

return function(cmml)
  local core = cmml.core

  --- Prepares a data set for training and testing on cold users.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options test_users (path of a list, list of raw ids, or share; default 0.2),
  -- valid (share of the other users, default 0.05), protocol: "capped" (each training user keeps
  -- `cap` ratings, chosen once) or "full" (each draw takes fresh ones from the whole history;
  -- default), cap (default 50), data_seed (of these choices, default 1), catalogue (of a trained
  -- model; default: one is made)
  -- @treturn ?table dataset, catalogue, bags (user fields of all rows), ratings (to train on), all
  -- (every rating, to test on), train, valid, test (lists of user rows); protocol, conditions,
  -- evaluations ("cold users"; see the head of protocol.lua)
  -- @treturn ?string message
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

  --- The names of the protocols of `user_protocol`.
  cmml.user_protocols = { "full", "capped", "warm", "warm-leaky", "melu" }

  --- Prepares a data set by the protocol of a name.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options protocol: "full" (default) or "capped", see `cold_users`; "warm" or
  -- "warm-leaky", see `warm_users`; "melu", see `melu_quadrants`; test_users, valid, cap, data_seed
  -- and catalogue as those take them
  -- @treturn ?table see the head of protocol.lua
  -- @treturn ?string message
  function cmml.user_protocol(dataset, options)
    local opt = args.check("user_protocol", options, { protocol = { "string", "full" },
      test_users = "any?", valid = "number?", cap = "integer?", data_seed = "integer?",
      catalogue = "table?" })
    local name = args.one_of("user_protocol: protocol", opt.protocol, cmml.user_protocols)
    if name == "full" or name == "capped" then
      return cmml.cold_users(dataset, opt)
    end
    opt.protocol = nil
    if name == "melu" then
      if opt.cap then
        error("user_protocol: melu takes no cap: its tasks have 13 to 100 ratings", 2)
      end
      return cmml.melu_quadrants(dataset, opt)
    end
    opt.leaky = name == "warm-leaky"
    return cmml.warm_users(dataset, opt)
  end

  -- Recommenders of some kinds, fitted to all that may be learnt from.
  local function fit_all(name, kinds, data)
    base.check_data(name, data)
    local users = table.move(data.train, 1, #data.train, 1, {})
    table.move(data.valid, 1, #data.valid, #users + 1, users)
    local models = {}
    for i, kind in ipairs(kinds) do
      models[i] = cmml[kind](data.catalogue)
      models[i]:fit(data.ratings, users)
    end
    return models
  end

  --- The simple predictors, counted on the ratings that a model of this protocol may learn from.
  -- @tparam table data from `cold_users` or another protocol
  -- @treturn table list of recommenders
  function cmml.fit_simple(data)
    return fit_all("fit_simple", cmml.simple_kinds, data)
  end

  --- The names of the rivals that learn from ratings alone, in order.
  cmml.rival_kinds = { "matrix_factorization", "item_knn" }

  --- The rivals, learnt from the ratings that a model of this protocol may learn from.
  -- @tparam table data from `cold_users` or another protocol
  -- @treturn table list of recommenders
  function cmml.fit_rivals(data)
    return fit_all("fit_rivals", cmml.rival_kinds, data)
  end
end
