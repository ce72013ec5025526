--- Evaluation of lists in the setting users: adapt to a person's support, rank the catalogue
-- without it, and see where what else is relevant to the person stands.
--
-- @module cmml.settings.users.lists
local defaults = require "cmml.settings.users.defaults"

return function(cmml, use)
  local catalogue_lists = use "settings.catalogue_lists"
  local lists = {}

  -- The lists of a batch, some people at a time.
  local function lists_of(tasks, batch, draw, before, relevant, catalogue)
    local n, people = catalogue.n, batch.tasks
    local apart, query = tasks:set_apart(draw, people), batch.query
    return catalogue_lists.each { catalogue = catalogue, keys = people, before = before,
      held = catalogue_lists.sorted(query, relevant and 1 - query.labels:lt(relevant) or nil, n),
      removed = catalogue_lists.sorted(apart, nil, n), people = batch.support.people,
      others = tasks.rank == "sampled" and tasks.candidates or nil, seed = tasks.seed,
      draw = draw }
  end

  -- The metrics that need not know who took what.
  local function without_popularity(names)
    local list = {}
    for _, name in ipairs(names) do
      list[#list + 1] = not cmml.metrics.find("evaluate", name).family.of_counts and name or nil
    end
    return list
  end

  --- What `evaluate` asks of tasks that rank; see evaluate/evaluate.lua. A value is a person's mean
  -- over draws; it does not exist of a person to whom nothing is relevant that was not shown.
  -- @tparam Tasks tasks with rank
  -- @tparam table models list of recommenders
  -- @tparam table opt options of `evaluate`
  -- @treturn table
  function lists.plan(tasks, models, opt)
    local n = catalogue_lists.check_models(models)
    local catalogue = catalogue_lists.catalogue(n)
    local relevant = opt.relevant or tasks.relevant
    local sized = tasks:sized(catalogue_lists.batch(tasks.batch, n))
    local own = {}
    for key, value in pairs(defaults.lists) do
      own[key] = value
    end
    own.metrics = tasks.popularity and own.metrics or without_popularity(own.metrics)
    local draws = tasks.in_order and 1 or opt.draws or defaults.lists.draws
    return {
      binary = true, ranks = true, whole = tasks.rank == "all", takes_relevant = true,
      defaults = own, draws = draws, about = { items = models[1].catalogue.items,
        popularity = tasks.popularity },
      batches = function(draw)
        return catalogue_lists.batches(sized, draw, { draws = draws, on_task = opt.on_task,
          lists = function(batch, before)
            return lists_of(sized, batch, draw, before, relevant, catalogue)
          end })
      end,
    }
  end

  return lists
end
