--- Scenario data by the name of a folder, whatever its format, and unions of several.
--
-- @module cmml
local filters = require("cmml.settings.scenarios.filters").filters

local known = require("cmml.base.options").declare("scenarios.read", {
  { name = "min_items", kind = "integer", help = "see scenarios.data; for every set" },
  { name = "max_items", kind = "integer", help = "see scenarios.data; for every set" },
  { name = "min_users", kind = "integer", help = "see scenarios.data; for every set" },
  { name = "min_plays", kind = "number", help = "see loaders.lastfm" },
  { name = "by", kind = "string", help = "see loaders.movielens_scenarios" },
  { name = "min_rating", kind = "number", help = "see loaders.movielens_scenarios" },
  { name = "items", kind = "string", help = "see loaders.taobao_themes" },
})

return function(cmml, use)
  local found = use "settings.loader"

  --- Reads folders of scenarios with their loaders; several are joined.
  -- @tparam table folders list of {folder, loader}
  -- @tparam table opt options of the setting; one that no loader of these knows is refused
  -- @treturn ?ScenarioData nil if a loader fails
  -- @treturn ?string message
  local function read(folders, opt)
    local used, list = {}, {}
    if opt.scenario_field then
      return nil, "scenario_field is for files of your own (ratings FILE)"
    end
    for i, entry in ipairs(folders) do
      local own = {}
      for _, names in ipairs { filters, entry.loader.options } do
        for _, name in ipairs(names) do
          own[name], used[name] = opt[name], true
        end
      end
      list[i] = own
    end
    for _, loader in ipairs(cmml.loaders_of "scenarios") do
      for _, name in ipairs(loader.options) do
        if opt[name] ~= nil and not used[name] then
          return nil, ("the data in %s have no option %s"):format(folders[1].folder, name)
        end
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

  --- Scenario data from a folder, whose files tell which loader reads it. A folder that is not
  -- there is looked for in data/, where `cmml fetch` puts it. "a+b" is the union of two or more
  -- (`scenarios.join`).
  -- @tparam string source
  -- @tparam[opt] table options see below; one that no loader of the folders knows is refused
  -- @treturn ?ScenarioData nil if a folder is of no known format, or its loader fails
  -- @treturn ?string message
  function cmml.scenarios.read(source, options)
    local opt = known:check(options)
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
