--- MovieLens-1M, and whatever comes in its format.
--
-- @module cmml
local args = require "cmml.base.args"
local field_options = require "cmml.data.chosen_fields"
local films = require "cmml.loaders.movielens_films"
local of_values = require "cmml.data.value_options"
local sets = require "cmml.base.options"
local raise = args.error

local of_folder = { group = "data", setting = "users", decides = true }

local known = sets.declare("movielens", {
  sets.changed(field_options[1], of_folder, { default_text = "all of rate, genre, director, "
    .. "actor, or without extra information film, year, genre" }),
  sets.changed(field_options[2], of_folder, {
    default_text = "all of gender, age, occupation, zip" }),
  of_values.unknown, of_values.min_count,
})

return function(cmml, use)
  local records = use "data.records"
  local core = cmml.core

  --- The fields of the published experiments (MeLU, CMML): what movies_extrainfos.dat and users.dat
  -- tell.
  local full_schema = { item = { { "rate" }, { "genre", multi = true },
    { "director", multi = true }, { "actor", multi = true } },
    user = { { "gender" }, { "age" }, { "occupation" }, { "zip" } } }

  --- What is left of it in the files that GroupLens distributes: there the film itself stands in
  -- for its cast.
  local public_schema = { item = { { "film" }, { "year" }, { "genre", multi = true } },
    user = full_schema.user }

  local function read(path, encoding, columns, exact)
    return args.call(core.read_table, path, { delimiter = "::", encoding = encoding,
      columns = columns, exact = exact })
  end

  -- The values of text or list columns as Lua tables, row by row.
  local function rows_of(data, names)
    local rows = {}
    for row = 1, data.rows do
      rows[row] = {}
    end
    for name, key in pairs(names) do
      local column = data.columns[name]
      local ids, vocab = column.ids:totable(), column.vocab
      if not column.segments then
        for row, id in ipairs(ids) do
          rows[row][key] = vocab:text(id)
        end
      else
        local at = 0
        for row, length in ipairs(column.segments:totable()) do
          local list = {}
          for i = 1, length do
            list[i] = vocab:text(ids[at + i])
          end
          rows[row][key], at = list, at + length
        end
      end
    end
    return rows
  end

  local function read_users(path)
    local data, message = read(path, "utf-8", { { name = "id", id = true, unique = true },
      { name = "gender" }, { name = "age" }, { name = "occupation" }, { name = "zip" } })
    if not data then
      return nil, message
    end
    local rows = rows_of(data, { id = "id", gender = "gender", age = "age",
      occupation = "occupation", zip = "zip" })
    for _, row in ipairs(rows) do
      row.zip = row.zip:sub(1, 5)
    end
    return rows
  end

  local function read_movies(path)
    local data, message = read(path, "latin-1", { { name = "id", id = true, unique = true },
      { name = "title" }, { name = "genre", kind = "list", separator = "|" } })
    if not data then
      return nil, message
    end
    local rows = rows_of(data, { id = "id", title = "title", genre = "genre" })
    for _, row in ipairs(rows) do
      row.film, row.year = row.id, row.title:match("%((%d%d%d%d)%)%s*$")
    end
    return rows
  end

  -- N/A counts as a value of its own, as in the published tables; of a director's "Name (notes)"
  -- the notes go.
  local function clean(list, drop_notes)
    for i, value in ipairs(list) do
      local name = drop_notes and value:gsub("%s*%b()", ""):match("^%s*(.-)%s*$") or value
      list[i] = value == "N/A" and "nan" or name
    end
    return list
  end

  local function read_extra(path)
    local function list(name)
      return { name = name, kind = "list", separator = ", " }
    end
    local data, message = read(path, "utf-8", { { name = "id", id = true, unique = true },
      { name = "title" }, { name = "year" }, { name = "rate" },
      { name = "released", kind = "skip" }, list "genre", list "director",
      { name = "writer", kind = "skip" }, list "actor", { name = "plot", kind = "skip" },
      { name = "poster", kind = "skip" } })
    if not data then
      return nil, message
    end
    local rows = rows_of(data, { id = "id", year = "year", rate = "rate", genre = "genre",
      director = "director", actor = "actor" })
    local by_id = {}
    for _, row in ipairs(rows) do
      row.genre, row.actor = clean(row.genre), clean(row.actor)
      row.director = clean(row.director, true)
      by_id[row.id] = row
    end
    return by_id
  end

  -- Ratings with the ids of doubled films made one.
  local function read_ratings(path)
    local data, message = read(path, "utf-8", { { name = "user", id = true },
      { name = "item", id = true }, { name = "rating", kind = "number" },
      { name = "timestamp", kind = "time" } })
    if not data then
      return nil, message
    end
    local columns = data.columns
    local result = { users = columns.user.vocab, items = columns.item.vocab,
      user_ids = columns.user.ids, item_ids = columns.item.ids, ratings = columns.rating.values,
      times = columns.timestamp.values, release = true }
    return result
  end

  -- The fields of a side that were asked for, in the order of the schema; by default all that the
  -- records have.
  local function choose_fields(fields, wanted, side, list)
    if not wanted then
      return #list > 0 and records.present(fields, list) or fields
    end
    local names, chosen = {}, {}
    for i, field in ipairs(fields) do
      names[i] = field[1]
    end
    for _, name in ipairs(wanted) do
      args.one_of("movielens: " .. args.option(side .. "_fields"), name, names, 4)
    end
    for _, field in ipairs(fields) do
      for _, name in ipairs(wanted) do
        chosen[#chosen + 1] = name == field[1] and field or nil
      end
    end
    return chosen
  end

  --- Reads a folder in the format of MovieLens-1M: ratings.dat, users.dat, movies.dat and, if it is
  -- there, movies_extrainfos.dat (rate, director, actors). Films 860
  -- and 1795 are films 811 and 1741 again; of a user's ratings of both the first counts.
  -- @tparam string folder
  -- @tparam[opt] table options an empty list of fields is none
  -- @treturn ?Dataset nil if a file is missing or malformed
  -- @treturn ?string message
  -- @usage
  -- local dataset = assert(cmml.movielens("data/made", { user_fields = {} }))
  -- print(dataset.items:text(1), dataset.titles[1])
  function cmml.movielens(folder, options)
    local opt = known:check(options)
    if type(folder) ~= "string" then
      raise("movielens: the path of a folder was expected, not " .. type(folder), 2)
    end
    local ratings, message = read_ratings(folder .. "/ratings.dat")
    if not ratings then
      return nil, message
    end
    local users, movies, extra
    users, message = read_users(folder .. "/users.dat")
    if not users then
      return nil, message
    end
    movies, message = read_movies(folder .. "/movies.dat")
    if not movies then
      return nil, message
    end
    local has_extra = core.exists(folder .. "/movies_extrainfos.dat")
    if has_extra then
      extra, message = read_extra(folder .. "/movies_extrainfos.dat")
      if not extra then
        return nil, message
      end
    end
    local fields = has_extra and full_schema or public_schema
    local same_film = films.doubles(movies)
    films.merge(core, ratings, same_film)
    local items = {}
    for _, movie in ipairs(movies) do
      if not same_film[movie.id] then
        local record = extra and (extra[movie.id] or { genre = movie.genre }) or movie
        record.id, record.title = movie.id, movie.title
        items[#items + 1] = record
      end
    end
    local schema = cmml.data.schema { unknown = opt.unknown, min_count = opt.min_count,
      item = choose_fields(fields.item, opt.item_fields, "item", items),
      user = choose_fields(fields.user, opt.user_fields, "user", users) }
    local dataset = cmml.dataset { name = folder:match("([^/]+)/*$") or folder,
      schema = schema, ratings = ratings, items = items, users = users }
    dataset.folder = folder
    return dataset
  end

  cmml.loader {
    name = "movielens", setting = "users", title = "MovieLens-1M (ratings.dat)",
    marks = { "ratings.dat" }, files = { "ratings.dat", "users.dat", "movies.dat",
      "movies_extrainfos.dat", "test_users.txt" },
    options = { "item_fields", "user_fields", "unknown", "min_count" }, read = cmml.movielens,
  }
end
