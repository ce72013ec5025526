--- How a few interactions of a scenario are given to a model: as raw ids in Lua, and on the command
-- line.
--
-- @module cmml.settings.scenarios.support
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local columns = require "cmml.data.columns"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

return function(cmml, use)
  local record_file = use "data.record_file"
  local core = cmml.core
  local support = {}

  -- The row of a raw id; nil where there is none and such are left out; else raises.
  local function row_of(what, side, of, raw, level, skip)
    if type(raw) ~= "string" and math.type(raw) == nil then
      raise(("%s: a raw id of %s was expected, not %s"):format(what, side, type(raw)), level + 1)
    end
    local row = raw_ids.find(of, raw, level + 1, "%s", what)
    return row or not skip and raise(("%s: %s %s is not among the %d that the model knows; "
      .. "%s leaves such entries out"):format(what, side, plain.tostring(raw), #of,
      args.option("unknown", "skip")), level + 1) or nil
  end

  --- Reads labelled pairs of one scenario. A pair that is there twice counts once.
  -- @tparam Recommender model
  -- @tparam table given list of {user, item, 1 or 0} with raw ids; may be empty
  -- @tparam table opt unknown: "error" or "skip"
  -- @treturn table rows (Rows of one task), skipped (list of entries that were left out), taken (a
  -- function of a user's row giving the set of item rows that the support has as positives of the
  -- user), list (a function of item rows and a user's row giving Rows to be scored), lists (a
  -- function of users' rows and item rows giving Rows in which each user has these items)
  function support.read(model, given, opt)
    if type(given) ~= "table" then
      raise("adapt: the support must be a list of {user, item, 1 or 0}, not " .. type(given), 3)
    end
    local catalogue, skip = model.catalogue, opt.unknown == "skip"
    local users, items, labels, skipped, seen = {}, {}, {}, {}, {}
    for i, entry in ipairs(given) do
      local label = type(entry) == "table" and entry[3]
      if label ~= 1 and label ~= 0 then
        raise(("adapt: entry %d must be {user, item, 1 or 0}"):format(i), 3)
      end
      local what = ("adapt: entry %d"):format(i)
      local user = row_of(what, "user", catalogue.users, entry[1], 3, skip)
      local item = row_of(what, "item", catalogue.items, entry[2], 3, skip)
      local key, n = user and item and user << 32 | item, #users + 1
      if not key then
        skipped[#skipped + 1] = entry
      elseif not seen[key] then
        seen[key] = label
        users[n], items[n], labels[n] = user, item, label
      elseif seen[key] ~= label then
        raise(("%s: user %s is said to have taken item %s, and not to have"):format(what,
          tostring(entry[1]), plain.tostring(entry[2])), 3)
      end
    end
    return { skipped = skipped, rows = { segments = core.segments { #users },
      users = core.ids(users), items = core.ids(items),
      labels = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0) }, taken = function(user)
        local taken = {}
        for i, item in ipairs(items) do
          taken[users[i] == user and labels[i] == 1 and item or 0] = true
        end
        return taken
      end, list = function(list, user)
        local rows = {}
        for i = 1, #list do
          rows[i] = user
        end
        return { segments = core.segments { #list }, items = core.ids(list),
          users = core.ids(rows) }
      end, lists = function(people, list)
        local people_of, items_of = {}, {}
        for i, user in ipairs(people) do
          for k, item in ipairs(list) do
            people_of[(i - 1) * #list + k], items_of[(i - 1) * #list + k] = user, item
          end
        end
        return { segments = core.segments { #items_of }, items = core.ids(items_of),
          users = core.ids(people_of) }
      end }
  end

  -- Lines of user and item, and a third field where the first line has one.
  local function read_file(path)
    local data, message = record_file.read(path, { { name = "user", id = true },
      { name = "item", id = true }, { name = "label", kind = "integer", optional = true } })
    if not data then
      return nil, message
    end
    local users, items = columns.texts(data.columns.user), columns.texts(data.columns.item)
    local labels, given = data.columns.label and data.columns.label.values or {}, {}
    for i, user in ipairs(users) do
      local label = labels[i] or 1
      if label ~= 0 and label ~= 1 then
        return nil, ("%s: user %s, item %s: the label is %d, but must be 1 (taken) or 0 (passed "
          .. "by)"):format(path, user, items[i], label)
      end
      given[i] = { user, items[i], label }
    end
    return given
  end

  --- Options of `cmml recommend` for a scenario.
  support.options = {
    { name = "liked", group = "support", list = "string", arg = "LIST", may_be_empty = true,
      help = "interactions on the command line, as USER=ITEM: 7=120,9=66; an item alone was taken "
        .. "by --user" },
  }

  -- The pairs of --liked.
  local function read_liked(values)
    local list = {}
    for i, part in ipairs(values.liked or {}) do
      local user, item = part:match "^([^=]+)=(.+)$"
      if part:find "=" and not user then
        return nil, ("--liked: %s is not of the form USER=ITEM or ITEM"):format(args.quote(part))
      end
      list[i] = { user or values.user, item or part, 1 }
    end
    return list
  end

  -- The support of a command line; nil and a message where a file or an option is malformed.
  local function read_given(values)
    local given, message = {}, nil
    if values.support then
      given, message = read_file(values.support)
    end
    local liked
    if given then
      liked, message = read_liked(values)
    end
    if not liked then
      return nil, message
    end
    return table.move(liked, 1, #liked, #given + 1, given)
  end

  --- What the command line says of a scenario and of the user to rank for.
  -- @tparam Recommender model
  -- @tparam table values user (raw id), support (a file of user and item a line), liked
  -- @treturn ?table support for `adapt`; nil and a message where a file or an option is malformed
  -- @treturn table|string options of `recommend`, or the message
  function support.request(model, values)
    local users = model.catalogue.users
    if not values.user then
      return nil, "--user ID is missing: this model ranks items for a user"
    elseif not users:id(values.user) then
      return nil, ("--user: user %s is not among the %d that the model knows"):format(values.user,
        #users)
    end
    local given, message = read_given(values)
    return given, given and { user = values.user } or message
  end

  --- The users to rank for after one support, and their lists: for `cmml recommend --users`.
  -- @tparam Recommender model
  -- @tparam table values of the command: support (a file of user and item a line), liked
  -- @tparam ?table data must be nil: the model knows its users
  -- @tparam ?{string,...} wanted ids; nil: all users of the model
  -- @treturn ?table see settings/users/requests.lua
  -- @treturn ?string message
  function support.requests(model, values, data, wanted)
    if data then
      return nil, "--users are those that the model knows: --data and --ratings do not apply"
    elseif values.user then
      return nil, "--users and --user exclude each other"
    end
    local given, message = read_given(values)
    if not given then
      return nil, message
    end
    local users, ids, unknown = model.catalogue.users, {}, {}
    for i = 1, wanted and #wanted or #users do
      local id = wanted and wanted[i] or users:text(i)
      table.insert(users:id(id) and ids or unknown, id)
    end
    local adapted
    local found = { ids = ids, unknown = unknown, given = #given, skipped = 0, outside = 0,
      empty = 0, diverged = 0, supports = 1 }
    function found.lists(first, last, opt)
      if not adapted then
        adapted = model:adapt(given, { unknown = opt.unknown })
        found.skipped, found.diverged = #adapted.skipped, adapted.diverged and 1 or 0
      end
      return adapted:recommend_all(table.move(ids, first, last, 1, {}), { n = opt.n,
        items = opt.items, exclude = opt.exclude })
    end
    function found.explain(i, items)
      return adapted:explain(items, { user = ids[i] })
    end
    return found
  end

  return support
end
