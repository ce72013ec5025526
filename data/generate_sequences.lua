#!/usr/bin/env lua5.4
-- Makes sequences of which it is known what ids, texts and pictures tell of what comes next, by the
-- library that lies beside this program: see data/README.md.
os.setlocale "C" -- figures with a point
local folder = arg[0]:match "^(.*)/" or "."
package.path = ("%s/../lua/?.lua;%s/../lua/?/init.lua;%s"):format(folder, folder, package.path)
package.cpath = ("%s/../build/?.so;%s"):format(folder, package.cpath)
local cmml = require "cmml"
local core = cmml.core

local usage = [[
usage: lua5.4 generate_sequences.lua [options]
Makes sequences of which it is known what ids, texts and pictures tell of what comes next.
  --out DIR         folder to write to, made if missing (default: `steps` beside this program)
  --users N         people (default: 2000); the last fifth of them to come are meant for testing
  --items N         items (default: 300)
  --length N        mean length of a sequence (default: 10)
  --ids X           0 to 1: how much counts what sequences alone show (default: 1)
  --text X          0 to 1: how much counts what texts show; 0: they are noise (default: 1)
  --images X        0 to 1: how much counts what pictures show; 0: they are noise (default: 1)
  --new-items X     fraction of the items that only the last fifth of the people have (default: 0)
  --sharpness X     how surely the nearest items are chosen (default: 8)
  --noise X         deviation of the noise in vectors of texts and pictures (default: 0.1)
  --seed S          whole number; another seed gives another set (default: 1)
  --help            this text
]]

local numbers = { users = true, items = true, length = true, ids = true, text = true, images = true,
  new_items = true, sharpness = true, noise = true, seed = true }

local function fail(...)
  io.stderr:write("generate_sequences: ", string.format(...), "\n")
  os.exit(1)
end

local function read_options(list)
  local out, options = folder .. "/steps", {}
  for i = 1, #list, 2 do
    local name, text = list[i]:match "^%-%-([a-z-]+)$", list[i + 1]
    local key = (name or ""):gsub("-", "_")
    if key == "help" then
      io.write(usage)
      os.exit(0)
    elseif key ~= "out" and not numbers[key] then
      fail("unknown option %s; --help lists them", list[i])
    elseif not text or text == "" then
      fail("%s: a value is missing", list[i])
    elseif key == "out" then
      out = text
    else
      options[key] = tonumber(text) or fail("--%s %s: a number was expected", name, text)
    end
  end
  return out, options
end

local function check(ok, message)
  return ok or fail("%s", message)
end

-- The lines of the interactions, in the form of atomic files.
local function lines_of(data)
  local lines, at = { "user_id:token\titem_id:token\ttimestamp:float" }, 0
  local items, times = data.sequences.items:totable(), data.sequences.times:totable()
  for row, length in ipairs(data.sequences.users:totable()) do
    for i = at + 1, at + length do
      lines[i + 1] = ("%s\t%s\t%d"):format(data.users:text(row), data.items:text(items[i]),
        times[i])
    end
    at = at + length
  end
  return table.concat(lines, "\n") .. "\n"
end

local out, options = read_options(arg)
local made, data = pcall(cmml.sequences.generate, options)
if not made then
  fail("%s", (tostring(data):gsub("^.-sequences%.generate: ", "")))
end
check(core.mkdir(out))
local name = out:match "([^/]+)/*$"
check(core.write_file(("%s/%s.inter"):format(out, name), lines_of(data)))
local ids = {}
for row = 1, #data.items do
  ids[row] = data.items:text(row)
end
for field, source in pairs(data.item_records.vectors) do
  check(core.write_archive(("%s/%s.safetensors"):format(out, field), {
    { name = "ids", value = table.concat(ids, "\n") },
    { name = "vectors", value = source.values } }, {}))
end

print(("%s: %d people, %d items (%d of them new), %d interactions"):format(out, #data.users,
  #data.items, data.world.n_new, #data.sequences.items))
print "the last interactions of the last fifth of the people, by who knows how they were made:"
for _, line in ipairs { { "all", nil }, { "what sequences alone show", { ids = 1 } },
  { "what texts show", { text = 1 } }, { "what pictures show", { image = 1 } } } do
  local found = cmml.sequences.oracle(data, { weights = line[2] })
  print(("  %-26s HR@10 %.3f  NDCG@10 %.3f"):format(line[1], found.hr, found.ndcg))
end
