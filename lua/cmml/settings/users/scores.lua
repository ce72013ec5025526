--- Scores that another program wrote for the queries of a split: judged as a recommender's.
--
-- @module cmml.settings.users.scores

return function(cmml, use)
  local core = cmml.core
  local files = use "settings.users.split_files"

  -- There is nothing to adapt.
  local function no_state()
    return {}
  end

  -- The scores of query rows.
  local function scores_of(self, _, rows)
    local users, items, list, row = rows.people.rows:totable(), rows.items:totable(), {}, 0
    for task, n in ipairs(rows.segments:totable()) do
      for i = row + 1, row + n do
        list[i] = self.by_pair[users[task] << 32 | items[i]]
      end
      row = row + n
    end
    return #list > 0 and core.tensor(list) or core.full({ 0 }, 0)
  end

  -- The pairs of all queries, and for each whether it has a score; where one has none, how many.
  local function count_missing(data, by_pair)
    local asked, missing, first, total = {}, 0, nil, 0
    for _, evaluation in ipairs(data.evaluations) do
      local tasks = evaluation.tasks
      local items, row = tasks.query_ratings.items:totable(), 0
      for user, n in ipairs(tasks.query_ratings.users:totable()) do
        for i = row + 1, row + n do
          local pair = user << 32 | items[i]
          asked[pair], total = true, total + 1
          if not by_pair[pair] then
            missing = missing + 1
            first = first or ("user %s, item %s of %s"):format(data.dataset.users:text(user),
              data.catalogue.items:text(items[i]), evaluation.name)
          end
        end
        row = row + n
      end
    end
    return asked, missing, first, total
  end

  --- Reads a file of user, item and score with tabs between them and a line of these names above.
  -- @tparam table data of the protocol "given", whose tasks are from files
  -- @tparam string path
  -- @treturn ?table what `evaluate` takes for a recommender; nil where a rating of a query has no
  -- score, a pair stands there twice, or the tasks are drawn at random
  -- @treturn ?string message; or words on rows that are in no query, if there are any
  return function(data, path)
    for _, evaluation in ipairs(data.evaluations) do
      if not evaluation.fixed then
        return nil, path .. ": scores are for tasks from files, but these are drawn at random: "
          .. "write them by --split-out and give them by --split"
      end
    end
    local dataset = data.dataset
    local read, message = files.read_pairs(dataset, path, { "score" })
    if not read then
      return nil, message
    end
    local by_pair, line_of, row_of = {}, {}, {}
    for row = 1, #dataset.items do
      row_of[row] = data.catalogue.items:id(dataset.items:text(row)) or 0
    end
    for i, user in ipairs(read.user) do
      local pair = user << 32 | row_of[read.item[i]]
      if by_pair[pair] then
        return nil, ("%s, line %d: user %s and item %s have a score on line %d already"):format(
          path, read.line(i), dataset.users:text(user), dataset.items:text(read.item[i]),
          read.line(line_of[pair]))
      end
      by_pair[pair], line_of[pair] = read.score[i], i
    end
    local asked, missing, first, total = count_missing(data, by_pair)
    if missing > 0 then
      return nil, ("%s: %d of %d ratings of queries have no score (%s, for one)"):format(path,
        missing, total, first)
    end
    local surplus = 0
    for pair in pairs(by_pair) do
      surplus = surplus + (asked[pair] and 0 or 1)
    end
    return { setting = cmml.settings:get "users", kind = "scores", by_pair = by_pair,
      adapt_rows = no_state, state_of = no_state, scores_of = scores_of },
      surplus > 0 and ("%s: %d rows are in no query and were left out"):format(path, surplus) or nil
  end
end
