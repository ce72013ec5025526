--- Ratings with the features of their items and users.
--
-- @module cmml
local args = require "cmml.base.args"
local data_options = require "cmml.settings.shared_data_options"
local declare = require("cmml.base.options").declare

local sides = { "items", "users" }

local known = declare("dataset", {
  data_options.name,
  { name = "schema", kind = "table", help = "see data.schema",
    default_text = "all fields of the records, of the kinds that their values have" },
  { name = "ratings", kind = "table", required = true, help = "list of {user, item, rating, time}, "
    .. "the time a whole number or left out in all; or {users, items, ratings, times} of columns "
    .. "that data.read_table gave, two of kind \"text\" and one of kind \"number\"; or "
    .. "{users, items (Vocab), user_ids, item_ids (Ids), ratings (Tensor), times (Times)}, with "
    .. "first (Ids of items of which a user's first rating counts) and release (true: the columns "
    .. "are given away, and each is released as soon as it was read) where that is wanted; times "
    .. "may be missing, and ratings where kind is \"interactions\"" },
  { name = "kind", kind = "string", choices = { "ratings", "interactions", "weights" },
    default = "ratings", help = "what a rating is: of repeated ratings of one item by one user the "
      .. "last counts (the latest, or where times are equal or missing the one that stands last); "
      .. "repeated interactions, 1 each, and weights add up" },
  data_options.items,
  { name = "users", kind = "table", default = {}, help = "list of such records of users" },
})

return function(cmml, use)
  local records, scale = use "data.records", use "data.scale"
  local rows_in_catalogue = use "data.rows_in_catalogue"
  local side_records = use "data.side_records"
  local core = cmml.core
  local classes = use "tensor.classes"
  local columns_from = use "data.interaction_columns"
  local stats = use "data.stats"
  --- Ratings, and what is known of their items and people; see `dataset`.
  -- @tfield string name
  -- @tfield table schema
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids
  -- @tfield table user_records by row of `users`
  -- @tfield table item_records by row of `items`
  -- @tfield table titles by row of `items`
  -- @tfield string kind "ratings", "interactions" or "weights"
  -- @tfield table ratings grouped by user: users (Segments), items (Ids), ratings (Tensor), and
  -- times (Times), if they are known
  -- @tfield integer duplicates repeated rows, which another one stands for or which were added up
  -- @tfield table unmatched how many records of items and of users match no rating
  -- @tfield {string,...} notes what was noticed and chosen, for people
  -- @tfield ?string folder where they are from; its test_users.txt lists who is tested where
  -- nothing is said
  local Dataset = { __name = "cmml.Dataset" }
  Dataset.__index = Dataset
  cmml.users.Dataset = Dataset -- split.lua adds to it

  --- A data set. Of several ratings of one item by one user the last counts, by time where times
  -- differ, else as they stand; interactions and weights add up, and their time is the latest.
  -- @tparam table options see below
  -- @treturn Dataset with users, items (Vocab), user_records, item_records, titles, kind, ratings
  -- (grouped by user), duplicates (how many rows repeat another's user and item)
  -- @usage
  -- local dataset = cmml.dataset {
  --   name = "snacks", schema = { item = { { "taste" } } },
  --   ratings = { { "anna", "crisps", 5 }, { "ben", "fudge", 4 } },
  --   items = { { id = "crisps", taste = "salty" },
  --     { id = "fudge", taste = "sweet" } } }
  -- print(#dataset.users, #dataset.items)
  function cmml.dataset(options)
    local opt = known:check(options)
    local columns = columns_from(opt.ratings, { where = "dataset", name = "ratings",
      one = "rating", kind = opt.kind, kinds = true, time = 4 })
    local self = setmetatable({ name = opt.name, kind = opt.kind, users = columns.users,
      items = columns.items }, Dataset)
    self.schema, self.notes = side_records.schema_of(opt, sides)
    side_records.read("dataset", self, opt, sides, #columns.user_ids > 0)
    self.ratings, self.duplicates = args.call(core.group_ratings, columns.user_ids,
      columns.item_ids, columns.ratings, #self.users, { times = columns.times,
        first = columns.first, release = columns.release,
        repeats = opt.kind == "ratings" and "last" or "add" })
    self.unmatched = side_records.unmatched("dataset", "rating", self, self.ratings, opt, sides)
    return self
  end

  function Dataset:__tostring()
    return ("[cmml.Dataset %s: %d %s, %d users, %d items]"):format(self.name,
      #self.ratings.items, self.kind, #self.users, #self.items)
  end

  --- What the data are, in a line, with the number of repeated rows.
  -- @treturn string
  function Dataset:summary()
    local fate = self.kind == "ratings" and "of each user and item the last counts"
      or "they were added up"
    return tostring(self) .. (self.duplicates > 0
      and ("; %d repeated %s: %s"):format(self.duplicates, self.kind, fate) or "")
  end

  --- The rating that all ratings are, if they are all equal: then nothing can be learnt of them.
  -- @treturn ?number nil if they differ, or there are none
  function Dataset:only_rating()
    local ratings = self.ratings.ratings
    local n = #self.ratings.items
    for _, most in ipairs { math.min(n, 1000), n } do -- the first ones tell it nearly always
      local some = most > 0 and ratings:slice(1, 1, most)
      if not some or some:max():item() ~= -(-some):max():item() then
        return nil
      end
    end
    return ratings:slice(1, 1, 1):item()
  end

  --- What the data are, in numbers.
  -- @treturn table see data/stats.lua
  function Dataset:stats()
    local found = stats.of { name = self.name, kind = self.kind, users = self.ratings.users,
      items = self.ratings.items, n_items = #self.items, times = self.ratings.times,
      values = self.kind ~= "interactions" and self.ratings.ratings or nil,
      duplicates = self.duplicates,
      fields = { items = { fields = self.schema.item, records = self.item_records },
        users = { fields = self.schema.user, records = self.user_records } } }
    if self.unmatched then
      local n = self.unmatched
      found.more = { { "unmatched", n, ("%d records of items and %d of users match no rating")
        :format(n.items, n.users) } }
    end
    return found
  end

  --- The ratings that some users gave, one row after another, and what they come to by item.
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows
  -- @tparam integer n_items
  -- @treturn table items (Ids), labels [rows]
  -- @treturn Tensor how many ratings each item has [n_items]
  -- @treturn Tensor their sum [n_items]
  function cmml.users.ratings_of(ratings, users, n_items)
    args.expect("users.ratings_of: ratings", ratings, "table")
    args.expect("users.ratings_of: ratings.items", ratings.items, classes.ids)
    args.expect("users.ratings_of: n_items", n_items, "integer")
    local rows = args.call(core.draw_tasks, ratings, args.call(core.ids, users), {
      support = #ratings.items, query = 0 })
    local zeros = args.call(core.full, { n_items }, 0)
    local ones = core.full({ #rows.items }, 1)
    return rows, args.call(core.scatter_add_rows, zeros, ones, rows.items),
      core.scatter_add_rows(zeros, rows.labels, rows.items)
  end

  --- The catalogue that a model of this data set needs. The values that fields may have are those
  -- of the training users, and of the items that they rated.
  -- @tparam table train list of user rows
  -- @tparam[opt] table ratings that may be learnt from, grouped by user, with item rows of the
  -- dataset; default: all
  -- @tparam[opt] number relevant rating, or weight, from which on an item is relevant to models
  -- that rank; default: of ratings the first one at or above three quarters of their scale (4 of 1
  -- to 5), else any
  -- @treturn Catalogue
  function Dataset:catalogue(train, ratings, relevant)
    local rated, counts = cmml.users.ratings_of(ratings or self.ratings, train, #self.items)
    local items = {}
    for row, count in ipairs(counts:totable()) do
      items[#items + 1] = count > 0 and row or nil
    end
    local of_ratings = self.kind == "ratings" and scale.of(rated.labels) or nil
    local catalogue = args.call(cmml.data.catalogue, { schema = self.schema, items = self.items,
      titles = self.titles, item_records = self.item_records,
      seen_items = records.select(self.item_records, items),
      user_records = records.select(self.user_records, train),
      scale = of_ratings, relevant = relevant or scale.relevant(of_ratings) })
    return catalogue -- no tail call, which would leave out a level
  end

  --- The ratings with the item rows of a model's catalogue, which may be another than the data's.
  -- @tparam Catalogue catalogue of the model
  -- @treturn ?table as `ratings`; nil if an item that was rated is not in the catalogue
  -- @treturn ?string message
  function Dataset:ratings_for(catalogue)
    args.expect("ratings_for: catalogue", catalogue, "cmml.Catalogue")
    local items, message = rows_in_catalogue(catalogue, self.items, self.ratings.items,
      "rated in " .. self.name)
    if not items then
      return nil, message
    end
    return { users = self.ratings.users, items = items, ratings = self.ratings.ratings,
      times = self.ratings.times }
  end
end
