-- Memory that goes when a call ends, with the collector stopped: what was made and not returned is
-- freed, what was returned is not.
local child = require "spec.support.child"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"

-- Runs f with the collector stopped.
local function stopped(f)
  collectgarbage()
  collectgarbage "stop"
  local ok, problem = pcall(f)
  collectgarbage "restart"
  assert(ok, problem)
end

-- By how much the memory of the core has grown after 1,000 calls, none of which is collected.
local function growth(f)
  local bytes, blocks
  stopped(function()
    f()
    f() -- what is kept between calls has its size
    local before = cmml.memory()
    for _ = 1, 1000 do
      f()
    end
    local after = cmml.memory()
    bytes, blocks = after.live - before.live, after.blocks - before.blocks
  end)
  return bytes, blocks
end

for dtype, library in pairs { float32 = cmml, float64 = cmml.double } do
  local core = library.core
  describe("tidy in " .. dtype, function()
    it("returns what the function returns, whole", function()
      local a, b, c, d = core.tidy(function(...)
        local inner = core.full({ 2 }, 3)
        local closed = inner * 2
        return ..., inner, { deep = { core.ids { 1, 2 }, core.segments { 3 },
          [core.full({}, 9)] = true } }, function()
          return closed
        end
      end, 7)
      assert.equal(7, a)
      assert.same({ 3, 3 }, b:totable())
      assert.same({ 1, 2 }, c.deep[1]:totable())
      assert.same({ 3 }, c.deep[2]:totable())
      assert.equal(9, next(c.deep, 2):item())
      assert.same({ 6, 6 }, d():totable())
      assert.same({}, { core.tidy(function() end) })
      assert.same({ n = 3 }, table.pack(core.tidy(function()
        return nil, nil, nil
      end)))
    end)

    it("frees all else, also after an error", function()
      stopped(function()
        local live = core.memory().live
        local left
        core.tidy(function()
          left = core.full({ 1000 }, 1)
          return (left + 1):sum():item()
        end)
        refused("released", left.sum, left)
        local problem = { "an error value" }
        local ok, message = pcall(core.tidy, function()
          left = core.ids { 1, 2, 3 }
          error(problem)
        end)
        assert.is_false(ok)
        assert.equal(problem, message)
        refused("released", left.totable, left)
        assert.equal(live, core.memory().live)
      end)
    end)

    it("does not free what was there before, what is kept, and what an outer call returns",
      function()
        local before = core.full({ 2 }, 1)
        local kept, lost
        local result = core.tidy(function()
          local x = core.tidy(function()
            kept = core.keep({ core.full({ 2 }, 5) })[1]
            lost = before * 2
            return before, lost * 3
          end)
          assert.equal(before, x)
          local y = core.tidy(function()
            return core.tidy(function()
              return before + 1
            end)
          end)
          return y
        end)
        assert.same({ 2, 2 }, result:totable())
        assert.same({ 1, 1 }, before:totable())
        assert.same({ 5, 5 }, kept:totable())
        refused("released", lost.sum, lost)
      end)

    it("leaves views and graphs of what it freed as they are", function()
      local x = core.full({ 3 }, 2):track()
      local part, loss = core.tidy(function()
        local whole = x * x
        return whole:slice(1, 2, 3), (whole * whole):sum()
      end)
      assert.same({ 4, 4 }, part:totable())
      assert.same({ 32, 32, 32 }, core.grad_list(loss, { x })[1]:totable())
    end)

    it("refuses what is no function, and cannot be yielded out of", function()
      refused("bad argument #1", core.tidy)
      refused("attempt to call a number value", core.tidy, 1)
      local ok, message = coroutine.resume(coroutine.create(function()
        core.tidy(coroutine.yield)
      end))
      assert.is_false(ok)
      assert.matches("yield across", message)
    end)
  end)
end

describe("a finaliser that runs within tidy", function()
  it("keeps what it made", function()
    local output, ok = child [[
      local core = require "cmml.core"
      local kept
      setmetatable({}, { __gc = function() kept = core.full({ 2 }, 4) end })
      core.tidy(function() collectgarbage() end)
      print(kept:totable()[2] == 4)
    ]]
    assert.is_true(ok, output)
    assert.equal("true\n", output)
  end)
end)

describe("serving with the collector stopped", function()
  local data = people.data(cmml, { users = 30, items = 300, rated = 60 })
  local split = scenario_world.data(cmml):split { seed = 2 }
  local vectors = split:catalogue(split:vectors { factors = 4, iterations = 2 })
  local ratings = { { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 } }
  local pairs_ = { { "u1", "i1", 1 }, { "u2", "i2", 1 }, { "u1", "i3", 0 } }

  local served = {
    { cmml.cmml(data.catalogue), ratings, { "f4", "f5" } },
    { cmml.recommenders.item_knn(data.catalogue), ratings, { "f4", "f5" } },
    { cmml.recommenders.item_user_mean(data.catalogue), ratings, { "f4", "f5" } },
    { cmml.cmml(vectors), pairs_, { "i4", "i5" }, "u1" },
    { cmml.recommenders.cf_score(vectors), pairs_, { "i4", "i5" }, "u1" },
  }
  served[2][1]:fit(cmml.settings:get("users").learnable(data))
  served[3][1]:fit(cmml.settings:get("users").learnable(data))

  for _, one in ipairs(served) do
    local model, support, items, user = table.unpack(one, 1, 4)
    it(("%s takes no more memory with every call"):format(tostring(model)), function()
      local person = model:adapt(support)
      assert.same({ 0, 0 }, { growth(function()
        person:recommend { n = 5, user = user }
        person:predict(items, { user = user })
      end) })
      -- whole requests
      assert.same({ 0, 0 }, { growth(function()
        cmml.tidy(function()
          return model:adapt(support):predict(items, { user = user })
        end)
      end) })
    end)

    it(("%s holds the state alone of whom it adapted to"):format(tostring(model)), function()
      local bytes = growth(function()
        model:adapt(support)
      end)
      assert.is_true(bytes > 0 and bytes < 1000 * 4096, bytes)
    end)
  end

  -- Extra memory of one call over a catalogue, in a process of its own.
  local function peak(n_items)
    local output, ok = child(([[
      collectgarbage "stop"
      local cmml = require "cmml"
      local items, records = cmml.core.vocab(), {}
      for i = 1, %d do
        items:add("f" .. i)
        records[i] = { kind = tostring(i %% 7), maker = tostring(i %% 100) }
      end
      local model = cmml.cmml(cmml.data.catalogue { items = items, item_records = records,
        schema = cmml.data.schema { item = { { "kind" }, { "maker" } } },
        seen_items = records, user_records = {} })
      local person = model:adapt { { "f1", 5 }, { "f2", 1 } }
      local before = cmml.memory().live
      person:recommend()
      print(cmml.memory().peak - before)
    ]]):format(n_items))
    assert.is_true(ok, output)
    return tonumber(output)
  end

  it("takes what a piece takes, a few numbers an item, and what is kept of items", function()
    -- of an item in each of 3 networks 32 numbers of fields, 10 factors and 32 of the first layer,
    -- while they are made the former twice; its score is there twice while pieces are joined, and
    -- when it is ordered
    local small, kept, scores = peak(5000), 3 * 4 * (2 * 42 + 32), 4 * 4
    assert.is_true(small < 16 << 20, small)
    local more = peak(40000) - small
    assert.is_true(more <= 35000 * (kept + scores) + (1 << 20), more)
    more = peak(170000) - small -- too many for anything to be kept
    assert.is_true(more <= 165000 * scores + (1 << 20), more)
  end)
end)
