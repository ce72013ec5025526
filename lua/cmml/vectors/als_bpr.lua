--- Collaborative filtering: vectors of users and items from their interactions.
--
-- @module cmml
local args = require "cmml.base.args"
local option_sets = require "cmml.base.options"
local plain = require "cmml.base.plain"
local shared = require "cmml.base.shared_options"
local raise = args.error

local of_both = option_sets.declare("vectors: of both kinds", {
  { name = "ratings", kind = "table", required = true,
    help = "users (Segments as of a Dataset, or Ids: the user of each row), items (Ids), ratings "
      .. "(Tensor of weights of at least 0, where 0 is no interaction; nil: each 1)" },
  { name = "n_items", kind = "integer", required = true, help = "number of items" },
  { name = "n_users", kind = "integer", default_text = "the number of Segments",
    help = "number of users, needed where ratings.users are Ids" },
  { name = "factors", kind = "integer", from = 1, default = 64, help = "vector dimension" },
  option_sets.changed(shared.seed, { help = "seed of the initial vectors" }),
  { name = "unit_rms", kind = "boolean", default = true,
    help = "divide users and items by one number each, so that the mean square of their entries is "
      .. "1, which leaves every ranking as it is" },
  { name = "start", kind = "cmml.Vectors", default_text = "random",
    help = "vectors to continue from, of the same rows and dimension: the axes stay nearly the "
      .. "same, so that a network trained on the old vectors can read the new ones" },
})

local known = {
  als = option_sets.join("vectors.als", of_both, option_sets.declare("vectors.als alone", {
    { name = "iterations", kind = "integer", from = 1, default = 15,
      help = "number of iterations" },
    { name = "regularization", kind = "number", from = 0, default = 1,
      help = "weight of the squares of the vectors" },
    { name = "alpha", kind = "number", from = 0, default = 1,
      help = "confidence 1 + alpha w of an interaction of weight w" },
    { name = "steps", kind = "integer", from = 1, default = 3,
      help = "steps of conjugate gradients per vector and iteration" },
    { name = "on_iteration", kind = "function",
      help = "called after each iteration with {iteration, iterations, loss}" },
  })),
  bpr = option_sets.join("vectors.bpr", of_both, option_sets.declare("vectors.bpr alone", {
    { name = "iterations", kind = "integer", from = 1, default = 30,
      help = "number of iterations" },
    { name = "regularization", kind = "number", from = 0, default = 0.01,
      help = "weight of the squares of the vectors" },
    { name = "rate", kind = "number", above = 0, default = 0.05, help = "learning rate" },
    { name = "on_iteration", kind = "function",
      help = "called after each iteration with {iteration, iterations, right}: right is the "
        .. "fraction of the pairs that were in order when they were drawn" },
  })),
}

return function(cmml)
  local core = cmml.core

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
        raise(("%s: n_users is %d, but ratings.users has %d segments"):format(name, n_users,
          #users), 3)
      end
      users = users:groups()
    elseif not n_users then
      raise(("%s: option n_users is missing: ratings.users are not Segments"):format(name), 3)
    end
    local by_user = args.call(core.sparse, users, given.items, given.ratings, n_users, opt.n_items)
    if #by_user.columns == 0 then
      raise(("%s: there are no interactions"):format(name), 3)
    end
    return by_user, core.sparse(by_user.columns, by_user.rows:groups(), by_user.weights,
      opt.n_items, n_users)
  end

  -- Initial vectors: random, or those of other vectors as they were solved.
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
          raise(("%s: start has vectors of %s of shape %dx%d, but %dx%d are to be made"):format(
            name, side, from.shape[1], from.shape[2], #matrix.rows, opt.factors), 3)
        end
        sides[i] = from * start[i == 1 and "user_scale" or "item_scale"]
      end
    end
    return sides[1], sides[2]
  end

  -- The vectors divided by the root of the mean square of their entries, and that root. Rows
  -- without interactions are zero, and are left out of the mean.
  local function standardised(name, vectors, matrix, opt)
    local rows = 0
    for _, length in ipairs(matrix.rows:totable()) do
      rows = rows + (length > 0 and 1 or 0)
    end
    local rms = math.sqrt((vectors * vectors):sum():item() / (rows * opt.factors))
    if rms < 1e-6 then
      raise(plain.format("%s: the vectors have vanished: lower regularization (%g)", name,
        opt.regularization), 4)
    end
    return vectors * (1 / rms), rms
  end

  -- The result: the vectors, and the options they were made with.
  local function finish(kind, opt, users, items, by_user, by_item)
    local name, user_scale, item_scale = "vectors." .. kind, 1, 1
    if opt.unit_rms then
      users, user_scale = standardised(name, users, by_user, opt)
      items, item_scale = standardised(name, items, by_item, opt)
    end
    local kept = { interactions = #by_user.columns }
    for key, value in pairs(opt) do
      if type(value) ~= "table" and type(value) ~= "function" then
        kept[key] = value
      end
    end
    return setmetatable({ kind = kind, users = users, items = items, user_scale = user_scale,
      item_scale = item_scale, options = kept,
      interactions = { users = by_user.rows, items = by_user.columns } }, cmml.vectors.Vectors)
  end

  --- Vectors by implicit alternating least squares (Hu, Koren and Volinsky, 2008): the product of
  -- two vectors is near 1 for an interaction and near 0 elsewhere; an interaction of weight w has
  -- 1 + alpha w times the weight of none. Weights of the same user and item are added up. The same
  -- seed gives the same bits on the same kernels. Users and items without interactions get zeros.
  -- @tparam table options
  -- @treturn Vectors
  function cmml.vectors.als(options)
    local opt = known.als:check(options)
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

  --- Vectors by Bayesian personalised ranking (Rendle and others, 2009): the product with an item
  -- that a user interacted with should exceed the product with any other. An iteration takes as
  -- many steps of gradient ascent as there are interactions; weights are ignored, but 0 is no
  -- interaction. The same seed gives the same bits on the same kernels. Users and items without
  -- interactions get zeros, and are never drawn.
  -- @tparam table options
  -- @treturn Vectors
  function cmml.vectors.bpr(options)
    local opt = known.bpr:check(options)
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

  return known
end
