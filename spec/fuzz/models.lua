--- models.lua SEED FILES: changes model files of every kind and setting, by what they are made of,
-- and loads them as a program would that serves recommendations: each gives a message, or a model
-- that predicts finite numbers or says why not; within 2 seconds of the processor, and 20 times the
-- size of the file and 32 MB. Started by guarded.sh, as an ordinary user in a folder of its own.
local seed, wanted = math.tointeger(tonumber(arg[1])), math.tointeger(tonumber(arg[2]))

local SECONDS, TIMES, BYTES = 2, 20, 32 << 20

for line in io.lines "/proc/self/status" do
  assert(not line:find "^Uid:%s+0%s", "models.lua: not as root")
end

local archive = require "spec.fuzz.models.archive"
local cmml = require "cmml"
local hostile_model = require "spec.support.hostile_model"
local people = require "spec.support.people"
local scenario_world = require "spec.support.scenario_world"
local stream = require "spec.support.stream"
local core = cmml.core

local draw = stream(seed)
local mutate = require "spec.fuzz.models.mutate"(draw)

local function say(text, ...)
  io.stderr:write(text:format(...), "\n")
end

local files = {}

local function keep(title, model, extra)
  assert(cmml.save(model, "model.safetensors", extra))
  files[#files + 1] = { title = title, parsed = archive.parse(core.read_file "model.safetensors") }
end

-- Options of a small network, of whatever kind of preset.
local small = { encoder_widths = { 3 }, backbone = { 3, 3 }, hyper = { 3, 3 } }

local function with(options)
  local all = {}
  for key, value in pairs(small) do
    all[key] = value
  end
  for key, value in pairs(options) do
    all[key] = value
  end
  return all
end

-- A model of a kind as it is by default, fitted where it is to be.
local function made(kind, catalogue, data)
  local model = cmml.recommenders[kind.kind](catalogue)
  if model.fit then
    model:fit(model.setting.learnable(data))
  end
  return model
end

local function make_users()
  local data = people.data(cmml, { users = 10, items = 6, rated = 4 })
  for _, kind in ipairs(cmml.kinds.list "users") do
    if kind.kind == "cmml" then
      local model = cmml.cmml(data.catalogue, with { preset = "published-code", width = 2,
        label_hidden = 2 })
      keep(kind.kind, model, { tensors = (cmml.optim.adam(model.module):state()),
        notes = { a = 1 } })
      keep(kind.kind .. " recommended", cmml.cmml(data.catalogue, with { width = 2 }))
    else
      keep(kind.kind, made(kind, data.catalogue, data))
    end
  end
  local largest = cmml.recommenders.ease(data.catalogue, { keep = 2 })
  largest:fit(largest.setting.learnable(data))
  keep("ease of the largest weights", largest)
  local lists = cmml.recommenders.cmml_lists(data.catalogue, { width = 2, backbone = { 2 },
    hyper = { 2 } })
  lists:prepare { ratings = data.ratings, train = table.move(data.train, 1, 2, 1, {}) }
  keep("cmml_lists that has learnt", lists) -- of two people, so that there are items nobody took
  keep("matrix_factorization with lists by ease", cmml.with_lists(
    made(cmml.kinds.find("matrix_factorization", "users"), data.catalogue, data),
    made(cmml.kinds.find("ease", "users"), data.catalogue, data)))
end

local function make_scenarios()
  local data = scenario_world.data(cmml, { users = 16, items = 40, scenarios = 4, size = 20,
    outside = 6 })
  local split = data:split()
  local catalogue = split:catalogue((split:vectors { factors = 2 }))
  for _, kind in ipairs(cmml.kinds.list "scenarios") do
    if kind.kind == "cmml" then
      for _, encoder in ipairs { "mean", "gru", "attention" } do
        keep(kind.kind .. " of scenarios, " .. encoder, cmml.cmml(catalogue,
          with { preset = "paper/scenario", encoder = encoder }))
      end
      keep(kind.kind .. " of scenarios, recommended", cmml.cmml(catalogue, with {}))
    else
      keep(kind.kind .. " of scenarios", made(kind, catalogue, split))
    end
  end
end

io.output "/dev/null"
make_users()
make_scenarios()

local found, counts = 0, { loaded = 0, refused = 0 }
local last = assert(io.open("last-call.txt", "w"))
last:setvbuf "no"

for number = 1, wanted do
  local file = files[draw(#files)]
  local bytes = mutate(file.parsed)
  local handle = assert(io.open("changed.safetensors", "wb"))
  handle:write(bytes)
  handle:close()
  last:seek("set", 0)
  last:write(("file %d of seed %d, %s, %d bytes"):format(number, seed, file.title, #bytes), "\n\n")
  local size, most = #bytes, 0
  bytes = nil -- luacheck: ignore 311
  collectgarbage()
  local before = collectgarbage "count" * 1024 + core.memory().live
  local started = os.clock()
  debug.sethook(function()
    most = math.max(most, collectgarbage "count" * 1024 + core.memory().live)
  end, "", 1000)
  local ok, result = pcall(hostile_model, cmml, "changed.safetensors", size)
  debug.sethook()
  local seconds = os.clock() - started
  most = math.max(most, collectgarbage "count" * 1024 + core.memory().live) - before
  local what = not ok and tostring(result) or seconds > SECONDS and ("%.1f s"):format(seconds)
    or most > TIMES * size + BYTES and ("%.0f bytes of memory"):format(most)
  if what then
    found = found + 1
    local name = ("found-%d-%d.safetensors"):format(seed, number)
    os.rename("changed.safetensors", name)
    say("FOUND %s\n  file %d of seed %d, %s, %d bytes", what:sub(1, 400), number, seed, file.title,
      size)
  else
    local key = result and "loaded" or "refused"
    counts[key] = counts[key] + 1
  end
end
last:close()
files = nil -- luacheck: ignore 311
say("%d model files: %d loaded, %d refused, %d found", wanted, counts.loaded, counts.refused, found)
os.exit(found == 0 and 0 or 1, true)
