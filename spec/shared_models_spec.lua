-- Models that several predictors of a process share by their files.
local cmml = require "cmml"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 30, items = 24, rated = 8 })
local function frozen(seed)
  return cmml.freeze(cmml.cmml(data.catalogue, people.small(seed)))
end

describe("a model file that is open already", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function holders(predictor)
    return predictor.own:holders()
  end

  it("is not read again", function()
    local path = folder .. "/model.safetensors"
    assert(frozen(1):save(path))
    local one, two = assert(cmml.predictor(path)), assert(cmml.predictor(path, { block = 3 }))
    assert.same({ 2, 2 }, { holders(one), holders(two) })
    local three <close> = two:again()
    assert.equal(3, holders(three))
    local entries = { { "f1", 5 }, { "f4", 1 } }
    local person = one:context(entries)
    local expected = person:predict { "f2", "f3" }
    one:close()
    assert.equal(3, holders(two)) -- the context still has it
    person:close()
    assert.equal(2, holders(two))
    local found = two:context(entries):predict { "f2", "f3" }
    for i, score in ipairs(expected) do
      assert.near(score, found[i], 1e-6)
    end
    two:close()
  end)

  it("by another name is the same file", function()
    local path = folder .. "/model.safetensors"
    assert(frozen(1):save(path))
    assert(os.execute(("ln -s model.safetensors '%s/other' && ln '%s' '%s/third'"):format(folder,
      path, folder)))
    local one, two = assert(cmml.predictor(path)), assert(cmml.predictor(folder .. "/other"))
    local three = assert(cmml.predictor(folder .. "/third"))
    assert.same({ 3, 3, 3 }, { holders(one), holders(two), holders(three) })
    one:close()
    two:close()
    three:close()
  end)

  it("is another model once it was replaced, or written to", function()
    local path = folder .. "/model.safetensors"
    local made = { frozen(1), frozen(2) }
    local open, predicted = {}, {}
    for i = 1, 12 do
      assert(made[i % 2 + 1]:save(path)) -- all of one size
      open[i] = assert(cmml.predictor(path))
      predicted[i] = open[i]:context():predict({ "f1" })[1]
      assert.equal(1, holders(open[i]))
    end
    assert.not_equal(predicted[1], predicted[2])
    for i = 3, 12 do
      assert.equal(predicted[i % 2 == 1 and 1 or 2], predicted[i])
    end
    local bytes = assert(cmml.core.read_file(path))
    local file = assert(io.open(path, "r+b"))
    local at = assert(bytes:find('"hash\\":\\"', 1, true)) + 10
    file:seek("set", at - 1)
    file:write(bytes:sub(at, at) == "0" and "1" or "0")
    file:close()
    local changed = assert(cmml.predictor(path))
    assert.equal(1, holders(changed))
    for _, predictor in ipairs(open) do
      predictor:close()
    end
    assert.equal(1, holders(changed))
    changed:close()
  end)

  it("is read again when nobody has it any more", function()
    local path = folder .. "/model.safetensors"
    assert(frozen(1):save(path))
    for _ = 1, 3 do
      local predictor <close> = assert(cmml.predictor(path))
      assert.equal(1, holders(predictor))
    end
  end)
end)
