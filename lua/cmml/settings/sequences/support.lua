--- How a sequence is given to a model: as raw ids in order, in Lua and on the command line.
--
-- @module cmml.settings.sequences.support
local args = require "cmml.base.args"
local columns = require "cmml.data.columns"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

return function(_, use)
  local record_file = use "data.record_file"
  local support_rows = use "settings.support_rows"
  local support = {}

  -- The raw id of an entry: itself, or the first of a table, as files of ratings give them.
  local function id_of(entry)
    if type(entry) == "table" then
      return entry.item or entry[1]
    end
    return entry
  end

  -- The item rows of a sequence, and what was left out of it.
  local function read_items(model, given, opt, where)
    args.list(where .. ": the support", given, 4)
    local rows, skipped = {}, {}
    for i, entry in ipairs(given) do
      local item = id_of(entry)
      if type(item) ~= "string" and math.type(item) == nil then
        raise(("%s: entry %d must be the raw id of an item, not %s"):format(where, i,
          args.describe(item)), 3)
      end
      local row = raw_ids.find(model.catalogue.items, item, 3, "%s: entry %d", where, i)
      if row then
        rows[#rows + 1] = row
      elseif opt.unknown == "skip" then
        skipped[#skipped + 1] = item
      else
        raise(("%s: item %s is not in the catalogue of %d items; %s leaves such items out"):format(
          where, args.shown(item), #model.catalogue.items, args.option("unknown", "skip")), 3)
      end
    end
    return rows, skipped
  end

  --- Reads what several people did.
  -- @tparam Recommender model
  -- @tparam table supports lists of raw ids, in order; an item may be there several times
  -- @tparam table opt unknown: "error" or "skip"; first: the number of the first one, for messages
  -- @treturn table see settings/support_rows.lua, with skipped and outside (a list each)
  function support.read_all(model, supports, opt)
    local lists, labels, skipped, outside = {}, {}, {}, {}
    for i, given in ipairs(supports) do
      local where = opt.first and ("recommend_all: support %d"):format(opt.first + i - 1) or "adapt"
      lists[i], skipped[i] = read_items(model, given, opt, where)
      outside[i] = {}
      for _ = 1, #lists[i] do
        labels[#labels + 1] = 1
      end
    end
    local found = support_rows.of(lists, labels)
    found.skipped, found.outside, found.told = skipped, outside, {}
    return found
  end

  --- Reads what a person did.
  -- @tparam Recommender model
  -- @tparam table given list of raw ids, in order
  -- @tparam table opt unknown: "error" or "skip"
  -- @treturn table rows, taken and list: see settings/support_rows.lua; skipped
  function support.read(model, given, opt)
    local all = support.read_all(model, { given }, opt)
    local one = support_rows.of_one(all)
    one.skipped, one.counting = all.skipped[1], all.rows.labels.count
    return one
  end

  --- Options of `cmml recommend` for a person.
  support.options = {
    { name = "sequence", group = "support", list = "string", may_be_empty = true, repeats = true,
      arg = "LIST", help = "items that the person took, in order, some maybe several times: "
        .. "12,45,12" },
  }

  --- What the command line says of a person.
  -- @tparam Recommender model
  -- @tparam table values support (a file with an item a line, in order), sequence
  -- @treturn ?table support for `adapt`; nil and a message where the file cannot be read
  -- @treturn table|string options of `recommend`, or the message
  function support.request(_, values)
    if values.user then
      return nil, "--user: nothing is known of people with sequences but what they did"
    end
    local given = {}
    if values.support then
      local data, message = record_file.read(values.support, { { name = "item", id = true } })
      if not data then
        return nil, message
      end
      given = columns.texts(data.columns.item)
    end
    for _, item in ipairs(values.sequence or {}) do
      given[#given + 1] = item
    end
    return given, {}
  end

  return support
end
