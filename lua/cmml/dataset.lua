--- Ratings with the features of their items and users.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local core = cmml.core
  local Dataset = { __name = "cmml.Dataset" }
  Dataset.__index = Dataset

  -- Records by row of the vocabulary; rows are added for records that have no rating.
  local function align(records, vocab, what)
    local rows = {}
    for i, record in ipairs(records) do
      if record.id == nil then
        error(("dataset: record %d of %s has no id"):format(i, what), 3)
      end
      rows[vocab:add(record.id)] = record
    end
    for row = 1, #vocab do
      rows[row] = rows[row] or {}
    end
    return rows
  end

  -- {users, items, ratings} columns from a list of {user, item, rating}.
  local function columns_of(list)
    local users, items = core.vocab(), core.vocab()
    local user_ids, item_ids, values = {}, {}, {}
    for i, row in ipairs(list) do
      if type(row) ~= "table" then
        error(("dataset: rating %d must be {user, item, rating}, not %s"):format(i, type(row)), 3)
      end
      local rating = row[3]
      if math.type(rating) == nil or rating ~= rating or math.abs(rating) == math.huge then
        error(("dataset: rating %d (user %s, item %s) is %s, not a finite number"):format(
          i, tostring(row[1]), tostring(row[2]), tostring(rating)), 3)
      end
      user_ids[i], item_ids[i], values[i] = users:add(row[1]), items:add(row[2]), rating
    end
    local ratings = core.tensor(values)
    if not ratings:isfinite() then
      error("dataset: a rating is too large for " .. core.info().dtype, 3)
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids), ratings = ratings }
  end

  --- A data set.
  -- @tparam table options name; schema (see `schema`); ratings: a list of {user, item, rating}, or
  -- columns {users, items (Vocab), user_ids, item_ids (Ids), ratings (Tensor)} as read from a file;
  -- items and users: lists of records {id = .., title = .., <field> = value or list of values}.
  -- Of several ratings of one item by one user the first is kept.
  -- @treturn Dataset with users, items (Vocab), user_records, item_records, titles, ratings
  -- (grouped by user), duplicates (rows left out)
  function cmml.dataset(options)
    local opt = args.check("dataset", options, { name = { "string", "data" }, schema = "table",
      ratings = "table", items = { "table", {} }, users = { "table", {} } })
    local columns = opt.ratings.user_ids and opt.ratings or columns_of(opt.ratings)
    local self = setmetatable({ name = opt.name, schema = cmml.schema(opt.schema),
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

  --- The catalogue that a model of this data set needs: values of user fields come from the
  -- training users alone.
  -- @tparam table train list of user rows
  -- @treturn Catalogue
  function Dataset:catalogue(train)
    local records = {}
    for i, row in ipairs(train) do
      records[i] = self.user_records[row]
    end
    return cmml.catalogue { schema = self.schema, items = self.items, titles = self.titles,
      item_records = self.item_records, user_records = records }
  end

  --- The ratings with the item rows of a model's catalogue, which may be another than the data's.
  -- @tparam Catalogue catalogue
  -- @treturn ?table as `ratings`; nil if an item that was rated is not in the catalogue
  -- @treturn ?string message
  function Dataset:ratings_for(catalogue)
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

  -- A list of raw user ids from a file, one a line.
  local function read_users(path)
    local text, message = core.read_file(path)
    if not text then
      return nil, message
    end
    local list, lines, n = {}, {}, 0
    for line in text:gmatch("[^\n]*") do
      local name = line:match("^%s*(.-)%s*$")
      n = n + 1
      if name ~= "" then
        list[#list + 1], lines[#lines + 1] = name, n
      end
    end
    return list, lines
  end

  -- Rows of the users named; those that are not in the data are an error.
  local function rows_of(self, names, path, lines)
    local rows, is_test = {}, {}
    for i, name in ipairs(names) do
      local row = self.users:id(name)
      if not row then
        return nil, ("split: %s, %s %d: there is no user %s in %s"):format(path or "test",
          path and "line" or "entry", path and lines[i] or i, tostring(name), self.name)
      end
      if not is_test[row] then
        rows[#rows + 1], is_test[row] = row, true
      end
    end
    return rows, is_test
  end

  --- Splits the users with ratings into those to learn from, to choose by, and to test on.
  -- @tparam[opt] table options test: a list of raw user ids, the path of a file that lists them, or
  -- a share of the users drawn at random (default 0.2); valid: a share of the other users (default
  -- 0.05); seed of the random choices (default 1)
  -- @treturn ?table train, valid, test: lists of user rows; nil if the file cannot be used
  -- @treturn ?string message
  function Dataset:split(options)
    local opt = args.check("split", options, { test = { "any", 0.2 }, valid = { "number", 0.05 },
      seed = { "integer", 1 } })
    if not (opt.valid >= 0 and opt.valid < 1) then
      error(("split: valid is a share from 0 to below 1, not %g"):format(opt.valid), 2)
    end
    local lengths = self.ratings.users:totable()
    local function shuffled(rows, epoch)
      local order = core.choose(#rows, #rows, { seed = opt.seed, epoch = epoch,
        stream = core.streams.split }):totable()
      local result = {}
      for i, at in ipairs(order) do
        result[i] = rows[at]
      end
      return result
    end
    local test, is_test = nil, {}
    if type(opt.test) == "number" then
      if not (opt.test >= 0 and opt.test < 1) then
        error(("split: test is a share from 0 to below 1, not %g"):format(opt.test), 2)
      end
      local all = {}
      for row, length in ipairs(lengths) do
        all[#all + 1] = length > 0 and row or nil
      end
      test = table.move(shuffled(all, 0), 1, math.floor(opt.test * #all), 1, {})
      for _, row in ipairs(test) do
        is_test[row] = true
      end
    else
      local names, path, lines = opt.test, nil, nil
      if type(names) == "string" then
        path = names
        names, lines = read_users(path)
        if not names then
          return nil, lines
        end
      elseif type(names) ~= "table" then
        error("split: test must be a list of users, a path or a share, not " .. type(names), 2)
      end
      test, is_test = rows_of(self, names, path, lines)
      if not test then
        return nil, is_test
      end
    end
    local others = {}
    for row, length in ipairs(lengths) do
      if length > 0 and not is_test[row] then
        others[#others + 1] = row
      end
    end
    local mixed, n = shuffled(others, 1), math.floor(opt.valid * #others)
    local split = { valid = table.move(mixed, 1, n, 1, {}), test = test,
      train = table.move(mixed, n + 1, #mixed, 1, {}) }
    for _, rows in pairs(split) do
      table.sort(rows)
    end
    return split
  end
end
