--- Scenario data by the name of a folder, whatever its format, and unions of several.
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml, use)
  local found = use "settings.loader"

  -- Options that every loader of scenarios takes.
  local filters = { "min_items", "max_items", "min_users" }

  --- Reads folders of scenarios with their loaders; several are joined.
  -- @tparam table folders list of {folder, loader}
  -- @tparam table opt options of the setting; one that no loader of these knows is refused
  -- @treturn ?ScenarioData nil if a loader fails
  -- @treturn ?string message
  local function read(folders, opt)
    local used, list = {}, {}
    for i, entry in ipairs(folders) do
      local own = {}
      for _, names in ipairs { filters, entry.loader.options } do
        for _, name in ipairs(names) do
          own[name], used[name] = opt[name], true
        end
      end
      list[i] = own
    end
    for _, name in ipairs { "min_plays", "by", "min_rating", "items" } do
      if opt[name] ~= nil and not used[name] then
        return nil, ("the data in %s have no option %s"):format(folders[1].folder, name)
      end
    end
    for i, entry in ipairs(folders) do
      local data, message = entry.loader.read(entry.folder, list[i])
      if not data then
        return nil, message
      end
      list[i] = data
    end
    if #list == 1 then
      return list[1]
    end
    local ok, union = pcall(cmml.scenarios.join, list)
    return ok and union or nil, not ok and tostring(union) or nil
  end

  --- Scenario data from a folder, whose files tell which loader reads it. A folder that is not there
  -- is looked for in data/, where `cmml fetch` puts it. "a+b" is the union of two or more
  -- (`scenarios.join`).
  -- @tparam string source
  -- @tparam[opt] table options min_items, max_items, min_users: for every set; min_plays
  -- (`loaders.lastfm`), by, min_rating (`loaders.movielens_scenarios`), items
  -- (`loaders.taobao_themes`): for those that know them; an option that none knows is refused
  -- @treturn ?ScenarioData nil if a folder is of no known format, or its loader fails
  -- @treturn ?string message
  function cmml.scenarios.read(source, options)
    local opt = args.check("scenarios.read", options, { min_items = "integer?",
      max_items = "integer?", min_users = "integer?", min_plays = "number?", by = "string?",
      min_rating = "number?", items = "string?" })
    local folders, message = found.folders(source, "scenarios")
    if not folders then
      return nil, message
    end
    local data
    data, message = read(folders, opt)
    return data, message -- no tail call, which would leave out a level
  end

  return read
end
