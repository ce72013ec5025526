--- Several sets of scenarios as one, and vectors of theirs, of whatever width.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  use "settings.scenarios.data"
  local core = cmml.core
  local ScenarioData = cmml.scenarios.Data
  local classes = { ScenarioData = ScenarioData, Vectors = cmml.vectors.Vectors }

  local function check(name, list, class)
    if type(list) ~= "table" or #list == 0 then
      raise(("%s: a list of %s was expected, not %s"):format(name, class,
        type(list) == "table" and "an empty one" or type(list)), 3)
    end
    for i, entry in ipairs(list) do
      if getmetatable(entry) ~= classes[class] then
        raise(("%s: entry %d of the list is a %s, not %s"):format(name, i, type(entry), class), 3)
      end
    end
  end

  -- Raw ids of all sets in one vocabulary, and how many stand before each set.
  local function join_vocabs(list, side)
    local all, before = core.vocab(), {}
    for i, data in ipairs(list) do
      before[i] = #all
      for row = 1, #data[side] do
        all:add(data.name .. ":" .. data[side]:text(row))
      end
    end
    return all, before
  end

  local function join_interactions(list, item_shifts)
    local lengths, items = {}, {}
    for i, data in ipairs(list) do
      local own = data.interactions.users:totable()
      table.move(own, 1, #own, #lengths + 1, lengths)
      items[i] = data.interactions.items
    end
    return { users = core.segments(lengths), items = core.join_ids(items, item_shifts) }
  end

  local function join_titles(list)
    local titles, any = {}, false
    for _, data in ipairs(list) do
      any = any or data.titles ~= nil
      for row = 1, #data.items do
        titles[#titles + 1] = data.titles and data.titles[row] or ""
      end
    end
    return any and titles or nil
  end

  --- The union of several sets, in which nothing is shared: raw ids and names of scenarios have
  -- the name of their set and a colon in front, and each scenario has its set as `domain` (unless
  -- it has one from an earlier union). Rows of a later set follow those of the earlier; `parts`
  -- tells how many users and items each has.
  -- @tparam table list of ScenarioData with different names
  -- @tparam[opt] string name of the union (default: the names with + between)
  -- @treturn ScenarioData with parts: a list of {name, n_users, n_items}
  function cmml.scenarios.join(list, name)
    check("scenarios.join", list, "ScenarioData")
    local names, seen = {}, {}
    for i, data in ipairs(list) do
      if seen[data.name] then
        raise(("scenarios.join: two of the sets are called %s: give one another name, in its field "
          .. "name"):format(args.quote(data.name)), 2)
      end
      names[i], seen[data.name] = data.name, true
    end
    local users = join_vocabs(list, "users")
    local items, shifts = join_vocabs(list, "items")
    local self = setmetatable({ name = name or table.concat(names, "+"), users = users,
      items = items, interactions = join_interactions(list, shifts), scenarios = {},
      left_out = {}, titles = join_titles(list), duplicates = 0, unknown_items = 0, parts = {} },
      ScenarioData)
    for i, data in ipairs(list) do
      for _, scenario in ipairs(data.scenarios) do
        self.scenarios[#self.scenarios + 1] = { name = data.name .. ":" .. scenario.name,
          domain = scenario.domain or data.name,
          items = core.join_ids({ scenario.items }, { shifts[i] }) }
      end
      for _, group in ipairs(data.left_out) do
        self.left_out[#self.left_out + 1] = { name = data.name .. ":" .. group.name,
          domain = group.domain or data.name, reason = group.reason }
      end
      self.duplicates = self.duplicates + data.duplicates
      self.unknown_items = self.unknown_items + data.unknown_items
      self.parts[i] = { name = data.name, n_users = #data.users, n_items = #data.items }
    end
    return self
  end

  -- A slice of interactions, with rows counted from the first of a part.
  local function cut(lengths, items, user, row, item, part)
    local own_lengths = table.move(lengths, user + 1, user + part.n_users, 1, {})
    local n, own = 0, {}
    for _, length in ipairs(own_lengths) do
      n = n + length
    end
    for i = 1, n do
      own[i] = items[row + i] - item
    end
    return { users = core.segments(own_lengths), items = core.ids(own) }, n
  end

  --- Vectors of a union, made for each of its sets alone and joined: `vectors.join` of what a
  -- function makes. Of data that are no union, what it makes of all.
  -- @tparam table interactions users (Segments, one a user of the data), items (Ids): those that
  -- may be learnt from, as `known` of a split has them
  -- @tparam function make of {ratings = interactions of the set in rows of its own, n_items = ..},
  -- options that `vectors.als` takes, and the name of the set; gives Vectors
  -- @treturn Vectors
  function ScenarioData:vectors(interactions, make)
    local parts = self.parts or { { name = self.name, n_users = #self.users,
      n_items = #self.items } }
    local lengths, items = interactions.users:totable(), interactions.items:totable()
    if #lengths ~= #self.users then
      raise(("vectors: interactions of %d users, but the data have %d"):format(#lengths,
        #self.users), 2)
    end
    local list, user, row, item = {}, 0, 0, 0
    for i, part in ipairs(parts) do
      local ratings, n = cut(lengths, items, user, row, item, part)
      list[i] = make({ ratings = ratings, n_items = part.n_items }, part.name)
      user, row, item = user + part.n_users, row + n, item + part.n_items
    end
    check("vectors: make", list, "Vectors")
    return #list == 1 and list[1] or cmml.vectors.join(list)
  end

  -- Vectors as wide as wanted: repeated where that fits, as [v; v], else followed by zeros.
  local function widen(x, width)
    local own = x.shape[2]
    if own == width then
      return x
    elseif width % own ~= 0 then
      return core.concat({ x, core.full({ x.shape[1], width - own }, 0) }, 2)
    end
    local copies = {}
    for i = 1, width // own do
      copies[i] = x
    end
    return core.concat(copies, 2)
  end

  -- What the vectors of all sets were made of, in rows of the union; nil if that is not at hand.
  local function joined_interactions(list)
    local lengths, items, before = {}, {}, 0
    for _, vectors in ipairs(list) do
      local of = vectors.interactions
      if not of then
        return nil
      end
      local own = of.users:totable()
      table.move(own, 1, #own, #lengths + 1, lengths)
      for _, item in ipairs(of.items:totable()) do
        items[#items + 1] = before + item
      end
      before = before + vectors.items.shape[1]
    end
    return { users = core.segments(lengths), items = core.ids(items) }
  end

  --- The vectors of several sets as those of their union, in the order of `scenarios.join`.
  -- Narrower ones become as wide as the widest: repeated, [v; v], where that fits (as published:
  -- 128 and 256), else followed by zeros.
  -- @tparam table list of Vectors
  -- @treturn Vectors kind: that of all, or "joined"; options.widths: of each
  function cmml.vectors.join(list)
    args.list("vectors.join: the list", list)
    check("vectors.join", list, "Vectors")
    local width, widths, kind = 0, {}, list[1].kind
    for i, vectors in ipairs(list) do
      widths[i] = vectors.items.shape[2]
      width = math.max(width, widths[i])
      kind = kind == vectors.kind and kind or "joined"
    end
    local users, items = {}, {}
    for i, vectors in ipairs(list) do
      users[i], items[i] = widen(vectors.users, width), widen(vectors.items, width)
    end
    return setmetatable({ kind = kind, users = core.concat(users, 1),
      items = core.concat(items, 1), user_scale = 1, item_scale = 1,
      interactions = joined_interactions(list), options = { widths = widths } }, classes.Vectors)
  end
end
