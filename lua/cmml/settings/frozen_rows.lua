--- Rows that tell what a model computes whose tasks are people: made of its catalogue, for
-- freezing.
--
-- @module cmml.settings.frozen_rows
-- How many entries a support has, how many items are scored, and how many labels differ: no two of
-- them are the same.
local sizes = { { support = 7, items = 5, labels = 3 }, { support = 11, items = 13, labels = 4 },
  { support = 17, items = 2, labels = 6 }, { support = 0, items = 3, labels = 1 } }

return function(cmml)
  local core = cmml.core

  -- Item rows, as often as there are.
  local function rows_of(n, count)
    local list = {}
    for i = 1, n do
      list[i] = (i - 1) % count + 1
    end
    return core.ids(list)
  end

  -- Labels within the scale of the catalogue, so many of them different.
  local function labels_of(scale, n, different)
    local smallest, largest = scale and scale.smallest or 0, scale and scale.largest or 1
    local list = {}
    for i = 1, n do
      list[i] = smallest + (largest - smallest) * ((i - 1) % different + 0.5) / different
    end
    return n > 0 and core.tensor(list) or core.full({ 0 }, 0)
  end

  --- Supports and candidates of one person.
  -- @tparam Recommender model
  -- @tparam integer|table size 1 to 4: which of these sizes; or another one, in which `different`
  -- is how many items of the support differ, if it is not as many as can
  -- @treturn table the support, Rows of one task
  -- @treturn table the candidates, Rows of it
  -- @treturn table inputs of the graph: list of {name, value}
  return function(model, size)
    local of, count = type(size) == "table" and size or sizes[size], #model.catalogue.items
    if count == 0 then
      error("the catalogue has no items", 0)
    end
    local people = { bags = model.catalogue.users:bags_of({ {} }, 1, {}), rows = core.ids { 1 } }
    local support = { items = rows_of(of.support, of.different or count),
      people = people,
      labels = labels_of(model.catalogue.scale, of.support, of.labels),
      segments = core.segments { of.support } }
    local candidates = { items = rows_of(of.items, count), people = people,
      segments = core.segments { of.items } }
    return support, candidates, { { "support.items", support.items },
      { "support.labels", support.labels }, { "support.segments", support.segments },
      { "items", candidates.items }, { "segments", candidates.segments } }
  end
end
