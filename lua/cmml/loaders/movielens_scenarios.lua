--- Scenarios of MovieLens: genres, pairs of genres, or tags.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local files = require "cmml.settings.scenarios.filters"
local filters = require "cmml.settings.scenarios.filter_options"
local shared = require "cmml.settings.scenarios.shared_options"

local known = declare("loaders.movielens_scenarios", {
  shared.by, shared.min_rating,
  table.unpack(filters),
})
local films = require "cmml.loaders.movielens_films"

return function(cmml)
  local core = cmml.core

  -- How the two kinds of folders are laid out: names of the columns, and how lines are read.
  local layouts = {
    dat = { delimiter = "::", header = "none", user = "user", movie = "movie" },
    csv = { delimiter = ",", header = "names", user = "userId", movie = "movieId" },
  }

  local function layout_of(folder)
    for _, ending in ipairs { "csv", "dat" } do
      if core.exists(("%s/ratings.%s"):format(folder, ending)) then
        local layout = { folder = folder, ending = ending }
        for key, value in pairs(layouts[ending]) do
          layout[key] = value
        end
        return layout
      end
    end
    return nil, ("loaders.movielens_scenarios: %s has neither ratings.csv nor ratings.dat"):format(
      folder)
  end

  -- Reads a file of the folder; one that is not UTF-8 is latin-1 where the layout is the old one.
  local function read(layout, name, columns)
    local path = ("%s/%s.%s"):format(layout.folder, name, layout.ending)
    local encoding = "utf-8"
    if layout.ending == "dat" and name == "movies" then
      local text, message = core.read_file(path)
      if not text then
        return nil, message
      end
      encoding = utf8.len(text) and "utf-8" or "latin-1"
    end
    return args.call(core.read_table, path, { delimiter = layout.delimiter, header = layout.header,
      encoding = encoding, columns = columns })
  end

  -- Who rated what: users, items, user_ids, item_ids.
  local function read_ratings(layout, min_rating)
    local data, message = read(layout, "ratings", { { name = layout.user, id = true },
      { name = layout.movie, id = true }, { name = "rating", kind = "number" },
      { name = "timestamp", kind = "skip" } })
    if not data then
      return nil, message
    end
    local user, movie, rating = data.columns[layout.user], data.columns[layout.movie],
      data.columns.rating
    local result = { users = user.vocab, items = movie.vocab, user_ids = user.ids,
      item_ids = movie.ids }
    if min_rating then
      local high = core.ge(rating.values, min_rating)
      result.user_ids = core.select_ids(user.ids, high)
      result.item_ids = core.select_ids(movie.ids, high)
    end
    return result
  end

  -- The films of the list: {id, title, genres = list}.
  local function read_movies(layout)
    local data, message = read(layout, "movies", {
      { name = layout.movie, id = true, unique = true }, { name = "title" },
      { name = "genres", kind = "list", separator = "|" } })
    if not data then
      return nil, message
    end
    local movie, title, genres = data.columns[layout.movie], data.columns.title,
      data.columns.genres
    local title_ids, genre_ids, at, list = title.ids:totable(), genres.ids:totable(), 0, {}
    local lengths = genres.segments:totable()
    for row, id in ipairs(movie.ids:totable()) do
      local film = { id = movie.vocab:text(id), title = title.vocab:text(title_ids[row]),
        genres = {} }
      for k = at + 1, at + lengths[row] do
        local genre = genres.vocab:text(genre_ids[k])
        film.genres[#film.genres + 1] = genre ~= "(no genres listed)" and genre or nil
      end
      list[row], at = film, at + lengths[row]
    end
    return list
  end

  local function titles_of(list, items)
    local titles = {}
    for row = 1, #items do
      titles[row] = ""
    end
    for _, film in ipairs(list) do
      local row = items:id(film.id)
      if row then
        titles[row] = film.title
      end
    end
    return titles
  end

  local function pairs_of(genres)
    local list = {}
    plain.sort(genres)
    for i = 1, #genres do
      for j = i + 1, #genres do
        list[#list + 1] = genres[i] ~= genres[j] and genres[i] .. " + " .. genres[j] or nil
      end
    end
    return list
  end

  -- Groups of a film by its genres.
  local names_of = {
    genre = function(genres)
      return genres
    end,
    combination = pairs_of,
    ["genre+combination"] = function(genres)
      local list = pairs_of(genres)
      return table.move(genres, 1, #genres, #list + 1, list)
    end,
  }

  -- Groups by what a film of the list says, for items that have an interaction.
  local function by_film(list, items, same_film, groups_of)
    local names, unknown = {}, 0
    for _, film in ipairs(list) do
      local row = items:id(film.id)
      unknown = unknown + ((row or same_film[film.id]) and 0 or 1)
      if row then
        names[row] = groups_of(film)
      end
    end
    local groups = cmml.data.group_by(items, function(row)
      return names[row]
    end)
    groups.unknown_items = unknown
    return groups
  end

  -- Groups by the tags that people gave, in small letters, without spaces around them.
  local function by_tag(layout, items, same_film)
    local path = ("%s/tags.%s"):format(layout.folder, layout.ending)
    if not core.exists(path) then
      return nil, ("loaders.movielens_scenarios: %s is not there, so there are no tags"):format(
        path)
    end
    local data, message = read(layout, "tags", { { name = layout.user, kind = "skip" },
      { name = layout.movie, id = true }, { name = "tag" }, { name = "timestamp", kind = "skip" } })
    if not data then
      return nil, message
    end
    local movie, tag = data.columns[layout.movie], data.columns.tag
    local tagged = { items = movie.vocab, item_ids = movie.ids }
    films.merge(core, tagged, same_film)
    local names, number = core.vocab(), {}
    for row = 1, #tag.vocab do
      local name = plain.lower(tag.vocab:text(row)):match "^%s*(.-)%s*$"
      number[row] = name ~= "" and names:add(name) or 0
    end
    local tags = core.map_ids(tag.ids, core.ids(number))
    return files.groups(core, items, { vocab = tagged.items,
      ids = core.select_ids(tagged.item_ids, tags) }, core.select_ids(tags, tags),
      files.texts(names))
  end

  --- Reads a folder of MovieLens as scenarios: every rating is an interaction. Understands the
  -- files of MovieLens-1M and 10M (ratings.dat, movies.dat, tags.dat; `::` between the fields,
  -- UTF-8 or latin-1) and those of 20M, 25M and latest (ratings.csv, movies.csv, tags.csv). Films
  -- that nobody rated are left out and counted in `unknown_items`; a film without genres is in no
  -- group.
  --
  -- Groups by "genre"; by "combination": a group for every two genres that one film has, called
  -- "Comedy + Drama", of all films that have both, whatever else they have; by "genre+combination":
  -- both; by "tag": of what people wrote, in small letters without spaces around it, each film
  -- once a tag however many people gave it.
  -- @tparam string folder
  -- @tparam[opt] table options
  -- @treturn ?ScenarioData nil if a file is missing or malformed, or no group is a scenario
  -- @treturn ?string message
  function cmml.loaders.movielens_scenarios(folder, options)
    local opt = known:check(options)
    local name = files.name_of("loaders.movielens_scenarios", folder)
    local layout, message = layout_of(folder)
    if not layout then
      return nil, message
    end
    local data, list
    data, message = read_ratings(layout, opt.min_rating)
    if not data then
      return nil, message
    end
    list, message = read_movies(layout)
    if not list then
      return nil, message
    end
    local same_film = films.doubles(list)
    films.merge(core, data, same_film)
    data.first = nil -- which of two ratings counts is no matter: each is an interaction
    if opt.by == "tag" then
      data.groups, message = by_tag(layout, data.items, same_film)
    else
      data.groups = by_film(list, data.items, same_film, function(film)
        return names_of[opt.by](film.genres)
      end)
    end
    if not data.groups then
      return nil, message
    end
    data.name, data.titles = name, titles_of(list, data.items)
    return files.finish(cmml, opt, data)
  end

  cmml.loader {
    name = "movielens_scenarios", setting = "scenarios",
    title = "MovieLens, genres or tags (ratings.csv, ratings.dat)",
    marks = { "ratings.csv", "ratings.dat" }, files = { "ratings.csv", "movies.csv", "tags.csv",
      "ratings.dat", "movies.dat" }, options = { "by", "min_rating" },
    read = cmml.loaders.movielens_scenarios,
  }
end
