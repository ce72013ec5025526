-- What is called again and again takes no memory and makes no garbage: not of Lua, and not of the
-- system.
local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local temporary = require "spec.support.temporary"

if not os.getenv "ASAN_OPTIONS" then -- whose allocator is another one
  describe("calls of a predictor while the collector is stopped", function()
    it("take no memory", function()
      local folder = temporary.folder()
      local counter = folder .. "/allocations.so"
      local text, ok = compiled.run(("cc -std=c11 -O1 -Wall -Wextra -shared -fPIC -o '%s' "
        .. "spec/c/allocations.c -ldl"):format(counter))
      assert.is_true(ok, text)
      text, ok = child.run("spec/support/served_calls.lua",
        ("CMML_CALLS=%d CMML_COUNTER='%s' LD_PRELOAD='%s' OPENBLAS_NUM_THREADS=1"):format(
          tonumber(os.getenv "CMML_SERVED_CALLS" or 2000), counter, counter))
      temporary.remove(folder)
      assert.is_true(ok, text)
      local lines = 0
      for name, bytes, taken in text:gmatch "(%S+) (%S+) (%S+)\n" do
        lines = lines + 1
        assert.equal(name .. " 0 0", ("%s %s %s"):format(name, bytes, taken))
      end
      assert.equal(11, lines)
    end)
  end)
end
