-- Does what doc/adding-an-op.md and doc/adding-a-metric.md say of the core: makes their edits in a
-- copy of the checkout, builds that, asks for the new metric, and runs the battery of ops there,
-- with the new op as a composite, as a fused op and as a primitive. It takes minutes, so it is no
-- gate of `make check`.
--
--     lua5.4 tools/try_adding.lua
package.path = "./?.lua;" .. package.path
local docs = require "spec.support.docs"
local interpreter = require "spec.support.interpreter"
local page, unary = "doc/adding-an-op.md", "csrc/ops/unary.c"

local folder = os.tmpname()
os.remove(folder)
local _ <close> = setmetatable({}, { __close = function()
  os.execute("rm -rf " .. folder)
end })

local function run(command, ...)
  command = command:format(...)
  if not os.execute(command) then
    error("failed: " .. command, 0)
  end
end

-- Replaces a text that a file of the copy has once.
local function replace(path, text, by)
  path = folder .. "/" .. path
  local before = docs.read(path)
  local first, last = before:find(text, 1, true)
  assert(first and not before:find(text, last, true), path .. ": not there once: " .. text)
  local file <close> = assert(io.open(path, "w"))
  file:write(before:sub(1, first - 1), by, before:sub(last + 1))
end

local there = "env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH='lua/?.lua;lua/?/init.lua;;' "
  .. "LUA_CPATH='build/?.so;;' "
local lua = there .. interpreter

local function battery(form)
  run("cd %s && make --no-print-directory LUA=%s >log 2>&1 || { tail -n 40 log; exit 1; }", folder,
    interpreter)
  run("cd %s && %s -e 'local form = require(\"cmml\").core.ops().swish.form "
    .. "assert(form == \"%s\", form)'", folder, lua, form)
  run("cd %s && SPECS='spec/ops_spec.lua spec/derivatives_spec.lua spec/bits_spec.lua' "
    .. "%s sh tools/run_tests.sh '%s $(command -v busted || echo /usr/bin/busted) --ignore-lua "
    .. "--cpath=./build/?.so' >log 2>&1 || { tail -n 40 log; exit 1; }", folder, there, interpreter)
  print(("adding an op: as a %s op it builds and passes the battery"):format(form))
end

run("mkdir %s && cp -a Makefile .busted bin build csrc data include lua spec tools %s", folder,
  folder)
local function edit(which, count)
  local changed = docs.apply(which, folder)
  assert(#changed == count, ("%s edits other files than %d: %s"):format(which, count,
    table.concat(changed, ", ")))
end

edit(page, 3)
edit("doc/adding-a-metric.md", 1)
battery "composite"

-- Two of four items are relevant, one of them among the first two.
local asks = [[
local cmml = require "cmml"
local compute = cmml.metrics.computer("try", { "r_precision", "auc" }, {}, nil, true)
local found = compute(cmml.tensor { 4, 3, 2, 1 }, cmml.tensor { 1, 0, 1, 0 }, cmml.segments { 4 })
assert(found.r_precision[1] == 0.5 and found.auc[1] == 0.75)
assert(cmml.metrics.better "r_precision" == "max")
]]
local file <close> = assert(io.open(folder .. "/ask.lua", "w"))
assert(file:write(asks))
file:flush()
run("cd %s && %s ask.lua", folder, lua)
print "adding a metric: in C it is one file, and can be asked for by its name"

local blocks = docs.blocks(page, "c")
local expand, descriptor, kernels, fused, derivative = blocks[1].text, blocks[2].text,
  blocks[4].text, blocks[5].text, blocks[6].text
replace(unary, '#include "ops/ops.h"', '#include <math.h>\n\n#include "ops/ops.h"')
replace(unary, expand, expand .. kernels)
replace(unary, descriptor, fused)
battery "fused"

local primitive, count = fused:gsub("%.expand = swish_expand,%s*%.fast_vjp = swish_fast_vjp",
  ".vjp = swish_vjp")
assert(count == 1, "the descriptor of the fused op has no expand and fast_vjp side by side")
replace(unary, expand .. kernels, kernels:match "^.-\n}\n" .. derivative)
replace(unary, fused, primitive)
battery "primitive"
