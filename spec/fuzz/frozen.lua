--- frozen.lua SEED FILES: changes files with frozen graphs, by what they are made of, opens them as
-- a host would, and calls what opens at random, contexts from changed texts included: each call
-- gives finite numbers or a message, within some seconds of the processor, and memory in proportion
-- to the file and the limits. Started by guarded.sh, as an ordinary user in a folder of its own.
local seed, wanted = math.tointeger(tonumber(arg[1])), math.tointeger(tonumber(arg[2]))

-- Beside what the library promises (csrc/predict/frozen.c), what the sanitizer keeps of what was
-- freed.
local SECONDS, MEMORY, BYTES, TIMES = 20, 32 << 20, 420 << 20, 60

for line in io.lines "/proc/self/status" do
  assert(not line:find "^Uid:%s+0%s", "frozen.lua: not as root")
end

local archive = require "spec.fuzz.models.archive"
local cmml = require "cmml"
local graph_files = require "spec.support.graph_files"
local people = require "spec.support.people"
local stream = require "spec.support.stream"
local core = cmml.core

local draw = stream(seed)
local mutate = require "spec.fuzz.frozen.mutate"(draw)
local mutate_file = require "spec.fuzz.models.mutate"(draw)

local function say(text, ...)
  io.stderr:write(text:format(...), "\n")
end

local function pick(list)
  return list[draw(#list)]
end

-- --- files --------------------------------------------------------------------------------------

local files = {}

local function keep(title, model)
  assert(cmml.freeze(model, { retrieval = true }):save "frozen.safetensors")
  local parsed, graph = graph_files.parse(core.read_file "frozen.safetensors")
  files[#files + 1] = { title = title, parsed = parsed, graph = graph }
end

-- Models of sequences: an item may be there several times.
local function make_sequences()
  local interactions = {}
  for user = 1, 12 do
    for k = 0, 4 do
      interactions[#interactions + 1] = { "u" .. user, "i" .. (user + k * k) % 7 }
    end
  end
  local split = assert(cmml.sequences.split(cmml.sequences.data { interactions = interactions }))
  local small = { width = 2, heads = 1, layers = 1, inner = 3, length = 4 }
  local knn = cmml.recommenders.sequence_knn(split.catalogue, { latest = 4 })
  cmml.fit(knn, split)
  keep("sequence_knn", knn)
  keep("sasrec", cmml.recommenders.sasrec(split.catalogue, small))
  keep("gru4rec", cmml.recommenders.gru4rec(split.catalogue, { width = 2, hidden = 3, length = 4 }))
  small.backbone, small.knn = { 2 }, false
  keep("cmml_sequences", cmml.recommenders.cmml_sequences(split.catalogue, small))
end

local function make_files()
  local data = people.data(cmml, { users = 10, items = 7, rated = 4 })
  local small = { width = 2, encoder_widths = { 3 }, backbone = { 3, 3 }, hyper = { 3, 3 } }
  local function with(changes)
    for key, value in pairs(small) do
      changes[key] = value
    end
    return changes
  end
  local made = {}
  for _, kind in ipairs { "cmml", "ease", "ials", "item_knn", "user_knn", "item_user_mean", "tanp",
    "popularity", "slim", "dcn", "factor_analysis" } do
    local class = cmml.kinds.find(kind, "users")
    local model = cmml.recommenders[kind](data.catalogue, kind == "cmml" and with {
      preset = "published-code", label_hidden = 2 } or {})
    if class.fit then
      model:fit(model.setting.learnable(data))
    end
    made[kind] = model
    keep(kind, model)
  end
  local recommended = cmml.cmml(data.catalogue, with { base = { kind = "factor_analysis",
    factors = 2 }, read_users = false, neighbours = { keep = 3 } })
  recommended:prepare { ratings = data.ratings, train = data.train }
  keep("cmml recommended", recommended)
  keep("cmml by a gru", cmml.cmml(data.catalogue, with { preset = "published-code",
    label_hidden = 2, encoder = "gru" }))
  keep("cmml with lists by ease", cmml.with_lists(made.cmml, made.ease))
  make_sequences()
end

-- --- calls --------------------------------------------------------------------------------------

-- Calls that must give something, or a message which is none of a fault in the library.
local function try(f, ...)
  local results = table.pack(pcall(f, ...))
  if not results[1] then
    local message = tostring(results[2])
    assert(not message:find "%.lua:%d+: attempt to " and not message:find "no recorded reason",
      message)
    return nil
  end
  return table.unpack(results, 2, results.n)
end

local function is_finite(x)
  return x - x == 0
end

local function check_list(items, scores, n)
  local last = math.huge
  for i = 1, n do
    local score = scores[i]
    assert(math.type(items[i]) == "integer" and is_finite(score) and score <= last, "a list")
    last = scores[i]
  end
end

local labels = { 1, 5, 3.5, 0, -1, 1e30, -3e38, 0 / 0, math.huge, 1e-40 }

local function changed_text(text)
  local how = draw(6)
  if how == 1 then
    return text:sub(1, draw(#text + 1) - 1)
  elseif how == 2 then
    local at = draw(#text)
    return text:sub(1, at - 1) .. ("%c"):format(draw(256) - 1) .. text:sub(at + 1)
  elseif how == 3 then
    return ""
  end
  -- one whose sum is right again
  local body = text:sub(1, -9)
  if how == 4 then
    body = body .. body:sub(23)
  elseif how == 5 and #body > 22 then
    local at = 22 + draw(#body - 22)
    body = body:sub(1, at - 1) .. ("%x"):format(draw(16) - 1) .. body:sub(at + 1)
  else
    body = body .. ("%08x%08x"):format(pick { 0, 6, 7, 0x7fffffff, 0xffffffff },
      pick { 0x3f800000, 0x7f800000, 0x7fc00000, 0 })
  end
  return body .. ("%08x"):format(core.hash(body) & 0xffffffff)
end

local function call_at_random(predictor)
  local n_items, contexts = predictor:facts().items, { try(predictor.context, predictor) }
  local items, scores, texts = {}, {}, {}
  local function row()
    return pick { draw(math.max(n_items, 1)), draw(math.max(n_items, 1)), draw(20) - 5, n_items }
  end
  local function rows()
    local list = {}
    for i = 1, draw(30) - 1 do
      list[i] = draw(20) == 1 and row() or draw(math.max(n_items, 1))
    end
    return list
  end
  local part = predictor:facts().parts
  local actions = {
    function(context) try(context.observe, context, row(), pick(labels)) end,
    function(context) try(context.observe, context, draw(math.max(n_items, 1)), draw(5)) end,
    function(context) try(context.forget, context, row()) end,
    function(context)
      local asked = rows()
      local out = try(context.score, context, draw(part), asked, {})
      for i = 1, out and #asked or 0 do
        assert(is_finite(out[i]), "a score is no number")
      end
    end,
    function(context)
      local n = try(context.recommend, context, draw(part), draw(8) - 1, items, scores,
        draw(2) == 1 and rows() or nil, nil, draw(2) == 1, nil, draw(2) == 1 and draw(12) - 2 or 0)
      check_list(items, scores, n or 0)
    end,
    function()
      local group, counts = {}, {}
      for i = 1, draw(6) - 1 do
        group[i] = pick(contexts)
      end
      local n = draw(6) - 1
      try(predictor.recommend, predictor, draw(part), group, n, items, scores, counts, nil, nil,
        draw(2) == 1, draw(3) == 1 and draw(8) or 0)
      for i, count in ipairs(counts) do
        check_list(table.move(items, (i - 1) * n + 1, (i - 1) * n + count, 1, {}),
          table.move(scores, (i - 1) * n + 1, (i - 1) * n + count, 1, {}), count)
      end
    end,
    function(context)
      for _ = 1, draw(6) do
        local n = try(context.recommend, context, part, 5, items, scores, nil, nil, false, 0,
          draw(2) == 1 and 5 + draw(3) or 0)
        check_list(items, scores, n or 0)
      end
    end,
    function(context) texts[#texts + 1] = try(context.save, context) end,
    function(context)
      if #texts > 0 then
        local text = pick(texts)
        try(context.restore, context, draw(2) == 1 and text or changed_text(text))
      end
    end,
    function(context)
      if #contexts < 20 then
        contexts[#contexts + 1] = try(context.fork, context)
      end
    end,
    function()
      contexts[#contexts + 1] = #contexts < 20 and try(predictor.context, predictor) or nil
    end,
    function(context) try(context.clear, context) end,
    function(context) try(context.support, context, {}, {}) end,
    function(context) if draw(4) == 1 then context:close() end end,
    function() if draw(60) == 1 then predictor:close() end end,
    function()
      if draw(8) == 1 then
        try(predictor.again, predictor, { block = draw(9), memory = MEMORY })
      end
    end,
  }
  for _ = 1, #contexts > 0 and draw(40) or 0 do
    pick(actions)(pick(contexts))
  end
end

-- --- running ------------------------------------------------------------------------------------

-- The most memory that the process has had since it was set back.
local function most_memory(set_back)
  if set_back then
    local handle = io.open("/proc/self/clear_refs", "w")
    if handle then
      handle:write "5"
      handle:close()
    end
  end
  for line in io.lines "/proc/self/status" do
    local size = line:match(set_back and "^VmRSS:%s+(%d+)" or "^VmHWM:%s+(%d+)")
    if size then
      return math.tointeger(size) * 1024
    end
  end
end

io.output "/dev/null"
make_files()

local found, counts = 0, { opened = 0, refused = 0 }
local last = assert(io.open("last-call.txt", "w"))
last:setvbuf "no"

for round = 1, wanted do
  local file = pick(files)
  local plain = graph_files.with(file.parsed, draw(12) == 1 and file.graph or mutate(file.graph))
  local bytes = draw(6) == 1 and mutate_file(plain) or archive.bytes(plain)
  local handle = assert(io.open("changed.safetensors", "wb"))
  handle:write(bytes)
  handle:close()
  last:seek("set", 0)
  last:write(("file %d of seed %d, %s, %d bytes"):format(round, seed, file.title, #bytes), "\n\n")
  local size = #bytes
  bytes, plain = nil, nil -- luacheck: ignore 311
  collectgarbage()
  local before, started = most_memory(true), os.clock()
  local predictor
  local ok, why = pcall(function()
    local message
    predictor, message = core.open_predictor("changed.safetensors", { users = draw(4),
      candidates = draw(12), support = draw(12), list = draw(6), block = draw(9), memory = MEMORY })
    assert(predictor or type(message) == "string", message)
    if predictor then
      call_at_random(predictor)
      collectgarbage()
    end
  end)
  local seconds, most = os.clock() - started, most_memory() - before
  local what = not ok and tostring(why) or seconds > SECONDS and ("%.1f s"):format(seconds)
    or most > TIMES * size + BYTES and ("%.0f bytes of memory"):format(most)
  if what then
    found = found + 1
    os.rename("changed.safetensors", ("found-%d-%d.safetensors"):format(seed, round))
    say("FOUND %s\n  file %d of seed %d, %s, %d bytes", what:sub(1, 400), round, seed, file.title,
      size)
  else
    local key = predictor and "opened" or "refused"
    counts[key] = counts[key] + 1
  end
  predictor = nil -- luacheck: ignore 311
end
last:close()
collectgarbage()
collectgarbage()
say("%d frozen graphs: %d opened, %d refused, %d found", wanted, counts.opened, counts.refused,
  found)
os.exit(found == 0 and 0 or 1, true)
