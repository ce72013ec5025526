--- The cold-user protocol: learn from some users, choose by others, test on people never seen.
--
-- @module cmml
local args = require "cmml.args"

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
  -- (every rating, to test on), train, valid, test (lists of user rows)
  -- @treturn ?string message
  function cmml.cold_users(dataset, options)
    args.check("cold_users", { dataset = dataset }, { dataset = "cmml.Dataset" })
    local opt = args.check("cold_users", options, { test_users = { "any", 0.2 },
      valid = { "number", 0.05 }, protocol = { "string", "full" }, cap = { "integer", 50 },
      data_seed = { "integer", 1 }, catalogue = "table?" })
    args.one_of("cold_users: protocol", opt.protocol, { "capped", "full" })
    if opt.cap < 1 or opt.data_seed < 0 then
      error(("cold_users: cap must be at least 1 and data_seed not negative, not %d and %d"):format(
        opt.cap, opt.data_seed), 2)
    end
    local split, message = dataset:split { test = opt.test_users, valid = opt.valid,
      seed = opt.data_seed }
    if not split then
      return nil, message
    end
    local all = dataset.ratings
    local catalogue = opt.catalogue
    if catalogue then
      all, message = dataset:ratings_for(catalogue)
      if not all then
        return nil, message
      end
    else
      catalogue = dataset:catalogue(split.train)
    end
    split.dataset, split.catalogue, split.all = dataset, catalogue, all
    split.bags = catalogue:bags("user", dataset.user_records)
    split.ratings = opt.protocol == "capped" and core.cap_ratings(all, opt.cap, opt.data_seed)
      or all
    return split
  end

  -- Recommenders of some kinds, fitted to all that may be learnt from.
  local function fit_all(kinds, data)
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
  -- @tparam table data from `cold_users`
  -- @treturn table list of recommenders
  function cmml.fit_simple(data)
    return fit_all(cmml.simple_kinds, data)
  end

  --- The names of the rivals that learn from ratings alone, in order.
  cmml.rival_kinds = { "matrix_factorization", "item_knn" }

  --- The rivals, learnt from the ratings that a model of this protocol may learn from.
  -- @tparam table data from `cold_users`
  -- @treturn table list of recommenders
  function cmml.fit_rivals(data)
    return fit_all(cmml.rival_kinds, data)
  end
end
