--- calls.lua SEED CALLS: calls functions and methods of the library and of its core with arguments
-- of every wrong kind, changed from those of valid calls where some were seen. Each call ends in a
-- result or an error, whose text is short, and none takes long: what does not is found, and the
-- status says so. Raw errors of functions, from a line of the library, are told and counted, but
-- may be due to earlier calls that changed an object; so of methods they are not even told. Started
-- by guarded.sh, as an ordinary user in a folder of its own.
local seed, wanted = math.tointeger(tonumber(arg[1])), math.tointeger(tonumber(arg[2]))

-- Root has once deleted /dev/null by such calls.
for line in io.lines "/proc/self/status" do
  assert(not line:find "^Uid:%s+0%s", "calls.lua: not as root")
end

-- A call that goes on in Lua is ended as a host would end it, by a hook. What nobody can end is a
-- stay in the core, which may not take long.
local BUDGET, STEPS = 3000000, 1000 -- steps of Lua that a call may take, and between looks at it
local LONGEST = 4 -- seconds of the processor that it may go on
local SLOWEST = 10 -- seconds after which it must have ended, under the sanitizer
local RECORDS = 6 -- valid calls that are kept of a function

local stream = require "spec.support.stream"
local cmml = require "cmml"
local targets = require "spec.fuzz.calls.targets"
local valid = require "spec.fuzz.calls.valid"
local values = require "spec.fuzz.calls.values"
local core = cmml.core

local draw = stream(seed)
local functions = targets.functions(cmml)
local last = assert(io.open("last-call.txt", "w"))
last:setvbuf "no"

-- What the library prints goes nowhere; findings go to the errors.
local function say(text, ...)
  io.stderr:write(text:format(...), "\n")
end

local objects, records, is_function = {}, {}, {}
for _, target in ipairs(functions) do
  is_function[target.f] = true
end

-- Notes the arguments of the function that is being called.
local function record()
  local info = debug.getinfo(2, "Su")
  local f = debug.getinfo(2, "f").func
  local _, first = debug.getlocal(2, 1)
  local meta = debug.getmetatable(first)
  local is_object = type(meta) == "table" and type(first) ~= "string"
  if not is_object and not is_function[f] then
    return
  end
  local kept = records[f] or {}
  records[f] = kept
  if #kept >= RECORDS and draw(10) > 1 then
    return
  end
  local args = { n = 0 }
  local function add(value)
    args.n = args.n + 1
    args[args.n] = value
    if type(value) == "userdata" or type(value) == "table" and getmetatable(value) ~= nil then
      if #objects < 150 then
        objects[#objects + 1] = value
      elseif draw(20) == 1 then
        objects[draw(150)] = value
      end
    end
  end
  if info.what == "C" then
    for i = 1, 250 do
      local name, value = debug.getlocal(2, i)
      if not name then
        break
      end
      add(value)
    end
  else
    for i = 1, info.nparams do
      add((select(2, debug.getlocal(2, i))))
    end
    for i = 1, info.isvararg and 250 or 0 do
      local name, value = debug.getlocal(2, -i)
      if not name then
        break
      end
      add(value)
    end
  end
  kept[#kept < RECORDS and #kept + 1 or draw(RECORDS)] = args
end

local function record_valid()
  local by_class = {}
  for _, name in ipairs(valid.order) do
    debug.sethook(record, "c")
    local ok, problem = xpcall(valid.parts[name], debug.traceback, cmml)
    debug.sethook()
    if not ok then
      say("the valid calls of %s end early: %s", name, tostring(problem))
      os.exit(1)
    end
  end
  for _, args in pairs(records) do
    local first = args[1] and args[1][1]
    local meta = debug.getmetatable(first)
    if type(meta) == "table" and type(first) ~= "string" then
      by_class[#by_class + 1] = first
    end
  end
  for _, object in ipairs(objects) do
    by_class[#by_class + 1] = object
  end
  return targets.methods(by_class)
end

-- What the library prints is thrown away, and what it asks of the terminal is not answered.
io.output "/dev/null"
print = function() end -- luacheck: ignore 121

local methods = record_valid()
table.sort(methods, function(a, b)
  return a.name < b.name
end)
local all = {}
for _, list in ipairs { functions, methods } do
  table.move(list, 1, #list, #all + 1, all)
end
local source = values.source(draw, cmml, objects)

-- An object of a class, a derived one too.
local function object_of(class)
  local fit = {}
  for _, object in ipairs(objects) do
    local meta = debug.getmetatable(object)
    for _ = 1, 4 do
      if meta == class then
        fit[#fit + 1] = object
        break
      end
      meta = debug.getmetatable(meta)
    end
  end
  return #fit > 0 and fit[draw(#fit)] or nil
end

local function shown(value, depth)
  local kind = type(value)
  if kind == "string" then
    return #value > 60 and ("%q..(%d)"):format(value:sub(1, 30), #value) or ("%q"):format(value)
  elseif kind == "table" and debug.getmetatable(value) == nil and depth < 3 then
    local parts = {}
    for key, inner in next, value do
      parts[#parts + 1] = ("[%s]=%s"):format(shown(key, 3), shown(inner, depth + 1))
      if #parts == 12 then
        parts[13] = ".."
        break
      end
    end
    return "{" .. table.concat(parts, ", ") .. "}"
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  local meta = debug.getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  local text = kind == "userdata" and type(name) == "string" and name:find "Tensor"
    and select(2, pcall(function()
      return table.concat(value.shape, "x")
    end))
  return ("<%s %s %s>"):format(kind, tostring(name or ""), tostring(text or ""))
end

local function shown_call(target, args)
  local parts = {}
  for i = 1, args.n do
    parts[i] = shown(args[i], 0)
  end
  return ("%s(%s)"):format(target.name, table.concat(parts, ", "))
end

local seen = {} -- places in the library that a raw error came from
local found, counts = 0, { results = 0, errors = 0, stopped = 0, raw = 0 }

local function tell(what, number, target, args)
  say("%s\n  call %d of seed %d: %s", what, number, seed, shown_call(target, args))
end

local function finding(what, number, target, args)
  found = found + 1
  tell("FOUND " .. what, number, target, args)
end

-- A position in a file of the library: where it refuses a call it names that of the caller. That an
-- object was freed before is told by the core from wherever it is met.
local function is_raw(message)
  return message:find "cmml/[%w_/]+%.lua:%d+: " and not message:find "freed or closed"
end

local function run(number, target, args)
  last:seek("set", 0)
  last:write(shown_call(target, args):sub(1, 2000), "\n\n")
  local started, is_stopped, steps = os.clock(), false, 0
  debug.sethook(function()
    steps = steps + STEPS
    if steps >= BUDGET or os.clock() - started > LONGEST then
      is_stopped = true
      error(values.deliberate .. ": too many steps", 0)
    end
  end, "", STEPS)
  local results = table.pack(pcall(target.f, table.unpack(args, 1, args.n)))
  debug.sethook()
  local seconds = os.clock() - started
  if seconds > SLOWEST then
    finding(("took %.1f s"):format(seconds), number, target, args)
  end
  if is_stopped then
    counts.stopped = counts.stopped + 1
    return
  end
  local message = results[2]
  if results[1] then
    counts.results = counts.results + 1
    message = results[2] == nil and type(results[3]) == "string" and results[3] or nil
  else
    counts.errors = counts.errors + 1
    if type(message) ~= "string" then
      if message ~= nil then
        return -- what a value of ours was told to raise
      end
      finding("an error that is no text", number, target, args)
      return
    end
  end
  if message and not message:find(values.deliberate, 1, true) and is_raw(message)
    and not target.class and not targets.calls_others[target.name] then
    local place = message:match "cmml/[%w_/]+%.lua:%d+"
    if not seen[place] then
      seen[place], counts.raw = true, counts.raw + 1
      tell("raw error: " .. message:sub(1, 400), number, target, args)
    end
  elseif message and #message > 20000 then
    finding(("a message of %d bytes"):format(#message), number, target, args)
  end
end

local number = 0
while number < wanted do
  local target = all[draw(#all)]
  local known, args = records[target.f]
  if known and #known > 0 and draw(10) > 2 then
    args = source.mutate(known[draw(#known)], target.class ~= nil and draw(20) > 1)
  else
    args = source.arguments(target.class and { object_of(target.class) } or {})
  end
  number = number + 1
  run(number, target, args)
  core.grad_enable(true)
end
last:close()

say("%d calls of %d functions and %d methods (%d without a valid call): %d results, %d errors, "
  .. "%d stopped, %d places of raw errors, %d found", number, #functions, #methods, (function()
    local n = 0
    for _, target in ipairs(all) do
      n = n + (records[target.f] and 0 or 1)
    end
    return n
  end)(), counts.results, counts.errors, counts.stopped, counts.raw, found)
os.exit(found == 0 and 0 or 1, true)
