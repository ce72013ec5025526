--- Last.fm as published for HetRec 2011: who played which artist, and who tagged it how.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local files = require "cmml.settings.scenarios.filters"
local filters = require "cmml.settings.scenarios.filter_options"
local shared = require "cmml.settings.scenarios.shared_options"

local known = declare("loaders.lastfm", {
  shared.min_plays,
  table.unpack(filters),
})

return function(cmml)
  local core = cmml.core

  local function read(folder, name, columns, encoding)
    return args.call(core.read_table, folder .. "/" .. name, { delimiter = "\t", header = "names",
      encoding = encoding, columns = columns })
  end

  -- The name of each tag that was given, by its number in `used`; nil and a message if one lacks.
  local function names_of(folder, used)
    local tags, message = read(folder, "tags.dat", { { name = "tagID", id = true, unique = true },
      { name = "tagValue" } }, "latin-1")
    if not tags then
      return nil, message
    end
    local by_id, values, names, owner = {}, tags.columns.tagValue.ids:totable(), {}, {}
    for row, id in ipairs(tags.columns.tagID.ids:totable()) do
      by_id[tags.columns.tagID.vocab:text(id)] = tags.columns.tagValue.vocab:text(values[row])
    end
    for number = 1, #used do
      local id = used:text(number)
      local name = by_id[id]
      if not name then
        return nil, ("%s/tags.dat: no name of tag %s, which user_taggedartists.dat has"):format(
          folder, id)
      end
      while owner[name] do
        name = ("%s (%s)"):format(name, id)
      end
      names[number], owner[name] = name, true
    end
    return names
  end

  -- Names of the artists by row of `items`; nothing where the folder lacks the list.
  local function titles_of(folder, items)
    if not core.exists(folder .. "/artists.dat") then
      return nil
    end
    local artists, message = read(folder, "artists.dat", {
      { name = "id", id = true, unique = true }, { name = "name" } })
    if not artists then
      return nil, message
    end
    return files.titles(items, artists.columns.id, artists.columns.name)
  end

  --- Reads a folder in the format of hetrec2011-lastfm-2k: an interaction is a user who played an
  -- artist (user_artists.dat), a scenario is a tag, its items the artists that anybody tagged so
  -- (user_taggedartists.dat, tags.dat) and somebody played. Artists that were tagged but never
  -- played are left out and counted in `unknown_items`. Titles come from artists.dat, if that is
  -- there.
  -- @tparam string folder
  -- @tparam[opt] table options
  -- @treturn ?ScenarioData nil if a file is missing or malformed, or no tag is a scenario
  -- @treturn ?string message
  function cmml.loaders.lastfm(folder, options)
    local opt = known:check(options)
    local name = files.name_of("loaders.lastfm", folder)
    local plays, message = read(folder, "user_artists.dat", { { name = "userID", id = true },
      { name = "artistID", id = true }, { name = "weight", kind = "number" } })
    if not plays then
      return nil, message
    end
    local tagged
    tagged, message = read(folder, "user_taggedartists.dat", { { name = "artistID", id = true },
      { name = "tagID", id = true } })
    if not tagged then
      return nil, message
    end
    local users, items, tag = plays.columns.userID, plays.columns.artistID, tagged.columns.tagID
    local names, titles
    names, message = names_of(folder, tag.vocab)
    if not names then
      return nil, message
    end
    titles, message = titles_of(folder, items.vocab)
    if message then
      return nil, message
    end
    local often = core.ge(plays.columns.weight.values, opt.min_plays)
    return files.finish(cmml, opt, { name = name, users = users.vocab, items = items.vocab,
      titles = titles, user_ids = core.select_ids(users.ids, often),
      item_ids = core.select_ids(items.ids, often),
      groups = files.groups(core, items.vocab, tagged.columns.artistID, tag.ids, names) })
  end

  cmml.loader {
    name = "lastfm", setting = "scenarios", title = "Last.fm, tags (user_artists.dat)",
    marks = { "user_artists.dat" }, files = { "user_artists.dat", "user_taggedartists.dat",
      "tags.dat", "artists.dat" }, options = { "min_plays" }, read = cmml.loaders.lastfm,
  }
end
