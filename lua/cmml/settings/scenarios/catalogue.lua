--- The catalogue of a recommender of the scenario setting: users and items by raw id, with the
-- vectors that were made of them beforehand. It is saved in every model file, so that a model
-- serves without the data it was trained on.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  use "settings.scenarios.split"
  local core = cmml.core
  --- Users, items and their vectors; see `scenario_catalogue`.
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids
  -- @tfield ?table titles by row of `items`
  -- @tfield ?Vectors vectors a row for each
  -- @tfield Tensor counts [items], how many users are known to have taken each
  -- @tfield ?table interactions what was counted: users (Segments), items (Ids); not saved
  -- @tfield table schema that there are no fields
  local ScenarioCatalogue = { __name = "cmml.ScenarioCatalogue" }
  ScenarioCatalogue.__index = ScenarioCatalogue

  local function numbered(n)
    local vocab = core.vocab()
    for i = 1, n do
      vocab:add(tostring(i))
    end
    return vocab
  end

  local function check_rows(what, n, vectors, level)
    if vectors.shape[1] ~= n then
      raise(("scenario_catalogue: %d %s, but %d vectors of them: one for each is needed"):format(n,
        what, vectors.shape[1]), level + 1)
    end
  end

  -- How many users took each item.
  local function count(interactions, n_items)
    if interactions and type(interactions.items) ~= "userdata" then
      raise(("scenario_catalogue: interactions.items must be Ids, not %s"):format(
        type(interactions.items)), 3)
    end
    local counts = {}
    for i = 1, n_items do
      counts[i] = 0
    end
    for _, item in ipairs(interactions and interactions.items:totable() or {}) do
      if not counts[item] then
        raise(("scenario_catalogue: an interaction with item %d of only %d"):format(item, n_items),
          0)
      end
      counts[item] = counts[item] + 1
    end
    return n_items > 0 and core.tensor(counts) or core.full({ 0 }, 0)
  end

  --- A catalogue.
  -- @tparam table options vectors (Vectors, a row for each user and item, or loaded ones,
  -- whose rows are found by raw id; without, only recommenders that need none can be made); users
  -- and items (Vocab; default: the ids of loaded vectors, or else "1", "2", ..); titles (list of
  -- texts, default none); interactions (who took what, as far as it is known: users = Segments,
  -- items = Ids; default: what the vectors were made of, where that is at hand)
  -- @treturn ScenarioCatalogue
  function cmml.scenarios.catalogue(options)
    local opt = args.check("scenario_catalogue", options, { vectors = "cmml.Vectors?",
      users = "any?", items = "any?", titles = "table?", interactions = "table?" })
    local vectors = opt.vectors
    if not vectors and not (opt.users and opt.items) then
      raise("scenario_catalogue: vectors are missing, or users and items (Vocab)", 2)
    end
    local users = opt.users or vectors.user_ids or numbered(vectors.users.shape[1])
    local items = opt.items or vectors.item_ids or numbered(vectors.items.shape[1])
    if vectors then
      vectors = vectors:in_order_of(users, items)
      check_rows("users", #users, vectors.users, 2)
      check_rows("items", #items, vectors.items, 2)
      if vectors.users.shape[2] ~= vectors.items.shape[2] then
        raise(("scenario_catalogue: vectors of users have %d numbers, those of items %d"):format(
          vectors.users.shape[2], vectors.items.shape[2]), 2)
      end
    end
    local interactions = opt.interactions or vectors and vectors.interactions
    return setmetatable({ users = users, items = items, titles = opt.titles, vectors = vectors,
      counts = count(interactions, #items), interactions = interactions,
      schema = { item = {}, user = {} } }, ScenarioCatalogue)
  end

  --- The catalogue of a split, with vectors. Its counts are those of what the vectors were made of,
  -- as far as they tell, else of the split's background.
  -- @tparam ?Vectors vectors see `ScenarioSplit:vectors`; rows of loaded ones are found by raw id
  -- @treturn ScenarioCatalogue
  function cmml.scenarios.Split:catalogue(vectors)
    args.check("catalogue", { vectors = vectors }, { vectors = "cmml.Vectors?" })
    vectors = vectors and vectors:in_order_of(self.data.users, self.data.items)
    return cmml.scenarios.catalogue { users = self.data.users, items = self.data.items,
      titles = self.data.titles, vectors = vectors,
      interactions = vectors and vectors.interactions or self.background }
  end

  --- What a value is meant as: a catalogue, or vectors of which one is made.
  -- @tparam string name of the function, for messages
  -- @tparam ScenarioCatalogue|Vectors value
  -- @treturn ScenarioCatalogue
  function cmml.as_scenario_catalogue(name, value)
    local class = getmetatable(value)
    if class == ScenarioCatalogue then
      return value
    elseif class == cmml.vectors.Vectors then
      return cmml.scenarios.catalogue { vectors = value }
    end
    raise(("%s: vectors, or a catalogue of the scenario setting (scenario_catalogue), were "
      .. "expected, not %s"):format(name, type(value)), 3)
  end

  -- Whether tensors (or nil) are of one shape and differ by less than a thousandth of their size.
  local function same_numbers(a, b)
    if not a or not b then
      return a == b
    end
    local same_shape = table.concat(a.shape, "x") == table.concat(b.shape, "x")
    return same_shape and (a - b):square():sum():item() <= 1e-6 * b:square():sum():item()
  end

  --- The title of an item row, or its raw id where there is none.
  -- @tparam integer row
  -- @treturn string
  function ScenarioCatalogue:title(row)
    local title = self.titles and self.titles[row]
    return title and title ~= "" and title or self.items:text(row)
  end

  --- What differs from another catalogue, of what a model may have learnt with: kernels give other
  -- last digits, so that the same vectors are those that differ by less than a thousandth.
  -- @tparam ScenarioCatalogue other
  -- @treturn ?string "the vectors of users", "the vectors of items" or "the counts of items"; nil
  -- where nothing does
  function ScenarioCatalogue:difference(other)
    local mine, others = self.vectors or {}, other.vectors or {}
    for _, part in ipairs { { "vectors of users", mine.users, others.users },
      { "vectors of items", mine.items, others.items },
      { "counts of items", self.counts, other.counts } } do
      local name, a, b = table.unpack(part, 1, 3)
      if not same_numbers(a, b) then
        return "the " .. name
      end
    end
  end

  --- What a model file keeps of the catalogue.
  -- @treturn table list of {name, value} for write_archive
  -- @treturn table plain data for its configuration
  function ScenarioCatalogue:export()
    local entries = {}
    local function add(name, value)
      entries[#entries + 1] = { name = "catalogue." .. name, value = value }
    end
    for _, side in ipairs { "users", "items" } do
      local bytes, offsets = self[side]:export()
      add(side .. ".bytes", bytes)
      add(side .. ".offsets", offsets)
      if self.vectors then
        add(side .. ".vectors", self.vectors[side])
      end
    end
    add("counts", self.counts)
    if self.titles then
      local titles = {}
      for row = 1, #self.items do
        titles[row] = (self.titles[row] or ""):gsub("\n", " ")
      end
      add("titles", table.concat(titles, "\n"))
    end
    return entries, { setting = "scenario", vectors = self.vectors and self.vectors.kind }
  end

  -- Titles are shown on terminals, which obey control characters.
  local function read_titles(text)
    local titles = {}
    for line in (text:gsub("[^\n%C]", " ") .. "\n"):gmatch "(.-)\n" do
      titles[#titles + 1] = line
    end
    return titles
  end

  --- A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
  -- @tparam table values of the entries by name
  -- @tparam table schema plain data of the configuration
  -- @treturn ScenarioCatalogue
  function cmml.import_scenario_catalogue(values, schema)
    local function need(name, fits)
      local value = values["catalogue." .. name]
      if not fits(value) then
        raise(("catalogue.%s is missing or of a wrong type"):format(name), 0)
      end
      return value
    end
    local function is(kind)
      return function(value)
        return type(value) == kind
      end
    end
    local options, vectors = {}, { kind = tostring(schema.vectors), options = {}, user_scale = 1,
      item_scale = 1 }
    for _, side in ipairs { "users", "items" } do
      local vocab, message = core.vocab(need(side .. ".bytes", is "string"),
        need(side .. ".offsets", is "table"))
      options[side] = vocab or raise(message, 0)
      if schema.vectors then
        vectors[side] = need(side .. ".vectors", function(value)
          return cmml.is_tensor(value) and value.ndim == 2 and value:isfinite()
        end)
      end
    end
    options.vectors = schema.vectors and setmetatable(vectors, cmml.vectors.Vectors) or nil
    local titles = values["catalogue.titles"]
    options.titles = type(titles) == "string" and read_titles(titles) or nil
    local self = cmml.scenarios.catalogue(options)
    self.counts = need("counts", function(value)
      return cmml.is_tensor(value) and value.ndim == 1 and value.count == #self.items
        and value:isfinite()
    end)
    if core.lt(self.counts, 0):sum():item() > 0 then
      raise("catalogue.counts holds negative numbers, but counts how many took each item", 0)
    end
    return self
  end
end
