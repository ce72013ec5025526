--- A made world on which the context decides: films are of one of two kinds, and a person loves
-- one and hates the other. Which one stands in no field, so only the support can tell it, and every
-- film is as good as any other on average. Also what specs of trained models share.
local merged = require "spec.support.merged"
local plain = require "cmml.base.plain"
local stream = require "spec.support.stream"

local people = {}

--- The world as options of `cmml.dataset` without the schema.
-- @tparam[opt] table options users (160), items (24), rated (items a person rates, 12), seed
-- @treturn table ratings, items, users
function people.world(options)
  options = options or {}
  local n_items, draw = options.items or 24, stream(options.seed or 1)
  local world = { ratings = {}, items = {}, users = {} }
  for i = 1, n_items do
    world.items[i] = { id = "f" .. i, title = "Film " .. i, kind = i % 2 == 0 and "calm" or "loud",
      tags = { "tag" .. i % 5, "tag" .. i % 3 } }
  end
  for u = 1, options.users or 160 do
    world.users[u] = { id = "p" .. u, age = tostring(draw(4)) }
    local loves, rated, left = draw(2) - 1, {}, options.rated or 12
    while left > 0 do
      local i = draw(n_items)
      if not rated[i] then
        rated[i], left = true, left - 1
        local likes = i % 2 == loves
        -- half a star of noise: loved films get 4, 4.5 or 5, hated ones 1, 1.5 or 2
        world.ratings[#world.ratings + 1] = { "p" .. u, "f" .. i,
          (likes and 4 or 1) + (draw(3) - 1) / 2 }
      end
    end
  end
  return world
end

--- A data set of that world.
-- @tparam table cmml the library
-- @tparam[opt] table options of `world`, and unknown (of the schema)
-- @treturn Dataset
function people.dataset(cmml, options)
  local world = people.world(options)
  world.name = "people"
  world.schema = cmml.data.schema { item = { { "kind" }, { "tags", multi = true } },
    user = { { "age" } }, unknown = options and options.unknown or nil,
    min_count = options and options.unknown == "learned" and 2 or nil }
  return cmml.dataset(world)
end

--- The data as `cmml.cold_users` prepares it.
-- @tparam table cmml
-- @tparam[opt] table options of `world`; field protocol goes to `cold_users`
-- @treturn table
function people.data(cmml, options)
  return assert(cmml.cold_users(people.dataset(cmml, options), { test_users = 0.2, valid = 0.2,
    protocol = options and options.protocol or nil }))
end

--- Writes the world as a folder in the format of MovieLens-1M.
-- @tparam table core
-- @tparam string folder that exists
-- @tparam[opt] table options of `world`, and extra (write movies_extrainfos.dat, too)
function people.write(core, folder, options)
  local world = people.world(options)
  local ratings, users, movies, extra = {}, {}, {}, {}
  for i, row in ipairs(world.ratings) do
    ratings[i] = ("%s::%s::%s::97830%04d\n"):format(row[1]:sub(2), row[2]:sub(2),
      plain.tostring(row[3]), i)
  end
  for i, user in ipairs(world.users) do
    users[i] = ("%d::%s::%s::%d::%05d-1234\n"):format(i, i % 3 == 0 and "F" or "M", user.age,
      i % 4, i)
  end
  for i, item in ipairs(world.items) do
    movies[i] = ("%d::Film\xE9 %d (19%02d)::%s|Drama\n"):format(i, i, 50 + i, item.kind)
    extra[i] = ("%d::Filmé %d::19%02d::%s::1 May::%s, Drama::Ann Lee (head), Bo::x::N/A::plot::"
      .. "url\n"):format(i, i, 50 + i, item.kind == "calm" and "PG" or "R", item.kind)
  end
  for name, lines in pairs { ratings = ratings, users = users, movies = movies,
    movies_extrainfos = options and options.extra and extra or nil } do
    assert(core.write_file(("%s/%s.dat"):format(folder, name), table.concat(lines)))
  end
end

--- Options of a network that is small enough for a spec.
-- @tparam[opt] integer seed
-- @treturn table
function people.small(seed)
  return { preset = "published-code", width = 4, encoder_widths = { 8 }, label_hidden = 4,
    backbone = { 8, 8 }, hyper = { 8, 8 }, seed = seed }
end

--- A small model on a small world, with what a training loop needs.
-- @tparam table library
-- @tparam[opt] table changes options of the network
-- @treturn Recommender
-- @treturn Tasks
-- @treturn ModuleOptimizer
function people.learner(library, changes)
  local data = people.data(library, { users = 40, items = 16, rated = 8 })
  local options = people.small(1)
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  local model = library.cmml(data.catalogue, options)
  local tasks = library.users.tasks { ratings = data.ratings, users = data.train, bags = data.bags,
    support = 4, query = 3, seed = 5 }
  return model, tasks, library.optim.adam(model.module, { lr = 0.01 })
end

--- A function that makes small models of a kind.
-- @tparam string kind
-- @tparam table options that each has, unless others are given
-- @tparam table library that makes them, unless another one is given
-- @tparam Catalogue catalogue likewise
-- @treturn function of (options, library, catalogue), all optional
function people.maker(kind, options, library, catalogue)
  return function(changes, other, other_catalogue)
    local own = {}
    for _, some in ipairs { options, changes or {} } do
      for key, value in pairs(some) do
        own[key] = value
      end
    end
    return (other or library).recommenders[kind](other_catalogue or catalogue, own)
  end
end

--- Options of a training that is short enough for a spec.
-- @tparam[opt] table changes
-- @treturn table
function people.training(changes)
  local options = { epochs = 4, batch = 16, support = 8, query = 4, lr = 0.01, patience = 0,
    valid_draws = 1 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return options
end

--- Options of small models over a base, and of their training.
-- @tparam table own options of the model beside those of `small`, such as base and neighbours
-- @treturn function of (changes, or nil) giving options of the kind cmml
-- @treturn function of (changes) giving options of `train`
function people.over_base(own)
  return function(changes)
    return merged(people.small(1), { preset = "recommended", members = 1, mean_share = 0,
      pull = 0 }, own, changes or {})
  end, function(changes)
    return people.training(merged(changes, { query = 6, valid_query = 4 }))
  end
end

--- What tells whether two models have the same weights, to the last bit: a checksum of each.
-- @tparam Recommender model
-- @treturn string
function people.bits(model)
  local list = {}
  for i, pair in ipairs(model:tensors()) do
    local sum = 0xcbf29ce484222325
    local bytes = type(pair[2]) == "table" and table.concat(pair[2], " ") or pair[2]:tobytes()
    for _, word in bytes:gmatch("()(..?.?.?.?.?.?.?)") do
      sum = (sum ~ string.unpack("<I" .. #word, word)) * 1099511628211
      sum = sum ~ sum >> 29
    end
    list[i] = ("%s %016x"):format(pair[1], sum)
  end
  return table.concat(list, "\n")
end

return people
