--- `cmml recommend` in the scenario setting: a few interactions of a new scenario, and which of its
-- items come next for a user.
--
-- @module cmml.cli.recommend_scenario
local common = require "cmml.cli.common"

local recommend_scenario = {}

-- Texts of a column that was read.
local function texts_of(column)
  local list = {}
  for i, id in ipairs(column.ids:totable()) do
    list[i] = column.vocab:text(id)
  end
  return list
end

-- Lines of user and item, and a third field where the first line has one.
local function read_file(cmml, values)
  local path = values.support
  local text, message = cmml.core.read_file(path)
  if not text then
    return nil, message
  end
  local _, commas = (text:match "[^\r\n]+" or ""):gsub('"[^"]*"', ""):gsub(",", "")
  local data
  data, message = cmml.core.read_table(path, { columns = { { name = "user" }, { name = "item" },
    commas > 1 and { name = "label", kind = "integer" } or nil } })
  if not data then
    return nil, message
  end
  local users, items = texts_of(data.columns.user), texts_of(data.columns.item)
  local labels, support = commas > 1 and data.columns.label.values or {}, {}
  for i, user in ipairs(users) do
    local label = labels[i] or 1
    if label ~= 0 and label ~= 1 then
      return nil, ("%s: user %s, item %s: the label is %d, but must be 1 (taken) or 0 (passed by)")
        :format(path, user, items[i], label)
    end
    support[i] = { user, items[i], label }
  end
  return support
end

-- The pairs of --liked.
local function read_liked(_, values)
  local list = {}
  for i, part in ipairs(common.ids_of(values.liked)) do
    local user, item = part:match "^([^=]+)=(.+)$"
    if part:find "=" and not user then
      return nil, ("--liked: %q is not of the form USER=ITEM or ITEM"):format(part)
    end
    list[i] = { user or values.user, item or part, 1 }
  end
  return list
end

-- What the model knows of a list; it is an error to be something else, unless that is skipped.
local function known_of(catalogue, option, list, skip, entry_of)
  local known, unknown = {}, {}
  for _, entry in ipairs(list) do
    local missing
    for _, part in ipairs(entry_of(entry)) do
      local side, raw = table.unpack(part)
      missing = missing or not catalogue[side]:id(raw) and ("%s %s"):format(side:sub(1, -2), raw)
    end
    if missing and not skip then
      return nil, ("--%s: %s is not among those that the model knows; --skip-unknown leaves such "
        .. "out"):format(option, missing)
    end
    table.insert(missing and unknown or known, missing or entry)
  end
  if #unknown > 0 then
    io.stderr:write(("--%s: left out %d of %d, unknown: %s%s\n"):format(option, #unknown, #list,
      table.concat(unknown, ", ", 1, math.min(#unknown, 5)), #unknown > 5 and ", .." or ""))
  end
  return known
end

-- The pairs of --support and --liked that the model knows.
local function read_support(cmml, catalogue, values)
  local support = {}
  for _, option in ipairs { "support", "liked" } do
    local list, message = {}, nil
    if values[option] then
      list, message = (option == "support" and read_file or read_liked)(cmml, values)
    end
    if list then
      list, message = known_of(catalogue, option, list, values.skip_unknown, function(pair)
        return { { "users", pair[1] }, { "items", pair[2] } }
      end)
    end
    if not list then
      return nil, message
    end
    table.move(list, 1, #list, #support + 1, support)
  end
  return support
end

-- The items to choose from that the model knows; nil: all.
local function read_items(cmml, catalogue, values)
  local list, message
  if not values.items then
    return nil
  elseif values.items == "" or not cmml.core.exists(values.items) then
    if values.items:find "^[^,]*[./][^,]*$" and not catalogue.items:id(values.items) then
      return nil, ("--items: there is no file %s"):format(values.items)
    end
    list = common.ids_of(values.items)
  else
    local data
    data, message = cmml.core.read_table(values.items, { columns = { { name = "item" } } })
    list = data and texts_of(data.columns.item)
  end
  if not list then
    return nil, message
  elseif #list == 0 then
    return nil, ("--items %s names no item; leave it out to choose from all"):format(values.items)
  end
  return known_of(catalogue, "items", list, values.skip_unknown, function(item)
    return { { "items", item } }
  end)
end

--- Runs the command for a model of scenarios.
-- @tparam table cmml the library
-- @tparam table values options
-- @tparam Recommender model
-- @treturn ?table what `recommend` gives
-- @treturn ?string message
function recommend_scenario.run(cmml, values, model)
  local catalogue = model.catalogue
  if not values.user then
    return nil, "--user ID is missing: a model of the scenario setting ranks items for a user"
  elseif not catalogue.users:id(values.user) then
    return nil, ("--user: user %s is not among the %d that the model knows"):format(values.user,
      #catalogue.users)
  end
  local support, message = read_support(cmml, catalogue, values)
  local items
  if support then
    items, message = read_items(cmml, catalogue, values)
  end
  if message then
    return nil, message
  end
  return model:adapt(support):recommend { user = values.user, items = items, n = values.n,
    exclude = common.ids_of(values.exclude) }
end

return recommend_scenario
