-- Vectors by ALS and BPR: what both promise, and their files.
local cmml = require "cmml"
local close = require "spec.support.close"
local oracle = require "spec.support.cf_oracle"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local near = close.near
local core = cmml.core

local n_users, n_items = 23, 17
local entries, held_out = oracle.planted(n_users, n_items, 2, 0.6)
local ratings = oracle.ratings(core, entries)

local function make(method, options)
  local all = { ratings = ratings, n_users = n_users, n_items = n_items, factors = 5 }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return cmml.vectors[method](all)
end

for _, method in ipairs { "als", "bpr" } do
  describe("cmml.vectors." .. method, function()
    it("finds planted groups: what was held out of the own group stands first", function()
      local v = make(method, { factors = 2, iterations = 40 })
      local x, y, wrong, total = oracle.rows(v.users), oracle.rows(v.items), 0, 0
      local function score(u, i)
        local sum = 0
        for f, value in ipairs(x[u]) do
          sum = sum + value * y[i][f]
        end
        return sum
      end
      for u, own in ipairs(held_out) do
        for _, i in ipairs(own) do
          for j = 1, n_items - 1 do
            if j % 2 ~= u % 2 then
              total, wrong = total + 1, wrong + (score(u, i) > score(u, j) and 0 or 1)
            end
          end
        end
      end
      assert.truthy(total > 100 and wrong < 0.02 * total, ("%d of %d"):format(wrong, total))
    end)

    it("gives the same bits for a seed, others for another", function()
      local function bits(seed)
        local v = make(method, { seed = seed, iterations = 3 })
        return v.users:tobytes() .. v.items:tobytes()
      end
      assert.equal(bits(1), bits(1))
      assert.not_equal(bits(1), bits(2))
    end)

    it("takes users as Segments or Ids, and weights of 1 where there are none", function()
      local sorted = core.sparse(ratings.users, ratings.items, ratings.ratings, n_users, n_items)
      local a = make(method, { ratings = { users = sorted.rows, items = sorted.columns } })
      local b = make(method, { ratings = { users = sorted.rows:groups(),
        items = sorted.columns, ratings = cmml.ones { #entries } } })
      assert.equal(a.users:tobytes() .. a.items:tobytes(), b.users:tobytes() .. b.items:tobytes())
    end)

    it("divides by one number a side, so that the mean square is 1; zeros stay", function()
      local raw = make(method, { unit_rms = false, factors = 40 })
      local v = make(method, { factors = 40 })
      assert.equal(1, raw.user_scale)
      for side, n in pairs { users = n_users, items = n_items } do
        local scale = side == "users" and v.user_scale or v.item_scale
        near(1, (v[side] * v[side]):sum():item() / ((n - 1) * 40), 1e-5, "mean square")
        assert.falsy(close.fault(ref.of(raw[side]), v[side] * scale, 1e-5))
        for _, value in ipairs(oracle.rows(v[side])[n]) do
          assert.equal(0, value)
        end
      end
      assert.matches("by " .. method .. ": 23 users, 17 items, 40 factors", tostring(v))
    end)

    it("tells of every iteration", function()
      local seen = {}
      make(method, { iterations = 3, on_iteration = function(state)
        seen[#seen + 1] = state.iteration .. "/" .. state.iterations
        assert.equal("number", type(state.loss or state.right))
      end })
      assert.same({ "1/3", "2/3", "3/3" }, seen)
    end)

    it("refuses what it cannot work with, and says why", function()
      refused("there are no interactions", make, method, { ratings = {
        users = cmml.ids {}, items = cmml.ids {} } })
      refused("there are no interactions", make, method, { ratings = {
        users = cmml.ids { 1 }, items = cmml.ids { 1 }, ratings = cmml.tensor { 0 } } })
      refused("must be finite and not negative", make, method, { ratings = {
        users = cmml.ids { 1 }, items = cmml.ids { 1 }, ratings = cmml.tensor { 0 / 0 } } })
      refused("factors must be at least 1, but is 0", make, method, { factors = 0 })
      refused("iterations must be at least 1", make, method, { iterations = 0 })
      refused("2147483647", make, method, { factors = 1 << 30 })
      refused("column 16 of only 5", make, method, { n_items = 5 })
      refused("unknown option factor", make, method, { factor = 5 })
      refused("regularization must be at least 0, but is -1", make, method, { regularization = -1 })
      refused("vanished: lower regularization", make, method, { iterations = 300,
        regularization = method == "als" and 1e6 or 15, factors = 2 })
      local sorted = core.sparse(ratings.users, ratings.items, ratings.ratings, n_users, n_items)
      refused("do not fit", core.als_sweep, sorted, cmml.zeros { 3, 2 }, cmml.zeros { 3, 2 }, {})
      refused("a matrix as core.sparse makes it", core.als_sweep, { rows = cmml.segments { 1 },
        columns = cmml.ids { 0 }, weights = cmml.ones { 1 } }, cmml.zeros { 1, 2 },
        cmml.zeros { 1, 2 }, {})
    end)
  end)
end

describe("a file of vectors", function()
  local root, path
  local users, items = core.vocab(), core.vocab()
  for u = 1, n_users do
    users:add("u" .. u)
  end
  for i = 1, n_items do
    items:add("i" .. i)
  end

  setup(function()
    root = temporary.folder()
    path = root .. "/v.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("gives back what was saved, ids and scales included", function()
    local v = make("bpr", { iterations = 2, seed = 4 })
    assert(v:save(path, { users = users, items = items }))
    local found = assert(cmml.vectors.load(path))
    assert.equal(tostring(v), tostring(found))
    for _, key in ipairs { "users", "items" } do
      assert.equal(v[key]:tobytes(), found[key]:tobytes())
    end
    assert.same({ v.user_scale, v.item_scale }, { found.user_scale, found.item_scale })
    assert.same({ "u7", "i3", 4, 2, #entries }, { found.user_ids:text(7), found.item_ids:text(3),
      found.options.seed, found.options.iterations, found.options.interactions })
  end)

  it("is not written with ids that do not fit", function()
    local v = make("als", { iterations = 1 })
    refused("ids.users must be a Vocab of 23 ids", v.save, v, path, { users = items,
      items = items })
    refused("ids.users must be", v.save, v, path)
    local names = {}
    for i = 1, #users do
      names[i] = users:text(i)
    end
    refused("ids.users must be a Vocab", v.save, v, path, { users = names, items = items })
    local ok, message = v:save(root .. "/none/v", { users = users, items = items })
    assert.is_nil(ok)
    assert.truthy(message:find(root .. "/none", 1, true), message)
  end)

  it("is not trusted: whatever is wrong comes back as a message", function()
    local v = make("als", { iterations = 1 })
    assert(v:save(path, { users = users, items = items }))
    local good = assert(core.read_archive(path))
    -- Writes the file with one change and gives the message.
    local function changed(change)
      local list, meta = {}, {}
      for i, entry in ipairs(good.tensors) do
        list[i] = { name = entry.name, value = entry.value }
      end
      for key, value in pairs(good.metadata) do
        meta[key] = value
      end
      change(list, meta)
      assert(core.write_archive(path, list, meta))
      local found, message = cmml.vectors.load(path)
      assert.is_nil(found)
      assert.equal(path, message:sub(1, #path))
      return message
    end
    local function set(name, value)
      return function(list)
        for _, entry in ipairs(list) do
          entry.value = entry.name == name and value or entry.value
        end
      end
    end
    for text, change in pairs {
      ["not as many vectors"] = set("users.vectors", cmml.zeros { 3, 5 }),
      ["not matrices of the same width"] = set("users.vectors", cmml.zeros { n_users, 4 }),
      ["not finite"] = set("items.vectors", cmml.full({ n_items, 5 }, 0 / 0)),
      ["ids of items are missing"] = set("items.bytes", { 1 }),
      ["but not of cmml vectors"] = function(_, meta)
        meta.format = "cmml-model"
      end,
      ["format 2; this library reads up to 1"] = function(_, meta)
        meta.format_version = "2"
      end,
      ["lacks kind or scales"] = function(_, meta)
        meta.config = "{}"
      end,
    } do
      local message = changed(change)
      assert.truthy(message:find(text, 1, true), message)
    end
    assert.is_nil((cmml.vectors.load(root .. "/nothing")))
  end)
end)
