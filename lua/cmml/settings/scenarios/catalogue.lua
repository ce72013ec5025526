--- The catalogue of a recommender of the setting scenarios: users and items by raw id, with the
-- vectors that were made of them beforehand.
--
-- @module cmml
local args = require "cmml.base.args"
local of_scenarios = require "cmml.settings.scenarios.shared_options"
local sets = require "cmml.base.options"
local raise = args.error

local known = sets.declare("scenarios.catalogue", {
  { name = "vectors", kind = "cmml.Vectors", help = "a row for each user and item; loaded ones are "
    .. "found by raw id; without, only kinds that need none can be made" },
  sets.changed(of_scenarios.users, {
    default_text = "the ids of loaded vectors, or else 1, 2, .." }),
  sets.changed(of_scenarios.items, { default_text = "likewise" }),
  { name = "titles", kind = "table", help = "titles of the items, by row" },
  { name = "interactions", kind = "table", help = "who took what, as far as it is known: users "
    .. "(Segments), items (Ids)", default_text = "what the vectors were made of" },
  { name = "source", kind = "table", help = "what users took of items in no scenario, as "
    .. "ScenarioData:source_domain gives it" },
})

return function(cmml, use)
  local core = cmml.core
  local Split = use "settings.scenarios.split"
  local catalogues = use "data.catalogue"
  local source_domain = use "data.source_domain"

  local function numbered(n)
    local vocab = core.vocab()
    for i = 1, n do
      vocab:add(tostring(i))
    end
    return vocab
  end

  local function check_rows(what, n, vectors, level)
    if vectors.shape[1] ~= n then
      raise(("scenarios.catalogue: %d %s, but %d vectors of them: one for each is needed"):format(n,
        what, vectors.shape[1]), level + 1)
    end
  end

  --- A catalogue.
  -- @tparam table options see below
  -- @treturn Catalogue
  function cmml.scenarios.catalogue(options)
    local opt = known:check(options)
    local vectors = opt.vectors
    if not vectors and not (opt.users and opt.items) then
      raise("scenarios.catalogue: vectors are missing, or users and items (Vocab)", 2)
    end
    for _, side in ipairs { "users", "items" } do
      if opt[side] and not args.describe(opt[side]):find "^cmml%d*%.Vocab$" then
        raise(("scenarios.catalogue: %s must be a Vocab, not %s"):format(side,
          args.describe(opt[side])), 2)
      end
    end
    local users = opt.users or vectors.user_ids or numbered(vectors.users.shape[1])
    local items = opt.items or vectors.item_ids or numbered(vectors.items.shape[1])
    if vectors then
      vectors = vectors:in_order_of(users, items)
      check_rows("users", #users, vectors.users, 2)
      check_rows("items", #items, vectors.items, 2)
      if vectors.users.shape[2] ~= vectors.items.shape[2] then
        raise(("scenarios.catalogue: vectors of users have %d numbers, those of items %d"):format(
          vectors.users.shape[2], vectors.items.shape[2]), 2)
      end
    end
    local problem = opt.source and source_domain.problem(opt.source, #users, #items)
    if problem then
      raise("scenarios.catalogue: source: " .. problem, 2)
    end
    local interactions = opt.interactions or vectors and vectors.interactions
    local schema = cmml.data.schema {}
    schema.vectors = vectors and vectors.kind
    return catalogues.new({ setting = "scenarios", schema = schema,
      users = { ids = users, vectors = { cf = vectors and vectors.users } },
      items = { ids = items, titles = opt.titles, vectors = { cf = vectors and vectors.items } },
      made_of = { vectors = vectors and vectors.interactions }, source = opt.source })
      :with_counts(interactions)
  end

  --- The catalogue of a split, with vectors. Its counts and its source domain (what users took of
  -- items in no scenario) are those of what the vectors were made of, as far as they tell, else of
  -- the split's background.
  -- @tparam ?Vectors vectors see `ScenarioSplit:vectors`; rows of loaded ones are found by raw
  -- id
  -- @treturn Catalogue
  function Split:catalogue(vectors)
    if vectors ~= nil and getmetatable(vectors) ~= cmml.vectors.Vectors then
      raise("ScenarioSplit:catalogue: Vectors were expected, not " .. args.describe(vectors), 2)
    end
    vectors = vectors and vectors:in_order_of(self.data.users, self.data.items)
    local interactions = vectors and vectors.interactions or self.background
    return cmml.scenarios.catalogue { users = self.data.users, items = self.data.items,
      titles = self.data.titles, vectors = vectors, interactions = interactions,
      source = self.data:source_domain(interactions) }
  end
end
