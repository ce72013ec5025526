--- Ratings of one's own in one call.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local field_options = require "cmml.data.chosen_fields"
local file_options = require "cmml.data.file_options"
local of_values = require "cmml.data.value_options"
local raise = args.error

local own = {
  { name = "name", kind = "string", default_text = "that of the file of ratings",
    help = "name for messages and tables" },
  field_options[1], field_options[2], of_values.unknown, of_values.min_count,
}
local known = declare("read_dataset", table.move(file_options, 1, #file_options, #own + 1, own))

return function(cmml, use)
  local files = use "data.files"
  use "settings.users.dataset"

  -- The fields that were asked for, in the order of the files; all by default.
  local function choose(fields, wanted, what)
    if not wanted then
      return fields
    end
    local all, asked, chosen = {}, {}, {}
    for i, field in ipairs(fields) do
      all[i] = field[1]
    end
    for _, name in ipairs(wanted) do
      asked[args.one_of(what, name, all, 0)] = true
    end
    for _, field in ipairs(fields) do
      chosen[#chosen + 1] = asked[field[1]] and field or nil
    end
    return chosen
  end

  -- Makes the ids of items a field of theirs, where nothing else is known of any.
  local function name_items(data)
    local seen = {}
    for _, record in ipairs(data.item_records) do
      record.item, seen[record.id] = record.id, true
    end
    for row = 1, #data.items do
      local id = data.items:text(row)
      if not seen[id] then
        table.insert(data.item_records, { id = id, item = id })
      end
    end
    data.item_fields = { { "item" } }
    table.insert(data.notes, ("nothing is known of items (%s), so their ids are the only field")
      :format(args.option("items", "FILE")))
  end

  --- A data set of files that were read.
  -- @tparam table data see data/files.lua
  -- @tparam table opt name, item_fields, user_fields, unknown, min_count
  -- @treturn Dataset with notes: lines on how the files were read
  local function of_files(data, opt)
    if #data.item_fields == 0 and not opt.item_fields then
      name_items(data)
    end
    local set = cmml.dataset { name = opt.name or data.name, kind = data.kind,
      ratings = { users = data.users, items = data.items, user_ids = data.user_ids,
        item_ids = data.item_ids, ratings = data.values, times = data.times, release = true },
      items = data.item_records, users = data.user_records,
      schema = { item = choose(data.item_fields, opt.item_fields, "item_fields"),
        user = choose(data.user_fields, opt.user_fields, "user_fields"), unknown = opt.unknown,
        min_count = opt.min_count } }
    set.notes = table.move(set.notes or {}, 1, #(set.notes or {}), #data.notes + 1, data.notes)
    return set
  end

  --- Reads ratings, interactions or weights of one's own, and what is known of items and users,
  -- from files of any usual layout. How they are written and what their columns are is guessed from
  -- their beginning where nobody says, and told in `notes`.
  --
  -- Ids are texts, compared exactly after blanks around them are cut. Files that a program packed
  -- (gzip, zstd, xz, bzip2) are unpacked by it on the way.
  -- @tparam table options see below; ratings is needed
  -- @treturn ?Dataset with notes (lines on how the files were read); nil if a file cannot be read
  -- @treturn ?string message
  -- @usage
  -- local data = assert(cmml.read_dataset { ratings = "data/made/ratings.dat",
  --   columns = "user,item,rating,time" })
  -- print(#data.users, #data.items)
  function cmml.read_dataset(options)
    local opt = known:check(options)
    if not opt.ratings then
      raise("read_dataset: option ratings is missing", 2)
    end
    local data, message = files.read(opt)
    if not data then
      return nil, message
    end
    local ok, set = pcall(of_files, data, opt)
    if not ok then
      return nil, (tostring(set):gsub("^dataset: ", ""):gsub("^group_ratings: ", ""))
    end
    return set
  end

  return of_files
end
