--- Calls of predictors many times, with the collector stopped, run by serving_memory_spec.lua in a
-- process of its own; the arguments come by the environment: CMML_COUNTER (the library of
-- spec/c/allocations.c), CMML_CALLS. Writes a line a model: its name, by how many bytes Lua grew,
-- how often the system's allocator was called.
local cmml = require "cmml"
local people = require "spec.support.people"

local count = assert(package.loadlib(os.getenv "CMML_COUNTER", "count"))
assert(count() > 1000, "nothing is counted")
local calls = math.tointeger(tonumber(os.getenv "CMML_CALLS"))
local data = people.data(cmml, { users = 90, items = 60, rated = 20 })

-- What a host does in a frame, into tables that it has.
local function frame(i, person, predictor, rows, scores, asked, exclude, choice, group)
  person:observe(predictor:id(i % 60 + 1), i % 5 + 1)
  person:recommend_rows(10, rows, scores)
  if i % 8 == 0 then
    person:score_rows(asked, scores)
    person:recommend_rows(10, rows, scores, exclude, choice)
    person:recommend_some(0, 10, rows, scores, exclude)
    predictor:recommend_rows(group, 5, rows, scores, asked)
    if predictor.retrieves then
      person:recommend_rows(10, rows, scores, exclude, nil, 30)
    end
    person:forget(predictor:id(i % 60 + 1))
  end
end

local function measure(name, model)
  local predictor = assert(cmml.predictor(cmml.freeze(model, { retrieval = true }), { users = 3 }))
  local person, rows, scores = predictor:context(), {}, {}
  local asked, exclude, choice = { 1, 5, 9 }, { 2, 3 }, predictor:choice { "f1", "f2", "f3" }
  local group = { person, predictor:context(), predictor:context() }
  local function run(n)
    for i = 1, n do
      frame(i, person, predictor, rows, scores, asked, exclude, choice, group)
    end
  end
  run(200)
  collectgarbage()
  collectgarbage "stop"
  local bytes, taken = collectgarbage "count", count()
  run(calls)
  taken = count() - taken
  bytes = (collectgarbage "count" - bytes) * 1024
  collectgarbage "restart"
  print(("%s %d %d"):format(name, bytes, taken))
end

for _, kind in ipairs { "ease", "ials", "item_knn", "user_knn", "item_user_mean", "tanp",
  "popularity", "factor_analysis" } do
  local model = cmml.recommenders[kind](data.catalogue)
  if model.fit then
    model:fit(model.setting.learnable(data))
  end
  measure(kind, model)
end
for _, encoder in ipairs { "mean", "gru", "attention" } do
  local options = people.small(1)
  options.encoder = encoder
  measure("cmml-" .. encoder, cmml.cmml(data.catalogue, options))
end
