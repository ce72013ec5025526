--- The cases of the benchmark: what a user of the library waits for, at the published sizes on
-- MovieLens-1M. The tables of ids are made; batches are prepared beforehand, as for the peer.
local dcn = require "dcn"
local frozen = require "frozen"
local made = require "cmml.settings.users.made_rows"(math.random)
local fomaml = require "fomaml"
local melu = require "melu"
local recurrent = require "recurrent"
local s2meta = require "s2meta"
local sasrec = require "sasrec"
local scenario = require "scenario"
local served = require "served"

local cases = {}

local preset = "published-code"
local tasks, support, query, batches = 32, 40, 10, 8

-- Labels by the fractions that stars have in MovieLens-1M.
local function star()
  local u = math.random()
  return u < 0.056 and 1 or u < 0.164 and 2 or u < 0.426 and 3 or u < 0.774 and 4 or 5
end

local function rows_of(cmml, lists)
  local lengths, items, labels = {}, {}, {}
  for g, list in ipairs(lists) do
    lengths[g] = #list
    for _, item in ipairs(list) do
      items[#items + 1], labels[#labels + 1] = item, star()
    end
  end
  return { segments = cmml.segments(lengths), items = cmml.ids(items),
    labels = cmml.tensor(labels) }
end

-- Tasks of different users; support and query of a task have no item in common.
local function make_batch(cmml, bags, count)
  local shown, hidden = {}, {}
  for t = 1, count do
    local items = made.items(support + query)
    shown[t] = table.move(items, 1, support, 1, {})
    hidden[t] = table.move(items, support + 1, support + query, 1, {})
  end
  local people = { bags = bags, rows = cmml.core.choose(made.n_users, count,
    { seed = math.random(0, 1 << 30) }) }
  local batch = { support = rows_of(cmml, shown), query = rows_of(cmml, hidden) }
  batch.support.people, batch.query.people = people, people
  return batch
end

-- A model of the published sizes over made items and users, and what is asked of it.
local function make_setting(cmml)
  math.randomseed(1)
  local names = cmml.data.vocab()
  for row = 1, made.n_items do
    names:add(row)
  end
  local users, films = made.records "user", made.records "item"
  local catalogue = cmml.data.catalogue { schema = cmml.data.schema(made.schema()), items = names,
    item_records = films, seen_items = films, user_records = users }
  local bags = catalogue.users:bags_of(users)
  local setting = { model = cmml.cmml(catalogue, { preset = preset }), batches = {},
    user = users[1], one = make_batch(cmml, bags, 1),
    thousand = cmml.core.choose(made.n_items, 1000, {}) }
  for i = 1, batches do
    setting.batches[i] = make_batch(cmml, bags, tasks)
  end
  return setting
end

-- A ratings file of a million lines in a temporary place.
local function million_ratings()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  for _ = 1, 1000 do
    local lines = {}
    for i = 1, 1000 do
      lines[i] = ("%d::%d::%d::978300760\n"):format(math.random(made.n_users),
        math.random(made.n_items), math.random(5))
    end
    file:write(table.concat(lines))
  end
  file:close()
  return path
end

-- Both matrices are there beforehand, the result is new.
local function gemm(cmml)
  local a, b = cmml.uniform { 1024, 1024 }, cmml.uniform { 1024, 1024 }
  return function()
    a:matmul(b)
  end
end

local function load(cmml)
  local path = million_ratings()
  return function()
    local data = assert(cmml.data.read_table(path, { delimiter = "::", columns = {
      { name = "user" }, { name = "item" }, { name = "rating", kind = "number" },
      { kind = "skip" } } }))
    local c = data.columns
    cmml.core.group_ratings(c.user.ids, c.item.ids, c.rating.values, #c.user.vocab)
  end, function()
    os.remove(path)
  end
end

local function make_adam(cmml, module)
  local training = cmml.presets[preset].training
  return cmml.optim.adam(module, { lr = training.lr, weight_decay = training.weight_decay,
    clip = training.clip })
end

-- The batches take turns, so that no step finds its rows in the cache of the last one.
local function step(cmml, setting)
  local model, at = setting().model, 0
  local optimiser = make_adam(cmml, model.module)
  return function()
    at = at % batches + 1
    optimiser:backward(model:loss(setting().batches[at]))
    optimiser:step()
  end
end

-- Clipping, decay and Adam on every parameter of a model; the gradients are zero.
local function adam(cmml, setting)
  local model = cmml.cmml(setting().model.catalogue, { preset = preset })
  local optimiser = make_adam(cmml, model.module)
  return function()
    optimiser:step()
  end
end

local function adapt(cmml, setting)
  local model, one = setting().model, setting().one
  return function()
    cmml.no_grad(model.adapt_rows, model, one.support)
  end
end

local function adapt_raw(_, setting)
  local model, raw = setting().model, { user = setting().user }
  raw.user.id = nil
  for i, item in ipairs(setting().one.support.items:totable()) do
    raw[i] = { item, 1 + i % 5 }
  end
  return function()
    model:adapt(raw)
  end
end

local function score(cmml, setting)
  local model, one, items = setting().model, setting().one, setting().thousand
  local state = cmml.no_grad(model.adapt_rows, model, one.support)
  local segments = cmml.segments { #items }
  return function()
    cmml.no_grad(model.score_rows, model, state, { items = items, segments = segments })
  end
end

-- What an op costs besides its arithmetic.
local function chain(cmml)
  local x = cmml.tensor({ 1 }):track()
  return function()
    local y = x
    for _ = 1, 10000 do
      y = y + x
    end
    cmml.grad(y, x)
  end
end

-- Files that the peer reads what it works on from: the peer's option, and who writes it.
local exports = {
  scenario = { "scenario", function(cmml, _, path)
    return scenario.export(cmml, path, { 16, 1 })
  end },
  s2meta = { "s2meta", function(cmml, _, path)
    return s2meta.export(cmml, path, { 8, 1 })
  end },
  dcn = { "dcn", function(cmml, setting, path)
    return dcn.export(cmml, setting(), path)
  end },
  sasrec = { "sasrec", function(cmml, _, path, folder)
    return sasrec.export(cmml, folder, path)
  end },
  fomaml = { "fomaml", function(cmml, _, path, folder)
    return fomaml.export(cmml, folder, path)
  end },
}

--- The cases in the order of their rounds: name; text; peers, names of the peer's cases to compare
-- with (further ones are the same by less work, as a careful user would do by hand, or compiled);
-- make, a function of (cmml, setting, folder of data or nil) giving a function that does the work
-- once, one to be called in the end or nil, one that gives the operations of the last run where the
-- core does not count them or nil, and for work in a process of its own, in place of the first, one
-- that does it once and gives its seconds; export, if the peer reads a file: {its option, a
-- function of (cmml, setting, path, folder of data or nil)}. `setting` is a function that gives the
-- model and data that the cases share.
cases.list = {
  { name = "gemm", text = "matrix product 1024 x 1024 x 1024", peers = { "gemm" }, make = gemm },
  { name = "load", text = "loading 1 million ratings, grouped by user", peers = {}, make = load },
  { name = "step", text = "one training step: 32 tasks, support 40, query 10",
    peers = { "step", "step_algebra" }, make = step },
  { name = "adam", text = "of it: clipping, decay, Adam on all parameters", peers = { "adam" },
    make = adam },
  { name = "adapt", text = "adapting one user to 40 ratings", peers = { "adapt" }, make = adapt },
  { name = "adapt_raw", text = "the same from raw ids and field values", peers = { "adapt" },
    make = adapt_raw },
  { name = "score", text = "scoring 1,000 items for that user",
    peers = { "score", "score_algebra" }, make = score },
  { name = "gru", text = "GRU and its gradient: batch 32, 40 steps, width 256", peers = { "gru" },
    make = function(cmml)
      return recurrent.pass(cmml, "gru")
    end },
  { name = "lstm", text = "LSTM and its gradient, the same sizes", peers = { "lstm" },
    make = function(cmml)
      return recurrent.pass(cmml, "lstm")
    end },
  { name = "scenario", text = "one step of the scenario setting: 16 tasks", peers = { "scenario" },
    export = exports.scenario, make = function(cmml)
      return scenario.step(cmml, 16)
    end },
  { name = "scenario_one", text = "the same, one task", peers = { "scenario_one" },
    export = exports.scenario, make = function(cmml)
      return scenario.step(cmml, 1)
    end },
  { name = "s2meta", text = "one training step of S2Meta: 8 tasks, 20 steps each",
    peers = { "s2meta", "s2meta_compiled" }, export = exports.s2meta, make = function(cmml)
      return s2meta.step(cmml, 8)
    end },
  { name = "s2meta_one", text = "the same, one task",
    peers = { "s2meta_one", "s2meta_one_compiled" }, export = exports.s2meta,
    make = function(cmml)
      return s2meta.step(cmml, 1)
    end },
  { name = "dcn", text = "one training step of DCN: 32 people, 50 ratings each",
    peers = { "dcn", "dcn_algebra", "dcn_compiled" }, export = exports.dcn,
    make = function(cmml, setting)
      return dcn.step(cmml, setting())
    end },
  { name = "sasrec", text = "one training step of SASRec: 256 sequences, dropout",
    peers = { "sasrec", "sasrec_compiled", "sasrec_bf16" }, export = exports.sasrec,
    make = function(cmml, _, folder)
      return sasrec.step(cmml, folder)
    end },
  { name = "sasrec_sparse", text = "the same, Adam on the rows of items that were seen", peers = {},
    make = function(cmml, _, folder)
      return sasrec.step(cmml, folder, true)
    end },
  { name = "fomaml", text = "one step of first-order MAML: 64 users, 5 inner steps each",
    peers = { "fomaml" }, export = exports.fomaml, make = function(cmml, _, folder)
      return fomaml.step(cmml, folder)
    end },
  { name = "melu", text = "one training step of MeLU: 5 inner steps, second order",
    peers = { "melu_algebra", "melu_batched", "melu_vmap", "melu_loop" },
    make = function(cmml, setting)
      return melu.step(cmml, setting, {})
    end },
  { name = "melu_one", text = "the same, 1 inner step",
    peers = { "melu_one_algebra", "melu_one_batched" },
    make = function(cmml, setting)
      return melu.step(cmml, setting, { inner_steps = 1 })
    end },
  { name = "melu_generic", text = "5 inner steps, recorded instead of written out", peers = {},
    make = function(cmml, setting)
      return melu.step(cmml, setting, { form = "generic" })
    end },
  { name = "melu_adapt", text = "MeLU adapting one user: 5 inner steps",
    peers = { "melu_adapt_algebra", "melu_adapt_loop" }, make = melu.adapt },
  { name = "served_adapt", text = "`recommended`, adapting to 40 ratings by raw id", peers = {},
    make = served.adapt "ratings" },
  { name = "served_top", text = "`recommended`, the 10 best of all items", peers = {},
    make = served.top "ratings" },
  { name = "lists_adapt", text = "`recommended/lists`, adapting to 40 ratings", peers = {},
    make = served.adapt "lists" },
  { name = "lists_top", text = "`recommended/lists`, the 10 best of all items", peers = {},
    make = served.top "lists" },
  { name = "frozen_start_c", text = "frozen: a C host's start to its first scores", peers = {},
    make = frozen.start "c" },
  { name = "frozen_start_lua", text = "frozen: a Lua host's start to its first scores", peers = {},
    make = frozen.start "lua" },
  { name = "frozen_rows", text = "frozen `published-code`, context of 40 by row",
    peers = { "adapt", "adapt_algebra", "adapt_compiled" },
    make = frozen.context("published-code", false) },
  { name = "frozen_ids", text = "the same by raw id", peers = { "adapt" },
    make = frozen.context("published-code", true) },
  { name = "frozen_adapt", text = "frozen `recommended`, context of 40 by raw id", peers = {},
    make = frozen.context("ratings", true) },
  { name = "frozen_lists_adapt", text = "frozen `recommended/lists`, the same", peers = {},
    make = frozen.context("lists", true) },
  { name = "frozen_observe", text = "frozen `published-code`, one interaction more", peers = {},
    make = frozen.observe("published-code", true) },
  { name = "frozen_observe_gru", text = "the same with the encoder `gru`", peers = {},
    make = frozen.observe("gru", true) },
  { name = "frozen_observe_factors", text = "frozen iALS, 64 factors, one interaction more",
    peers = {}, make = frozen.observe("factors", true) },
  { name = "frozen_score", text = "frozen `published-code`, scoring 1,000 items",
    peers = { "score_algebra", "score_folded", "score_compiled" }, make = frozen.score },
  { name = "frozen_top", text = "frozen `recommended`, a click and the 10 best", peers = {},
    make = frozen.top "ratings" },
  { name = "frozen_lists_top", text = "frozen `recommended/lists`, the same", peers = {},
    make = frozen.top "lists" },
  { name = "chain", text = "10,000 adds on one element, and their gradient", peers = { "chain" },
    make = chain },
}

-- What the cases share, made when it is first asked for.
local setting
local function shared_by(cmml)
  return function()
    setting = setting or make_setting(cmml)
    return setting
  end
end

--- Writes the files that the peer reads.
-- @tparam table cmml the library
-- @tparam table names a set: the cases that are measured
-- @tparam ?string folder of data; nil: made data
-- @treturn table list of {option of the peer, path}; the caller removes them
function cases.export(cmml, names, folder)
  local written, done = {}, {}
  for _, case in ipairs(cases.list) do
    if names[case.name] and case.export and not done[case.export] then
      local path = os.tmpname()
      assert(case.export[2](cmml, shared_by(cmml), path, folder))
      written[#written + 1], done[case.export] = { case.export[1], path }, true
    end
  end
  return written
end

--- Makes cases ready.
-- @tparam table cmml the library
-- @tparam table names a set: the cases to make
-- @tparam ?string folder of data in the format of MovieLens-1M; nil: made data
-- @treturn table list of {name, text, peers, run, flops_of, measure}
-- @treturn function to be called in the end: removes temporary files
function cases.make(cmml, names, folder)
  local shared = shared_by(cmml)
  local ready, ends = {}, {}
  for _, case in ipairs(cases.list) do
    if names[case.name] then
      local run, finish, flops, measure = case.make(cmml, shared, folder)
      ready[#ready + 1] = { name = case.name, text = case.text, peers = case.peers, run = run,
        flops_of = flops, measure = measure }
      ends[#ends + 1] = finish
    end
  end
  return ready, function()
    for _, finish in ipairs(ends) do
      finish()
    end
  end
end

return cases
