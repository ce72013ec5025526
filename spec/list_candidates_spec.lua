-- Which bases of lists are tried, and which is found, of values that are made up.
local cmml = require "cmml"
local candidates = require "cmml.recommenders.list_candidates"(cmml)

-- The value of options, larger the nearer they are to others; every kind has its own best.
local function near(best)
  return function(kind, options)
    local value = best[kind].value
    for name, wanted in pairs(best[kind].at) do
      local default = cmml.kinds.find(kind, "users").known:find(name).default
      value = value - math.abs(math.log((options[name] or default) / wanted))
    end
    return value
  end
end

local function found(n_items, value)
  local list, tried = candidates.all(n_items), {}
  local best = candidates.search(list, function(number)
    local kind, options = table.unpack(list[number])
    assert.is_nil(tried[number], "tried twice")
    tried[number] = value(kind, options)
    return tried[number]
  end)
  local kinds = {}
  for number in pairs(tried) do
    local kind = list[number][1]
    kinds[kind] = (kinds[kind] or 0) + 1
  end
  for _, other in pairs(tried) do
    assert.is_true(other <= tried[best])
  end
  return list[best], kinds, list
end

describe("the bases that lists are chosen from", function()
  it("are made by their options, each once, the first two being defaults", function()
    for n, first in pairs { [6000] = { "ease", "ials" }, [6001] = { "ials" } } do
      local list, seen = candidates.all(n), {}
      for i, candidate in ipairs(list) do
        local text = candidate[1]
        for _, name in ipairs { "regularization", "alpha", "factors", "ridge_times", "keep" } do
          text = text .. " " .. tostring(candidate[2][name])
        end
        assert.is_nil(seen[text])
        seen[text] = true
        assert.truthy(cmml.kinds.find(candidate[1], "users"))
        assert.equal(first[i] or list[i][1], list[i][1])
      end
      assert.equal(#first == 2 and 35 or 32, #list)
      assert.same({}, list[#first][2])
      -- what files of before name by their numbers
      assert.same({ "ials", { regularization = 100 } }, list[#first + 1])
    end
  end)

  it("are found wherever on the grid the best one lies, by a part of them", function()
    for _, regularization in ipairs { 10, 30, 100, 300 } do
      for _, alpha in ipairs { 3, 10, 30, 100 } do
        for _, factors in ipairs { 64, 128 } do
          local at = { regularization = regularization, alpha = alpha, factors = factors }
          local best, tried = found(9000, near { ials = { value = 1, at = at } })
          for name, value in pairs(at) do
            local default = cmml.kinds.find("ials", "users").known:find(name).default
            assert.equal(value, best[2][name] or default)
          end
          assert.is_true(tried.ials <= 14, tried.ials)
        end
      end
    end
  end)

  it("are of another kind where that is better, which is tried on only then", function()
    local value = { ials = { value = 1, at = { regularization = 30, alpha = 10, factors = 64 } },
      ease = { value = 3, at = { ridge_times = 45 } } }
    local best, tried = found(6000, near(value))
    assert.same({ "ease", { keep = 200, ridge_times = 45 } }, best)
    assert.is_true(tried.ease > 1)
    value.ease.value = 0.9
    best, tried = found(6000, near(value))
    assert.same({ "ials", {} }, best)
    assert.equal(1, tried.ease)
  end)
end)
