--- Ratings with the features of their items and users.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

local known = declare("dataset", {
  { name = "name", kind = "string", default = "data", help = "name for messages and tables" },
  { name = "schema", kind = "table", required = true, help = "see data.schema" },
  { name = "ratings", kind = "table", required = true, help = "list of {user, item, rating}; or "
    .. "{users, items, ratings} of columns that data.read_table gave, two of kind \"text\" and one "
    .. "of kind \"number\"; or {users, items (Vocab), user_ids, item_ids (Ids), ratings (Tensor)}"
  },
  { name = "items", kind = "table", default = {},
    help = "list of records {id = .., title = .., <field> = value or list of values}" },
  { name = "users", kind = "table", default = {}, help = "list of such records of users" },
})

return function(cmml)
  local core = cmml.core
  --- Ratings, and what is known of their items and people; see `dataset`.
  -- @tfield string name
  -- @tfield table schema
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids
  -- @tfield table user_records by row of `users`
  -- @tfield table item_records by row of `items`
  -- @tfield table titles by row of `items`
  -- @tfield table ratings grouped by user: users (Segments), items (Ids), ratings (Tensor)
  -- @tfield integer duplicates ratings left out
  local Dataset = { __name = "cmml.Dataset" }
  Dataset.__index = Dataset
  cmml.users.Dataset = Dataset -- split.lua adds to it

  -- Records by row of the vocabulary; rows are added for records that have no rating.
  local function align(records, vocab, what)
    local rows = {}
    for i, record in ipairs(records) do
      if record.id == nil then
        raise(("dataset: record %d of %s has no id"):format(i, what), 3)
      end
      local row = raw_ids.add(vocab, record.id, 3, "dataset: record %d of %s", i, what)
      if rows[row] then
        raise(("dataset: %s has two records with the id %s"):format(what, tostring(record.id)), 3)
      end
      rows[row] = record
    end
    for row = 1, #vocab do
      rows[row] = rows[row] or {}
    end
    return rows
  end

  local forms = "dataset: ratings must be a list of {user, item, rating}, or {users = .., items = "
    .. ".., ratings = ..} with columns of read_table (t.columns.user, ..)"

  local function check_id(i, what, id)
    if type(id) ~= "string" and math.type(id) == nil then
      raise(("dataset: the %s of rating %d must be a string or a number, not %s"):format(what, i,
        type(id)), 4)
    end
  end

  -- The same from columns of a table that was read: two of texts, and one of numbers.
  local function columns_of_table(ratings)
    for _, key in ipairs { "users", "items", "ratings" } do
      local column = ratings[key]
      local kind = type(column) == "table" and column.kind or nil
      local is_text = kind == "text"
      local is_number = kind == "number" or kind == "integer"
      if key == "ratings" and not is_number or key ~= "ratings" and not is_text then
        raise(("%s; %s must be a column of kind %s, not %s"):format(forms, key, key == "ratings"
          and "\"number\"" or "\"text\" (the default)", kind and ("%q"):format(kind)
          or type(column)), 3)
      end
    end
    local values = ratings.ratings.values
    return { users = ratings.users.vocab, items = ratings.items.vocab,
      user_ids = ratings.users.ids, item_ids = ratings.items.ids,
      ratings = type(values) == "table" and core.tensor(values) or values }
  end

  -- {users, items, ratings} columns from a list of {user, item, rating}.
  local function columns_of(list)
    local users, items = core.vocab(), core.vocab()
    local user_ids, item_ids, values = {}, {}, {}
    for i, row in ipairs(list) do
      if type(row) ~= "table" then
        raise(("dataset: rating %d must be {user, item, rating}, not %s"):format(i, type(row)), 3)
      end
      local rating = row[3]
      if math.type(rating) == nil or rating ~= rating or math.abs(rating) == math.huge then
        raise(("dataset: rating %d (user %s, item %s) is %s, not a finite number"):format(i,
          tostring(row[1]), tostring(row[2]), type(rating) == "string"
          and ("the text %q"):format(rating) or tostring(rating)), 3)
      end
      check_id(i, "user", row[1])
      check_id(i, "item", row[2])
      user_ids[i] = raw_ids.add(users, row[1], 3, "dataset: the user of rating %d", i)
      item_ids[i] = raw_ids.add(items, row[2], 3, "dataset: the item of rating %d", i)
      values[i] = rating
    end
    local ratings = core.tensor(values)
    if not ratings:isfinite() then
      raise("dataset: a rating is too large for " .. core.info().dtype, 3)
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids), ratings = ratings }
  end

  -- The columns of whichever form the ratings have.
  local function columns_from(ratings)
    if ratings.user_ids then
      return ratings
    elseif ratings.users or ratings.items or ratings.ratings then
      return columns_of_table(ratings)
    end
    for key in pairs(ratings) do
      if not (math.type(key) == "integer" and key >= 1 and key <= #ratings) then
        raise(("%s, not a table with the key %s"):format(forms, tostring(key)), 3)
      end
    end
    if #ratings == 0 then
      raise("dataset: there are no ratings", 3)
    end
    return columns_of(ratings)
  end

  --- A data set. Of several ratings of one item by one user the first is kept.
  -- @tparam table options see below
  -- @treturn Dataset with users, items (Vocab), user_records, item_records, titles, ratings
  -- (grouped by user), duplicates (rows left out)
  -- @usage
  -- local dataset = cmml.dataset {
  --   name = "snacks", schema = { item = { { "taste" } } },
  --   ratings = { { "anna", "crisps", 5 }, { "ben", "fudge", 4 } },
  --   items = { { id = "crisps", taste = "salty" },
  --     { id = "fudge", taste = "sweet" } } }
  -- print(#dataset.users, #dataset.items)
  function cmml.dataset(options)
    local opt = known:check(options)
    local columns = columns_from(opt.ratings)
    local self = setmetatable({ name = opt.name, schema = cmml.data.schema(opt.schema),
      users = columns.users, items = columns.items }, Dataset)
    self.item_records = align(opt.items, self.items, "items")
    self.user_records = align(opt.users, self.users, "users")
    self.titles = {}
    for row, record in ipairs(self.item_records) do
      self.titles[row] = record.title or ""
    end
    self.ratings, self.duplicates = core.group_ratings(columns.user_ids, columns.item_ids,
      columns.ratings, #self.users)
    return self
  end

  function Dataset:__tostring()
    return ("[cmml.Dataset %s: %d ratings, %d users, %d items]"):format(self.name,
      #self.ratings.items, #self.users, #self.items)
  end

  --- The ratings that some users gave, one row after another, and what they come to by item.
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows
  -- @tparam integer n_items
  -- @treturn table items (Ids), labels [rows]
  -- @treturn Tensor how many ratings each item has [n_items]
  -- @treturn Tensor their sum [n_items]
  function cmml.users.ratings_of(ratings, users, n_items)
    local rows = core.draw_tasks(ratings, args.call(core.ids, users), {
      support = #ratings.items, query = 0 })
    local zeros = core.full({ n_items }, 0)
    local ones = core.full({ #rows.items }, 1)
    return rows, core.scatter_add_rows(zeros, ones, rows.items),
      core.scatter_add_rows(zeros, rows.labels, rows.items)
  end

  --- The catalogue that a model of this data set needs. The values that fields may have are those
  -- of the training users, and of the items that they rated.
  -- @tparam table train list of user rows
  -- @tparam[opt] table ratings that may be learnt from, grouped by user, with item rows of the
  -- dataset; default: all
  -- @treturn Catalogue
  function Dataset:catalogue(train, ratings)
    local users, items = {}, {}
    for i, row in ipairs(train) do
      users[i] = self.user_records[row]
    end
    local _, counts = cmml.users.ratings_of(ratings or self.ratings, train, #self.items)
    for row, count in ipairs(counts:totable()) do
      items[#items + 1] = count > 0 and self.item_records[row] or nil
    end
    return cmml.data.catalogue { schema = self.schema, items = self.items, titles = self.titles,
      item_records = self.item_records, seen_items = items, user_records = users }
  end

  --- The ratings with the item rows of a model's catalogue, which may be another than the data's.
  -- @tparam Catalogue catalogue of the model
  -- @treturn ?table as `ratings`; nil if an item that was rated is not in the catalogue
  -- @treturn ?string message
  function Dataset:ratings_for(catalogue)
    args.expect("ratings_for: catalogue", catalogue, "cmml.Catalogue")
    local rows, missing = {}, 0
    for row = 1, #self.items do
      rows[row] = catalogue.items:id(self.items:text(row)) or 0
    end
    local n = #self.items
    local rated = core.scatter_add_rows(core.full({ n }, 0),
      core.full({ #self.ratings.items }, 1), self.ratings.items):totable()
    local first
    for row = 1, n do
      if rows[row] == 0 and rated[row] > 0 then
        missing, first = missing + 1, first or self.items:text(row)
      end
    end
    if missing > 0 then
      return nil, ("%d items rated in %s are not in the model's catalogue (%s, for one): it was "
        .. "made from other data"):format(missing, self.name, first)
    end
    return { users = self.ratings.users,
      items = core.map_ids(self.ratings.items, core.ids(rows)), ratings = self.ratings.ratings }
  end
end
