--- Made sequences of which it is known what ids, texts and pictures tell.
--
-- An item is three points on spheres: one that nothing shows but who took what, one that its text
-- shows, one that its picture shows. A person is somewhere on each; the next item is drawn by a
-- softmax of how near items lie to where the person's steps lead: the place, turned by a fixed
-- rotation. Then the person moves half of the way to the item. A knob says how much each of the
-- three counts in that choice. At 0 text or picture tell nothing of what comes next: to those who
-- predict they are noise. What texts and pictures show is in the sequences, too, as people follow
-- it: who reads ids alone finds some of it, the less the fewer interactions an item has, and of new
-- items nothing.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local shared = require "cmml.base.shared_options"
local sets = require "cmml.base.options"
local raise = args.error

local parts = { "ids", "text", "image" }

local function knob(name, help)
  return { name = name, kind = "number", default = 1, from = 0, to = 1, help = help }
end

local known = declare("sequences.generate", {
  { name = "users", kind = "integer", default = 2000, from = 5, help = "number of people" },
  { name = "items", kind = "integer", default = 300, from = 2, help = "number of items" },
  { name = "length", kind = "integer", default = 10, from = 3, to = 600,
    help = "mean length of a sequence; each has at least half and at most one and a half of it" },
  knob("ids", "how much that counts in a choice which nothing but sequences shows"),
  knob("text", "how much that counts which texts show; 0: the vectors of texts are noise"),
  knob("images", "how much that counts which pictures show; 0: their vectors are noise"),
  { name = "new_items", kind = "number", default = 0, from = 0, below = 1,
    help = "fraction of the items that nobody has before the last fifth of the people comes" },
  { name = "sharpness", kind = "number", default = 8, above = 0, to = 1000,
    help = "how surely the nearest items are chosen" },
  { name = "noise", kind = "number", default = 0.1, from = 0, to = 1000,
    help = "deviation of what is added to each number of a vector of a text or a picture, whose "
      .. "deviation without it is 1" },
  sets.changed(shared.seed, { help = "seed of the world" }),
})

-- Dims of each of the three places of an item, and of the vectors that show it.
local dims, width = 4, 16
-- Of the people those who come last: new items are theirs alone.
local late = 0.2
-- Time between the first interactions of a person and of the next.
local gap = 1000
-- Logits computed together.
local most_logits = 1 << 22

return function(cmml, use)
  use "settings.sequences.data"
  local core = cmml.core
  local streams = core.streams

  -- Points on a sphere.
  local function on_sphere(count, opt, number)
    local x = core.normal({ count, dims }, 0, 1, { seed = opt.seed, stream = streams.latent,
      epoch = number })
    return x / x:square():sum(2, true):sqrt()
  end

  -- Vectors that show places: a random map of them, with noise.
  local function shown(places, opt, number)
    local n = places.shape[1]
    local map = core.normal({ dims, width }, 0, 1, { seed = opt.seed, stream = streams.latent,
      epoch = number })
    return places:matmul(map) + core.normal({ n, width }, 0, opt.noise, { seed = opt.seed,
      stream = streams.latent, epoch = number + 1 })
  end

  -- Lengths of the sequences, and the longest.
  local function lengths_of(opt)
    local least = math.max(2, opt.length - opt.length // 2)
    local most = opt.length + opt.length // 2
    local list = core.uniform({ opt.users }, 0, 1, { seed = opt.seed, stream = streams.user })
      :totable()
    for i, x in ipairs(list) do
      list[i] = math.min(most, least + math.floor(x * (most - least + 1)))
    end
    return list, most
  end

  -- What the choice of some people weighs: a logit for each item.
  local function logits_of(world, places, weights)
    local sum = 0
    for _, part in ipairs(parts) do
      if weights[part] > 0 then
        sum = sum + places[part]:matmul(world.turn[part])
          :matmul(world.items[part]:transpose()) * (weights[part] * world.sharpness)
      end
    end
    return type(sum) == "number" and core.full({ places.ids.shape[1], world.n_items }, 0) or sum
  end

  -- Where people are once they took items.
  local function moved(world, places, taken)
    local there = {}
    for _, part in ipairs(parts) do
      there[part] = places[part] * 0.5 + world.items[part]:gather_rows(taken) * 0.5
    end
    return there
  end

  -- The steps of some people, from the first of them on: for each step an item of each.
  local function walk(world, opt, first, count, steps, closed)
    local places, taken = {}, {}
    for p, part in ipairs(parts) do
      places[part] = world.starts[p]:slice(1, first, first + count - 1)
    end
    for step = 1, steps do
      local chances = core.uniform({ count, world.n_items }, 1e-7, 1, { seed = opt.seed,
        stream = streams.draw, epoch = step, task = first })
      local logits = logits_of(world, places, world.knobs) - (-chances:log()):log()
      if closed then
        logits = logits + closed
      end
      local items = core.arg_max(logits, 2)
      taken[step], places = items:totable(), moved(world, places, items)
    end
    return taken
  end

  -- What is added to the logits of items that are new: nobody takes them.
  local function closing(opt)
    local n_new, list = math.floor(opt.new_items * opt.items), {}
    for row = 1, opt.items do
      list[row] = row > opt.items - n_new and -1e9 or 0
    end
    return n_new > 0 and core.tensor(list) or nil, n_new
  end

  local function world_of(opt)
    local world = { n_items = opt.items, sharpness = opt.sharpness, items = {}, turn = {},
      starts = {}, knobs = { ids = opt.ids, text = opt.text, image = opt.images } }
    for p, part in ipairs(parts) do
      world.items[part] = on_sphere(opt.items, opt, 10 * p)
      world.starts[p] = on_sphere(opt.users, opt, 10 * p + 1)
      world.turn[part] = core.orthonormal(core.normal({ dims, dims }, 0, 1, { seed = opt.seed,
        stream = streams.latent, epoch = 10 * p + 2 }))
    end
    return world
  end

  -- Everything that people did, as columns.
  local function columns_of(world, opt)
    local lengths, longest = lengths_of(opt)
    local closed, n_new = closing(opt)
    local n_early = opt.users - math.floor(late * opt.users)
    local columns = { user_ids = {}, item_ids = {}, times = {} }
    local piece = math.max(1, most_logits // opt.items)
    local first = 1
    while first <= opt.users do
      local is_early = first <= n_early
      local last = math.min(first + piece - 1, is_early and n_early or opt.users)
      local taken = walk(world, opt, first, last - first + 1, longest, is_early and closed or nil)
      for user = first, last do
        for step = 1, lengths[user] do
          local at = #columns.user_ids + 1
          columns.user_ids[at], columns.item_ids[at] = user, taken[step][user - first + 1]
          columns.times[at] = user * gap + step
        end
      end
      first = last + 1
    end
    return columns, n_new
  end

  local function names(letter, count)
    local vocab = core.vocab()
    for i = 1, count do
      vocab:add(letter .. i)
    end
    return vocab
  end

  --- Made sequences. People come one after another, so that their times tell who is new. Items have
  -- the fields `text` and `image`, vectors of 16 numbers; those that are new stand last.
  -- @tparam[opt] table options see below
  -- @treturn SequenceData with world: what is true of it, for `sequences.oracle`
  -- @usage
  -- local data = cmml.sequences.generate { users = 200, items = 50,
  --   images = 0 }
  -- print(data:stats().entries, cmml.sequences.oracle(data).ndcg)
  function cmml.sequences.generate(options)
    local opt = known:check(options)
    if opt.new_items * opt.items > opt.items - 2 then
      raise("sequences.generate: option new_items leaves fewer than two items to those who come "
        .. "first", 2)
    end
    local world = world_of(opt)
    local columns, n_new = columns_of(world, opt)
    local records, rows = {}, {}
    local items = names("i", opt.items)
    for row = 1, opt.items do
      records[row], rows[row] = { id = "i" .. row }, row
    end
    records.vectors = {
      text = { values = shown(world.items.text, opt, 101), rows = rows },
      image = { values = shown(world.items.image, opt, 103), rows = rows } }
    local data = cmml.sequences.data { name = "made", items = records,
      schema = { item = { { "text", kind = "vector" }, { "image", kind = "vector" } } },
      interactions = { users = names("u", opt.users), items = items,
        user_ids = core.ids(columns.user_ids), item_ids = core.ids(columns.item_ids),
        times = core.times(columns.times) } }
    world.n_new = n_new
    data.world = world
    return data
  end

  -- Where people are by what they did, as far as that tells: a task each, of rows.
  local function places_by(world, rows)
    local weights, at = {}, 0
    for _, length in ipairs(rows.segments:totable()) do
      for i = 1, length do
        weights[at + i] = 0.5 ^ (length - i + 1)
      end
      at = at + length
    end
    local places, column = {}, core.tensor(weights):reshape { at, 1 }
    for _, part in ipairs(parts) do
      places[part] = (world.items[part]:gather_rows(rows.items) * column)
        :segment_sum(rows.segments)
    end
    return places
  end

  local of_oracle = declare("sequences.oracle", {
    { name = "weights", kind = "table", help = "how much ids, text and image count: 0 or left out "
      .. "is what is not seen", default_text = "the knobs with which the data were made" },
    { name = "users", list = "integer", from = 1, default_text = "the last fifth",
      help = "rows of people, whose last interaction is looked for" },
  })

  --- How well the last interaction of people can be predicted from those before it by who knows how
  -- made sequences were made, or a part of that: lists of all items, those of the history among
  -- them.
  -- @tparam SequenceData data from `sequences.generate`
  -- @tparam[opt] table options see below
  -- @treturn table hr and ndcg at 10, means over the people
  function cmml.sequences.oracle(data, options)
    args.expect("sequences.oracle: data", data, "cmml.SequenceData")
    local opt, world = of_oracle:check(options), data.world
    if not world then
      raise("sequences.oracle: data were not made by sequences.generate", 2)
    end
    local users, weights = opt.users, {}
    if not users then
      users = {}
      for row = #data.users - math.floor(late * #data.users) + 1, #data.users do
        users[#users + 1] = row
      end
    end
    for _, part in ipairs(parts) do
      weights[part] = (opt.weights or world.knobs)[part] or 0
      if type(weights[part]) ~= "number" or not (weights[part] >= 0 and weights[part] < 1e6) then
        raise(("sequences.oracle: option weights: %s must be a number from 0 on, not %s"):format(
          part, args.describe(weights[part])), 2)
      end
    end
    for _, key in ipairs(args.keys(opt.weights or {})) do
      args.one_of("sequences.oracle: option weights", key, parts)
    end
    local support, query = args.call(core.cut_sequences, data.sequences,
      args.call(core.ids, users), { shown = 0, next = 1 })
    local n, hr, ndcg = math.min(10, world.n_items), 0, 0
    local _, best = core.top_k(logits_of(world, places_by(world, support), weights), n)
    local listed, wanted = best:totable(), query.items:totable()
    for i, item in ipairs(wanted) do
      for place = 1, n do
        if listed[(i - 1) * n + place] == item then
          hr, ndcg = hr + 1, ndcg + math.log(2) / math.log(place + 1)
        end
      end
    end
    return { hr = hr / #wanted, ndcg = ndcg / #wanted }
  end
end
