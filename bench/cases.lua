--- The cases of the benchmark: what a user of the library waits for, at the published sizes on
-- MovieLens-1M. The tables of ids are random; batches are prepared beforehand, as for the peer.
local cases = {}

-- field, values, values of one row (mean), side
local fields = {
  { "rate", 6, 1, "item" }, { "genre", 25, 2.4, "item" }, { "director", 2186, 1, "item" },
  { "actor", 8030, 4, "item" }, { "gender", 2, 1, "user" }, { "age", 7, 1, "user" },
  { "occupation", 21, 1, "user" }, { "zip", 3402, 1, "user" },
}
local n_items, n_users, tasks, support, query = 3883, 6040, 32, 40, 10

-- Records whose values cover every vocabulary.
local function records(side, count)
  local list = {}
  for row = 1, count do
    list[row] = { id = row }
  end
  for _, field in ipairs(fields) do
    local name, size, mean = field[1], field[2], field[3]
    if field[4] == side then
      local at = 0
      for row = 1, count do
        local values = {}
        for k = 1, math.floor(mean) + (math.random() < mean % 1 and 1 or 0) do
          at = at + 1
          values[k] = at <= size and at or math.random(size)
        end
        list[row][name] = #values == 1 and values[1] or values
      end
    end
  end
  return list
end

local function random_ids(cmml, count, limit)
  local list = {}
  for i = 1, count do
    list[i] = math.random(limit)
  end
  return cmml.ids(list)
end

local function rows_of(cmml, groups, length)
  local lengths, labels = {}, {}
  for g = 1, groups do
    lengths[g] = length
  end
  for i = 1, groups * length do
    labels[i] = math.random(5)
  end
  return { segments = cmml.segments(lengths), items = random_ids(cmml, groups * length, n_items),
    labels = cmml.tensor(labels) }
end

-- A model of the published sizes over made-up items and users.
local function make_model(cmml)
  local declaration = { item = {}, user = {} }
  for _, field in ipairs(fields) do
    table.insert(declaration[field[4]], { field[1], multi = field[4] == "item"
      and field[1] ~= "rate" })
  end
  local items = cmml.vocab()
  for row = 1, n_items do
    items:add(row)
  end
  local users = records("user", n_users)
  local films = records("item", n_items)
  local catalogue = cmml.catalogue { schema = cmml.schema(declaration), items = items,
    item_records = films, seen_items = films, user_records = users }
  return cmml.cmml(catalogue), catalogue:bags("user", users)
end

-- A ratings file of a million lines in a temporary place.
local function million_ratings()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  for _ = 1, 1000 do
    local lines = {}
    for i = 1, 1000 do
      lines[i] = ("%d::%d::%d::978300760\n"):format(math.random(n_users), math.random(n_items),
        math.random(5))
    end
    file:write(table.concat(lines))
  end
  file:close()
  return path
end

--- The cases by name, each {text, run}; run does the work once.
-- @tparam table cmml the library
-- @treturn table
-- @treturn function to be called in the end: removes temporary files
function cases.make(cmml)
  math.randomseed(1)
  local model, bags = make_model(cmml)
  local preset = cmml.presets["published-code"].training
  local optimiser = cmml.adam(model.module, { lr = preset.lr, weight_decay = preset.weight_decay,
    clip = preset.clip })
  local batch = { users = { bags = bags, rows = random_ids(cmml, tasks, n_users) },
    support = rows_of(cmml, tasks, support), query = rows_of(cmml, tasks, query) }
  local one = { users = { bags = bags, rows = random_ids(cmml, 1, n_users) },
    support = rows_of(cmml, 1, support) }
  local raw = { user = { gender = 1, age = 3, occupation = 7, zip = 55 } }
  for i, item in ipairs(one.support.items:totable()) do
    raw[i] = { item, 1 + i % 5 }
  end
  local state = cmml.no_grad(model.adapt_rows, model, one.support, one.users)
  local thousand = rows_of(cmml, 1, 1000)
  local a, b = cmml.uniform { 1024, 1024 }, cmml.uniform { 1024, 1024 }
  local path = million_ratings()
  return {
    load = { text = "loading 1 million ratings, grouped by user", run = function()
      local data = assert(cmml.read_table(path, { delimiter = "::", columns = { { name = "user" },
        { name = "item" }, { name = "rating", kind = "number" }, { kind = "skip" } } }))
      local c = data.columns
      cmml.group_ratings(c.user.ids, c.item.ids, c.rating.values, #c.user.vocab)
    end },
    step = { text = "one training step: 32 tasks, support 40, query 10", run = function()
      optimiser:backward(model:loss(batch))
      optimiser:step()
    end },
    adapt = { text = "adapting one user to 40 ratings", run = function()
      cmml.no_grad(model.adapt_rows, model, one.support, one.users)
    end },
    adapt_raw = { text = "the same from raw ids and field values", run = function()
      model:adapt(raw)
    end },
    score = { text = "scoring 1,000 items for that user", run = function()
      cmml.no_grad(model.score_rows, model, state, thousand.items, thousand.segments)
    end },
    gemm = { text = "matrix product 1024 x 1024 x 1024", run = function()
      a:matmul(b)
    end },
  }, function()
    os.remove(path)
  end
end

return cases
