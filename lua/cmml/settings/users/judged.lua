--- Evaluation by a protocol of the user setting, once nothing judged is known to have been learnt.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local error = args.error

return function(cmml, use)
  local sets = use "settings.users.rating_sets"

  -- Raises if ratings that are judged are among others.
  local function check_apart(data, evaluation, judged, others, users, what)
    local user, item = sets.overlap(judged, others, users)
    if user then
      error(("check_no_leak: %s: user %s's rating of item %s is judged, but %s: leave it out "
        .. "there, or name the evaluation leaky"):format(evaluation.name,
        data.dataset.users:text(user), data.catalogue.items:text(item), what), 3)
    end
  end

  --- Raises unless the evaluations of a protocol that are not leaky judge by nothing that may be
  -- learnt from (`ratings` of the users in train and valid), nor by what their supports show.
  -- @tparam table data from `user_protocol`
  function cmml.check_no_leak(data)
    base.check_data("check_no_leak", data)
    local learners = sets.set_of(data.train, data.valid)
    for _, evaluation in ipairs(data.evaluations) do
      local tasks = evaluation.tasks
      if not evaluation.leaky then
        local users = {}
        for _, user in ipairs(tasks.users) do
          users[user] = learners[user]
        end
        check_apart(data, evaluation, tasks.query_ratings or tasks.ratings, data.ratings, users,
          "was trained on")
        if tasks.query_ratings then
          check_apart(data, evaluation, tasks.query_ratings, tasks.ratings,
            sets.set_of(tasks.users), "may be shown in the support")
        end
      end
    end
  end

  --- Evaluates recommenders on every evaluation of a protocol, each with supports of several sizes:
  -- see `evaluate_by_support`. Raises if one judges by what was learnt and is not named leaky.
  -- @tparam table models list of recommenders, over the data's catalogue
  -- @tparam table data from `user_protocol`
  -- @tparam[opt] table options sizes (of supports, default {40}), query (ratings judged, default
  -- 10), seed of the draws (default 1000), batch (tasks at once, default 64), shuffle_labels;
  -- draws, cutoffs, relevant: see `evaluate`
  -- @treturn table list of {name, leaky, users (how many), by_size (what `evaluate_by_support`
  -- gives)}, in the order of the protocol; evaluations without users are left out
  function cmml.evaluate_protocol(models, data, options)
    local opt = args.check("evaluate_protocol", options, { sizes = { "table", { 40 } },
      query = "integer?", seed = { "integer", 1000 }, batch = { "integer", 64 },
      shuffle_labels = "boolean?", draws = "integer?", cutoffs = "table?", relevant = "number?" })
    base.check_data("evaluate_protocol", data)
    cmml.check_no_leak(data)
    local results = {}
    for _, evaluation in ipairs(data.evaluations) do
      if #evaluation.tasks.users > 0 then
        local tasks = { query = opt.query, seed = opt.seed, batch = opt.batch,
          shuffle_labels = opt.shuffle_labels }
        for key, value in pairs(evaluation.tasks) do
          tasks[key] = value
        end
        results[#results + 1] = { name = evaluation.name, leaky = evaluation.leaky,
          users = #evaluation.tasks.users,
          by_size = cmml.evaluate_by_support(models, cmml.tasks(tasks), opt.sizes,
            { draws = opt.draws, cutoffs = opt.cutoffs, relevant = opt.relevant }) }
      end
    end
    if #results == 0 then
      error("evaluate_protocol: there are no users to judge by", 2)
    end
    return results
  end
end
