--- Lists of a whole catalogue, ranked for the people of a batch, of which it is known what is to be
-- found: what settings share that evaluate lists.
--
-- @module cmml.settings.catalogue_lists
local args = require "cmml.base.args"
local raise = args.error

-- Rows scored at once, where a list is not longer.
local chunk = 20000

return function(cmml)
  local core = cmml.core
  local lists = {}

  --- Raises unless all models rank one catalogue.
  -- @tparam table models list of recommenders
  -- @treturn integer number of its items
  function lists.check_models(models)
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

  --- A catalogue as the lists that are ranked: one scenario with all items.
  -- @tparam integer n number of items
  -- @treturn table n and lists
  function lists.catalogue(n)
    local all = {}
    for i = 1, n do
      all[i] = i
    end
    return { n = n, lists = { scenarios = core.segments { n }, items = core.ids(all) } }
  end

  --- Rows as lists: of each person distinct items, rising; entries of weight 0 are left out.
  -- @tparam table rows Rows, a task a person
  -- @tparam ?Tensor weights [rows]
  -- @tparam integer n number of items
  -- @treturn table as `core.sparse` gives it
  function lists.sorted(rows, weights, n)
    return core.sparse(rows.segments:groups(), rows.items, weights, #rows.segments, n)
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

  --- The lists of a batch, some people at a time.
  -- @tparam table of catalogue (see `catalogue`), keys (numbers of the people), before (how many
  -- values there are of earlier batches), held and removed (`sorted`: what is to be found, and what
  -- no list has; of one person no item is in both), people (of the Rows); others (how many items
  -- are drawn beside those to be found; nil: all), seed, draw
  -- @treturn function `next` of a batch, see evaluate/evaluate.lua
  function lists.each(of)
    local n, count, at = of.catalogue.n, #of.keys, 1
    local held = { scenarios = core.segments { #of.held.columns }, users = of.held.rows:groups(),
      items = of.held.columns }
    local removed = { { users = of.removed.rows, items = of.removed.columns } }
    local each = math.max(1, chunk // n)
    return function()
      if at > count then
        return nil
      end
      local first, numbers, keys = at, {}, {}
      for t = first, math.min(first + each - 1, count) do
        numbers[#numbers + 1], keys[#keys + 1] = t, of.keys[t]
      end
      at = first + #numbers
      local rows = core.ranking_rows(of.catalogue.lists, 1, held, removed, core.ids(numbers), {
        others = of.others, seed = of.seed, draw = of.draw, keys = core.ids(keys) })
      return as_tasks(rows, first, count, of.people), of.before + first - 1
    end
  end

  --- The batches of a draw, as `evaluate` takes them.
  -- @tparam table tasks whose batches have a support
  -- @tparam integer draw
  -- @tparam table of draws (how many there are), on_task (see `evaluate`), lists(batch, before):
  -- the lists of a batch with so many values before it (see `each`)
  -- @treturn function an iterator
  function lists.batches(tasks, draw, of)
    local first, batches = 0, tasks:batches(draw)
    return function()
      if first > 0 and of.on_task then
        of.on_task((draw - 1) * #tasks.users + first, of.draws * #tasks.users)
      end
      local batch = batches()
      if not batch then
        return nil
      end
      local before = first
      first = first + #batch.tasks
      return { support = function()
        return batch.support
      end, next = of.lists(batch, before) }
    end
  end

  --- How many people are taken together, where scores of the catalogue are kept for each.
  -- @tparam integer batch at most so many
  -- @tparam integer n number of items
  -- @treturn integer
  function lists.batch(batch, n)
    return math.max(1, math.min(batch, (1 << 22) // math.max(n, 1)))
  end

  return lists
end
