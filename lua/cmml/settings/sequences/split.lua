--- Splits of sequences: old users, whom models learn from, and new ones, whom they are tested on.
--
-- By time new users are those whose first interaction lies at or behind a cut, and what old ones do
-- from then on is left out (Pan et al., CIKM 2022); at random they are drawn. Items that are in no
-- sequence of an old user are new.
--
-- @module cmml.settings.sequences.split
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local defaults = require "cmml.settings.sequences.defaults"
local plain = require "cmml.base.plain"
local sets = require "cmml.base.options"
local split_options = require "cmml.settings.sequences.split_options"

local own = { { name = "protocol", kind = "string", choices = { "new-users", "time", "random" },
  default = "new-users", help = "by time, at random, or by time where the data have times" },
  { name = "valid", kind = "number", default = defaults.valid, from = 0, below = 1,
    help = "fraction of the old users that chooses the best epoch" },
  sets.changed(base.seed, { name = "data_seed" }),
  { name = "catalogue", kind = "cmml.Catalogue", help = "catalogue of a trained model, whose rows "
    .. "items then have", default_text = "one is made" } }
for i, option in ipairs(split_options) do
  own[4 + i] = sets.changed(option, { default = defaults[option.name], default_text = false })
end
local known = sets.declare("sequences.split", own)

return function(cmml, use)
  local core = cmml.core
  local rows_in_catalogue = use "data.rows_in_catalogue"

  -- Which of the random choices of a split is made.
  local choices = { new_users = 0, valid = 1, new_items = 2, old_fraction = 3 }

  -- Entries of a list in random order, of each fold another one, but for who is new.
  local function shuffled(list, opt, choice)
    local mixed, fold = {}, choice == "new_users" and 1 or opt.fold
    for i, at in ipairs(core.choose(#list, #list, { seed = opt.data_seed ~ (fold - 1) << 40,
      epoch = choices[choice], stream = core.streams.split }):totable()) do
      mixed[i] = list[at]
    end
    return mixed
  end

  -- The first entries of a list, sorted, and the others, sorted.
  local function parted(list, n)
    local first, others = table.move(list, 1, n, 1, {}), table.move(list, n + 1, #list, 1, {})
    plain.sort(first)
    plain.sort(others)
    return first, others
  end

  -- The first row of each sequence, and those that are not empty.
  local function places_of(sequences)
    local first, some, row = {}, {}, 1
    for user, n in ipairs(sequences.users:totable()) do
      first[user], row = row, row + n
      some[#some + 1] = n > 0 and user or nil
    end
    first[#first + 1] = row
    return first, some
  end

  -- Who is new by time, and how many interactions of each old user lie before the cut; nil and a
  -- message where the times do not tell.
  local function by_time(data, opt, first, some)
    if opt.fold > 1 then
      return nil, ("fold %d: new in time is who came last; folds are of %s"):format(opt.fold,
        args.option("protocol", "random"))
    end
    local times = data.sequences.times
    local why = not times and "has no times" or #times == 0 and "has no interactions"
    if why then
      return nil, ("%s %s, so that nobody can be new in time: take %s"):format(data.name, why,
        args.option("protocol", "random"))
    end
    local starts = {}
    for i, user in ipairs(some) do
      starts[i] = times:at(first[user])
    end
    local sorted = table.move(starts, 1, #starts, 1, {})
    plain.sort(sorted)
    local last = math.floor(opt.new_users * #sorted)
    local cut = opt.cut_time or last > 0 and sorted[#sorted - last + 1]
      or select(2, times:range()) + 1
    if sorted[1] == sorted[#sorted] then
      return nil, ("%s: the first interactions of all people have one time (%d), so that nobody "
        .. "can be new in time: take %s"):format(data.name, sorted[1],
        args.option("protocol", "random"))
    elseif cut <= sorted[1] or cut > sorted[#sorted] and (opt.cut_time or last > 0) then
      return nil, ("cut_time %s: of the people of %s, whose first interactions lie from %d to %d, "
        .. "%s: give a time between them"):format(plain.tostring(cut), data.name, sorted[1],
        sorted[#sorted], cut <= sorted[1] and "all are new" or "nobody is new")
    end
    local new, old, before, late = {}, {}, {}, 0
    for i, user in ipairs(some) do
      local list = starts[i] >= cut and new or old
      list[#list + 1] = user
      local n = 0
      for row = first[user], starts[i] >= cut and first[user] - 1 or first[user + 1] - 1 do
        n = n + (times:at(row) < cut and 1 or 0)
      end
      before[user] = n
      late = late + (starts[i] < cut and first[user + 1] - first[user] - n or 0)
    end
    return { new = new, old = old, before = before, late = late, cut_time = cut }
  end

  local function at_random(data, opt, first, some)
    local mixed, n, before = shuffled(some, opt, "new_users"), math.floor(opt.new_users * #some), {}
    local from = (opt.fold - 1) * n
    if opt.fold > 1 and (n == 0 or from + n > #mixed) then
      return nil, ("fold %d: the %d people of %s make %d parts of %d (new_users %s)"):format(
        opt.fold, #mixed, data.name, n > 0 and #mixed // n or 0, n, plain.tostring(opt.new_users))
    end
    local dealt = table.move(mixed, from + 1, from + n, 1, {}) -- those of the fold first
    table.move(mixed, 1, from, n + 1, dealt)
    table.move(mixed, from + n + 1, #mixed, #dealt + 1, dealt)
    local new, old = parted(dealt, n)
    for _, user in ipairs(old) do
      before[user] = first[user + 1] - first[user]
    end
    return { new = new, old = old, before = before, late = 0 }
  end

  -- The items that are cut from the sequences of old users: true by row.
  local function cut_items(data, opt)
    local items, cut = {}, {}
    for row = 1, #data.items do
      items[row] = row
    end
    for _, row in ipairs(parted(shuffled(items, opt, "new_items"),
      math.floor(opt.new_items * #items))) do
      cut[row] = true
    end
    return cut
  end

  -- Their raw ids.
  local function names_of(data, cut)
    local names = {}
    for row = 1, #data.items do
      names[#names + 1] = cut[row] and data.items:text(row) or nil
    end
    return names
  end

  -- The sequences as they may be learnt from and shown: of old users without what is cut.
  local function kept_of(data, found, cut)
    local first = found.first
    local lengths, rows, items = {}, {}, data.sequences.items:totable()
    local is_new = {}
    for _, user in ipairs(found.new) do
      is_new[user] = true
    end
    for user = 1, #first - 1 do
      local before = #rows
      for row = first[user], is_new[user] and first[user + 1] - 1
        or first[user] + (found.before[user] or 0) - 1 do
        rows[#rows + 1] = (is_new[user] or not cut[items[row]]) and row or nil
      end
      lengths[user] = #rows - before
    end
    local at, times = core.ids(rows), data.sequences.times
    return { users = core.segments(lengths), items = core.map_ids(at, data.sequences.items),
      times = times and times:gather(at) }, lengths
  end

  -- Nil and a message where items have vectors of another width than those a model learnt from.
  local function same_widths(catalogue, data)
    for _, field in ipairs(catalogue.items.fields) do
      local found = (data.item_records.vectors or {})[field.name]
      local width = found and found.values.shape[2]
      if width and field.width and width ~= field.width then
        return nil, ("%s of the items of %s has vectors of %d numbers, but the model learnt from "
          .. "%d"):format(field.name, data.name, width, field.width)
      end
    end
    return true
  end

  -- The rows that items have in the catalogue of a model, whose features are as those of the data.
  local function rows_for(catalogue, data, items)
    local ok, message = same_widths(catalogue, data)
    if not ok then
      return nil, message
    end
    return rows_in_catalogue(catalogue, data.items, items, "of " .. data.name)
  end

  --- Splits sequences into old users and new ones.
  -- @tparam SequenceData data
  -- @tparam[opt] table options see below
  -- @treturn ?table sequences ({users = Segments, items = Ids, times}: of old users what may be
  -- learnt from, of new ones all), train, valid, test (lists of user rows), catalogue (whose
  -- items.counts say how often an item may be learnt from; of new items 0), cut_time, new_items
  -- (list of the raw ids of those that were cut), and left_out
  -- (short: old users with fewer than min_length interactions, late: interactions of old users at
  -- or behind the cut, cut: interactions with items that were cut); nil where nobody is old or new,
  -- and where a model's catalogue does not have the items
  -- @treturn ?string message
  -- @usage
  -- local data = cmml.settings:get("sequences").made()
  -- local split = assert(cmml.sequences.split(data, { new_users = 0.3 }))
  -- print(#split.train, #split.valid, #split.test)
  function cmml.sequences.split(data, options)
    args.expect("sequences.split: data", data, "cmml.SequenceData")
    local opt = known:check(options)
    local first, some = places_of(data.sequences)
    local is_by_time = opt.protocol == "time"
      or opt.protocol == "new-users" and data.sequences.times ~= nil
    local found, message
    if is_by_time then
      found, message = by_time(data, opt, first, some)
    else
      found, message = at_random(data, opt, first, some)
    end
    if not found then
      return nil, message
    end
    found.first = first
    local cut = cut_items(data, opt)
    local sequences, lengths = kept_of(data, found, cut)
    if opt.catalogue then
      sequences.items, message = rows_for(opt.catalogue, data, sequences.items)
      if not sequences.items then
        return nil, message
      end
    end
    local old, left_out = {}, { short = 0, late = found.late, cut = 0 }
    for _, user in ipairs(found.old) do
      local is_short = lengths[user] < opt.min_length
      old[#old + 1] = not is_short and user or nil
      left_out.short = left_out.short + (is_short and 1 or 0)
      left_out.cut = left_out.cut + found.before[user] - lengths[user]
    end
    if #old == 0 then
      return nil, ("%s: nobody is left to learn from: of %d people %d are new, and %d have fewer "
        .. "than %d interactions (min_length)"):format(data.name, #some, #found.new,
        left_out.short, opt.min_length)
    end
    local valid, others = parted(shuffled(old, opt, "valid"),
      math.floor(opt.valid * #old))
    local train = parted(shuffled(others, opt, "old_fraction"),
      math.max(1, math.floor(opt.old_fraction * #others + 0.5)))
    local learners = table.move(valid, 1, #valid, #train + 1, table.move(train, 1, #train, 1, {}))
    return { setting = "sequences", data = data, sequences = sequences, train = train,
      valid = valid, test = found.new, protocol = opt.protocol, by_time = is_by_time,
      cut_time = found.cut_time, left_out = left_out, options = opt,
      new_items = names_of(data, cut),
      catalogue = opt.catalogue or data:catalogue(learners, sequences) }
  end
end
