--- Yelp as published with S3-Rec: who went where, and the attributes of the places.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local files = require "cmml.settings.scenarios.filters"

local known = declare("loaders.yelp", require "cmml.settings.scenarios.filter_options")

return function(cmml)
  local core = cmml.core

  -- Users and items from lines of "user item item ..".
  local function read_visits(path)
    local data, message = args.call(core.read_table, path, { delimiter = "\t", columns = {
      { name = "user and items", kind = "list", separator = " " } } })
    if not data then
      return nil, message
    end
    local column = data.columns["user and items"]
    local users, items, row_of, user_ids, item_ids = core.vocab(), core.vocab(), {}, {}, {}
    local ids, vocab, at, n = column.ids:totable(), column.vocab, 1, 0
    for row, length in ipairs(column.segments:totable()) do
      if length < 2 then
        return nil, ("%s: row %d of those that are not empty has a user%s, but no item"):format(
          path, row, length == 1 and (" (%s)"):format(vocab:text(ids[at])) or "")
      end
      local user = users:add(vocab:text(ids[at]))
      for k = at + 1, at + length - 1 do
        local id = ids[k]
        local item = row_of[id] or items:add(vocab:text(id))
        n, row_of[id] = n + 1, item
        user_ids[n], item_ids[n] = user, item
      end
      at = at + length
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids) }
  end

  --- Reads a folder in the format that S3-Rec published for Yelp: an interaction is a user with a
  -- place (Yelp.txt: `user item item ..`, one user a line), a scenario is an attribute of places
  -- (Yelp_item2attributes.json: item to list of attributes), called "attribute N". Places that
  -- nobody went to are left out and counted in `unknown_items`.
  -- @tparam string folder
  -- @tparam[opt] table options
  -- @treturn ?ScenarioData nil if a file is missing or malformed, or no attribute is a scenario
  -- @treturn ?string message
  function cmml.loaders.yelp(folder, options)
    local opt = known:check(options)
    local name = files.name_of("loaders.yelp", folder)
    local visits, message = read_visits(folder .. "/Yelp.txt")
    if not visits then
      return nil, message
    end
    visits.groups, message = cmml.data.read_groups(folder .. "/Yelp_item2attributes.json",
      visits.items, { unknown = "skip", prefix = "attribute " })
    if not visits.groups then
      return nil, message
    end
    visits.name = name
    return files.finish(cmml, opt, visits)
  end

  cmml.loader {
    name = "yelp", setting = "scenarios", title = "Yelp, attributes (Yelp.txt)",
    marks = { "Yelp.txt" }, files = { "Yelp.txt", "Yelp_item2attributes.json" },
    read = cmml.loaders.yelp,
  }
end
