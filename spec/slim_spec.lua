-- SLIM as a kind: what is told where weights do not settle, and what memory does not hold.
local cmml = require "cmml"
local core = cmml.core
local cli = require "spec.support.cli"
local folded = require "spec.support.folded"
local machine_memory = require "cmml.base.machine_memory"
local temporary = require "spec.support.temporary"

describe("SLIM", function()
  it("tells how many items' weights did not settle", function()
    -- Each person took 31 items in a row, the next one all but one of these: without a penalty the
    -- slopes of the middle one fall slowly.
    local ratings, lines = {}, { "user,item" }
    for person = 1, 41 do
      for item = person, person + 30 do
        ratings[#ratings + 1] = { "p" .. person, "i" .. item }
        lines[#lines + 1] = table.concat(ratings[#ratings], ",")
      end
    end
    local data = assert(cmml.cold_users(cmml.dataset { name = "d", kind = "interactions",
      ratings = ratings }, { test_users = { "p41" }, valid = 0 }))
    local expected = "the weights of 1 of 71 items did not settle: "
    local _, told = folded.fitted("slim", data, { l1 = 0, l2 = 0 })
    assert.equal(expected, told:sub(1, #expected))
    _, told = folded.fitted("slim", data)
    assert.is_nil(told)
    local folder = temporary.folder()
    assert(core.write_file(folder .. "/taken.csv", table.concat(lines, "\n") .. "\n"))
    assert(core.write_file(folder .. "/test.txt", "p41\n"))
    for _, case in ipairs { { "0", true }, { "5", false } } do
      local output, said, code = cli("train", "--ratings", folder .. "/taken.csv", "--model",
        "slim", "--l1", "0", "--l2", case[1], "--test-users", folder .. "/test.txt",
        "--valid", "0", "--out", folder .. "/" .. case[1])
      assert.equal(0, code, said)
      assert.matches("saved ", output)
      assert.equal(case[2], said:find(expected, 1, true) ~= nil, said)
    end
    temporary.remove(folder)
  end)

  it("is refused where memory does not hold the products of its items, with what to do", function()
    local was = machine_memory.available
    finally(function()
      machine_memory.available = was
    end)
    local x = folded.learnt()
    local entries = 0
    for i = 1, folded.n_items do
      for j = 1, folded.n_items do
        for _, row in ipairs(x) do
          if row[i] * row[j] > 0 then
            entries = entries + 1
            break
          end
        end
      end
    end
    local function with(free)
      machine_memory.available = function()
        return free
      end
      return pcall(folded.fitted, "slim", folded.plays)
    end
    assert.is_true(with(8 * entries)) -- four bytes for a weight, four for its column
    local ok, message = with(8 * entries - 1)
    assert.is_false(ok)
    assert.matches("slim: what 17 items have in common with each other needs about %d.%d GB of "
      .. "memory, but only 0.0 GB are available: leave items out that few took, or take ease with "
      .. "rank, such as 256", tostring(message))
  end)
end)
