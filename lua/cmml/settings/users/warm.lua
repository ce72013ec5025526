--- Warm users: people the model was trained on, evaluated on ratings that it was not.
--
-- @module cmml
local base = require "cmml.settings.users.protocol_base"

local known = base.declare("users.warm", {
  { name = "cap", kind = "integer", from = 1, unit = "ratings", default_text = "all",
    help = "number of ratings kept of those that are not held out, chosen once" },
  { name = "held_out", kind = "integer", default = 10, from = 1, unit = "ratings",
    help = "number of ratings held out of a training user, at most half of them" },
  { name = "leaky", kind = "boolean", default = false, help = "the published protocol" },
})

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
  -- fitted on them, no support has one, and they alone are evaluated. What is published instead is
  -- the leaky protocol: training users with a fresh draw of support and query from the ratings that
  -- were trained on.
  -- @tparam Dataset dataset
  -- @tparam[opt] table options see below
  -- @treturn ?table as from `cold_users`; evaluations are "warm users", or "warm users (leaky)",
  -- and "cold users"
  -- @treturn ?string message
  function cmml.users.warm(dataset, options)
    local opt = base.check("users.warm", known, dataset, options)
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
