--- Whether a protocol of the setting users evaluates on what may be learnt from.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local raise = args.error

return function(cmml, use)
  local sets = use "settings.users.rating_sets"

  -- Raises if ratings that are evaluated are among others.
  local function check_apart(data, evaluation, evaluated, others, users, what)
    local user, item = sets.overlap(evaluated, others, users)
    if user then
      raise(("users.check_no_leak: %s: user %s's rating of item %s is evaluated, but %s: leave it "
        .. "out there, or name the evaluation leaky"):format(evaluation.name,
        data.dataset.users:text(user), data.catalogue.items:text(item), what), 3)
    end
  end

  --- Raises unless the evaluations of a protocol that are not leaky use nothing that may be learnt
  -- from (`ratings` of the users in train and valid), nor what their supports show.
  -- @tparam table data from `users.protocol`
  function cmml.users.check_no_leak(data)
    base.check_data("users.check_no_leak", data)
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
end
