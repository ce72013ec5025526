-- Does what doc/adding-an-op.md says: makes its edits in a copy of the checkout, builds that and
-- runs the battery of ops there, with the new op as a composite, as a fused op and as a primitive.
-- It takes minutes, so it is no gate of `make check`.
--
--     lua5.4 tools/try_adding_op.lua
package.path = "./?.lua;" .. package.path
local docs = require "spec.support.docs"
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

local lua = "env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH='lua/?.lua;lua/?/init.lua;;' "
  .. "LUA_CPATH='build/?.so;;' lua5.4"

local function battery(form)
  run("cd %s && make --no-print-directory >log 2>&1 || { tail -n 40 log; exit 1; }", folder)
  run("cd %s && %s -e 'local form = require(\"cmml\").core.ops().swish.form "
    .. "assert(form == \"%s\", form)'", folder, lua, form)
  for _, spec in ipairs { "ops", "derivatives", "bits" } do
    run("cd %s && %s $(command -v busted || echo /usr/bin/busted) --ignore-lua "
      .. "--cpath=./build/?.so spec/%s_spec.lua >log 2>&1 || { tail -n 40 log; exit 1; }", folder,
      lua, spec)
  end
  print(("adding an op: as a %s op it builds and passes the battery"):format(form))
end

run("mkdir %s && cp -a Makefile .busted bin build csrc data lua spec tools %s", folder, folder)
local changed = docs.apply(page, folder)
assert(#changed == 3, "the page edits other files than three: " .. table.concat(changed, ", "))
battery "composite"

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
