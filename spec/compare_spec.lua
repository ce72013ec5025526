-- The comparison of two checkouts: what it takes for equal, and what for not compared.
package.path = "./tools/?.lua;" .. package.path
local interpreter = require "spec.support.interpreter"
local outputs = require "compare.outputs"

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  local _, _, status = pipe:close()
  return text, status
end

describe("the comparison of outputs", function()
  it("takes nothing for equal where nothing is there", function()
    for _, how in ipairs { outputs.report, outputs.recommended, outputs.scores } do
      local count, _, trouble = how("", "")
      assert.equal(0, count)
      assert.truthy(trouble:find "^no ")
    end
    assert.has_error(function()
      outputs.entries("", "")
    end)
    local head = "epoch,seconds,loss\n"
    assert.equal("log.csv has no epoch", (select(3, outputs.log(head, head))))
  end)

  it("compares a log but for its seconds", function()
    local log = "epoch,seconds,loss\n1,%s,%s\n"
    assert.same({ 2, "lines of log.csv" }, { outputs.log(log:format(1, 0.5), log:format(2, 0.5)) })
    assert.truthy((select(3, outputs.log(log:format(1, 0.5), log:format(1, 0.25)))))
  end)
end)

describe("the comparison of checkouts", function()
  local root = os.tmpname()
  os.remove(root)

  -- Two checkouts whose command line is a script of a few lines.
  local function checkouts_of(script)
    os.execute(("rm -rf %s && mkdir -p %s"):format(root, root))
    for _, side in ipairs { "a", "b" } do
      local to = root .. "/" .. side
      assert(os.execute(("mkdir -p %s/bin %s/build/cmml %s/lua/cmml/cli %s/data/made && "
        .. "touch %s/bin/cmml %s/build/cmml/core.so"):format(to, to, to, to, to, to)))
      for path, text in pairs { ["lua/cmml/init.lua"] = [[
          return { presets = { p = { setting = "users" }, q = { setting = "scenarios" } } }]],
        ["lua/cmml/cli/main.lua"] = script, ["data/made/ratings.dat"] = "1::2::3::4\n5::6::1::2\n",
      } do
        local file <close> = assert(io.open(to .. "/" .. path, "w"))
        assert(file:write(text))
      end
    end
  end

  local function compare(words)
    return output(("%s tools/compare_checkouts.lua %s/a %s/b --only 'users p$' %s"):format(
      interpreter, root, root, words or ""))
  end

  teardown(function()
    os.execute("rm -rf " .. root)
  end)

  local told = [[
    local words = table.concat(arg, " ")
    if words:find "none%-such" then
      io.stderr:write("none-such is not known; there are one, two\n")
      return { main = function() return 1 end }
    end
  ]]

  it("says that what neither side has was not compared", function()
    checkouts_of(told .. "return { main = function() return 0 end }")
    local text, status = compare()
    assert.equal(1, status, text)
    assert.truthy(text:find("best.safetensors: neither has it", 1, true), text)
    assert.truthy(text:find("1 runs, 0 equal, 1 different", 1, true), text)
  end)

  it("says that both sides failed", function()
    checkouts_of(told .. "io.stderr:write('cmml: no\\n') return { main = function() return 3 end }")
    local text, status = compare()
    assert.equal(1, status, text)
    assert.truthy(text:find("train: it failed in both: cmml: no", 1, true), text)
  end)

  it("compares no checkout with itself, and none that is not built where it says", function()
    checkouts_of(told)
    local text, status = output(("%s tools/compare_checkouts.lua %s/a %s/a"):format(interpreter,
      root, root))
    assert.equal(2, status)
    assert.truthy(text:find("are the same checkout", 1, true), text)
    text, status = compare "--build /none"
    assert.equal(2, status)
    assert.truthy(text:find("there is no /none/cmml/core.so", 1, true), text)
  end)

  it("measures no row of a name that there is not", function()
    checkouts_of(told)
    assert(os.execute(("mkdir %s/a/bench && echo 'io.stderr:write(\"bench: there is no case "
      .. "none-such; there are gemm,chain, training\\n\")' >%s/a/bench/run.lua"):format(root,
      root)))
    local text, status = output(("%s bench/pairs.lua %s/a %s/b --cases gem"):format(interpreter,
      root, root))
    assert.equal(2, status, text)
    assert.truthy(text:find("there is no row gem; there are require, load_model, gemm, chain, "
      .. "training", 1, true), text)
  end)
end)
