--- Evaluation in the setting users: adapt to each person's support, predict the query, compare.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.settings.users.protocol_base"
local defaults = require "cmml.settings.users.defaults"
local general = require "cmml.base.shared_options"
local judging = require "cmml.evaluate.shared_options"
local plain = require "cmml.base.plain"
local sets = require "cmml.base.options"
local shared = require "cmml.settings.users.shared_options"
local raise = args.error

local known = sets.declare("users.evaluate_protocol", {
  { name = "sizes", list = "integer", from = 0, default = { 40 }, unit = "ratings",
    help = "maximum sizes of the supports" },
  { name = "query", kind = "integer", from = 1, unit = "ratings", default_text = "10",
    help = "maximum number of ratings in a query" },
  sets.changed(general.seed, { default = defaults.seed, help = "seed of the draws" }),
  { name = "batch", kind = "integer", default = 64, from = 1, unit = "tasks",
    help = "number of tasks at once" },
  shared.shuffle_labels,
  sets.changed(judging.draws, { default_text = tostring(defaults.draws) }),
  sets.changed(judging.cutoffs, { default_text = table.concat(defaults.cutoffs, ",") }),
  judging.relevant,
  sets.changed(judging.metrics, { default_text = table.concat(defaults.metrics, ",") }),
})

return function(cmml, use)
  local Tasks = use "settings.users.tasks"
  local comparison = use "evaluate.comparison"
  local lists_plan = use "settings.users.lists".plan

  --- What `evaluate` asks of tasks; see evaluate/evaluate.lua. A value is a user's mean over draws.
  -- @tparam table list of recommenders
  -- @tparam table opt options of `evaluate`
  -- @treturn table
  function Tasks:evaluation(list, opt)
    if self:count() == 0 then
      raise("evaluate: there are no users to evaluate on", 2)
    end
    if self.rank then
      return lists_plan(self, list, opt)
    end
    for m, model in ipairs(list) do
      if model.predicts == "ranking" then
        raise(("evaluate: entry %d, %s, ranks items and predicts no ratings: evaluate lists (%s)")
          :format(m, tostring(model), args.option("rank", "all")), 2)
      end
    end
    local done = 0
    local function told(first)
      done = done + first
      if first > 0 and opt.on_task then
        opt.on_task(done, (opt.draws or defaults.draws) * #self.users)
      end
    end
    return {
      defaults = defaults,
      batches = function(draw)
        local first, last, batches = 0, 0, self:batches(draw)
        return function()
          told(first - last)
          last = first
          local batch, given = batches(), false
          if not batch then
            return nil
          end
          local lists = { support = function()
            return batch.support
          end }
          function lists.next()
            if given then
              return nil
            end
            given = true
            local at = first
            first = first + #batch.query.segments
            return batch.query, at
          end
          return lists
        end
      end,
    }
  end

  --- Evaluates recommenders on supports of several sizes. The query of a user's draw is the same
  -- for every size, and a smaller support is the beginning of a larger one, so only what was shown
  -- makes a difference. A user with fewer ratings than a size beside the query shows them all; one
  -- of whom a metric does not exist for some model and size is left out of it for all of them.
  -- @tparam table models list of recommenders
  -- @tparam Tasks tasks whose own support does not count
  -- @tparam table sizes list of supports, such as {0, 1, 2, 5, 10, 20, 40}
  -- @tparam[opt] table options of `evaluate`
  -- @treturn table for each size what `evaluate` gives
  function cmml.users.evaluate_by_support(models, tasks, sizes, options)
    if getmetatable(tasks) ~= Tasks then
      raise("users.evaluate_by_support: tasks of users (users.tasks) were expected, not "
        .. args.describe(tasks), 2)
    elseif type(sizes) ~= "table" then
      raise("users.evaluate_by_support: sizes must be a list, not " .. args.describe(sizes), 2)
    end
    local by_size, most = {}, 0
    for _, size in ipairs(sizes) do
      most = math.max(most, math.type(size) == "integer" and size or 0)
    end
    for i, size in ipairs(sizes) do
      by_size[i] = cmml.evaluate(models, tasks:with_support(size, most), options)
    end
    return comparison.align_together(by_size)
  end

  -- Refuses lists of which nothing can be relevant to anybody.
  local function check_relevant(list)
    local highest, relevant
    for _, entry in ipairs(list) do
      local most = entry.tasks:highest()
      relevant = entry.tasks.relevant
      if not relevant or most and most >= relevant then
        return
      end
      highest = math.max(highest or most or -math.huge, most or -math.huge)
    end
    raise(plain.format("evaluate: nothing is relevant to the users to evaluate on (%s), whose "
      .. "highest is %g: lower it", args.option("relevant", relevant), highest), 4)
  end

  --- The tasks of the evaluations of a protocol.
  -- @tparam table data from `users.protocol`
  -- @tparam table opt query (number of ratings evaluated), seed of the draws, batch (tasks at
  -- once), shuffle_labels
  -- @treturn table list of {name, leaky, left_out, ties, fixed, tasks}, in the order of the
  -- protocol; evaluations without users are left out. Raises if one evaluates on what was learnt
  -- and is not named leaky, or where lists are ranked and nothing is relevant to anybody
  local function tasks_of(data, opt)
    cmml.users.check_no_leak(data)
    if data.nothing_to_predict and not opt.rank then
      raise("evaluate: " .. data.nothing_to_predict, 3)
    end
    local list = {}
    for _, evaluation in ipairs(data.evaluations) do
      if #evaluation.tasks.users > 0 then
        local tasks = { query = opt.query, seed = opt.seed, batch = opt.batch,
          shuffle_labels = opt.shuffle_labels, rank = opt.rank, candidates = opt.candidates,
          relevant = opt.rank and (opt.relevant or data.relevant), popularity = opt.popularity }
        for key, value in pairs(opt.rank and evaluation.lists or evaluation.tasks) do
          tasks[key] = value
        end
        list[#list + 1] = { name = evaluation.name, leaky = evaluation.leaky,
          left_out = evaluation.left_out, ties = evaluation.ties, fixed = evaluation.fixed,
          tasks = cmml.users.tasks(tasks) }
      end
    end
    if #list == 0 then
      raise("evaluate: there are no users to evaluate on", 3)
    end
    if opt.rank then
      check_relevant(list)
    end
    return list
  end

  --- Evaluates recommenders on every evaluation of a protocol, each with supports of several sizes:
  -- see `users.evaluate_by_support`. Raises if one evaluates on what was learnt and is not named
  -- leaky.
  -- @tparam table models list of recommenders, over the data's catalogue
  -- @tparam table data from `users.protocol`
  -- @tparam[opt] table options see below
  -- @treturn table list of {name, leaky, users (how many), by_size (what `evaluate_by_support`
  -- gives)}, in the order of the protocol; evaluations without users are left out
  function cmml.users.evaluate_protocol(models, data, options)
    local opt = known:check(options)
    base.check_data("users.evaluate_protocol", data)
    local results = {}
    for i, evaluation in ipairs(tasks_of(data, opt)) do
      results[i] = { name = evaluation.name, leaky = evaluation.leaky,
        users = #evaluation.tasks.users,
        by_size = cmml.users.evaluate_by_support(models, evaluation.tasks, opt.sizes,
          { draws = opt.draws, cutoffs = opt.cutoffs, relevant = opt.relevant,
            metrics = opt.metrics }) }
    end
    return results
  end

  return { tasks_of = tasks_of }
end
