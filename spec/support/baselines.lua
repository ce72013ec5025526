--- Baselines of the setting users, fitted to what a model of a protocol may learn from.
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

return baselines
