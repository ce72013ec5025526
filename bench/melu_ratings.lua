--- MeLU on real ratings, to be put beside the same in another program:
-- `lua5.4 bench/melu_ratings.lua --help`.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path

local cmml = require "cmml"
local args = require "cmml.base.args"
local defaults = require "cmml.settings.users.defaults"
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local program = require "program"

local usage = [[
usage: lua5.4 bench/melu_ratings.lua --data DIR --out DIR [OPTIONS]

Writes to the folder --out

  settings.json        what MeLU is trained with
  data.safetensors     what is learnt from, and the tasks of validation and test
  check.safetensors    weights, tasks, losses and gradients of a few training steps, and what the
                       model is worth after them, in double
  cmml-SEED.json       of our training with that seed: metrics of every test user, epochs, seconds

and bench/peers/torch_melu_ratings.py adds PyTorch's. A line an epoch, with tabs between: seed,
epoch, processor seconds, training loss, validation MAE.]]
local values = program.options("melu_ratings.lua", usage, {
  { name = "data", kind = "string", arg = "DIR", required = true,
    help = "folder in the format of MovieLens-1M; test_users.txt in it lists the test users" },
  { name = "out", kind = "string", arg = "DIR", required = true, help = "folder to write to" },
  { name = "protocol", kind = "string", default = "capped", choices = { "capped", "full" },
    help = "how many ratings of training users are kept" },
  { name = "preset", kind = "string", default = "recommended", help = "of melu: second order, "
    .. "no base" },
  { name = "seeds", kind = "integer", default = 5, from = 1, help = "trainings, seeds 1, 2, .." },
  { name = "epochs", kind = "integer", default = 200, from = 1, help = "of a training, at most" },
  { name = "patience", kind = "integer", default = 10, from = 1,
    help = "epochs without improvement that end a training" },
  { name = "export_only", kind = "boolean", help = "write what the peer reads, train nothing" },
})

local draws, valid_draws, check_steps = defaults.draws, defaults.valid_draws, 10
local test_seed = defaults.seed
-- What the peer has: of options of the model these values, of those of training any.
local peer_options = { { "order", "second" }, { "loss", "squared" }, { "rates", "fixed" },
  { "activation", "relu" }, { "read_users", true } }
local peer_training = { batch = true, support = true, query = true, lr = true, clip = true,
  weight_decay = true, epochs = true, patience = true }
local metrics = { "mae", "rmse", "ndcg_exp@1" }

-- Data and split in a library, float or double.
local function read(library)
  local dataset, message = library.movielens(values.data)
  if not dataset then
    return nil, message
  end
  local listed = values.data .. "/test_users.txt"
  return library.cold_users(dataset, { protocol = values.protocol,
    test_users = cmml.core.exists(listed) and listed or nil })
end

-- A batch of drawn tasks.
local function add_tasks(add, name, drawn)
  add(name .. ".people", drawn.tasks)
  for _, part in ipairs { "support", "query" } do
    local here, rows = ("%s.%s_"):format(name, part), drawn[part]
    add(here .. "lengths", rows.segments:totable())
    add(here .. "items", rows.items:totable())
    add(here .. "labels", rows.labels)
  end
end

-- Tasks of validation (see settings/users/source.lua) and test, all in one batch.
local function tasks_of(library, data, training, part, seed)
  local of_test = part == "test"
  return library.users.tasks { ratings = of_test and data.all or data.ratings, users = data[part],
    bags = data.bags, seed = seed, support = training.support, query = training.query,
    batch = #data[part] }
end

local function export_data(data, training)
  local entries, add = program.arrays()
  add("train", data.train)
  add("ratings.lengths", data.ratings.users:totable())
  add("ratings.items", data.ratings.items:totable())
  add("ratings.labels", data.ratings.ratings)
  local sides = { items = data.catalogue.items.bags, users = data.bags }
  for _, side in ipairs { "items", "users" } do
    local bags = sides[side]
    for i, field in ipairs(data.catalogue[side]:sizes()) do
      local name, bag = ("%s.%d.%s."):format(side, i, field.name), bags[i]
      add(name .. "ids", bag.ids:totable())
      add(name .. "size", { field.size })
      if bag.segments then
        add(name .. "lengths", bag.segments:totable())
      end
    end
  end
  local function add_draws(name, tasks, count)
    for draw = 1, count do
      add_tasks(add, ("%s.%d"):format(name, draw), tasks:draw(draw, tasks.users))
    end
  end
  add_draws("test", tasks_of(cmml, data, training, "test", test_seed), draws)
  for seed = 1, values.seeds do
    add_draws("valid." .. seed, tasks_of(cmml, data, training, "valid", seed), valid_draws)
  end
  return cmml.core.write_archive(values.out .. "/data.safetensors", entries)
end

-- Some steps as `train` takes them, in double.
local function export_check()
  local library = cmml.double
  local entries, add = program.arrays()
  local data = assert(read(library))
  local model = library.recommenders.melu(data.catalogue, { preset = values.preset, seed = 1 })
  local training, losses, names, parameters = model.training, {}, {}, {}
  local tasks = library.users.tasks { ratings = data.ratings, users = data.train, seed = 1,
    bags = data.bags, support = training.support, query = training.query, batch = training.batch,
    shuffle = true }
  for name, parameter in model.module:parameters() do
    names[#names + 1], parameters[#parameters + 1] = name, parameter
    add("param." .. name, parameter:clone())
  end
  local optimiser = library.optim.adam(model.module, { lr = training.lr, clip = training.clip,
    weight_decay = training.weight_decay })
  local next_batch = coroutine.wrap(function()
    for epoch = 1, check_steps do
      for drawn in tasks:batches(epoch) do
        coroutine.yield(drawn)
      end
    end
  end)
  for step = 1, check_steps do
    local drawn = next_batch()
    add_tasks(add, "step." .. step, drawn)
    if step == 1 then
      for i, gradient in ipairs(library.grad(model:loss(drawn), parameters)) do
        add("grad." .. names[i], gradient)
      end
    end
    local loss = model:loss(drawn)
    losses[step] = loss:item()
    optimiser:backward(loss)
    optimiser:step()
  end
  add("losses", library.tensor(losses))
  local found = library.evaluate({ model }, tasks_of(library, data, training, "test", test_seed),
    { draws = 1, metrics = metrics })[1]
  for _, name in ipairs(metrics) do
    add("test." .. name, library.tensor(found[name].values))
  end
  return library.core.write_archive(values.out .. "/check.safetensors", entries)
end

local function train(data, training, seed)
  local model = cmml.recommenders.melu(data.catalogue, { preset = values.preset, seed = seed })
  local began, seconds = os.clock(), 0
  local result = cmml.train(model, data, { epochs = values.epochs, patience = values.patience,
    seed = seed, on_epoch = function(state)
      local now = os.clock()
      print(("%d\t%d\t%.2f\t%.4f\t%.4f"):format(seed, state.epoch, now - began, state.loss,
        state.mae))
      seconds, began = seconds + now - began, now
    end })
  local found = cmml.evaluate({ model }, tasks_of(cmml, data, training, "test", test_seed),
    { draws = draws, metrics = metrics })[1]
  local kept = { epochs = result.epoch, best_epoch = result.best_epoch, valid_mae = result.best,
    stopped = result.stopped, seconds = seconds }
  for _, name in ipairs(metrics) do
    kept[name] = found[name].values
    print(("# seed %d: %s %.4f"):format(seed, name, found[name].mean))
  end
  return cmml.core.write_file(("%s/cmml-%d.json"):format(values.out, seed), json.encode(kept))
end

-- What MeLU is trained with, as JSON; raises where the peer has nothing such.
local function settings_of(model)
  local own, training = model.options, model.training
  local function refuse(name)
    error(("preset %s has %s, which the peer has not"):format(values.preset, name), 0)
  end
  for _, option in ipairs(peer_options) do
    local name, value = table.unpack(option)
    if own[name] ~= nil and own[name] ~= value then
      refuse(("%s %s"):format(name, plain.tostring(own[name])))
    end
  end
  if own.base or #own.inner_rate > 1 then
    refuse(own.base and "a base" or "a rate for each layer")
  end
  local found = { width = own.width, hidden = own.hidden, inner_steps = own.inner_steps,
    inner_rate = own.inner_rate[1], weight_decay = 0 }
  for _, name in ipairs(args.keys(training)) do
    if not peer_training[name] then
      refuse(name)
    end
    found[name] = training[name]
  end
  for _, name in ipairs { "epochs", "patience", "protocol" } do
    found[name] = values[name]
  end
  found.draws, found.valid_draws = draws, valid_draws
  return json.encode(found)
end

-- Raises where something cannot be read or written.
local function run()
  io.stdout:setvbuf "line"
  local data = assert(read(cmml))
  local model = cmml.recommenders.melu(data.catalogue, { preset = values.preset })
  local training = model.training
  local settings = settings_of(model)
  assert(cmml.core.mkdir(values.out))
  assert(cmml.core.write_file(values.out .. "/settings.json", settings))
  assert(export_data(data, training))
  assert(export_check())
  for seed = 1, values.export_only and 0 or values.seeds do
    assert(train(data, training, seed))
  end
end

local done, message = pcall(run)
if not done then
  program.fail(message)
end
