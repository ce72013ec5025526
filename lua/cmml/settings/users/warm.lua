--- Warm users: people the model was trained on, judged by ratings that it was not.
--
-- @module cmml
local base = require "cmml.settings.users.protocol_base"
local raise = require("cmml.base.args").error

return function(cmml, use)
  local core = cmml.core
  local sets = use "settings.users.rating_sets"

  -- The rows of a list that have a rating.
  local function rated(users, ratings)
    local lengths, some = ratings.users:totable(), {}
    for _, row in ipairs(users) do
      some[#some + 1] = lengths[row] > 0 and row or nil
    end
    return some
  end

  --- Prepares a data set for testing on training users ("warm-warm") besides unseen ones.
  --
  -- Of every training user a fixed random choice of ratings is held out: nothing is trained or
  -- counted on them, no support has one, and they alone are judged. What is published instead is
  -- the leaky protocol: training users with a fresh draw of support and query from the ratings that
  -- were trained on.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options test_users, valid, data_seed, catalogue: see `cold_users`; cap
  -- (ratings kept of those that are not held out, chosen once; default: all), held_out (ratings of
  -- a training user, at most half of them, default 10), leaky (the published protocol, default
  -- false)
  -- @treturn ?table as from `cold_users`; evaluations are "warm users", or "warm users (leaky)",
  -- and "cold users"
  -- @treturn ?string message
  function cmml.users.warm(dataset, options)
    local opt = base.check("warm_users", dataset, options, { cap = "integer?",
      held_out = { "integer", 10 }, leaky = { "boolean", false } })
    if opt.held_out < 1 then
      raise(("warm_users: held_out must be at least 1, not %d"):format(opt.held_out), 2)
    end
    local data, message = base.begin(dataset, opt)
    if not data then
      return nil, message
    end
    local held
    data.ratings = data.all
    if not opt.leaky then
      held, data.ratings = sets.hold_out(data.all, data.train, opt.held_out, opt.data_seed)
    end
    if opt.cap then
      data.ratings = core.cap_ratings(data.ratings, opt.cap, opt.data_seed)
    end
    data.protocol = opt.leaky and "warm-leaky" or "warm"
    data.conditions = { protocol = data.protocol, cap = opt.cap, data_seed = opt.data_seed,
      valid = opt.valid, held_out = held and opt.held_out }
    data.evaluations = {
      { name = opt.leaky and "warm users (leaky)" or "warm users", leaky = opt.leaky,
        tasks = { ratings = data.ratings, query_ratings = held,
          users = held and rated(data.train, held) or data.train } },
      { name = "cold users", leaky = false, tasks = { ratings = data.all, users = data.test } },
    }
    base.finish(data, opt, held and data.ratings)
    return data
  end
end
