-- Metamethods and finalisers that change a list while the core reads it: what was read stays
-- whole. Only the sanitizers (make asan) see each of these fail for certain.
local cmml = require "cmml"
local core = cmml.core

-- Runs f while finalisers run `change` at the n-th collection inside it.
local function with_finaliser(n, change, f)
  local inside, runs = false, 0
  local function arm()
    setmetatable({}, {
      __gc = function()
        runs = inside and runs + 1 or runs
        if runs == n then
          change()
        elseif runs < n then
          arm()
        end
      end,
    })
  end
  local mode = collectgarbage("generational", 1, 100)
  arm()
  inside = true
  local ok, message = pcall(f)
  inside, runs = false, n + 1
  collectgarbage(mode)
  return ok, message
end

describe("lists that change while they are read", function()
  it("merge_bags runs no metamethod, which could free an earlier entry", function()
    local first = core.ids { 1, 2, 3 }
    local second = setmetatable({}, {
      __index = function()
        do
          local _ <close> = first
        end
        return core.ids { 1, 2, 3 }
      end,
    })
    assert.error_matches(function()
      core.merge_bags { { ids = first }, second }
    end, "entry 2 has no ids")
    assert.same({ 1, 2, 3 }, first:totable())
  end)

  for n = 1, 3 do
    it("gradients: tensors are taken out of the list, collection " .. n, function()
      local xs = {}
      for i = 1, 3000 do
        xs[i] = cmml.parameter(cmml.ones { 1 })
      end
      local loss = (xs[1] * 2):sum()
      local ok, result = with_finaliser(n, function()
        for i = #xs, 1, -1 do
          xs[i] = nil
        end
      end, function()
        return core.grad_list(loss, xs)
      end)
      assert.is_true(ok or result:match "entry 1 is nil" ~= nil)
    end)

    it("metadata of a file: entries are added to the table, collection " .. n, function()
      local metadata, path = {}, os.tmpname()
      for i = 1, 3000 do
        metadata["key" .. i] = "text"
      end
      assert(with_finaliser(n, function()
        for i = 1, 3000 do
          metadata["late" .. i] = "text"
        end
      end, function()
        assert(core.write_archive(path, {}, metadata))
      end))
      local count = 0
      for key in pairs(assert(core.read_archive(path)).metadata) do
        count = count + (key:match "^key" and 1 or 0)
      end
      assert.equal(3000, count)
      os.remove(path)
    end)

    it("a tensor of nested lists: rows become numbers, collection " .. n, function()
      local rows = {}
      for i = 1, 3000 do
        rows[i] = { i }
      end
      local ok, message = with_finaliser(n, function()
        for i = 1, #rows do
          rows[i] = i
        end
      end, function()
        core.tensor(rows)
      end)
      assert.is_true(ok or message:match "rows differ" ~= nil)
    end)
  end

  local three = core.ids { 1, 2, 3 }
  local rated = core.full({ 3 }, 1)
  local vectors = core.full({ 3, 4 }, 0.5)
  local readers = {
    als_sweep = function(matrix)
      return core.als_sweep(matrix, vectors, vectors, {})
    end,
    bpr_epoch = function(matrix)
      return core.bpr_epoch(matrix, vectors, vectors, {})
    end,
    ratings_by_item = function(_, ratings)
      return core.ratings_by_item(ratings, 3)
    end,
    cap_ratings = function(_, ratings)
      return core.cap_ratings(ratings, 2, 1)
    end,
    draw_tasks = function(_, ratings)
      return core.draw_tasks(ratings, three, {})
    end,
  }
  for name, read in pairs(readers) do
    it(name .. ": the table is emptied, and a collection follows", function()
      for n = 1, 8 do
        local matrix = core.sparse(three, three, nil, 3, 3)
        local ratings = core.group_ratings(three, three, rated, 3)
        local ok, message = with_finaliser(n, function()
          for _, from in ipairs { matrix, ratings } do
            for key in pairs(from) do
              from[key] = nil
            end
          end
          local _ = ("x"):rep(8000000) -- enough that the collector runs again at once
        end, function()
          for _ = 1, 2000 do
            read(matrix, ratings)
          end
        end)
        assert.is_true(ok or message:match "the field %l+ must hold" ~= nil, message)
      end
    end)
  end
end)
