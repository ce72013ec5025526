--- The catalogue of a model: what it knows of users and items beforehand, and how raw ids and
-- values become numbers. It is saved in every model file, so that a model serves without the data
-- it was trained on.
--
-- @module cmml
local args = require "cmml.base.args"
local check_options = require "cmml.data.catalogue_checks"
local declare = require("cmml.base.options").declare
local raise = args.error

local known = declare("data.catalogue", {
  { name = "schema", kind = "table", required = true, help = "from data.schema" },
  { name = "items", kind = "any", required = true, help = "Vocab of raw ids" },
  { name = "item_records", kind = "table", required = true,
    help = "list of tables of values by field, one a row of items" },
  { name = "titles", kind = "table", help = "list of texts, one a row of items" },
  { name = "seen_items", kind = "table", required = true,
    help = "list of the records of items that may be learnt from: other values count as unseen" },
  { name = "user_records", kind = "table", required = true,
    help = "list of the records of users that may be learnt from" },
  { name = "scale", kind = "table", help = "of the ratings that may be learnt from: smallest, "
    .. "largest, and step, where there is one" },
  { name = "relevant", kind = "number", help = "rating, or weight, from which on an item is "
    .. "relevant to models that rank", default_text = "any" },
  { name = "setting", kind = "string", default = "users", help = "name of its setting" },
})

return function(cmml, use)
  local core = cmml.core
  local scale, side = use "data.scale", use "data.side"
  --- What a model knows of users and items; `data.catalogue` makes one of records, and
  -- `scenarios.catalogue` one of vectors.
  -- @tfield string setting the name of the setting that it is for
  -- @tfield Side users
  -- @tfield Side items
  -- @tfield ?table scale of the ratings that models of it learn from: smallest, largest, step
  -- @tfield ?number relevant rating, or weight, from which on an item is relevant to models that
  -- rank; nil: any is
  -- @tfield table schema item and user (lists of fields), unknown, min_count; vectors: their kind
  -- @tfield table made_of who took what, as far as it is known (not saved): vectors and counts,
  -- each {users = Segments, items = Ids}
  -- @tfield ?table source what users took of items that lie in no scenario: users (Segments),
  -- items, domain (Ids), common (see data/source_domain.lua); saved with models that need it
  local Catalogue = { __name = "cmml.Catalogue" }
  Catalogue.__index = Catalogue

  -- The names of the sides, in a catalogue and in a schema.
  local sides = { { "users", "user" }, { "items", "item" } }

  -- A catalogue of two sides.
  -- @tparam table fields setting, users and items (see Side: tables of its fields), schema,
  -- made_of, source
  -- @treturn Catalogue
  local function new(fields)
    return setmetatable({ setting = fields.setting, users = side.new(fields.users),
      items = side.new(fields.items), schema = fields.schema or cmml.data.schema {},
      made_of = fields.made_of or {}, scale = fields.scale, relevant = fields.relevant,
      source = fields.source }, Catalogue)
  end

  --- Makes a catalogue of records: items with content features, for people who are not known by id.
  -- @tparam table options
  -- @treturn Catalogue
  function cmml.data.catalogue(options)
    local opt = known:check(options)
    check_options(opt, 2)
    local problem = scale.problem(opt.scale)
    if problem then
      raise("data.catalogue: scale: " .. problem, 2)
    end
    local self = new { setting = opt.setting, schema = opt.schema, scale = opt.scale,
      relevant = opt.relevant, users = {}, items = { ids = opt.items, titles = opt.titles } }
    self.items:declare(opt.schema.item, opt.schema, opt.seen_items)
    self.users:declare(opt.schema.user, opt.schema, opt.user_records)
    self.items.bags = self.items:bags_of(opt.item_records, #opt.items)
    return self
  end

  -- How many interactions each item has.
  local function count(interactions, n_items)
    if type(interactions.items) ~= "userdata" then
      raise("data.catalogue: interactions.items must be Ids, not "
        .. args.describe(interactions.items),
        3)
    end
    local counts = {}
    for i = 1, n_items do
      counts[i] = 0
    end
    for _, item in ipairs(interactions.items:totable()) do
      if not counts[item] then
        raise(("data.catalogue: an interaction with item %d of only %d"):format(item, n_items), 0)
      end
      counts[item] = counts[item] + 1
    end
    return n_items > 0 and core.tensor(counts) or core.full({ 0 }, 0)
  end

  --- The same catalogue with other counts of items.
  -- @tparam ?table interactions who took what, as far as it is known: users (Segments), items (Ids)
  -- @treturn Catalogue
  function Catalogue:with_counts(interactions)
    local copy, items = {}, {}
    for key, value in pairs(self) do
      copy[key] = value
    end
    for key, value in pairs(self.items) do
      items[key] = value
    end
    items.counts = count(interactions or { items = core.ids {} }, #self.items)
    copy.items = side.new(items)
    copy.made_of = { vectors = self.made_of.vectors, counts = interactions }
    return setmetatable(copy, Catalogue)
  end

  -- Whether tensors (or nil) are of one shape and differ by less than a thousandth of their size.
  local function same_numbers(a, b)
    if not a or not b then
      return a == b
    end
    local same_shape = table.concat(a.shape, "x") == table.concat(b.shape, "x")
    return same_shape and (a - b):square():sum():item() <= 1e-6 * b:square():sum():item()
  end

  --- What differs from another catalogue, of the numbers that a model may have learnt with: kernels
  -- give other last digits, so that the same vectors are those that differ by less than a
  -- thousandth.
  -- @tparam Catalogue other
  -- @treturn ?string "vectors of users", "vectors of items" or "counts of items"; nil where nothing
  -- does
  function Catalogue:difference(other)
    for _, names in ipairs(sides) do
      local mine, theirs = self[names[1]].vectors, other[names[1]].vectors
      for _, name in ipairs(args.keys(next(mine) and mine or theirs)) do
        if not same_numbers(mine[name], theirs[name]) then
          return ("the vectors of %s"):format(names[1])
        end
      end
    end
    return not same_numbers(self.items.counts, other.items.counts) and "the counts of items" or nil
  end

  return { new = new, Catalogue = Catalogue, sides = sides }
end
