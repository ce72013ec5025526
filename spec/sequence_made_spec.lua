-- Made sequences: what is true of them, measured from the data, and the program that writes them.
local cmml = require "cmml"
local fetching = require "spec.support.fetching"
local interpreter = require "spec.support.interpreter"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

-- How far inner products of vectors and of points are proportional: their correlation over pairs of
-- items, without the mean of each.
local function correlation(x, y)
  local function products(of)
    local g = of:matmul(of:transpose())
    return g - g:mean()
  end
  local a, b = products(x), products(y)
  return ((a * b):sum() / ((a * a):sum() * (b * b):sum()):sqrt()):item()
end

describe("made sequences", function()
  -- 400 people are tested, so that by chance HR@10 is 0.033 with a deviation of 0.009.
  local chance = 0.033 + 4 * 0.009
  local function hr(data, weights)
    return cmml.sequences.oracle(data, { weights = weights }).hr
  end

  it("are the same for a seed, of the sizes that were asked for", function()
    local one, same = cmml.sequences.generate { users = 50, items = 20, length = 6 },
      cmml.sequences.generate { users = 50, items = 20, length = 6 }
    local other = cmml.sequences.generate { users = 50, items = 20, length = 6, seed = 2 }
    assert.same(one.sequences.items:totable(), same.sequences.items:totable())
    assert.is_false(one.sequences.items == other.sequences.items)
    assert.same({ 50, 20, 0 }, { #one.users, #one.items, one.disordered })
    local spread = one:stats().per_user
    assert.is_true(spread.least >= 3 and spread.most <= 9 and math.abs(spread.mean - 6) < 1)
  end)

  it("follow all that counts, each part of it a little", function()
    local data = cmml.sequences.generate()
    local all = hr(data)
    for _, part in ipairs { "ids", "text", "image" } do
      local alone = hr(data, { [part] = 1 })
      assert.is_true(alone > chance and alone < all / 2, part)
    end
    assert.is_true(all > 0.8)
    assert.is_true(hr(data, { text = 1, image = 1 }) < all)
  end)

  it("do not follow what counts for nothing", function()
    for knob, part in pairs { ids = "ids", text = "text", images = "image" } do
      local data = cmml.sequences.generate { [knob] = 0 }
      assert.is_true(hr(data, { [part] = 1 }) < chance, knob)
      assert.is_true(hr(data) > 0.5, knob)
    end
    local none = cmml.sequences.generate { ids = 0, text = 0, images = 0 }
    assert.is_true(hr(none, { ids = 1, text = 1, image = 1 }) < chance)
  end)

  it("have vectors that show what they are to show, and nothing else", function()
    local data = cmml.sequences.generate { users = 10, images = 0 }
    local vectors, points = data.item_records.vectors, data.world.items
    for _, field in ipairs { "text", "image" } do
      for part, places in pairs(points) do
        local r = correlation(vectors[field].values, places)
        assert.is_true(part == field and r > 0.7 or part ~= field and math.abs(r) < 0.1,
          field .. " shows " .. part .. " by " .. r)
      end
    end
    data = cmml.sequences.generate { users = 10, noise = 100 }
    assert.is_true(math.abs(correlation(data.item_records.vectors.text.values,
      data.world.items.text)) < 0.1)
  end)

  it("have new items that the last fifth of the people take alone", function()
    local data = cmml.sequences.generate { users = 500, items = 100, new_items = 0.2 }
    local early, all = {}, {}
    for row = 1, 500 do
      early[row], all[row] = row <= 400 and row or nil, row
    end
    local before = cmml.sequences.counts(data.sequences, early, 100):totable()
    local after = cmml.sequences.counts(data.sequences, all, 100):totable()
    for row = 1, 100 do
      assert.is_true(row <= 80 == (before[row] > 0) and after[row] > 0, row)
    end
    assert.equal(20, data.world.n_new)
    local split = assert(cmml.sequences.split(data, { new_users = 0.2 }))
    assert.equal(401, split.test[1])
    assert.equal(0, split.catalogue.items.counts:slice(1, 81, 100):sum():item())
  end)

  it("are refused where they cannot be", function()
    refused("text must be from 0 to 1, but is 2", cmml.sequences.generate, { text = 2 })
    refused("new_items leaves fewer than two items", cmml.sequences.generate, { items = 4,
      new_items = 0.9 })
    local data = cmml.sequences.generate { users = 10, items = 5 }
    refused("weights: image must be a number from 0 on, not", cmml.sequences.oracle, data,
      { weights = { image = "x" } })
    refused('weights "picture" is not known; known: ids, text, image', cmml.sequences.oracle, data,
      { weights = { picture = 1 } })
    data.world = nil
    refused("data were not made by sequences.generate", cmml.sequences.oracle, data)
  end)
end)

describe("the program of made sequences", function()
  local folder
  local setting = cmml.settings:get "sequences"
  temporary.around(setup, teardown, function(path)
    folder = path
  end)

  local function run(options)
    local pipe = assert(io.popen(fetching.clean(("%s data/generate_sequences.lua %s 2>&1"):format(
      fetching.output("command -v " .. interpreter), options))))
    local text = pipe:read "a"
    return pipe:close() == true, text
  end

  it("writes a folder that is read as what was made", function()
    local path = folder .. "/steps"
    local ok, text = run(("--out '%s' --users 40 --items 20 --new-items 0.2 --text 0.5"):format(
      path))
    assert.is_true(ok, text)
    assert.truthy(text:find("40 people, 20 items (4 of them new)", 1, true), text)
    local made = cmml.sequences.generate { users = 40, items = 20, new_items = 0.2, text = 0.5 }
    local read
    for _, loader in ipairs(cmml.loaders_of "sequences") do
      if loader.marks[1] == "*.inter" then
        read = assert(setting.read({ { folder = path, loader = loader } }, {}))
      end
    end
    local function lines(data)
      local list = {}
      for i, item in ipairs(data.sequences.items:totable()) do
        list[i] = data.items:text(item) .. " " .. data.sequences.times:at(i)
      end
      return list
    end
    assert.same(lines(made), lines(read))
    local source, row = read.item_records.vectors.text, read.items:id "i7"
    local wanted = made.item_records.vectors.text.values:slice(1, 7, 7)
    local found = source.values:slice(1, source.rows[row], source.rows[row])
    -- the program may run on another build, whose last digits differ
    assert.is_true((found - wanted):abs():max():item() < 1e-6)
  end)

  it("refuses options that are none, and says what they may be", function()
    for options, part in pairs { ["--ids 2"] = "ids must be from 0 to 1", ["--id 1"] = "unknown",
      ["--users x"] = "a number was expected", ["--users"] = "a value is missing" } do
      local ok, text = run(("--out '%s/none' %s"):format(folder, options))
      assert.is_false(ok)
      assert.truthy(text:find(part, 1, true), text)
    end
    assert.is_false(cmml.core.exists(folder .. "/none"))
    assert.truthy(select(2, run "--help"):find("usage:", 1, true))
  end)
end)
