--- Scenario data by the name of a folder, whatever its format.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

return function(cmml)
  local core = cmml.core

  -- By the file that tells a format: the loader, and its options beside the filters.
  local formats = {
    { file = "user_artists.dat", loader = "lastfm", options = { "min_plays" } },
    { file = "Yelp.txt", loader = "yelp", options = {} },
    { file = "theme_click_log.csv", loader = "taobao_themes", options = { "items" } },
    { file = "ratings.csv", loader = "movielens_scenarios", options = { "by", "min_rating" } },
    { file = "ratings.dat", loader = "movielens_scenarios", options = { "by", "min_rating" } },
  }

  local function format_of(folder)
    for _, format in ipairs(formats) do
      if core.exists(folder .. "/" .. format.file) then
        return format
      end
    end
    return nil
  end

  -- The folder and the format of a source: itself, or what `cmml fetch` put in data/.
  local function find(source)
    for _, folder in ipairs { source, "data/" .. source } do
      local format = format_of(folder)
      if format then
        return folder, format
      end
    end
    if source ~= "" and not core.exists(source)
      and not core.exists("data/" .. source) then
      return nil, ("there is no folder %s, here or in data"):format(source)
    end
    local known = {}
    for i, format in ipairs(formats) do
      known[i] = format.file
    end
    return nil, ("scenario_source: %q is no folder of a format that is known: it has none of %s")
      :format(source, table.concat(known, ", "))
  end

  -- The sources of a text: one, where it is a folder, else what stands between plus signs.
  local function sources_of(text)
    if find(text) then
      return { text }
    end
    local list = {}
    for part in (text .. "+"):gmatch "([^+]*)%+" do
      list[#list + 1] = part:match "^%s*(.-)%s*$"
    end
    return list
  end

  -- See `scenario_loaders`; called by a function of the library.
  local function loaders_of(source, options)
    local opt = args.check("scenario_source", options, { min_items = "integer?",
      max_items = "integer?", min_users = "integer?", min_plays = "number?", by = "string?",
      min_rating = "number?", items = "string?" }, 4)
    if type(source) ~= "string" then
      error("scenario_source: the name of a folder was expected, not " .. type(source), 3)
    end
    local used = { min_items = true, max_items = true, min_users = true }
    local found = {}
    for i, part in ipairs(sources_of(source)) do
      local folder, format = find(part)
      if not folder then
        return nil, format
      end
      local own = { min_items = opt.min_items, max_items = opt.max_items,
        min_users = opt.min_users }
      for _, key in ipairs(format.options) do
        own[key], used[key] = opt[key], true
      end
      found[i] = { folder = folder, loader = format.loader, options = own }
    end
    for _, key in ipairs(args.keys(opt)) do
      if not used[key] then
        return nil, ("scenario_source: %q has no option %s"):format(source, key)
      end
    end
    return found
  end

  --- The loaders of a source of scenarios, and what each is to be called with: what
  -- `scenario_source` reads, before anything is read.
  -- @tparam string source see `scenario_source`
  -- @tparam[opt] table options min_items, max_items, min_users, min_plays, by, min_rating, items:
  -- see `scenario_source`
  -- @treturn ?table list of {folder, loader (its name in `cmml.loaders`), options}; nil if a folder
  -- is of no known format, or no loader knows an option
  -- @treturn ?string message
  function cmml.scenario_loaders(source, options)
    local found, message = loaders_of(source, options)
    return found, message -- no tail call, which would leave out a level
  end

  --- Scenario data from a folder, whose files tell which loader reads it: `lastfm`
  -- (user_artists.dat), `yelp` (Yelp.txt), `taobao_themes` (theme_click_log.csv),
  -- `movielens_scenarios` (ratings.csv or ratings.dat). A folder that is not there is looked for in
  -- data/, where `cmml fetch` puts it. "a+b" is the union of two or more (`join_scenarios`).
  -- @tparam string source
  -- @tparam[opt] table options min_items, max_items, min_users: for every set; min_plays
  -- (`lastfm`), by, min_rating (`movielens_scenarios`), items (`taobao_themes`): for those that
  -- know them; an option that none knows is refused
  -- @treturn ?ScenarioData nil if a folder is of no known format, or its loader fails
  -- @treturn ?string message
  function cmml.scenario_source(source, options)
    local found, message = loaders_of(source, options)
    if not found then
      return nil, message
    end
    local list = {}
    for i, part in ipairs(found) do
      list[i], message = cmml.loaders[part.loader](part.folder, part.options)
      if not list[i] then
        return nil, message
      end
    end
    if #list == 1 then
      return list[1]
    end
    local ok, union = pcall(cmml.join_scenarios, list)
    return ok and union or nil, not ok and tostring(union) or nil
  end
end
