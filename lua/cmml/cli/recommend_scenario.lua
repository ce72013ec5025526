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
local function read_file(cmml, path)
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

-- The pairs of --support and --liked.
local function read_support(cmml, values)
  local support = {}
  if values.support then
    local read, message = read_file(cmml, values.support)
    if not read then
      return nil, message
    end
    support = read
  end
  for _, part in ipairs(common.ids_of(values.liked)) do
    local user, item = part:match "^([^=]+)=(.+)$"
    if part:find "=" and not user then
      return nil, ("--liked: %q is not of the form USER=ITEM or ITEM"):format(part)
    end
    support[#support + 1] = { user or values.user, item or part, 1 }
  end
  return support
end

-- The items to choose from; nil: all.
local function read_items(cmml, values)
  if not values.items then
    return nil
  elseif not cmml.core.exists(values.items) then
    return common.ids_of(values.items)
  end
  local data, message = cmml.core.read_table(values.items, { columns = { { name = "item" } } })
  return data and texts_of(data.columns.item), message
end

-- Leaves out what the model does not know, or says so.
local function known_of(catalogue, option, list, skip, entry_of)
  local known, unknown = {}, {}
  for _, entry in ipairs(list) do
    local missing
    for side, raw in pairs(entry_of(entry)) do
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
  local support, message = read_support(cmml, values)
  local items
  if support then
    support, message = known_of(catalogue, values.support and "support" or "liked", support,
      values.skip_unknown, function(pair)
        return { users = pair[1], items = pair[2] }
      end)
  end
  if support then
    items, message = read_items(cmml, values)
  end
  if items then
    items, message = known_of(catalogue, "items", items, values.skip_unknown, function(item)
      return { items = item }
    end)
  end
  if message then
    return nil, message
  end
  return model:adapt(support):recommend { user = values.user, items = items, n = values.n,
    exclude = common.ids_of(values.exclude) }
end

return recommend_scenario
