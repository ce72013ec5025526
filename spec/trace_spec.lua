-- Traces: which calls of the core a function makes, with what, and what they gave.
local child = require "spec.support.child"
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

for dtype, library in pairs { float32 = cmml, float64 = cmml.double } do
  local core = library.core

  -- The calls of a function, and what it gave.
  local function traced(f, ...)
    local calls = {}
    local results = table.pack(core.trace(function(name, arguments, results)
      calls[#calls + 1] = { name = name, arguments = arguments, results = results }
    end, f, ...))
    return calls, results
  end

  local function names(calls)
    local list = {}
    for i, call in ipairs(calls) do
      list[i] = call.name
    end
    return table.concat(list, " ")
  end

  describe("a trace, " .. dtype, function()
    it("tells names, arguments and results, however an op is called", function()
      local x, y = core.tensor { 1, 2 }, core.tensor { 3, 4 }
      local calls, results = traced(function(a, b)
        local sum = a + b
        local scaled = core.mul(sum, 2)
        return scaled:sum(), "text", nil
      end, x, y)
      assert.equal("add mul sum", names(calls))
      assert.equal(3, results.n)
      assert.equal("text", results[2])
      assert.equal(20, results[1]:item())
      assert.equal(2, calls[1].arguments.n)
      assert.equal(x, calls[1].arguments[1])
      assert.equal(y, calls[1].arguments[2])
      assert.equal(1, calls[1].results.n)
      assert.equal(calls[1].results[1], calls[2].arguments[1])
      assert.equal(2, calls[2].arguments[2])
      assert.equal(results[1], calls[3].results[1])
    end)

    it("tells of functions and methods of ids and segments, and of all results", function()
      local calls = traced(function()
        local segments = core.segments { 2, 1 }
        local ids, places = core.distinct(core.ids { 4, 2, 4 })
        return segments:groups(), ids, places
      end)
      assert.equal("segments ids distinct Segments:groups", names(calls))
      assert.equal(2, calls[3].results.n)
      assert.same({ 1, 2, 1 }, calls[3].results[2]:totable())
      assert.same({ 1, 1, 2 }, calls[4].results[1]:totable())
    end)

    it("tells of the inner of nested calls first", function()
      local calls = traced(function()
        return core.no_grad(function(x)
          return core.exp(x)
        end, core.tensor { 0 })
      end)
      assert.equal("tensor exp no_grad", names(calls))
      assert.equal(calls[2].results[1], calls[3].results[1])
      assert.equal("function", type(calls[3].arguments[1]))
    end)

    it("tells nothing of calls that raise, and of those behind them", function()
      local calls, results = traced(function()
        local ok, message = pcall(core.matmul, core.full({ 2, 3 }, 1), core.full({ 2, 3 }, 1))
        assert(not ok)
        local inner = pcall(core.no_grad, function() -- two deep
          core.exp(core.full({ 1 }, 0))
          error "stop"
        end)
        assert(not inner)
        return core.full({ 1 }, 7), message
      end)
      assert.equal("full full full exp full", names(calls))
      assert.truthy(results[2]:find("inner sizes differ", 1, true))
      assert.same({ 7 }, calls[#calls].results[1]:totable())
      assert.equal(7, calls[#calls].arguments[2])
    end)

    it("raises what the function raises, unchanged, and is over then", function()
      local thrown = {}
      local ok, found = pcall(traced, function()
        core.full({ 1 }, 0)
        error(thrown)
      end)
      assert.is_false(ok)
      assert.equal(thrown, found)
      assert.equal("full", names((traced(function()
        core.full({ 1 }, 0)
      end))))
    end)

    it("raises what the told function raises", function()
      refused("told no", core.trace, function()
        error("told no", 0)
      end, function()
        core.full({ 1 }, 0)
      end)
      assert.equal("", names((traced(function() end))))
    end)

    it("is not within another", function()
      refused("trace: a trace is running already", traced, function()
        traced(function() end)
      end)
      assert.equal("full", names((traced(core.full, { 1 }, 0))))
    end)

    it("tells nothing of what the told function calls, which may trace itself", function()
      local list, inner = {}, {}
      core.trace(function(name, arguments)
        list[#list + 1] = { name, arguments[2] }
        core.exp(core.full({ 1 }, 0))
        core.trace(function(own)
          inner[#inner + 1] = own
        end, core.full, { 1 }, 3)
      end, function()
        core.no_grad(function() -- its arguments wait meanwhile
          core.full({ 1 }, 5)
          core.full({ 1 }, 6)
        end, 9)
        core.full({ 1 }, 8)
      end)
      assert.same({ { "full", 5 }, { "full", 6 }, { "no_grad", 9 }, { "full", 8 } }, list)
      assert.same({ "full", "full", "full", "full" }, inner)
    end)

    it("cannot be left by a yield", function()
      local thread = coroutine.create(function()
        return core.trace(print, coroutine.yield, 3)
      end)
      local ok, message = coroutine.resume(thread)
      assert.is_false(ok)
      assert.truthy(tostring(message):find("yield", 1, true))
      assert.equal("full", names((traced(core.full, { 1 }, 0))))
    end)

    it("wants two functions", function()
      refused("function expected", core.trace, 1, print)
      refused("function expected", core.trace, print)
    end)

    it("leaves nothing behind", function()
      local function run()
        traced(function()
          local x = core.full({ 100 }, 1)
          pcall(core.no_grad, error, x)
          return x * 2
        end)
        collectgarbage()
        collectgarbage()
        return core.memory().live
      end
      local before = run()
      assert.equal(before, run())
    end)
  end)
end

describe("a trace while everything is collected all the time", function()
  it("tells the same", function()
    local text, ok = child.run([[
      local core = require("cmml.core")
      debug.sethook(function() collectgarbage() end, "", 100)
      core.trace(function(name, arguments, results)
        local words = {}
        for i = 1, arguments.n do
          local value = arguments[i]
          words[i] = type(value) == "userdata" and ("%d %d"):format(table.unpack(value:totable()))
            or type(value) == "table" and "table" or tostring(value)
        end
        print(name, table.concat(words, " "), results.n)
      end, function()
        return (core.full({ 2 }, 1) + core.full({ 2 }, 2)) * #core.ids { 1, 2 }
      end)
    ]], "CMML_GC_STRESS=1")
    assert.equal("full\ttable 1\t1\nfull\ttable 2\t1\nadd\t1 1 2 2\t1\nids\ttable\t1\n"
      .. "mul\t3 3 2\t1\n", text)
    assert.is_true(ok)
  end)
end)
