--- Options and steps that several commands share.
--
-- @module cmml.cli.common
local common = {}

--- Options that say what the data are and how they are split.
common.data_options = {
  { name = "data", kind = "string", arg = "DIR", required = true,
    help = "folder in the format of MovieLens-1M: ratings.dat, users.dat, movies.dat and, if "
      .. "there, movies_extrainfos.dat; or of scenarios: Last.fm, Yelp, Taobao's themes, "
      .. "MovieLens as csv, or several with + between them" },
  { name = "test-users", kind = "string", arg = "FILE", setting = "user",
    help = "user setting: list of the users to test on, one a line; default: test_users.txt of "
      .. "the data folder if there is one, else a random fifth" },
  { name = "valid", kind = "number", arg = "SHARE",
    help = "share of the other users, or of the scenarios, that chooses the best epoch [default: "
      .. "0.05 of the users, 0.1 of the scenarios]" },
  { name = "protocol", kind = "string", arg = "NAME",
    help = "full: each draw takes fresh ratings of the whole history; capped: each training user "
      .. "keeps --cap ratings, chosen once; warm: 10 of each training user are held out and "
      .. "judged; warm-leaky: training users are judged by what was learnt from, as published; "
      .. "melu: known and new users times items up to 1997 and after; of scenarios no-leak: what "
      .. "is judged is in no vector and no task; published: it is [default: full, or no-leak, or "
      .. "as the model was trained]" },
  { name = "cap", kind = "integer", arg = "N", setting = "user",
    help = "user setting: ratings kept of a training user by capped [default: 50] and warm "
      .. "[default: all], or as the model was trained" },
  { name = "data-seed", kind = "integer", arg = "N",
    help = "seed of the choice of users and capped ratings, or of the split of scenarios [default: "
      .. "1, or as the model was trained]" },
  { name = "support", kind = "integer", arg = "N",
    help = "ratings, or positives, at most that a task adapts to [default: the preset's]" },
  { name = "query", kind = "integer", arg = "N",
    help = "ratings, or positives, at most that a task is judged by [default: the preset's]" },
}

--- The option of modules that register components.
common.modules_option = { name = "modules", kind = "string", arg = "LIST",
  help = "Lua modules to require first, with commas, such as those that register components of "
    .. "your own; found where Lua looks (LUA_PATH), in this folder, too" }

--- "a,b" as a list; "none" as an empty one.
-- @tparam string text
-- @treturn table
function common.list_of(text)
  local list = {}
  for name in (text ~= "none" and text or ""):gmatch("[^,%s]+") do
    list[#list + 1] = name
  end
  return list
end

--- "a, b c" as a list of raw ids: of what stands between commas.
-- @tparam ?string text
-- @treturn table
function common.ids_of(text)
  local list = {}
  for id in (text or ""):gmatch "[^,]+" do
    list[#list + 1] = id:match "^%s*(.-)%s*$"
  end
  return list
end

--- Requires the modules of a command.
-- @tparam ?string list names with commas
-- @treturn ?true
-- @treturn ?string message
function common.require_all(list)
  for _, name in ipairs(common.list_of(list or "")) do
    local ok, message = pcall(require, name)
    if not ok then
      return nil, ("--modules: %s: %s"):format(name, tostring(message):match "^[^\n]*")
    end
  end
  return true
end

--- The data set of a command.
-- @tparam table cmml the library
-- @tparam table values options of the command
-- @treturn ?Dataset
-- @treturn ?string message
function common.read_dataset(cmml, values)
  return cmml.movielens(values.data, {
    item_fields = values.item_fields and common.list_of(values.item_fields),
    user_fields = values.user_fields and common.list_of(values.user_fields),
    unknown = values.unknown, min_count = values.min_count,
  })
end

--- A data set split and capped as the options say.
-- @tparam table cmml the library
-- @tparam table values options of the command
-- @tparam Dataset dataset
-- @tparam[opt] Catalogue catalogue of a trained model
-- @treturn ?table see `cmml.users.protocol`
-- @treturn ?string message
function common.split(cmml, values, dataset, catalogue)
  local test_users = values.test_users
  local listed = values.data .. "/test_users.txt"
  if not test_users and cmml.core.exists(listed) then
    test_users = listed
  end
  return cmml.users.protocol(dataset, { test_users = test_users, valid = values.valid,
    protocol = values.protocol, cap = values.cap, data_seed = values.data_seed,
    catalogue = catalogue })
end

--- What a later command has to know of the data, and a resumed run must have unchanged: the
-- protocol, and who was held out.
-- @tparam table data see `cmml.users.protocol`
-- @treturn table plain data
function common.conditions_of(data)
  local conditions = { test_users = {} }
  for i, row in ipairs(data.test) do
    conditions.test_users[i] = data.dataset.users:text(row)
  end
  for key, value in pairs(data.conditions) do
    conditions[key] = value
  end
  return conditions
end

--- One list of several.
-- @tparam table ... lists
-- @treturn table
function common.join(...)
  local all = {}
  for _, list in ipairs { ... } do
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
end

return common
