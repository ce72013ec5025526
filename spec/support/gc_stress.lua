--- A small training loop and what else programs do, run by memory_spec.lua in a process of its own:
-- once as it is, once with CMML_GC_STRESS=1 (a full collection at every call of the core) and a
-- collection every few instructions of Lua besides. It writes what comes out, bit for bit, and the
-- memory that is left; both runs must write the same.
local cmml = require "cmml"
local memory_scenarios = require "spec.support.memory_scenarios"
local temporary = require "spec.support.temporary"

if os.getenv "CMML_GC_STRESS" == "1" then
  debug.sethook(function()
    collectgarbage()
  end, "", 100)
end

local function train()
  local nn = cmml.nn
  local init = nn.init(1)
  local table_ = nn.embedding { size = 6, width = 4, init = init }
  local body = nn.mlp { widths = { 4, 8, 1 }, activation = "leaky_relu", init = init }
  local head = nn.linear { inp = 4, out = 8, init = init }
  local list, names = {}, {}
  for i, module in ipairs { table_, body, head } do
    for name, tensor in module:parameters() do
      list[#list + 1], names[#names + 1] = tensor, i .. "." .. name
    end
  end
  local optimizer = cmml.core.optimizer(list)
  for step = 1, 6 do
    local ids = cmml.ids { step % 6 + 1, 3, 0, 5 }
    local segments = cmml.segments { 2, 0, 2 }
    local pooled = table_(ids, segments)
    local x = cmml.film(pooled:expand { 3, 4 }, head(pooled), "tanh")
    local score = body(cmml.concat({ x, x * 2 }, 1)):reshape { 6 }
    local labels = cmml.tensor { 1, 2, 3, 4, 5, step }
    local loss = cmml.task_mse(score, labels, cmml.segments { 3, 3 })
    local penalty = cmml.grad(loss, body["0"].weight, { create_graph = true }):square():sum()
    optimizer:backward(loss + penalty * 0.1)
    optimizer:adam { lr = 0.01 }
    local ok, message = pcall(cmml.matmul, x, x)
    assert(not ok and message:find "inner sizes differ")
  end
  for i, tensor in ipairs(list) do
    print(names[i], (tensor:tobytes():gsub(".", function(byte)
      return ("%02x"):format(byte:byte())
    end)))
  end
end

local folder = temporary.folder()
local scenarios = memory_scenarios(cmml, folder)
collectgarbage()
collectgarbage()
local before = cmml.memory()
train()
for _, scenario in ipairs(scenarios) do
  local name, run, check = table.unpack(scenario)
  print(name, ("%q"):format(run()))
  if check then
    check()
  end
end
temporary.remove(folder)
debug.sethook()
collectgarbage()
collectgarbage()
local after = cmml.memory()
print("blocks left", after.blocks - before.blocks)
