--- The scenario setting of the benchmark: a training step of the published ML-20M configuration
-- (GRU encoder, element-wise product, FiLM layers) over made vectors and made draws of tasks.
--
-- The peer computes with the same vectors, weights and draws: `scenario.export` writes them, with
-- the loss of every batch.
local scenario = {}

local width = 64
local n_users, n_items, n_scenarios, takers = 10000, 5000, 200, 400
local support, negatives, query, batches = 64, 64, 128, 8

-- Item rows and user rows of each scenario; few items are taken often.
local function make_scenarios()
  local list = {}
  for s = 1, n_scenarios do
    local size, items, users = math.floor(100 * 10 ^ math.random()), {}, {}
    for i = 1, size do
      items[i] = math.random(n_items)
    end
    for i = 1, takers do
      users[i] = math.random(n_users)
    end
    list[s] = { items = items, users = users }
  end
  return list
end

local function popular(items)
  return items[math.floor(#items * math.random() ^ 2) + 1]
end

-- Rows of one task behind those of the ones before. A pair: a user with an item of the scenario,
-- and the same user with another item of it.
local function add_task(rows, chosen)
  local function add(user, item, positive)
    table.insert(rows.users, user)
    table.insert(rows.items, item)
    table.insert(rows.labels, positive and 1 or 0)
  end
  local people = {}
  for i = 1, math.max(support, negatives) do
    people[i] = chosen.users[math.random(#chosen.users)]
    if i <= support then
      add(people[i], popular(chosen.items), true)
    end
  end
  for i = 1, negatives do
    add(people[i], chosen.items[math.random(#chosen.items)], false)
  end
  for _ = 1, query do
    table.insert(rows.query_users, chosen.users[math.random(#chosen.users)])
    table.insert(rows.positives, popular(chosen.items))
    table.insert(rows.negatives, chosen.items[math.random(#chosen.items)])
  end
end

local function repeated(count, length)
  local lengths = {}
  for i = 1, count do
    lengths[i] = length
  end
  return lengths
end

local function make_batch(cmml, scenarios, count)
  local rows = { users = {}, items = {}, labels = {}, query_users = {}, positives = {},
    negatives = {} }
  for _ = 1, count do
    add_task(rows, scenarios[math.random(#scenarios)])
  end
  local both = table.move(rows.negatives, 1, #rows.negatives, #rows.positives + 1,
    table.move(rows.positives, 1, #rows.positives, 1, {}))
  local pairs_twice = {}
  for side = 0, 1 do
    for i = 1, #rows.query_users do
      pairs_twice[side * #rows.query_users + i] = i
    end
  end
  return { rows = rows, labels = cmml.tensor(rows.labels), users = cmml.ids(rows.users),
    items = cmml.ids(rows.items), segments = cmml.segments(repeated(count, support + negatives)),
    query = { users = cmml.ids(rows.query_users), items = cmml.ids(both),
      pairs = cmml.ids(pairs_twice), segments = cmml.segments(repeated(2 * count, query)),
      tasks = count, rows = #rows.query_users } }
end

--- A fresh network, vectors, and batches of tasks.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @treturn table
function scenario.make(cmml, tasks)
  math.randomseed(tasks)
  local options = {}
  for key, value in pairs(cmml.presets["published-code/ml20m_film"].model) do
    options[key] = value
  end
  options.init = cmml.nn.init(1)
  local self = { network = cmml.network(options), batches = {},
    users = cmml.uniform({ n_users, width }, -1.7, 1.7, { seed = 1 }),
    items = cmml.uniform({ n_items, width }, -1.7, 1.7, { seed = 2 }) }
  local scenarios = make_scenarios()
  for i = 1, batches do
    self.batches[i] = make_batch(cmml, scenarios, tasks)
  end
  return self
end

-- The vectors of rows, each user and item once.
local function vectors(cmml, self, users, items, places)
  local user, user_places = users, places
  if not places then
    user, user_places = cmml.distinct(users)
  end
  local item, item_places = cmml.distinct(items)
  return cmml.joined { { cmml.gather_rows(self.users, user), user_places },
    { cmml.gather_rows(self.items, item), item_places } }
end

--- The loss of a batch: hinge over pairs, mean over tasks of equally many.
-- @tparam table cmml the library
-- @tparam table self what `scenario.make` gave
-- @tparam table batch
-- @treturn Tensor
function scenario.loss(cmml, self, batch)
  local network, asked = self.network, batch.query
  local context = network:context(vectors(cmml, self, batch.users, batch.items), batch.labels,
    batch.segments)
  local twice = cmml.concat({ context, context }, 1)
  local x = vectors(cmml, self, asked.users, asked.items, asked.pairs)
  local scores = network:score(x, twice, asked.segments)
  return cmml.hinge(scores:slice(1, 1, asked.rows), scores:slice(1, asked.rows + 1, 2 * asked.rows))
end

--- One training step after another, the batches taking turns.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @treturn function that does a step
function scenario.step(cmml, tasks)
  local self, at = scenario.make(cmml, tasks), 0
  local settings = cmml.presets["published-code/ml20m_film"].training
  local optimiser = cmml.adam(self.network, { lr = settings.lr,
    weight_decay = settings.weight_decay })
  return function()
    at = at % batches + 1
    optimiser:backward(scenario.loss(cmml, self, self.batches[at]))
    optimiser:step()
  end
end

--- Writes vectors, weights, draws and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam string path
-- @tparam table sizes list of numbers of tasks in a batch
-- @treturn true|nil nil on failure
-- @treturn ?string message
function scenario.export(cmml, path, sizes)
  local entries = {}
  local function add(name, value)
    entries[#entries + 1] = { name = name, value = value,
      dtype = type(value) == "table" and "I32" or nil }
  end
  for _, tasks in ipairs(sizes) do
    local self, prefix = scenario.make(cmml, tasks), tasks .. "."
    add(prefix .. "vectors.users", self.users)
    add(prefix .. "vectors.items", self.items)
    for name, parameter in self.network:parameters() do
      add(prefix .. "param." .. name, parameter)
    end
    for i, batch in ipairs(self.batches) do
      local here = ("%sbatch.%d."):format(prefix, i)
      for name, rows in pairs(batch.rows) do
        add(here .. name, rows)
      end
      add(here .. "loss", cmml.no_grad(scenario.loss, cmml, self, batch):reshape { 1 })
    end
  end
  return cmml.write_archive(path, entries)
end

return scenario
