--- Sequences of users: what each did, in order, with the features of the items.
--
-- @module cmml
local args = require "cmml.base.args"
local data_options = require "cmml.settings.shared_data_options"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

local known = declare("sequences.data", {
  data_options.name,
  { name = "interactions", kind = "table", required = true, help = "list of {user, item, time}, "
    .. "the time a whole number or left out in all; or {users, items (Vocab), user_ids, item_ids "
    .. "(Ids), times (Times)}, times may be missing" },
  data_options.items,
  { name = "schema", kind = "table", help = "see data.schema, with fields of items alone",
    default_text = "all fields of the records, of the kinds that their values have" },
})

return function(cmml, use)
  local records, stats = use "data.records", use "data.stats"
  local core = cmml.core
  --- What users did, in order, and what is known of the items; see `sequences.data`.
  -- @tfield string name
  -- @tfield table schema
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids
  -- @tfield table sequences users (Segments, one a row of `users`), items (Ids, in order) and,
  -- where they are known, times (Times)
  -- @tfield table item_records by row of `items`
  -- @tfield table titles by row of `items`
  -- @tfield integer disordered how many interactions stood behind a later one of the same user:
  -- they were sorted by time
  -- @tfield {string,...} notes what was noticed and chosen, for people
  local SequenceData = { __name = "cmml.SequenceData" }
  SequenceData.__index = SequenceData

  -- Columns of a list of {user, item, time}.
  local function columns_of(list)
    if #list == 0 then
      raise("sequences.data: there are no interactions", 3)
    end
    local users, items, user_ids, item_ids, times = core.vocab(), core.vocab(), {}, {}, {}
    for i, row in ipairs(list) do
      if type(row) ~= "table" then
        raise(("sequences.data: interaction %d must be {user, item, time}, not %s"):format(i,
          args.describe(row)), 3)
      elseif (row[3] == nil) ~= (list[1][3] == nil) then
        raise(("sequences.data: interaction %d has %s time, but the first one has %s: all have one "
          .. "or none"):format(i, row[3] == nil and "no" or "a", list[1][3] == nil and "none"
          or "one"), 3)
      elseif row[3] ~= nil and math.tointeger(row[3]) == nil then
        raise(("sequences.data: the time of interaction %d is %s, not a whole number"):format(i,
          args.describe(row[3])), 3)
      end
      user_ids[i] = raw_ids.add(users, row[1], 3, "sequences.data: the user of interaction %d", i)
      item_ids[i] = raw_ids.add(items, row[2], 3, "sequences.data: the item of interaction %d", i)
      times[i] = row[3]
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids), times = list[1][3] ~= nil and core.times(times) or nil }
  end

  local function check_columns(given)
    for _, key in ipairs { "users", "items", "user_ids", "item_ids" } do
      if type(given[key]) ~= "userdata" then
        raise(("sequences.data: interactions.%s is missing: a list of {user, item, time}, or "
          .. "columns users, items (Vocab), user_ids, item_ids (Ids) were expected"):format(key), 3)
      end
    end
    return given
  end

  -- Sequences of columns, by time where there are times.
  local function sequences_of(self, columns)
    local grouped = args.call(core.group_ratings, columns.user_ids, columns.item_ids, nil,
      #columns.users, { times = columns.times, repeats = "keep" })
    self.disordered = 0
    if grouped.times then
      grouped, self.disordered = core.ratings_by_time(grouped)
    end
    if self.disordered > 0 then
      self.notes[#self.notes + 1] = ("%d of %d interactions stood behind a later one of the same "
        .. "user: they were sorted by time"):format(self.disordered, #grouped.items)
    end
    return { users = grouped.users, items = grouped.items, times = grouped.times }
  end

  -- The schema that was given, or one of all that the records have.
  local function schema_of(self, opt)
    if opt.schema then
      return cmml.data.schema(opt.schema)
    end
    local fields, left_out
    fields, left_out, opt.items = records.infer(opt.items, {}, "item_")
    self.notes[#self.notes + 1] = records.infer_note("items", fields, left_out)
    return cmml.data.schema { item = fields }
  end

  -- What the records tell, by row of the items.
  local function read_records(self, opt)
    local where = "sequences.data"
    self.item_records = records.align(where, "items", opt.items, self.items)
    self.titles = {}
    for row, record in ipairs(self.item_records) do
      self.titles[row] = record.title or ""
    end
    self.item_records.vectors = opt.items.vectors
    records.check_fields(where, "items", self.schema.item, opt.items, 3)
    local notes = records.read_vectors(where, "items", self.schema.item, self.item_records,
      self.items, 3)
    table.move(notes, 1, #notes, #self.notes + 1, self.notes)
    local counts = core.scatter_add_rows(core.full({ #self.items }, 0),
      core.full({ #self.sequences.items }, 1), self.sequences.items):totable()
    if #opt.items > 0 then
      self.unmatched, self.notes[#self.notes + 1] = records.unmatched(where, "items", opt.items,
        self.items, counts, 3)
    end
  end

  --- Sequences of users. Where there are times each user's interactions are sorted by them (of
  -- equal times the order of the data decides), else they are as they stand; one item may be there
  -- several times.
  -- @tparam table options see below
  -- @treturn SequenceData
  -- @usage
  -- local played = cmml.sequences.data { name = "songs",
  --   interactions = { { "anna", "blue" }, { "anna", "sky" }, { "ben", "sky" } } }
  -- print(#played.users, #played.items)
  function cmml.sequences.data(options)
    local opt = known:check(options)
    local given = opt.interactions
    local columns = (given.user_ids or given.users) and check_columns(given) or columns_of(given)
    local self = setmetatable({ name = opt.name, notes = {}, users = columns.users,
      items = columns.items }, SequenceData)
    self.schema = schema_of(self, opt)
    if #self.schema.user > 0 then
      raise("sequences.data: schema: nothing is known of users but what they did: declare fields "
        .. "of items alone", 2)
    end
    self.sequences = sequences_of(self, columns)
    read_records(self, opt)
    return self
  end

  function SequenceData:__tostring()
    return ("[cmml.SequenceData %s: %d interactions, %d users, %d items]"):format(self.name,
      #self.sequences.items, #self.users, #self.items)
  end

  --- What the data are, in a line.
  -- @treturn string
  function SequenceData:summary()
    local lengths, n = self.sequences.users:totable(), 0
    for _, length in ipairs(lengths) do
      n = n + (length > 0 and 1 or 0)
    end
    return plain.format("%s; %.1f interactions a user%s", tostring(self),
      #self.sequences.items / math.max(n, 1), self.sequences.times and ", with times" or "")
  end

  --- What the data are, in numbers.
  -- @treturn table see data/stats.lua
  function SequenceData:stats()
    local found = stats.of { name = self.name, kind = "interactions",
      users = self.sequences.users, items = self.sequences.items, n_items = #self.items,
      times = self.sequences.times, duplicates = 0,
      fields = { items = { fields = self.schema.item, records = self.item_records },
        users = { fields = {}, records = {} } } }
    found.more = { { "disordered", self.disordered, ("%d interactions were out of order of time")
      :format(self.disordered) } }
    return found
  end
end
