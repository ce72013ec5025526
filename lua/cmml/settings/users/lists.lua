--- Evaluation of lists in the setting users: adapt to a person's support, rank the catalogue
-- without it, and see where what else is relevant to the person stands.
--
-- @module cmml.settings.users.lists
local args = require "cmml.base.args"
local defaults = require "cmml.settings.users.defaults"
local raise = args.error

-- Rows scored at once, and numbers of people times items.
local chunk, most_scores = 20000, 1 << 22

return function(cmml)
  local core = cmml.core
  local lists = {}

  local function check_models(models)
    local n
    for m, model in ipairs(models) do
      if not model.list_scorer then
        raise(("evaluate: entry %d has scores of some items alone: it ranks no catalogue"):format(
          m), 4)
      end
      n = n or #model.catalogue.items
      if #model.catalogue.items ~= n then
        raise(("evaluate: entry %d, %s, knows %d items, but entry 1 %d: they rank other catalogues")
          :format(m, tostring(model), #model.catalogue.items, n), 4)
      end
    end
    return n
  end

  -- Interactions as lists: of each person items, rising; entries of weight 0 are left out.
  local function sorted(rows, weights, n_items)
    return core.sparse(rows.segments:groups(), rows.items, weights, #rows.segments, n_items)
  end

  -- What is to be found, as pairs of the one scenario that the catalogue is.
  local function held_of(query, relevant, n_items)
    local found = sorted(query, relevant and 1 - query.labels:lt(relevant) or nil, n_items)
    return { scenarios = core.segments { #found.columns }, users = found.rows:groups(),
      items = found.columns }
  end

  -- Rows of some of the people of a batch, as those of their tasks.
  local function as_tasks(rows, first, count, people)
    local lengths, own = {}, rows.segments:totable()
    for t = 1, count do
      lengths[t] = own[t - first + 1] or 0
    end
    return { segments = core.segments(lengths), lists = rows.segments, items = rows.items,
      labels = rows.labels, people = people }
  end

  -- The lists of a batch, some people at a time.
  local function lists_of(tasks, batch, draw, before, relevant, catalogue)
    local people, n = batch.tasks, catalogue.n
    local apart = sorted(tasks:set_apart(draw, people), nil, n)
    local removed = { { users = apart.rows, items = apart.columns } }
    local held, at = held_of(batch.query, relevant, n), 1
    local each = math.max(1, chunk // n)
    return function()
      if at > #people then
        return nil
      end
      local first, numbers, keys = at, {}, {}
      for t = first, math.min(first + each - 1, #people) do
        numbers[#numbers + 1], keys[#keys + 1] = t, people[t]
      end
      at = first + #numbers
      local rows = core.ranking_rows(catalogue.lists, 1, held, removed, core.ids(numbers), {
        others = tasks.rank == "sampled" and tasks.candidates or nil, seed = tasks.seed,
        draw = draw, keys = core.ids(keys) })
      return as_tasks(rows, first, #people, batch.support.people), before + first - 1
    end
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
    local n = check_models(models)
    local all = {}
    for i = 1, n do
      all[i] = i
    end
    local catalogue = { n = n, lists = { scenarios = core.segments { n }, items = core.ids(all) } }
    local relevant = opt.relevant or tasks.relevant
    local sized = {}
    for key, value in pairs(tasks) do
      sized[key] = value
    end
    sized.batch = math.max(1, math.min(tasks.batch, most_scores // math.max(n, 1)))
    sized = setmetatable(sized, getmetatable(tasks))
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
        local first, batches = 0, sized:batches(draw)
        return function()
          if first > 0 and opt.on_task then
            opt.on_task((draw - 1) * #tasks.users + first, draws * #tasks.users)
          end
          local batch = batches()
          if not batch then
            return nil
          end
          local before = first
          first = first + #batch.tasks
          return { support = function()
            return batch.support
          end, next = lists_of(sized, batch, draw, before, relevant, catalogue) }
        end
      end,
    }
  end

  return lists
end
