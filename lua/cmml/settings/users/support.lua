--- How a person's ratings are given to a model: as raw ids in Lua, and on the command line.
--
-- @module cmml.settings.users.support
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"
local columns = require "cmml.data.columns"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

return function(cmml, use)
  local record_file = use "data.record_file"
  local scale = use "data.scale"
  use "settings.users.interactions"
  local core = cmml.core
  local support = {}

  -- What an entry without a rating says to a model that ranks: the item is relevant.
  local function rating_of_relevant(catalogue)
    return catalogue.relevant or (catalogue.scale or { largest = 1 }).largest
  end

  -- Rows of the catalogue and ratings of a support set given with raw ids; the last rating of an
  -- item counts. Unknown items raise, or are listed if the caller said "skip".
  local function read_ratings(model, given, opt, where)
    local rows, labels, at, skipped, outside = {}, {}, {}, {}, {}
    for i, entry in ipairs(given) do
      local item, rating
      if type(entry) == "table" then
        item, rating = entry.item or entry[1], entry.rating or entry[2]
      elseif model.predicts == "ranking" then
        item = entry
      end
      if rating == nil and model.predicts == "ranking" then
        rating = rating_of_relevant(model.catalogue)
      end
      if type(item) ~= "string" and math.type(item) == nil then
        raise(("%s: entry %d must be {item, rating}"):format(where, i), 3)
      elseif math.type(rating) == nil or rating ~= rating or math.abs(rating) == math.huge then
        raise(("%s: the rating of item %s is %s, not a finite number"):format(where,
          args.shown(item), type(rating) == "string" and "the text " .. args.quote(rating)
          or plain.tostring(rating)), 3)
      end
      local row = raw_ids.find(model.catalogue.items, item, 3, "%s: the item of entry %d", where,
        i)
      if scale.is_outside(model.catalogue.scale, rating) then
        if opt.strict then
          raise(("%s: the rating of item %s is %s, outside of the scale of %s that the model was "
            .. "trained on"):format(where, args.shown(item), text.value(rating),
            scale.text(model.catalogue.scale)), 3)
        end
        outside[#outside + 1] = { item, rating }
      end
      if row then
        at[row] = at[row] or #rows + 1
        rows[at[row]], labels[at[row]] = row, rating
      elseif opt.unknown == "skip" then
        skipped[#skipped + 1] = item
      else
        raise(("%s: item %s is not in the catalogue of %d items; %s leaves such items out"):format(
          where, args.shown(item), #model.catalogue.items, args.option("unknown", "skip")), 3)
      end
    end
    return rows, labels, skipped, outside
  end

  -- What stands beside the list, as ratings by item or behind a gap, would be passed over, too.
  local function check_list(given, where)
    for key in pairs(given) do
      if key ~= "user" and not (math.type(key) == "integer" and key >= 1 and key <= #given) then
        raise(("%s: the support must be a list of {item, rating} without gaps; only user may "
          .. "stand beside it, not %s"):format(where, args.shown(key)), 3)
      end
    end
  end

  -- Fields of a person that the model does not have would be passed over in silence.
  local function check_fields(model, user, where)
    if next(user) == nil then
      return
    end
    local names = model.catalogue.users:field_names()
    for name in pairs(user) do
      local known = false
      for _, field in ipairs(names) do
        known = known or field == name
      end
      if not known then
        raise(("%s: the model knows nothing of a user's %s; %s"):format(where, args.shown(name),
          args.suggest(name, names)), 3)
      end
    end
  end

  -- Raises unless a support is what it must be.
  local function check_support(model, given, where)
    if type(given) ~= "table" then
      raise(where .. ": the support must be a list of {item, rating}", 4)
    elseif given.user ~= nil and type(given.user) ~= "table" then
      raise(("%s: user must be a table of values by field name, not %s"):format(where,
        type(given.user)), 4)
    end
    check_list(given, where)
    check_fields(model, given.user or {}, where)
  end

  local function set_of(rows)
    local set = {}
    for _, row in ipairs(rows) do
      set[row] = true
    end
    return set
  end

  -- Item rows some times over, kept for the next call with the same ones.
  local function repeated(kept, items, times)
    if times == 1 then
      return core.ids(items)
    elseif kept.items ~= items or kept.times ~= times then
      local list = {}
      for i = 0, times - 1 do
        table.move(items, 1, #items, i * #items + 1, list)
      end
      kept.ids, kept.items, kept.times = core.ids(list), items, times
    end
    return kept.ids
  end

  --- Reads what several people rated.
  -- @tparam Recommender model
  -- @tparam table supports see `support.read`
  -- @tparam table opt unknown: "error" or "skip"; strict: whether ratings outside of the model's
  -- scale raise; first: the number of the first one, for messages
  -- @treturn table rows (Rows, a task a person), skipped (for each the raw ids that were left out),
  -- outside (for each the list of {item, rating} that are outside of the scale), told (what was met
  -- of the values of all users, by field), taken (a function of a number giving the set of item
  -- rows that this support has), list (a function of the first and the last number and of item
  -- rows giving Rows in which each of these people has these items) and each (a function of a list
  -- of item rows for each person giving Rows in which each has its own)
  function support.read_all(model, supports, opt)
    local lengths, items, labels, of, records, numbers = {}, {}, {}, {}, {}, {}
    local skipped, outside = {}, {}
    for i, given in ipairs(supports) do
      local where = opt.first and ("recommend_all: support %d"):format(opt.first + i - 1) or "adapt"
      check_support(model, given, where)
      local own, ratings
      own, ratings, skipped[i], outside[i] = read_ratings(model, given, opt, where)
      lengths[i], of[i], records[i], numbers[i] = #own, own, given.user or {}, i
      table.move(own, 1, #own, #items + 1, items)
      table.move(ratings, 1, #ratings, #labels + 1, labels)
    end
    local told, users = {}, model.catalogue.users
    local people = { bags = args.call(users.bags_of, users, records, #records, told),
      rows = core.ids(numbers) }
    local rows = { segments = core.segments(lengths), items = core.ids(items), people = people,
      labels = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0) }
    if not rows.labels:isfinite() then -- finite in Lua is not always so in the core's precision
      raise((opt.first and "recommend_all" or "adapt") .. ": a rating is too large for "
        .. core.info().dtype, 3)
    end
    local kept = {}
    return { rows = rows, skipped = skipped, outside = outside, told = told, taken = function(i)
      return set_of(of[i])
    end, list = function(first, last, list)
      local of_people = {}
      for i = 1, #supports do
        of_people[i] = i >= first and i <= last and #list or 0
      end
      return { segments = core.segments(of_people), people = people,
        items = repeated(kept, list, last - first + 1) }
    end, each = function(lists)
      local of_people, all = {}, {}
      for i, own in ipairs(lists) do
        of_people[i] = #own
        table.move(own, 1, #own, #all + 1, all)
      end
      return { segments = core.segments(of_people), people = people, items = core.ids(all) }
    end }
  end

  --- Reads what a person rated.
  -- @tparam Recommender model
  -- @tparam table given list of {item, rating} with raw ids, of a model that ranks also of raw ids
  -- alone, which are relevant; field user: values by field name
  -- @tparam table opt unknown: "error" or "skip"; strict: whether ratings outside of the model's
  -- scale raise
  -- @treturn table rows (Rows of one task), skipped (raw ids that were left out), outside (list of
  -- {item, rating} that are outside of the scale), told (what was met of the values of user, by
  -- field), counting (how many entries count for the model: of one that ranks, the relevant ones,
  -- unless it reads others, too), and taken, a function giving the set of item rows that the
  -- support has
  function support.read(model, given, opt)
    local read = support.read_all(model, { given }, opt)
    local labels = read.rows.labels
    local counting = model.predicts == "ranking" and model.reads ~= "all"
      and cmml.users.weights(model.catalogue, labels):step():sum():item() or labels.count
    return { rows = read.rows, skipped = read.skipped[1], outside = read.outside[1],
      told = read.told, counting = counting, taken = function()
        return read.taken(1)
      end, list = function(list)
        return read.list(1, 1, list)
      end }
  end

  -- "a=1,b=2" as a list of {key, value}.
  local function pairs_of(value, option, form)
    local list = {}
    for part in value:gmatch "[^,]+" do
      local key, inner = part:match "^%s*(.-)%s*=%s*(.-)%s*$"
      if not key or key == "" then
        return nil, ("--%s: %s is not of the form %s"):format(option, args.quote(part), form)
      end
      list[#list + 1] = { key, inner }
    end
    return list
  end

  -- The items of a --rate without any rating, which a model that ranks takes for relevant; nil
  -- where it is none.
  local function named_by(model, words)
    if model.predicts ~= "ranking" or words:find "=" then
      return nil
    end
    local list = {}
    for i, id in ipairs(model.catalogue.items:id(words) and { words } or text.split(words)) do
      list[i] = { id }
    end
    return list
  end

  -- The ratings that a --rate gives: one, split at its last =, so that an id may hold commas; or
  -- several with commas between them, unless an item has the first as its id.
  local function rated_by(model, words)
    local named = named_by(model, words)
    if named then
      return named
    end
    local list = { words }
    local item = words:match "^%s*(.-)%s*=[^=]*$"
    if words:find ",.*=" and item and item ~= "" and not model.catalogue.items:id(item) then
      local parts, all = {}, true
      for part in (words .. ","):gmatch "([^,]*)," do
        parts[#parts + 1] = part
        all = all and part:find "[^%s=].*=" ~= nil
      end
      list = all and parts or list
    end
    for i, part in ipairs(list) do
      local id, value = part:match "^%s*(.-)%s*=%s*([^=]-)%s*$"
      if not id or id == "" then
        return nil, ("--rate: %s is not of the form ITEM=RATING"):format(args.quote(part))
      end
      local rating = plain.tonumber(value)
      if not rating then
        return nil, ("--rate: the rating of item %s is %s, not a number"):format(args.shown(id),
          args.quote(value))
      end
      list[i] = { id, rating }
    end
    return list
  end

  -- Lines of item and rating, which a model that ranks can do without.
  local function read_file(path, given, ranks)
    local data, message = record_file.read(path, { { name = "item", id = true },
      { name = "rating", kind = "number", optional = ranks } })
    if not data then
      return nil, message
    end
    local ratings = data.columns.rating and data.columns.rating.values
    ratings = ratings and ratings.count > 0 and ratings:totable() or {}
    for i, id in ipairs(columns.texts(data.columns.item)) do
      given[i] = { id, ratings[i] }
    end
    return given
  end

  --- Options of `cmml recommend` for a person.
  support.options = {
    { name = "rate", group = "support", list = "string", apart = true, repeats = true,
      arg = "ITEM=RATING", help = "a rating of the person's, split at its last =; may be given "
        .. "several times. Where no item has that id, several with commas between: 1193=5,661=3. "
        .. "Of a model that ranks also items alone, which are relevant: 1193,661" },
    { name = "strict", group = "support", kind = "boolean", default = false,
      help = "refuse ratings outside of the scale that the model was trained on" },
  }

  --- What the command line says of a person.
  -- @tparam Recommender model
  -- @tparam table values support (a file of item and rating a line), rate, user
  -- @treturn ?table support for `adapt`; nil and a message where a file or an option is malformed
  -- @treturn table|string options of `recommend`, or the message
  function support.request(model, values)
    local given = {}
    if values.support then
      local found, trouble = read_file(values.support, given, model.predicts == "ranking")
      if not found then
        return nil, trouble
      end
    end
    for _, words in ipairs(values.rate or {}) do
      local rated, problem = rated_by(model, words)
      if not rated then
        return nil, problem
      end
      table.move(rated, 1, #rated, #given + 1, given)
    end
    local known, message
    known, message = pairs_of(values.user or "", "user", "NAME=VALUE")
    if not known then
      return nil, message
    end
    given.user = {}
    for _, pair in ipairs(known) do
      given.user[pair[1]] = pair[2]
    end
    return given, {}
  end

  return support
end
