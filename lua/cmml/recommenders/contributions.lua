--- What each entry of a support adds to scores: exactly, where a kind's scores are sums over them,
-- and else by leaving one out at a time.
--
-- A kind whose scores, less those of the empty support, are a sum over the entries of the support
-- says so by a function `contributions`; here are the ways in which such functions are written. Of
-- every other kind an entry is taken to add what the score loses without it.
--
-- @module cmml.recommenders.contributions

-- Rows adapted to or scored at once, and tasks times items, as recommend_all has them.
local most_rows, most_scores = 8192, 1 << 22

return function(cmml)
  local core = cmml.core
  local contributions = {}

  --- The numbers from 1 on.
  -- @tparam integer n
  -- @treturn {integer,...}
  function contributions.numbers(n)
    local list = {}
    for i = 1, n do
      list[i] = i
    end
    return list
  end

  --- A value some times over.
  -- @param value
  -- @tparam integer times
  -- @treturn table
  function contributions.times(value, times)
    local list = {}
    for i = 1, times do
      list[i] = value
    end
    return list
  end
  local numbers, times = contributions.numbers, contributions.times

  --- Tasks that are made of the rows of one.
  -- @tparam table rows Rows of one task: a support, or a list to be scored
  -- @tparam table lists of each new task the numbers of the rows that it has
  -- @treturn table Rows of as many tasks
  function contributions.tasks_of(rows, lists)
    local lengths, at = {}, {}
    for i, list in ipairs(lists) do
      lengths[i] = #list
      table.move(list, 1, #list, #at + 1, at)
    end
    at = core.ids(at)
    local people = rows.people
    return { segments = core.segments(lengths), items = core.map_ids(at, rows.items),
      users = rows.users and core.map_ids(at, rows.users),
      labels = rows.labels and rows.labels:gather_rows(at),
      people = people and { bags = people.bags,
        rows = core.ids(times(people.rows:totable()[1], #lists)) } }
  end

  --- What lists are ordered by, of some rows after supports that are made of one.
  -- @tparam Recommender model
  -- @tparam table support Rows of one task
  -- @tparam table lists of each support the numbers of the rows that it has
  -- @tparam table rows Rows of one task
  -- @treturn table for each support the scores of the rows
  -- @treturn integer on how many of the supports the steps of the model diverged
  function contributions.scores_of(model, support, lists, rows)
    local n, longest = #rows.items, 1
    for _, list in ipairs(lists) do
      longest = math.max(longest, #list)
    end
    local size = math.max(1, math.min(most_rows // math.max(longest, n),
      most_scores // math.max(1, #model.catalogue.items)))
    local scores, diverged, all = {}, 0, numbers(n)
    for first = 1, #lists, size do
      local some = table.move(lists, first, math.min(first + size - 1, #lists), 1, {})
      local bad = 0
      local found <close> = core.tidy(function()
        local state, noted = model:state_of(contributions.tasks_of(support, some))
        bad = #noted
        return model:list_scores_of(state, contributions.tasks_of(rows, times(all, #some)))
          :reshape { #some, n }
      end)
      table.move(found:totable(), 1, #some, first, scores)
      diverged = diverged + bad
    end
    return scores, diverged
  end

  --- The unit matrix.
  -- @tparam integer n
  -- @treturn Tensor [n, n]
  function contributions.identity(n)
    local each = core.segments(times(1, n)):groups()
    local unit = core.sparse(each, each, nil, n, n)
    return core.sparse_pair_product(unit, unit, n)
  end

  --- What targets contribute to sums `taken . w`, where w is the ridge regression of the targets on
  -- rows x: w = (x'x + penalty)^-1 x' targets.
  -- @tparam Tensor x [entries, width]
  -- @tparam Tensor targets [entries]
  -- @tparam Tensor penalty [width, width], symmetric
  -- @tparam number least at most the least eigenvalue of the penalty, above 0
  -- @tparam Tensor taken [rows, width]
  -- @treturn Tensor [rows, entries]
  function contributions.of_ridge(x, targets, penalty, least, taken)
    local n, f = taken.shape[1], taken.shape[2]
    local unit, root = contributions.identity(f), math.sqrt(least)
    local turned = x:transpose()
    -- With rows of the unit matrix in place of x, and what is left of the equations as penalty, the
    -- right sides of ridge regressions are those that are wanted: here the rows of `taken`.
    local each = {}
    for i = 0, n - 1 do
      table.move(numbers(f), 1, f, i * f + 1, each)
    end
    local solved = core.segment_ridge(unit * root, core.ids(each),
      (taken * (1 / root)):reshape { -1 }, core.segments(times(f, n)),
      turned:matmul(x) + penalty - unit * least)
    return solved:matmul(turned) * targets:reshape { 1, -1 }
  end

  --- What labels contribute to the scores of a kind in which these are linear, whatever the items:
  -- each label alone differs from what is expected, of which nothing follows.
  -- @tparam Recommender self
  -- @tparam table support Rows of one task
  -- @tparam table rows Rows of one task
  -- @tparam Tensor expected [entries]: labels after which scores are those of the empty support
  -- @treturn Tensor [rows, entries]
  function contributions.of_labels(self, support, rows, expected)
    local k, n = #support.items, #rows.items
    local tasks = contributions.tasks_of(support, times(numbers(k), k + 1))
    local left = contributions.identity(k) * (support.labels - expected):reshape { 1, -1 }
    tasks.labels = (core.concat({ left, core.full({ 1, k }, 0) }, 1) + expected:reshape { 1, -1 })
      :reshape { -1 }
    local scores = self:score_rows(self:adapt_rows(tasks),
      contributions.tasks_of(rows, times(numbers(n), k + 1))):reshape { k + 1, n }
    return (scores:slice(1, 1, k) - scores:slice(1, k + 1, k + 1)):transpose()
  end

  --- What entries contribute to scores that are sums of those after each entry alone.
  -- @tparam table support Rows of one task
  -- @tparam table rows Rows of one task
  -- @tparam integer n_items of the catalogue
  -- @tparam function scores of (Rows of several tasks): scores of all items [tasks, items], less
  -- those of the empty support
  -- @treturn Tensor [rows, entries]
  function contributions.of_each_alone(support, rows, n_items, scores)
    local k, n, parts = #support.items, #rows.items, {}
    local size = math.max(most_scores // math.max(1, n_items), (k + 63) // 64) -- concat takes 64
    for first = 1, k, size do
      local alone = {}
      for i = first, math.min(first + size - 1, k) do
        alone[#alone + 1] = { i }
      end
      local wanted = contributions.tasks_of(rows, times(numbers(n), #alone))
      parts[#parts + 1] = core.pick_scores(scores(contributions.tasks_of(support, alone)),
        wanted.items, wanted.segments):reshape { #alone, n }
    end
    return core.concat(parts, 1):transpose()
  end

  return contributions
end
