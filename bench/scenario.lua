--- The scenario setting of the benchmark: training steps of the published ML-20M configuration (GRU
-- encoder, element-wise product, FiLM layers) on made interactions of the published sizes.
--
-- The peer computes with the same vectors, weights and draws: `scenario.export` writes them, with
-- the loss of every batch.
local scenario = {}

local support, query, batches = 64, 128, 8
local preset = "published-code/ml20m_film"

local source -- tables and tasks, the same for all cases

local function make_source(cmml)
  local data = cmml.settings:get("scenarios").made_full()
  local split = data:split { valid = 0.1 }
  local vectors = cmml.vectors.als { ratings = split.background, n_items = #data.items,
    iterations = 1 }
  source = { split = split, catalogue = split:catalogue(vectors) }
end

-- A model with fresh weights, and batches of tasks: {draw, list of scenarios}.
local function make(cmml, tasks)
  if not source then
    make_source(cmml)
  end
  local self = { model = cmml.cmml(source.catalogue, { preset = preset }), lists = {},
    tasks = source.split:tasks { support = support, support_negatives = support, query = query,
      batch = tasks } }
  for list, draw in self.tasks:people(1) do
    if #list == tasks and #self.lists < batches then
      self.lists[#self.lists + 1] = { draw, list }
    end
  end
  return self
end

-- The tasks of a batch, drawn afresh each time.
local function draw(self, number)
  return self.tasks:draw(table.unpack(self.lists[number]))
end

--- One training step after another: drawing the tasks, forward, backward, Adam. The batches take
-- turns.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @treturn function that does a step
function scenario.step(cmml, tasks)
  local self, at = make(cmml, tasks), 0
  local settings = cmml.presets[preset].training
  local optimiser = cmml.optim.adam(self.model.module, { lr = settings.lr,
    weight_decay = settings.weight_decay })
  return function()
    at = at % batches + 1
    optimiser:backward(self.model:loss(draw(self, at)))
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
    local self, prefix = make(cmml, tasks), tasks .. "."
    add(prefix .. "vectors.users", self.model.users)
    add(prefix .. "vectors.items", self.model.items)
    for name, parameter in self.model.network:parameters() do
      add(prefix .. "param." .. name, parameter)
    end
    for i = 1, batches do
      local here, batch = ("%sbatch.%d."):format(prefix, i), draw(self, i)
      add(here .. "users", batch.support.users:totable())
      add(here .. "items", batch.support.items:totable())
      add(here .. "labels", batch.support.labels)
      add(here .. "query_users", batch.query.users:totable())
      add(here .. "positives", batch.query.positives:totable())
      add(here .. "negatives", batch.query.negatives:totable())
      add(here .. "loss", cmml.no_grad(self.model.loss, self.model, batch):reshape { 1 })
    end
  end
  return cmml.core.write_archive(path, entries)
end

return scenario
