--- Content features whose embeddings a task may change: rows of the tables are copied on write, so
-- that a step of one task is seen neither by the tables nor by the other tasks; the maps of numbers
-- are copied whole.
--
-- @module cmml.recommenders.task_content
return function(cmml)
  local core = cmml.core
  local task_content = {}

  -- The names of a side's fields with their bags: those of ids, which come first in the joined
  -- vectors, then those of numbers.
  local function fields_of(side, bags)
    local of_ids, of_numbers = {}, {}
    for i, name in ipairs(side:field_names()) do
      local list = bags[i].values and of_numbers or of_ids
      list[#list + 1] = { name = name, bag = bags[i] }
    end
    return of_ids, of_numbers
  end

  -- Where the vectors of rows stand: of each field of ids, bags of numbers of pairs of an id and a
  -- task, and the ids of those pairs that have none among `seen`; of each field of numbers, its
  -- values.
  local function find(side, bags, rows, segments, seen)
    local of_ids, of_numbers = fields_of(side, bags)
    local found = { ids = {}, numbers = {}, segments = segments }
    for i, field in ipairs(of_ids) do
      local known = seen and seen[field.name]
      local place = { name = field.name }
      place.fresh, place.owners, place.places, place.bags = core.task_bags(field.bag.ids,
        field.bag.segments, rows, segments, known and known.ids, known and known.owners)
      found.ids[i] = place
    end
    for i, field in ipairs(of_numbers) do
      found.numbers[i] = { name = field.name, values = core.embedding_bag(field.bag.values, rows) }
    end
    return found
  end

  --- Where the vectors of items stand, for `vectors`.
  -- @tparam Catalogue catalogue
  -- @tparam Ids items
  -- @tparam Segments segments which of them belong to which task
  -- @tparam ?table seen what `start` gave; nil: these are the rows to start from
  -- @treturn table
  function task_content.items(catalogue, items, segments, seen)
    return find(catalogue.items, catalogue.items.bags, items, segments, seen)
  end

  --- Where the vectors of people stand, one a task.
  -- @tparam Catalogue catalogue
  -- @tparam table people {bags, rows}
  -- @treturn table
  function task_content.people(catalogue, people)
    local each = {}
    for task = 1, #people.rows do
      each[task] = 1
    end
    return find(catalogue.users, people.bags, people.rows, core.segments(each))
  end

  --- The embeddings that tasks start from.
  -- @tparam FieldEmbedding embedding of both sides
  -- @tparam integer tasks
  -- @tparam table found list of what `items` and `people` gave of the supports
  -- @treturn table weights: rows (by field: Tensor [pairs, width]) and maps (by field: {weight,
  -- bias}, one a task); a start for steps
  -- @treturn table owners of them: rows (by field: Ids [pairs], the task of each)
  -- @treturn table seen: by field {ids, owners}, the pairs that have rows
  function task_content.start(embedding, tasks, found)
    local weights, owners, seen = {}, {}, {}
    for _, side in ipairs(found) do
      for _, place in ipairs(side.ids) do
        local name = place.name
        weights.rows, owners.rows = weights.rows or {}, owners.rows or {}
        weights.rows[name] = embedding.of_field[name].weight:gather_rows(place.fresh)
        owners.rows[name] = place.owners
        seen[name] = { ids = place.fresh, owners = place.owners }
      end
      for _, place in ipairs(side.numbers) do
        local map = embedding.of_field[place.name]
        weights.maps = weights.maps or {}
        weights.maps[place.name] = cmml.task_layers.spread({ weight = map.weight,
          bias = map.bias }, tasks)
      end
    end
    return weights, owners, seen
  end

  --- The vectors of rows, each with the embeddings of its task.
  -- @tparam FieldEmbedding embedding for what the tasks have no rows of
  -- @tparam table weights as `start` gives them
  -- @tparam table found what `items` or `people` gave
  -- @tparam boolean started whether `found` is what the weights started from
  -- @treturn ?Tensor [rows, columns]; nil if the side has no fields
  function task_content.vectors(embedding, weights, found, started)
    local columns = {}
    for i, place in ipairs(found.ids) do
      local rows = weights.rows[place.name]
      if not started and #place.fresh > 0 then
        rows = core.concat({ rows,
          embedding.of_field[place.name].weight:gather_rows(place.fresh) }, 1)
      end
      columns[i] = core.embedding_bag(rows, place.places, place.bags, nil, embedding.is_mean)
    end
    for _, place in ipairs(found.numbers) do
      columns[#columns + 1] = cmml.task_layers.linear(place.values, weights.maps[place.name],
        found.segments)
    end
    return #columns > 1 and core.concat(columns) or columns[1]
  end

  return task_content
end
