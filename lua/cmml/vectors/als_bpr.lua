--- Collaborative filtering: vectors of users and items from who took what.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

return function(cmml)
  local core = cmml.core

  local function at_least(name, opt, key, least)
    if opt[key] < least then
      error(("%s: %s must be at least %d, not %d"):format(name, key, least, opt[key]), 3)
    end
  end

  local function is_segments(value)
    local meta = getmetatable(value)
    return type(meta) == "table" and tostring(meta.__name):find "Segments$"
  end

  -- The interactions by user and by item.
  local function matrices(name, opt)
    local given = opt.ratings
    local users, n_users = given.users, opt.n_users
    if is_segments(users) then
      n_users = n_users or #users
      if n_users ~= #users then
        error(("%s: n_users is %d, but ratings.users has %d segments"):format(name, n_users,
          #users), 3)
      end
      users = users:groups()
    elseif not n_users then
      error(("%s: option n_users is missing: ratings.users are no Segments"):format(name), 3)
    end
    local by_user = args.call(core.sparse, users, given.items, given.ratings, n_users, opt.n_items)
    if #by_user.columns == 0 then
      error(("%s: there are no interactions"):format(name), 3)
    end
    return by_user, core.sparse(by_user.columns, by_user.rows:groups(), by_user.weights,
      opt.n_items, n_users)
  end

  -- What an iteration begins with: random vectors, or those of other vectors as they were solved.
  local function begin(name, opt, by_user, by_item)
    local start, sides = opt.start, {}
    for i, side in ipairs { "users", "items" } do
      local matrix = i == 1 and by_user or by_item
      if not start then
        sides[i] = args.call(core.new_factors, matrix, opt.factors, { seed = opt.seed,
          side = i - 1 })
      else
        local from = start[side]
        if from.shape[1] ~= #matrix.rows or from.shape[2] ~= opt.factors then
          error(("%s: start has vectors of %s of shape %dx%d, but %dx%d are to be made"):format(
            name, side, from.shape[1], from.shape[2], #matrix.rows, opt.factors), 3)
        end
        sides[i] = from * start[i == 1 and "user_scale" or "item_scale"]
      end
    end
    return sides[1], sides[2]
  end

  -- The vectors divided by the root of the mean square of their numbers, and that root. Rows
  -- without interactions are zero, and do not count.
  local function standardised(name, vectors, matrix, opt)
    local rows = 0
    for _, length in ipairs(matrix.rows:totable()) do
      rows = rows + (length > 0 and 1 or 0)
    end
    local rms = math.sqrt((vectors * vectors):sum():item() / (rows * opt.factors))
    if rms < 1e-6 then
      error(("%s: the vectors have vanished: lower regularization (%g)"):format(name,
        opt.regularization), 4)
    end
    return vectors * (1 / rms), rms
  end

  -- What is given back: the vectors as asked for, and how they were made.
  local function finish(kind, opt, users, items, by_user, by_item)
    local name, user_scale, item_scale = "vectors." .. kind, 1, 1
    if opt.unit_rms then
      users, user_scale = standardised(name, users, by_user, opt)
      items, item_scale = standardised(name, items, by_item, opt)
    end
    local plain = { interactions = #by_user.columns }
    for key, value in pairs(opt) do
      if type(value) ~= "table" and type(value) ~= "function" then
        plain[key] = value
      end
    end
    return setmetatable({ kind = kind, users = users, items = items, user_scale = user_scale,
      item_scale = item_scale, options = plain,
      interactions = { users = by_user.rows, items = by_user.columns } }, cmml.vectors.Vectors)
  end

  --- Vectors by implicit alternating least squares (Hu, Koren and Volinsky, 2008): a product of
  -- vectors near 1 for what a user took, near 0 elsewhere, where an interaction of weight w counts
  -- 1 + alpha w times as much as none. Weights of the same user and item are added up. The same
  -- seed gives the same bits on the same kernels. Users and items without interactions get zeros.
  -- @tparam table options ratings: users (Segments as of a Dataset, or Ids: the user of each row),
  -- items (Ids), ratings (Tensor of weights that are not negative, 0 being none; nil: each 1);
  -- n_items; n_users (needed where users are Ids); factors (numbers of a vector, default 64);
  -- iterations (default 15); regularization (of the squares of the vectors, default 1); alpha
  -- (default 1); steps (of conjugate gradients for a vector in each iteration, default 3);
  -- seed (default 1); unit_rms (default true: users and items are divided by one number each, so
  -- that the mean square of their numbers is 1, which leaves every ranking as it is; false: as
  -- solved); start (Vectors to go on from, of the same rows and width: what is known of them by
  -- now may be more; the axes stay nearly what they were, so that a network which learnt on the old
  -- vectors reads the new ones; default: random); on_iteration (called with a table after each:
  -- iteration, iterations, loss)
  -- @treturn Vectors
  function cmml.vectors.als(options)
    local opt = args.check("vectors.als", options, { ratings = "table", n_items = "integer",
      n_users = "integer?", factors = { "integer", 64 }, iterations = { "integer", 15 },
      regularization = { "number", 1 }, alpha = { "number", 1 }, steps = { "integer", 3 },
      seed = { "integer", 1 }, unit_rms = { "boolean", true }, start = "cmml.Vectors?",
      on_iteration = "function?" })
    at_least("vectors.als", opt, "iterations", 1)
    at_least("vectors.als", opt, "factors", 1)
    local by_user, by_item = matrices("vectors.als", opt)
    local users, items = begin("vectors.als", opt, by_user, by_item)
    if not opt.start then
      users = core.full({ #by_user.rows, opt.factors }, 0)
    end
    for iteration = 1, opt.iterations do
      users = args.call(core.als_sweep, by_user, items, users, opt)
      items = args.call(core.als_sweep, by_item, users, items, opt)
      if opt.on_iteration then
        opt.on_iteration { iteration = iteration, iterations = opt.iterations,
          loss = core.als_loss(by_user, users, items, opt) }
      end
    end
    return finish("als", opt, users, items, by_user, by_item)
  end

  --- Vectors by Bayesian personalised ranking (Rendle and others, 2009): the product with what a
  -- user took is to be above the product with what the user did not. An iteration takes as many
  -- steps of gradient ascent as there are interactions; weights do not matter, but that 0 is no
  -- interaction. The same seed gives the same bits on the same kernels. Users and items without
  -- interactions get zeros, and are never drawn.
  -- @tparam table options ratings, n_items, n_users, factors, unit_rms and start as of
  -- `vectors.als`; iterations (default 30); rate (of learning, default 0.05); regularization
  -- (default 0.01); seed (default 1); on_iteration (called with a table after each: iteration,
  -- iterations, right: the share of the pairs that were in order when they were drawn)
  -- @treturn Vectors
  function cmml.vectors.bpr(options)
    local opt = args.check("vectors.bpr", options, { ratings = "table", n_items = "integer",
      n_users = "integer?", factors = { "integer", 64 }, iterations = { "integer", 30 },
      regularization = { "number", 0.01 }, rate = { "number", 0.05 }, seed = { "integer", 1 },
      unit_rms = { "boolean", true }, start = "cmml.Vectors?", on_iteration = "function?" })
    at_least("vectors.bpr", opt, "iterations", 1)
    at_least("vectors.bpr", opt, "factors", 1)
    local by_user, by_item = matrices("vectors.bpr", opt)
    local users, items = begin("vectors.bpr", opt, by_user, by_item)
    for iteration = 1, opt.iterations do
      local right
      users, items, right = args.call(core.bpr_epoch, by_user, users, items, { seed = opt.seed,
        epoch = iteration, rate = opt.rate, regularization = opt.regularization })
      if opt.on_iteration then
        opt.on_iteration { iteration = iteration, iterations = opt.iterations, right = right }
      end
    end
    return finish("bpr", opt, users, items, by_user, by_item)
  end
end
