-- The life of memory: nothing left behind, nothing lost when memory is short, nothing freed too
-- early when the collector runs at the worst moments, nothing touched after its end.
local child = require "spec.support.child"
local cmml = require "cmml"

local function collect()
  collectgarbage()
  collectgarbage()
end

local function left_behind(core, f)
  f() -- once before: what is kept between calls has its size then
  collect()
  local before = core.memory()
  f()
  collect()
  local after = core.memory()
  return after.live - before.live, after.blocks - before.blocks
end

local function train(c)
  local x, w = c.ones { 4, 3 }, c.uniform({ 2, 3 }, -1, 1, { seed = 1 }):track()
  local optimizer = c.core.optimizer { w }
  for _ = 1, 3 do
    local loss = c.linear(x, w, nil, "tanh"):square():mean()
    optimizer:backward(loss):adam { lr = 0.1 }
  end
end

describe("memory", function()
  for dtype, c in pairs { float32 = cmml, float64 = cmml.double } do
    it("is back after graphs are built and dropped, " .. dtype, function()
      local bytes, blocks = left_behind(c.core, function()
        local x = c.ones({ 50, 20 }):track()
        local y = x
        for i = 1, 100 do
          y = (y * x + i):tanh()
        end
        local g = c.grad(y:sum(), x, { create_graph = true })
        c.grad(g:square():sum(), x)
        pcall(c.matmul, x, x)
        pcall(c.grad, y:sum(), c.ones { 1 })
        train(c)
      end)
      assert.equal(0, bytes)
      assert.equal(0, blocks)
    end)
  end

  it("of a graph goes as the gradient walks it", function()
    local x = cmml.ones({ 1000 }):track()
    local y = x
    for _ = 1, 50 do
      y = y:exp():log()
    end
    local loss = y:sum()
    y = nil -- luacheck: ignore 311
    collect()
    local whole = cmml.memory().live
    local g = cmml.grad(loss, x)
    collect()
    assert.is_true(whole - cmml.memory().live > 45 * 1000 * 4)
    assert.equal(1000, g.count)
  end)

  it("is given back at once by free, and counted at its peak", function()
    collect()
    local before = cmml.memory()
    local x = cmml.zeros { 1000000 }
    assert.is_true(cmml.memory().live >= before.live + 4000000)
    assert.is_true(cmml.memory().peak >= before.live + 4000000)
    x:free()
    assert.equal(before.live, cmml.memory().live)
    cmml.core.trim()
    assert.equal(0, cmml.memory().cached)
  end)

  it("stays bounded although Lua sees only boxes", function()
    collect()
    cmml.core.trim()
    local most = 0
    for _ = 1, 500 do
      cmml.zeros { 256, 1024 } -- 1 MB each
      most = math.max(most, cmml.memory().live)
    end
    assert.is_true(most < 64 << 20, most)
  end)

  it("of a box that was old when it died is found, however little is alive", function()
    local mode = collectgarbage "generational"
    local function work(megabytes)
      for _ = 1, megabytes do
        cmml.zeros { 256, 1024 }
      end
    end
    -- Something old that is dead: it is there until all, and not the young alone, are collected.
    local function old_and_dead(make)
      local kept = { make() }
      local seen = setmetatable({ kept[1] }, { __mode = "v" })
      work(20)
      kept[1] = nil
      return seen
    end
    local last = old_and_dead(function()
      return {}
    end)
    for _ = 1, 2000 do -- until that has just been so, whatever other specs left
      if last[1] then
        work(1)
      end
    end
    assert.is_nil(last[1])
    local seen = old_and_dead(function()
      return cmml.zeros { 1000 }
    end)
    work(100)
    assert.is_truthy(seen[1]) -- the young alone were collected
    work(1000)
    collectgarbage(mode)
    assert.is_nil(seen[1])
  end)
end)

describe("a deep graph", function()
  it("of a million ops is built, differentiated and freed", function()
    collect()
    local before, deep = cmml.memory().live, 1000000
    local x = cmml.ones({ 1 }):track()
    local y = x
    for _ = 1, deep do
      y = y + x
    end
    assert.same({ deep + 1 }, cmml.grad(y, x):totable())
    local dropped = x -- never differentiated: freed with all that it saved
    for _ = 1, deep do
      dropped = dropped * x
    end
    dropped, x, y = nil, nil, nil -- luacheck: ignore 311
    collect()
    assert.equal(before, cmml.memory().live)
  end)
end)

describe("a failing allocation", function()
  local output, ok

  setup(function()
    output, ok = child "spec/support/failing_allocations.lua"
  end)

  it("is an error, and leaves nothing behind, wherever it strikes", function()
    assert(ok, output)
    local scenarios = 0
    for line in output:gmatch "[^\n]+" do
      assert.matches(": %d+ allocations ok$", line)
      scenarios = scenarios + 1
    end
    local ops = 0
    for _ in pairs(cmml.ops()) do
      ops = ops + 1
    end
    assert.is_true(scenarios > ops)
  end)

  it("is met by every scenario", function()
    for line in output:gmatch "[^\n]+" do
      assert.is_true((tonumber(line:match "(%d+) allocations ok") or 0) > 5, line)
    end
  end)
end)

describe("a collection at every step", function()
  it("changes no bit of a training loop and leaves nothing behind", function()
    local plain, plain_ok = child "spec/support/gc_stress.lua"
    local stressed, stressed_ok = child("spec/support/gc_stress.lua", "CMML_GC_STRESS=1")
    assert(plain_ok, plain)
    assert(stressed_ok, stressed)
    assert.matches("1%.weight%s+%x+\n.*\nblocks left%s+0\n$", plain)
    assert.equal(plain, stressed)
  end)
end)

describe("a Lua state that closes", function()
  it("refuses the library in finalizers, without a crash", function()
    local output, ok = child [[
      local core, kept
      -- Made before the library is loaded, so finalized after it.
      local last = setmetatable({}, { __gc = function()
        local calls = {
          function() return core.full({ 2 }, 1) end, function() return kept + 1 end,
          function() return kept:sum() end, function() return kept:item() end,
          function() return kept.shape end, function() return core.ids { 1 } end,
          function() return core.grad_list(kept, { kept }) end,
          function() return core.optimizer { kept } end, function() return core.trim() end,
        }
        for _, call in ipairs(calls) do
          local ok, message = pcall(call)
          assert(not ok)
          assert(message:find("began to close", 1, true) or message:find("released", 1, true),
            message)
        end
        kept:free()
        assert(tostring(kept) == "[cmml.Tensor released]")
        assert(core.memory().blocks == 0, "blocks are left")
        io.write "refused\n"
      end })
      core = require "cmml.core"
      kept = core.full({}, 2):track()
      local graph = kept * kept
      local optimizer = core.optimizer { kept }
      _G.globals = { last, graph, optimizer, core.ids { 1 }, core.segments { 1 } }
    ]]
    assert.is_true(ok)
    assert.equal("refused\n", output)
  end)

  it("may be left in the middle of anything", function()
    local output, ok = child [[
      local core = require "cmml.core"
      local x = core.full({ 100 }, 2):track()
      local y = x
      for _ = 1, 100000 do
        y = y * x
      end
      core.grad_enable(false)
      pcall(core.matmul, x, x)
      io.write "done\n"
      os.exit(true, true)
    ]]
    assert.is_true(ok)
    assert.equal("done\n", output)
  end)

  it("may be a coroutine's, and both cores may be loaded beside each other", function()
    local output, ok = child [[
      local core, core64 = require "cmml.core", require "cmml.core64"
      local made = coroutine.wrap(function()
        local x = core.full({ 2 }, 1):track()
        coroutine.yield((x * 2):sum())
      end)()
      assert(made:item() == 4)
      assert(not pcall(core.add, made, core64.full({}, 1)))
      io.write(core.info().dtype, " ", core64.info().dtype, "\n")
    ]]
    assert.is_true(ok)
    assert.equal("float32 float64\n", output)
  end)
end)
