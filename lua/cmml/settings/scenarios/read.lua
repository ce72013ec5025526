--- Scenario data by the name of a folder, whatever its format, and unions of several.
--
-- @module cmml
local args = require "cmml.base.args"
local filters = require("cmml.settings.scenarios.filters").filters

local filter_options = require "cmml.settings.scenarios.filter_options"
local sets = require "cmml.base.options"
local shared = require "cmml.settings.scenarios.shared_options"

-- An option of the loader that reads a folder, which gives it its default.
local function of_loader(declared)
  return sets.changed(declared, { default = false, default_text = "the loader's" })
end

-- One that holds for every folder.
local function of_all(declared)
  return sets.changed(of_loader(declared), { help = declared.help .. "; for every set" })
end

local known = sets.declare("scenarios.read", {
  of_all(filter_options[1]), of_all(filter_options[2]), of_all(filter_options[3]),
  of_loader(shared.min_plays), of_loader(shared.by), of_loader(shared.min_rating),
  of_loader(shared.theme_items),
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
          return nil, ("the data in %s take no %s"):format(folders[1].folder,
            args.named_option(name))
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
