--- Bases of lists that are chosen from: kinds in closed form, each with a grid of settings, of
-- which a few are tried.
--
-- What suits a data set depends on how many interactions its people and items have, by more than
-- kinds differ: of 20,000 places of Yelp iALS with alpha 40 finds a fifth more than with 10. A kind
-- is tried from its default on, along one axis of its grid after another, for as long as a
-- neighbour is better; one whose default is behind what was found of another, by that alone.
--
-- @module cmml.recommenders.list_candidates
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

-- More items than EASE is among what is chosen from: its closed form grows with their square.
local most_items = 6000

-- How many weights EASE keeps for each item: validation people of MovieLens-1M and ml-100k are as
-- well off as with all.
local kept = 200

-- The kinds, and by the name of an option what it may be, rising; the default is among it.
local ease = { kind = "ease", options = { keep = kept }, names = { "ridge_times" },
  grid = { ridge_times = { 5, 15, 45 } } }
local ials = { kind = "ials", options = {}, names = { "regularization", "alpha", "factors" },
  grid = { regularization = { 10, 30, 100, 300 }, alpha = { 3, 10, 30, 100 },
    factors = { 64, 128 } } }

-- Model files name a candidate by its number: others stand behind these.
local first = { { ials, {} }, { ials, { regularization = 100 } } }

return function(cmml)
  local list_candidates = { most_items = most_items }

  local function default_of(family, name)
    return cmml.kinds.find(family.kind, "users").known:find(name).default
  end

  -- Where the defaults of a kind lie on its grid.
  local function start_of(family)
    local point = {}
    for a, name in ipairs(family.names) do
      for i, value in ipairs(family.grid[name]) do
        point[a] = value == default_of(family, name) and i or point[a]
      end
    end
    return point
  end

  -- Options at a point of the grid, without what is the default.
  local function options_at(family, point)
    local options = {}
    for name, value in pairs(family.options) do
      options[name] = value
    end
    for a, name in ipairs(family.names) do
      local value = family.grid[name][point[a]]
      options[name] = value ~= default_of(family, name) and value or nil
    end
    return options
  end

  -- All points of a grid.
  local function points_of(family)
    local points = { {} }
    for a, name in ipairs(family.names) do
      local longer = {}
      for _, point in ipairs(points) do
        for i in ipairs(family.grid[name]) do
          local other = table.move(point, 1, #point, 1, {})
          other[a] = i
          longer[#longer + 1] = other
        end
      end
      points = longer
    end
    return points
  end

  local function text_of(family, options)
    local words = { family.kind }
    for _, name in ipairs(args.keys(options)) do
      words[#words + 1] = plain.format("%s=%g", name, options[name])
    end
    return table.concat(words, " ")
  end

  --- All candidates, the first where nobody chooses.
  -- @tparam integer n_items of the catalogue
  -- @treturn table list of {kind, options}; families: those they are of; number: by their text
  function list_candidates.all(n_items)
    local list, number = { families = { ials } }, {} -- in the order in which they are tried
    list.number = number
    local function add(family, options)
      local text = text_of(family, options)
      if not number[text] then
        list[#list + 1] = { family.kind, options }
        number[text] = #list
      end
    end
    if n_items <= most_items then
      list.families[2] = ease
      add(ease, options_at(ease, start_of(ease)))
    end
    for _, pair in ipairs(first) do
      add(table.unpack(pair))
    end
    for _, family in ipairs(list.families) do
      for _, point in ipairs(points_of(family)) do
        add(family, options_at(family, point))
      end
    end
    return list
  end

  -- Goes from a point along one axis after another, for as long as neighbours are better.
  local function climb(family, point, value_at)
    local value, moved = value_at(family, point), true
    while moved do
      moved = false
      for a, name in ipairs(family.names) do
        for _, by in ipairs { 1, -1 } do
          while family.grid[name][point[a] + by] do -- on in this direction
            local other = table.move(point, 1, #point, 1, {})
            other[a] = other[a] + by
            local found = value_at(family, other)
            if found <= value then
              break
            end
            point, value, moved = other, found, true
          end
        end
      end
    end
  end

  --- Looks for the best candidate.
  -- @tparam table list what `all` gives
  -- @tparam function value_of of the number of a candidate: how good it is; called once for each
  -- @treturn integer its number
  function list_candidates.search(list, value_of)
    local values, best = {}, nil
    local function value_at(family, point)
      local at = list.number[text_of(family, options_at(family, point))]
      values[at] = values[at] or value_of(at)
      best = (not best or values[at] > values[best]) and at or best
      return values[at]
    end
    for _, family in ipairs(list.families) do
      local before = best and values[best] or -math.huge
      if value_at(family, start_of(family)) > before then
        climb(family, start_of(family), value_at)
      end
    end
    return best
  end

  return list_candidates
end
