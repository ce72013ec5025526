--- Large data: loading ratings from a file, the best of a large catalogue by a live and by a frozen
-- model, the fit of item-kNN.
--
--     lua5.4 bench/scale.lua                                       small, some seconds
--     lua5.4 bench/scale.lua --ratings 20000000 --items 100000,1000000      minutes, 1 GB of disk
--
-- Each measurement has a process of its own, so that its peak of memory is its own. Seconds are
-- those of the processor, which a busy machine leaves as they are but for its caches; the smallest
-- of the rounds counts.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local made_ratings = require "made_ratings"
local peer = require "peer"
local program = require "program"

-- Megabytes of a line of /proc/self/status; 0 where there is no such file.
local function status(name)
  local file = io.open "/proc/self/status"
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  return (tonumber(text:match(name .. ":%s*(%d+)")) or 0) / 1024
end

-- The peak of memory that belongs to no file.
local function peak()
  return status "VmHWM" - status "RssFile"
end

-- Processor seconds of the fastest of some runs.
local function fastest(rounds, run)
  local best = math.huge
  for _ = 1, rounds do
    local began = os.clock()
    run()
    best = math.min(best, os.clock() - began)
  end
  return best
end

-- What the processes of their own do: each prints a line of numbers.
local stages = {}

function stages.plain(path)
  local began = os.clock()
  local file = assert(io.open(path, "rb"))
  local bytes = 0
  for block in function() return file:read(1 << 16) end do
    bytes = bytes + #block
  end
  file:close()
  print(os.clock() - began, bytes)
end

function stages.load(path)
  local cmml = require "cmml"
  local before, began = peak(), os.clock()
  local data = assert(cmml.read_dataset { ratings = path, columns = "user,item,rating"
    .. (path:find "times" and ",time" or "") })
  print(os.clock() - began, peak(), before, #data.ratings.items, #data.users, #data.items)
end

-- A catalogue of made items.
local function made_catalogue(cmml, n)
  math.randomseed(1)
  local items, records = cmml.core.vocab(), {}
  for i = 1, n do
    items:add(i)
    records[i] = { genre = math.random(20), maker = math.random(1000) }
  end
  return cmml.data.catalogue { schema = cmml.data.schema { item = { { "genre" }, { "maker" } } },
    items = items, item_records = records, seen_items = records, user_records = {} }
end

-- From here on VmHWM is the peak of what comes.
local function begin_anew(cmml)
  collectgarbage()
  cmml.core.trim()
  local file = io.open("/proc/self/clear_refs", "w")
  if file then
    file:write "5"
    file:close()
  end
end

function stages.recommend(n, rounds)
  local cmml = require "cmml"
  n, rounds = math.tointeger(n), math.tointeger(rounds)
  local model = cmml.cmml(made_catalogue(cmml, n), { preset = "recommended" })
  local person = model:adapt { { 5, 5 }, { 9, 4 }, { 77, 1 } }
  begin_anew(cmml)
  local before, live = peak(), cmml.memory().live
  local seconds = fastest(rounds, function()
    person:recommend { n = 10 }
  end)
  -- what was free already does not show in the first
  print(seconds, math.max(peak() - before, (cmml.memory().peak - live) / 2 ^ 20))
end

-- A click and the ten best, by a predictor: of all items, of 500 candidates ("staged"), or for 32
-- people at once ("group", for each); what loading takes, and how much 20 clicks add.
function stages.frozen(n, rounds, part, how)
  local cmml = require "cmml"
  n, rounds = math.tointeger(n), math.tointeger(rounds)
  local catalogue = made_catalogue(cmml, n)
  local model = part == "lists" and cmml.recommenders.cmml_lists(catalogue, { base = "none" })
    or cmml.cmml(catalogue, { preset = "recommended" })
  local path = os.tmpname()
  assert(cmml.freeze(model, { retrieval = how == "staged" }):save(path))
  model, catalogue = nil, nil -- luacheck: ignore 311
  begin_anew(cmml)
  local before, began = peak(), os.clock()
  local predictor = assert(cmml.predictor(path, { users = how == "group" and 32 or 1 }))
  local opened, rows, scores, found, at = os.clock() - began, {}, {}, {}, 0
  os.remove(path)
  local people = {}
  for i = 1, predictor.users do
    people[i] = predictor:context()
  end
  local function click()
    at = at % 5 + 1
    for _, person in ipairs(people) do
      person:observe(predictor:id(at), at)
    end
    if how == "group" then
      predictor:recommend_rows(people, 10, rows, scores, found)
    else
      people[1]:recommend_rows(10, rows, scores, nil, nil, how == "staged" and 500 or 0)
    end
  end
  click()
  local weights = peak() - before
  begin_anew(cmml)
  local settled = status "VmRSS"
  local seconds = fastest(rounds * 5, click) / #people
  print(seconds, opened, weights, predictor.bytes / 2 ^ 20,
    math.max(0, status "VmRSS" - settled))
end

function stages.item_knn(path)
  local cmml = require "cmml"
  local data = assert(cmml.read_dataset { ratings = path, columns = "user,item,rating"
    .. (path:find "times" and ",time" or "") })
  local users, pairs_ = {}, 0
  for user, length in ipairs(data.ratings.users:totable()) do
    users[user], pairs_ = user, pairs_ + length * length
  end
  local model = cmml.recommenders.item_knn(data:catalogue(users))
  local seconds = fastest(1, function()
    model:fit { ratings = data.ratings, users = users }
  end)
  print(seconds, pairs_, peak(), #data.ratings.items)
end

if stages[arg[1]] then
  return stages[arg[1]](table.unpack(arg, 2))
end

local values = program.options("scale.lua", "usage: lua5.4 bench/scale.lua [OPTIONS]", {
  { name = "ratings", kind = "integer", default = 100000, from = 2000, unit = "ratings",
    help = "about how many are made" },
  { name = "times", kind = "boolean", default = false, help = "ratings have times, too" },
  { name = "items", kind = "string", arg = "LIST", default = "10000",
    help = "sizes of catalogues to recommend from" },
  { name = "rounds", kind = "integer", default = 3, from = 1,
    help = "of which the fastest counts (item-kNN has one)" },
  { name = "only", kind = "string", choices = { "load", "recommend", "frozen", "item_knn" },
    help = "one part" },
})

-- The numbers that a stage prints in a process of its own.
local function measured(stage, ...)
  local words = { peer.quote(arg[-1] or "lua5.4"), "-e", peer.quote(("package.path = %q "
    .. "package.cpath = %q"):format(package.path, package.cpath)), peer.quote(arg[0]), stage }
  for _, word in ipairs { ... } do
    words[#words + 1] = peer.quote(tostring(word))
  end
  local pipe = assert(io.popen(table.concat(words, " ")))
  local numbers = {}
  for word in pipe:read("a"):gmatch "%S+" do
    numbers[#numbers + 1] = tonumber(word)
  end
  if not pipe:close() then
    os.exit(1, true)
  end
  return table.unpack(numbers)
end

local function say(...)
  print((...):format(select(2, ...)))
  io.stdout:flush()
end

local function measure_loading(path, count, rounds)
  local plain, seconds, bytes, most, before = math.huge, math.huge, 0, 0, 0
  for _ = 1, rounds do
    local one, size = measured("plain", path)
    local own, own_peak, own_before = measured("load", path)
    plain, bytes, seconds = math.min(plain, one), size, math.min(seconds, own)
    most, before = math.max(most, own_peak), own_before
  end
  say("load       %.3g ratings, %.1f MB: %.3f s, %.1f times a plain read (%.3f s)", count,
    bytes / 1e6, seconds, seconds / plain, plain)
  say("           peak of anonymous memory %.1f MB, of which %.1f MB before", most, before)
end

local function measure_recommending(sizes, rounds)
  for size in sizes:gmatch "%d+" do
    local seconds, extra = measured("recommend", size, rounds)
    say("recommend  10 of %d items: %.1f ms, extra memory %.1f MB", size, 1e3 * seconds, extra)
  end
end

local function measure_frozen(sizes, rounds)
  for size in sizes:gmatch "%d+" do
    for _, of in ipairs { { "ratings", "all" }, { "ratings", "staged" }, { "lists", "all" },
      { "lists", "group" } } do
      local seconds, opened, peak_mb, own, grown = measured("frozen", size, rounds, of[1], of[2])
      say("frozen     %s%s, a click and 10 of %d items: %.2f ms; opened in %.2f s, %.0f MB at most,"
        .. " of which the predictor's %.1f; %.1f MB more after %d clicks",
        of[1] == "lists" and "recommended/lists" or "recommended", of[2] == "staged"
        and ", 500 candidates" or of[2] == "group" and ", for each of 32 people" or "", size,
        1e3 * seconds, opened, peak_mb, own, grown, rounds * 5)
    end
  end
end

local function measure_item_knn(small, large)
  local per_pair = {}
  for i, path in ipairs { small, large } do
    local seconds, pairs_, most, count = measured("item_knn", path)
    per_pair[i] = seconds / pairs_
    say("item-kNN   %d ratings, %.3g pairs: %.2f s, %.2f ns a pair, peak %.0f MB", count, pairs_,
      seconds, 1e9 * per_pair[i], most)
  end
  say("           the larger takes %.2f times as long a pair", per_pair[2] / per_pair[1])
end

local kind = values.times and ".times.csv" or ".csv"
local stem = os.tmpname()
local small, large = stem .. ".small" .. kind, stem .. ".large" .. kind
local only = values.only

local ok, problem = pcall(function()
  if only ~= "recommend" and only ~= "frozen" then
    local count = made_ratings(large, values.ratings, values.times)
    if only ~= "item_knn" then
      measure_loading(large, count, values.rounds)
    end
  end
  if not only or only == "recommend" then
    measure_recommending(values.items, values.rounds)
  end
  if not only or only == "frozen" then
    measure_frozen(values.items, values.rounds)
  end
  if not only or only == "item_knn" then
    made_ratings(small, values.ratings // 20, values.times)
    measure_item_knn(small, large)
  end
end)
for _, path in ipairs { stem, small, large } do
  os.remove(path)
end
if not ok then
  error(problem, 0)
end
