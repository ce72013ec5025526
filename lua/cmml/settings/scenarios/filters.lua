--- Steps that the loaders of scenario data share.
--
-- @module cmml.settings.scenarios.filters
local raise = require("cmml.base.args").error
local files = {}

--- The filters of `cmml.scenarios.data`, which every loader takes.
files.filters = { "min_items", "max_items", "min_users" }

--- What the filters are where nothing is said.
files.defaults = { min_items = 101, max_items = 999, min_users = 2 }

--- How items of MovieLens may be grouped.
files.ways = { "genre", "combination", "genre+combination", "tag" }

--- Raises unless a folder was named.
-- @tparam string name of the function
-- @param folder
-- @treturn string the last part of the path
function files.name_of(name, folder)
  if type(folder) ~= "string" then
    raise(("%s: the path of a folder was expected, not %s"):format(name, type(folder)), 3)
  end
  return folder:match "([^/]+)/*$" or folder
end

--- The rows of one vocabulary in another, matched by their texts.
-- @tparam table core
-- @tparam Vocab from
-- @tparam Vocab to
-- @treturn Ids for each text of `from` its number in `to`; 0 where it has none
-- @treturn integer how many have none
function files.match(core, from, to)
  local rows, unknown = {}, 0
  for row = 1, #from do
    local id = to:id(from:text(row))
    rows[row], unknown = id or 0, unknown + (id and 0 or 1)
  end
  return core.ids(rows), unknown
end

--- Groups by pairs of item and group that were read as columns.
-- @tparam table core
-- @tparam Vocab items of the data
-- @tparam table item column with vocab and ids; those that the data lack are left out and counted
-- @tparam Ids group_ids a group for each
-- @tparam table names of the groups, by number
-- @treturn table for `cmml.scenarios.data`
function files.groups(core, items, item, group_ids, names)
  local rows, unknown = files.match(core, item.vocab, items)
  return { names = names, group_ids = group_ids, item_ids = core.map_ids(item.ids, rows),
    unknown_items = unknown }
end

--- The texts of a vocabulary as a list, each with something in front.
-- @tparam Vocab vocab
-- @tparam[opt=""] string prefix
-- @treturn {string,...}
function files.texts(vocab, prefix)
  local list = {}
  for row = 1, #vocab do
    list[row] = (prefix or "") .. vocab:text(row)
  end
  return list
end

--- Titles by row of items, "" where none is known.
-- @tparam Vocab items
-- @tparam table ids column of a table that was read
-- @tparam table titles column beside it
-- @treturn {string,...}
function files.titles(items, ids, titles)
  local list, title_ids = {}, titles.ids:totable()
  for row = 1, #items do
    list[row] = ""
  end
  for row, id in ipairs(ids.ids:totable()) do
    local item = items:id(ids.vocab:text(id))
    if item then
      list[item] = titles.vocab:text(title_ids[row])
    end
  end
  return list
end

--- The data set of what a loader read: nil and a message where the files hold no scenario.
-- @tparam table cmml
-- @tparam table opt checked options of the loader, with the filters
-- @tparam table parts options of `cmml.scenarios.data`
-- @treturn ?ScenarioData
-- @treturn ?string message
function files.finish(cmml, opt, parts)
  for _, key in ipairs(files.filters) do
    parts[key] = opt[key]
  end
  parts.raises = false
  return cmml.scenarios.data(parts)
end

return files
