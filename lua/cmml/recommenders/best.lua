--- The best of items that are scored a piece at a time.
--
-- @module cmml.recommenders.best
local most_joined = 64 -- tensors that concat takes

return function(cmml)
  local core = cmml.core
  local best = {}

  --- The n rows with the highest scores of each of several lists, equal ones in the order in which
  -- they came. Whenever there are n more than the best so far, the best of both are kept.
  -- @tparam integer n from 0
  -- @tparam function next_piece gives scores [lists, k], which are freed here, and a table of the k
  -- rows that they are of; nil when there are no more. A row that a list scores with -inf is not in
  -- it
  -- @treturn table for each list its scores; empty without a piece
  -- @treturn table for each list its rows
  function best.rows(n, next_piece)
    -- What is left to choose from: tensors side by side; their columns are each list's own rows in
    -- `kept`, and behind these the rows in `new` of all lists.
    local waiting, kept, kept_width, new = {}, {}, 0, {}

    local function join()
      if #waiting > 1 then
        local joined = core.concat(waiting)
        for _, scores in ipairs(waiting) do
          scores:free()
        end
        waiting = { joined }
      end
      return waiting[1]
    end

    local function choose()
      local all <close>, width = join(), math.min(n, kept_width + #new)
      local scores, positions = all:top_k(width)
      local places, rows <close> = positions:totable(), positions
      for list = 1, #rows // width do
        local before, chosen = kept[list], {}
        for k = 1, width do
          local place = places[(list - 1) * width + k]
          chosen[k] = place > kept_width and new[place - kept_width] or before[place]
        end
        kept[list] = chosen
      end
      waiting, kept_width, new = { scores }, width, {}
    end

    for scores, rows in n > 0 and next_piece or function() end do
      waiting[#waiting + 1] = scores
      table.move(rows, 1, #rows, #new + 1, new)
      if kept_width + #new >= 2 * n then
        choose()
      elseif #waiting == most_joined then
        join()
      end
    end
    if #new > 0 then
      choose()
    end
    local last <close> = waiting[1]
    local scores = last and last:totable() or {}
    for list, values in ipairs(scores) do
      for k = #values, 1, -1 do
        if values[k] > -math.huge then
          break
        end
        values[k], kept[list][k] = nil, nil
      end
    end
    return scores, kept
  end

  --- The n best of all items but some, where their scores are one tensor: equal ones in the order
  -- of the catalogue.
  -- @tparam integer n from 0
  -- @tparam Tensor all [1, items], finite numbers
  -- @tparam table out set of rows that are left out
  -- @treturn table scores
  -- @treturn table rows
  function best.of_all(n, all, out)
    local scores, rows, more = {}, {}, 0
    for _ in pairs(out) do
      more = more + 1
    end
    local found, places = all:reshape({ -1 }):top_k(math.min(n + more, all.count))
    local values = found:totable()
    for i, row in ipairs(places:totable()) do
      if #rows < n and not out[row] then
        rows[#rows + 1], scores[#scores + 1] = row, values[i]
      end
    end
    return scores, rows
  end

  --- Rows and their scores, for people to see.
  -- @tparam Items items of the catalogue
  -- @tparam table scores
  -- @tparam table rows
  -- @treturn table list of {item, title, score}
  function best.entries(items, scores, rows)
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = { item = items:text(row), title = items:title(row), score = scores[i] }
    end
    return list
  end

  --- The n best of two lists of entries, of equal ones those of the first list first.
  -- @tparam table a list of {score = .., ..}, best first
  -- @tparam table b likewise
  -- @tparam integer n
  -- @treturn table
  function best.merged(a, b, n)
    local list, i, j = {}, 1, 1
    while #list < n and (a[i] or b[j]) do
      if a[i] and (not b[j] or a[i].score >= b[j].score) then
        list[#list + 1], i = a[i], i + 1
      else
        list[#list + 1], j = b[j], j + 1
      end
    end
    return list
  end

  return best
end
