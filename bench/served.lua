--- What serving a model of the presets `recommended` and `recommended/lists` takes: adapting to raw
-- ids, the ten best of the catalogue, the size of the file.
--
-- Costs do not depend on what was learnt by steps, so there are none: bases and neighbours are
-- fitted, weights are those that a training begins with. Data are those of a folder in the format
-- of MovieLens-1M, or made ones of its size.
local made = require "cmml.settings.users.made_rows"(math.random)
local made_ratings = require "made_ratings"

local served = {}

local ratings, rated = 1000000, 40

-- Made films with fields, as records of a file.
local function write_items(path)
  local file = assert(io.open(path, "w"))
  file:write "item,rate,genre,director,actor\n"
  for _, record in ipairs(made.records "item") do
    local words = { record.id }
    for i, name in ipairs { "rate", "genre", "director", "actor" } do
      local value = record[name]
      words[i + 1] = name .. (type(value) == "table" and table.concat(value, "|" .. name)
        or value or "")
    end
    file:write(table.concat(words, ","), "\n")
  end
  assert(file:close())
end

local function made_dataset(cmml)
  local path, items = os.tmpname(), os.tmpname()
  made_ratings(path, ratings)
  math.randomseed(1)
  write_items(items)
  local data = assert(cmml.read_dataset { ratings = path, columns = "user,item,rating",
    items = { items } })
  os.remove(path)
  os.remove(items)
  return data
end

-- Both parts, fitted as far as that goes without steps, and a support.
local function make(cmml, folder)
  math.randomseed(1)
  local data = folder and assert(cmml.movielens(folder)) or made_dataset(cmml)
  local split = assert(cmml.cold_users(data, { data_seed = 1, valid = 0.05 }))
  local both = {}
  for part, kind in pairs { ratings = "cmml", lists = "cmml_lists" } do
    local model = cmml.recommenders[kind](split.catalogue)
    model:prepare { ratings = split.ratings, train = split.train }
    both[part] = model
  end
  both.split, both.support, both.n_items = split, {}, #split.catalogue.items
  for i, row in ipairs(cmml.core.choose(both.n_items, math.min(rated, both.n_items),
    { seed = 1 }):totable()) do
    both.support[i] = { split.catalogue.items:text(row), 1 + i % 5 }
  end
  return both
end

local both
local function shared(cmml, folder)
  both = both or make(cmml, folder)
  return both
end

--- The model that cases work with.
-- @tparam table cmml the library
-- @tparam string part "ratings" or "lists"
-- @tparam ?string folder of data
-- @treturn Recommender
function served.model(cmml, part, folder)
  return shared(cmml, folder)[part]
end

--- iALS with so many factors, fitted on the same data.
-- @tparam table cmml the library
-- @tparam integer factors
-- @tparam ?string folder of data
-- @treturn Recommender
function served.factors(cmml, factors, folder)
  local split = shared(cmml, folder).split
  local model = cmml.recommenders.ials(split.catalogue, { factors = factors })
  model:fit(model.setting.learnable(split))
  return model
end

--- A case of adapting to 40 ratings by raw id.
-- @tparam string part "ratings" or "lists"
-- @treturn function of (cmml, setting, folder), as cases have it
function served.adapt(part)
  return function(cmml, _, folder)
    local model, support = shared(cmml, folder)[part], both.support
    return function()
      model:adapt(support)
    end
  end
end

--- A case of the ten best of the catalogue, for a person who was adapted to.
-- @tparam string part "ratings" or "lists"
-- @treturn function of (cmml, setting, folder)
function served.top(part)
  return function(cmml, _, folder)
    local person = shared(cmml, folder)[part]:adapt(both.support)
    return function()
      person:recommend { n = 10 }
    end
  end
end

--- The sizes of the files, in words; nil unless a case was made.
-- @tparam table cmml the library
-- @treturn ?string
function served.sizes(cmml)
  if not both then
    return nil
  end
  local path, sizes = os.tmpname(), {}
  for i, model in ipairs { both.ratings, both.lists, cmml.with_lists(both.ratings, both.lists) } do
    assert(model:save(path))
    local file = assert(io.open(path, "rb"))
    sizes[i] = file:seek "end" / 1e6
    file:close()
  end
  os.remove(path)
  return ("%d items; file of recommended %.1f MB, of recommended/lists %.1f MB, of both %.1f MB")
    :format(both.n_items, table.unpack(sizes))
end

return served
