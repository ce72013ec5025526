--- What users did, in order, and what is known of the items.
--
-- @module cmml
local args = require "cmml.base.args"
local data_options = require "cmml.settings.shared_data_options"
local declare = require("cmml.base.options").declare
local raise = args.error

local sides = { "items" }

local known = declare("sequences.data", {
  data_options.name,
  { name = "interactions", kind = "table", required = true,
    help = "list of {user, item, time}, the time a whole number or left out in all; or {users, "
      .. "items, times} of columns that data.read_table gave, two of kind \"text\" and one of kind "
      .. "\"time\"; or {users, items (Vocab), user_ids, item_ids (Ids), times (Times)}, with "
      .. "release (true: the columns are given away); where times are missing, the order counts in "
      .. "which the interactions stand" },
  data_options.items,
  { name = "schema", kind = "table", help = "see data.schema: fields of items",
    default_text = "all fields of the records, of the kinds that their values have" },
})

return function(cmml, use)
  local core = cmml.core
  local classes = use "tensor.classes"
  local columns_from = use "data.interaction_columns"
  local records = use "data.records"
  local side_records = use "data.side_records"
  local stats = use "data.stats"

  --- Sequences of users, and what is known of the items; see `sequences.data`.
  -- @tfield string name
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids; those that only a record names stand behind the others
  -- @tfield table sequences what each user did: users (Segments, one a user), items (Ids, in the
  -- order of time, an item as often as it was had), and times (Times), if they are known
  -- @tfield table schema fields of items
  -- @tfield table item_records by row of `items`
  -- @tfield table titles by row of `items`
  -- @tfield integer disordered interactions that stood behind a later one of their user; they were
  -- sorted
  -- @tfield table unmatched how many records of items match no interaction
  -- @tfield {string,...} notes what was noticed and chosen, for people
  local SequenceData = { __name = "cmml.SequenceData" }
  SequenceData.__index = SequenceData
  cmml.sequences.Data = SequenceData

  -- Raises unless columns of ids are such, of items that there are.
  local function check_columns(columns)
    for _, key in ipairs { "users", "items", "user_ids", "item_ids" } do
      local class = key:find "_ids" and classes.ids or classes.vocab
      args.expect("sequences.data: interactions." .. key, columns[key], class, 4)
    end
    if columns.times ~= nil then
      args.expect("sequences.data: interactions.times", columns.times, classes.times, 4)
    end
    if columns.first ~= nil then
      raise("sequences.data: interactions has first, but all that a user did counts", 3)
    end
    for _, row in ipairs(core.distinct(columns.item_ids):totable()) do
      if row > #columns.items then
        raise(("sequences.data: interactions.item_ids has %d of only %d items"):format(row,
          #columns.items), 3)
      end
    end
  end

  -- Sequences in the order of time, and how many interactions stood out of it.
  local function in_order(columns, n_users)
    local grouped = args.call(core.group_ratings, columns.user_ids, columns.item_ids, nil, n_users,
      { times = columns.times, release = columns.release, repeats = "keep" })
    local late = 0
    if grouped.times then
      grouped, late = core.ratings_by_time(grouped)
    end
    return { users = grouped.users, items = grouped.items, times = grouped.times }, late
  end

  -- What there is to tell of the order.
  local function order_note(self)
    local times = self.sequences.times
    local first, last
    if times then
      first, last = times:range()
    end
    if self.disordered > 0 then
      return ("%d of %d interactions stood behind a later one of their user: sorted by time")
        :format(self.disordered, #self.sequences.items)
    elseif not times or first == last then
      return ("%s: the order counts in which the interactions stand"):format(
        times and "all times are equal" or "there are no times")
    end
  end

  -- How many users did nothing, in words.
  local function idle_note(self)
    local idle, lengths = 0, self.sequences.users:totable()
    for _, length in ipairs(lengths) do
      idle = idle + (length == 0 and 1 or 0)
    end
    return idle > 0 and ("%d of %d users have no interaction"):format(idle, #lengths) or nil
  end

  -- What there is to tell of items of which nothing is known.
  local function bare_note(self)
    local fields, list, vectors = self.schema.item, self.item_records, self.item_records.vectors
    local bare, first = 0, nil
    for row = 1, #fields > 0 and #self.items or 0 do
      local has = false
      for _, field in ipairs(fields) do
        local of = vectors and vectors[field[1]]
        if of then
          has = has or of.rows[row] > 0
        else
          has = has or list[row][field[1]] ~= nil
        end
      end
      bare, first = bare + (has and 0 or 1), first or not has and row or nil
    end
    return bare > 0 and ("%d of %d items have no content feature (%s, for one): a vector that is "
      .. "learnt stands for what they lack"):format(bare, #self.items, self.items:text(first))
      or nil
  end

  --- Sequences: what users did, in the order of time. Interactions of equal times, and all where
  -- there are none, stay in the order in which they are given; an item may come again.
  -- @tparam table options see below
  -- @treturn SequenceData
  -- @usage
  -- local data = cmml.sequences.data { name = "shop", interactions = {
  --   { "anna", "tea", 20 }, { "anna", "pot", 10 }, { "ben", "pot", 15 } },
  --   items = { { id = "tea", of = "drink" }, { id = "pot", of = "tin" } } }
  -- print(data.items:text(data.sequences.items:totable()[1])) --> pot
  function cmml.sequences.data(options)
    local opt = known:check(options)
    local columns = columns_from(opt.interactions, { where = "sequences.data",
      name = "interactions", one = "interaction", kind = "interactions", time = 3 })
    check_columns(columns)
    if opt.schema and #(opt.schema.user or {}) > 0 then
      raise("sequences.data: option schema has fields of users, but sequences know items alone", 2)
    end
    local self = setmetatable({ name = opt.name, users = columns.users, items = columns.items },
      SequenceData)
    local has_rows = #columns.user_ids > 0
    self.schema, self.notes = side_records.schema_of(opt, sides)
    side_records.read("sequences.data", self, opt, sides, has_rows)
    self.sequences, self.disordered = in_order(columns, #self.users)
    self.notes[#self.notes + 1] = has_rows and order_note(self) or nil
    self.notes[#self.notes + 1] = bare_note(self)
    self.notes[#self.notes + 1] = has_rows and idle_note(self) or nil
    self.unmatched = side_records.unmatched("sequences.data", "interaction", self, self.sequences,
      opt, sides)
    return self
  end

  function SequenceData:__tostring()
    return ("[cmml.SequenceData %s: %d interactions, %d users, %d items]"):format(self.name,
      #self.sequences.items, #self.users, #self.items)
  end

  --- What the data are, in a line, with how long the sequences are.
  -- @treturn string
  function SequenceData:summary()
    local spread = self:stats().per_user
    return ("%s; sequences of %d to %d, median %d%s"):format(tostring(self), spread.least,
      spread.most, spread.median, self.sequences.times and "" or ", without times")
  end

  --- What the data are, in numbers.
  -- @treturn table see data/stats.lua; per_user are the lengths of the sequences, and duplicates
  -- the interactions with an item that the user had before
  function SequenceData:stats()
    local sequences, n_items = self.sequences, #self.items
    local pairs_of = core.sparse(sequences.users:groups(), sequences.items, nil, #self.users,
      n_items)
    local found = stats.of { name = self.name, kind = "interactions", users = sequences.users,
      items = sequences.items, n_items = n_items, times = sequences.times,
      duplicates = #sequences.items - #pairs_of.columns, distinct = #pairs_of.columns,
      fields = { items = { fields = self.schema.item, records = self.item_records } } }
    found.more = { { "disordered", self.disordered,
      ("%d interaction%s stood behind a later one of their user"):format(self.disordered,
        self.disordered == 1 and "" or "s") },
      { "unmatched", self.unmatched, ("%d record%s of items match%s no interaction"):format(
        self.unmatched.items, self.unmatched.items == 1 and "" or "s",
        self.unmatched.items == 1 and "es" or "") } }
    return found
  end

  --- How often some users had each item.
  -- @tparam table sequences users (Segments), items (Ids)
  -- @tparam {integer,...} users rows
  -- @tparam integer n_items
  -- @treturn Tensor [n_items]
  function cmml.sequences.counts(sequences, users, n_items)
    args.expect("sequences.counts: sequences", sequences, "table")
    args.expect("sequences.counts: sequences.users", sequences.users, classes.segments)
    args.expect("sequences.counts: sequences.items", sequences.items, classes.ids)
    args.expect("sequences.counts: users", users, "table")
    args.expect("sequences.counts: n_items", n_items, "integer")
    local chosen, n_users = {}, #sequences.users
    for row = 1, n_users do
      chosen[row] = 0
    end
    for i, row in ipairs(users) do
      if not chosen[row] then
        raise(("sequences.counts: entry %d of users is %s, not a row from 1 to %d"):format(i,
          args.describe(row), n_users), 2)
      end
      chosen[row] = 1
    end
    local rows = args.call(core.map_ids, sequences.users:groups(), core.ids(chosen))
    local taken = args.call(core.select_ids, sequences.items, rows)
    return args.call(core.scatter_add_rows, core.full({ n_items }, 0), core.full({ #taken }, 1),
      taken)
  end

  --- The catalogue that a model of these data needs: items.counts say how often each item may be
  -- learnt from, and the values that fields may have are those of items that may.
  -- @tparam {integer,...} learners rows of the users that may be learnt from
  -- @tparam[opt] table sequences what of them may be: users (Segments), items (Ids); default: all
  -- @treturn Catalogue
  function SequenceData:catalogue(learners, sequences)
    local counts = cmml.sequences.counts(sequences or self.sequences, learners, #self.items)
    local seen = {}
    for row, count in ipairs(counts:totable()) do
      seen[#seen + 1] = count > 0 and row or nil
    end
    local catalogue = args.call(cmml.data.catalogue, { setting = "sequences", schema = self.schema,
      items = self.items, titles = self.titles, item_records = self.item_records,
      seen_items = records.select(self.item_records, seen), user_records = {} })
    catalogue.items.counts = counts
    return catalogue -- no tail call, which would leave out a level
  end
end
