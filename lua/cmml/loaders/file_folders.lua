--- Public data sets whose files the general reader reads: each is said by the options of
-- `read_dataset`. Those with times are read as ratings of users and as sequences.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local field_options = require "cmml.data.chosen_fields"
local of_values = require "cmml.data.value_options"
local raise = args.error

local known = declare("loaders of folders of ratings", {
  field_options[1], field_options[2], of_values.unknown, of_values.min_count,
})

return function(cmml, use)
  local files = use "data.files"
  local found = use "settings.loader"
  local of_users = use "settings.users.read_dataset"
  local of_sequences = use "settings.sequences.from_files"
  local core = cmml.core

  -- Of films: the year that stands behind the title, and no genre that says that there is none.
  local function complete_films(data)
    for _, record in ipairs(data.item_records) do
      record.year = (record.title or ""):match "%((%d%d%d%d)%)%s*$"
      if record.genre and record.genre[1] == "(no genres listed)" then
        record.genre = {}
      end
    end
    table.insert(data.item_fields, 1, { "year" })
  end

  -- Leaves out ratings of 0, which stand for books that were read and not rated.
  local function drop_implicit(data)
    local rated = core.gt(data.values, 0)
    local n, all = #data.user_ids, {}
    for row = 1, n do
      all[row] = row
    end
    data.user_ids = core.select_ids(data.user_ids, rated)
    data.item_ids = core.select_ids(data.item_ids, rated)
    data.values = data.values:gather_rows(core.select_ids(core.ids(all), rated))
    table.insert(data.notes, ("left out %d of %d ratings that are 0, which say that a book was "
      .. "read and not how good it was"):format(n - #data.user_ids, n))
  end

  -- The genres of MovieLens-100K, in the order of their columns (u.genre).
  local genres = { "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western" }

  -- Columns that say of a film of MovieLens-100K whether it has a genre: g1, g2, ..
  local function genre_columns()
    local columns = {}
    for i = 1, #genres do
      columns[i] = ("g%d:category"):format(i)
    end
    return table.concat(columns, ",")
  end

  -- Of films of MovieLens-100K: those columns as one list.
  local function join_genres(data)
    for _, record in ipairs(data.item_records) do
      local list = {}
      for i, genre in ipairs(genres) do
        local key = "g" .. i
        list[#list + 1] = record[key] == "1" and genre or nil
        record[key] = nil
      end
      record.genre = list
    end
    local fields = { { "genre", multi = true } }
    for _, field in ipairs(data.item_fields) do
      fields[#fields + 1] = not field[1]:find "^g%d+$" and field or nil
    end
    data.item_fields = fields
    complete_films(data)
  end

  local layouts = {
    { name = "movielens_csv", has_times = true,
      title = "MovieLens 20M, 25M and latest (ratings.csv)",
      ratings = "ratings.csv", columns = "user=userId,item=movieId,rating=rating,time=timestamp",
      items = "movies.csv", item_columns = "id=movieId,title=title,genre=genres:list",
      after = complete_films },
    { name = "movielens_100k", has_times = true, title = "MovieLens-100K (u.data)",
      ratings = "u.data", columns = "user,item,rating,time", quotes = "off", items = "u.item",
      item_columns = "id,title,skip,skip,skip," .. genre_columns(), users = "u.user",
      user_columns = "id,age:category,gender:category,occupation:category,zip:category",
      after = join_genres },
    { name = "atomic_files", has_times = true,
      title = "RecBole's atomic files (NAME.inter in a folder NAME)",
      ratings = "*.inter", items = "*.item", users = "*.user" },
    { name = "book_crossing", title = "Book-Crossing (BX-Book-Ratings.csv)",
      ratings = "BX-Book-Ratings.csv", columns = "user=User-ID,item=ISBN,rating=Book-Rating",
      items = "BX-Books.csv", item_columns = "id=ISBN,title=Book-Title,author=Book-Author:category,"
        .. "year=Year-Of-Publication:category,publisher=Publisher:category",
      users = "BX-Users.csv", user_columns = "id=User-ID,age=Age:category",
      after = drop_implicit },
    { name = "lastfm_360k", title = "Last.fm-360K (usersha1-artmbid-artname-plays.tsv)",
      ratings = "usersha1-artmbid-artname-plays.tsv", columns = "user,skip,item,weight",
      quotes = "off", users = "usersha1-profile.tsv",
      user_columns = "id,gender:category,age:category,country:category,skip" },
  }

  -- A folder of a layout as options of the general reader: what it lacks of items and users is not
  -- read.
  local function options_of(layout, folder)
    local given = { ratings = found.path(folder, layout.ratings), columns = layout.columns,
      quotes = layout.quotes }
    for _, side in ipairs { "items", "users" } do
      local path = layout[side] and found.path(folder, layout[side])
      if path and core.exists(path) then
        local columns = side:sub(1, -2) .. "_columns"
        given[side], given[columns] = { path }, layout[columns]
      end
    end
    return given
  end

  -- The files of a layout.
  local function files_of(layout)
    local names = { layout.ratings, layout.items or layout.users }
    names[3] = layout.items and layout.users
    return names
  end

  -- What is read of a folder of a layout; nil and a message. The vectors of items that it has are
  -- read where they are wanted.
  local function read(layout, folder, with_vectors)
    if type(folder) ~= "string" then
      raise(("%s: the path of a folder was expected, not %s"):format(layout.name,
        args.describe(folder)), 3)
    end
    local given = options_of(layout, folder)
    local vectors, notes = {}, {}
    if with_vectors then
      vectors, notes = found.vectors(folder)
    end
    given.items = table.move(vectors, 1, #vectors, #(given.items or {}) + 1, given.items or {})
    local data, message = files.read(given)
    if not data then
      return nil, message
    end
    data.name = folder:match "([^/]+)/*$" or folder
    if layout.after then
      layout.after(data)
    end
    table.move(notes, 1, #notes, #data.notes + 1, data.notes)
    return data
  end

  for _, layout in ipairs(layouts) do
    cmml.loader {
      name = layout.name, setting = "users", title = layout.title, marks = { layout.ratings },
      files = files_of(layout), options = { "item_fields", "user_fields", "unknown", "min_count" },
      read = function(folder, options)
        local opt = known:check(options)
        local data, message = read(layout, folder)
        if not data then
          return nil, message
        end
        local dataset, problem = of_users(data, opt)
        if dataset then
          dataset.folder = folder
        end
        return dataset, problem
      end,
    }
    if layout.has_times then
      cmml.loader {
        name = layout.name .. "_sequences", setting = "sequences", title = layout.title,
        marks = { layout.ratings }, files = files_of(layout), vectors = true,
        options = { "features", "text_width" },
        read = function(folder, opt)
          local data, message = read(layout, folder, true)
          if not data then
            return nil, message
          end
          return of_sequences(data, opt)
        end,
      }
    end
  end
end
