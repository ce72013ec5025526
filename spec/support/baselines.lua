--- Baselines of the setting users, fitted to what a model of a protocol may learn from.
local luassert = require "luassert"

local baselines = {
  --- Means, in the order of tables.
  means = { "global_mean", "user_mean", "item_mean", "item_user_mean" },
  --- Those that learn more of the ratings.
  others = { "matrix_factorization", "item_knn", "user_knn", "factor_analysis" },
}

--- Fits some of them.
-- @tparam table cmml the library
-- @tparam table data from `cold_users` or another protocol
-- @tparam {string,...} names of kinds
-- @tparam[opt] table options by name of kind
-- @treturn table list of recommenders
function baselines.fitted(cmml, data, names, options)
  local models = {}
  for i, name in ipairs(names) do
    models[i] = cmml.recommenders[name](data.catalogue, options and options[name])
    models[i]:fit(cmml.settings:get("users").learnable(data))
  end
  return models
end

--- Asserts that a kind of neighbours predicts by the means of items and people where it knows
-- nothing else: unfitted, fitted to nobody, for people without ratings and for items that nobody
-- rated.
-- @tparam table cmml the library
-- @tparam table data from `cold_users`
-- @tparam string name of the kind
function baselines.are_means_alone(cmml, data, name)
  local means, model = cmml.recommenders.item_user_mean(data.catalogue),
    cmml.recommenders[name](data.catalogue)
  local support = { { "f1", 5 }, { "f2", 2 } }
  luassert.same({ 0 }, model:adapt({}):predict { "f3" })
  means:fit { ratings = data.ratings, users = {} }
  model:fit { ratings = data.ratings, users = {} }
  luassert.same(means:adapt(support):predict { "f3" }, model:adapt(support):predict { "f3" })
  means:fit { ratings = data.ratings, users = data.train }
  model:fit { ratings = data.ratings, users = data.train }
  luassert.same(means:adapt({}):predict { "f3" }, model:adapt({}):predict { "f3" })
  local cold = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u", "a", 5 } },
    items = { { id = "a" }, { id = "never" } } }
  model = cmml.recommenders[name](cold:catalogue { 1 })
  model:fit { ratings = cold.ratings, users = { 1 } }
  luassert.same({ 5 }, model:adapt({}):predict { "never" })
  luassert.equal(1, #model:adapt({ { "never", 4 } }):recommend())
end

return baselines
