--- Scores of a whole catalogue, of which what depends on the items alone is computed once a model.
--
-- A kind gives what that is: `of_items(self, items)`, a table of Tensors [#items, ..], nested at
-- whatever depth. It is kept with the recommender until a parameter of its module has changed, and
-- costs as much memory as those tensors have numbers; of a catalogue with more than `most_kept` of
-- them (64 MB) nothing is kept: they are computed for each piece of it, as without this.
--
-- @module cmml.recommenders.by_item
local most_kept = 1 << 24

-- Items scored at once, and rows, an item for each of several people.
local most_items, most_rows = 2048, 8192

local most_joined = 64 -- tensors that concat takes

return function(cmml)
  local core = cmml.core
  local by_item = {}

  -- The parameters as they are now: themselves and their versions.
  local function stamp_of(self)
    local stamp = {}
    for _, tensor in self.module:parameters() do
      stamp[#stamp + 1], stamp[#stamp + 2] = tensor, tensor.version
    end
    return stamp
  end

  local function is_same(a, b)
    for i, value in ipairs(a) do
      if not rawequal(value, b[i]) then
        return false
      end
    end
    return #a == #b
  end

  -- A function's results for all tensors of a nested table.
  local function mapped(values, f)
    if cmml.is_tensor(values) then
      return f(values)
    end
    local all = {}
    for key, value in pairs(values) do
      all[key] = mapped(value, f)
    end
    return all
  end

  local function ids_from(first, last)
    local list = {}
    for i = first, last do
      list[#list + 1] = i
    end
    return core.ids(list)
  end

  -- How many numbers are known of the first item, and so of each.
  local function numbers_of_one(self, of_items)
    local count = 0
    mapped(core.tidy(of_items, self, ids_from(1, 1)), function(tensor)
      count = count + tensor.count
    end)
    return count
  end

  -- What is kept of all items: of = what of_items gave, nil where that would be too much.
  local function kept_by(self, of_items)
    local kept, stamp, n = self.kept_items, stamp_of(self), #self.catalogue.items
    if not kept or kept.catalogue ~= self.catalogue or not is_same(stamp, kept.stamp) then
      self.kept_items = nil -- before anything new takes memory
      kept = { catalogue = self.catalogue, stamp = stamp }
      if n * numbers_of_one(self, of_items) <= most_kept then
        kept.of, kept.rows = core.keep(core.tidy(of_items, self, ids_from(1, n))), {}
      end
      self.kept_items = kept
    end
    return kept
  end

  -- Rows in which each of some people has the items from one to another.
  local function rows_of(tasks, first, last)
    local n, lengths, items, places = last - first + 1, {}, {}, tasks > 1 and {} or nil
    for t = 1, tasks do
      lengths[t] = n
      for i = 1, n do
        items[#items + 1] = first + i - 1
        if places then
          places[#places + 1] = i
        end
      end
    end
    return { segments = core.segments(lengths), items = core.ids(items) },
      places and core.ids(places)
  end

  -- The same, of one person from what is kept.
  local function kept_rows(kept, tasks, first, last)
    if tasks ~= 1 or not kept.rows then
      return rows_of(tasks, first, last)
    end
    kept.rows[first] = kept.rows[first] or core.keep((rows_of(1, first, last)))
    local rows = kept.rows[first]
    return { segments = rows.segments, items = rows.items }
  end

  --- Scores of all items for each of some people.
  -- @tparam Recommender self of a kind with a module
  -- @tparam integer tasks how many people there are
  -- @tparam function of_items of (self, items): a table of Tensors [#items, ..]
  -- @tparam function score of (rows, first, last): scores [rows] of Rows, a task a person, in which
  -- each has the items from the first to the last; their field known
  -- has of (what of_items gives of some items) and places (Ids: which of these each row is of; nil
  -- where they are the rows)
  -- @treturn Tensor [people, items]
  function by_item.score_all(self, tasks, of_items, score)
    local n = #self.catalogue.items
    if n == 0 then
      return core.full({ tasks, 0 }, 0)
    end
    local kept = kept_by(self, of_items)
    local size, scores = math.max(1, math.min(most_items, most_rows // math.max(tasks, 1))), {}
    for first = 1, n, size do
      local last = math.min(first + size - 1, n)
      local piece = core.tidy(function()
        local rows, places = kept_rows(kept, tasks, first, last)
        rows.known = { places = places, of = kept.of and mapped(kept.of, function(tensor)
          return tensor:slice(1, first, last)
        end) or of_items(self, ids_from(first, last)) }
        return score(rows, first, last):reshape { tasks, last - first + 1 }
      end)
      scores[#scores + 1] = piece
      if #scores == most_joined then
        scores = { core.concat(scores) }
      end
    end
    return #scores == 1 and scores[1] or core.concat(scores)
  end

  return by_item
end
