-- Model files: what is saved comes back bit for bit, anywhere; what does not belong is refused.
local baselines = require "spec.support.baselines"
local child = require "spec.support.child"
local cmml = require "cmml"
local people = require "spec.support.people"
local core = cmml.core

local data = people.data(cmml, { users = 30, items = 12, rated = 6 })
local support = { { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 }, user = { age = "2" } }
local all = {}
for i = 1, 12 do
  all[i] = "f" .. i
end

local function models()
  local list = baselines.fitted(cmml, data, baselines.means)
  table.move(baselines.fitted(cmml, data, baselines.others), 1, #baselines.others, #list + 1, list)
  list[#list + 1] = cmml.cmml(data.catalogue, people.small(4))
  return list
end

describe("a model file", function()
  local path

  before_each(function()
    path = os.tmpname()
  end)

  after_each(function()
    os.remove(path)
  end)

  it("gives every kind of model back, with the same predictions to the last bit", function()
    for _, model in ipairs(models()) do
      assert.is_true(model:save(path))
      local back, found = assert(cmml.load(path))
      assert.equal(model.kind, back.kind)
      assert.equal(people.bits(model), people.bits(back))
      assert.same(model:adapt(support):predict(all), back:adapt(support):predict(all))
      assert.same(model:adapt(support):recommend(), back:adapt(support):recommend())
      assert.same(model.options, back.options)
      assert.equal(cmml._VERSION, found.version)
      assert.same({}, found.notes)
    end
  end)

  it("is the same, byte for byte, when saved again", function()
    for _, model in ipairs(models()) do
      assert(model:save(path))
      local bytes = core.read_file(path)
      assert(assert(cmml.load(path)):save(path))
      assert.equal(bytes, core.read_file(path))
    end
  end)

  it("keeps notes and tensors that go along", function()
    local notes = { text = "é\n", list = { 1, 2.5, { deep = true } } }
    assert(cmml.save(models()[5], path, { notes = notes,
      tensors = { { "moment", core.tensor { 1, 2 } } } }))
    local _, found = cmml.load(path)
    assert.same(notes, found.notes)
    assert.same({ 1, 2 }, found.tensors.moment:totable())
  end)

  it("serves in another process, without the data that it was trained on", function()
    local model = models()[5]
    assert(model:save(path))
    local output, ok = child(([[
      local cmml = require "cmml"
      local model = assert(cmml.load(%q))
      local person = model:adapt({ { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 }, user = { age = "2" } })
      for _, value in ipairs(person:predict { "f1", "f7", "f12" }) do
        print(("%%a"):format(value))
      end
      print(person:recommend({ n = 1 })[1].title)
    ]]):format(path))
    assert.truthy(ok, output)
    local person = model:adapt(support)
    local expected = person:predict { "f1", "f7", "f12" }
    assert.equal(("%a\n%a\n%a\n%s\n"):format(expected[1], expected[2], expected[3],
      person:recommend({ n = 1 })[1].title), output)
  end)

  it("can be read by the library in double precision", function()
    local model = models()[5]
    assert(model:save(path))
    local double = assert(cmml.double.load(path))
    local a, b = model:adapt(support):predict(all), double:adapt(support):predict(all)
    for i in ipairs(all) do
      assert.truthy(math.abs(a[i] - b[i]) < 1e-5)
    end
  end)

  it("is not written where that is impossible, and what stood there stays", function()
    local model = models()[1]
    local ok, message = model:save(path .. "/no/such/folder")
    assert.is_nil(ok)
    assert.truthy(message:find("cannot write", 1, true), message)
    assert(core.write_file(path, "old"))
    assert.is_false((pcall(cmml.save, model, path, { notes = { bad = 0 / 0 } })))
    assert.is_false((pcall(cmml.save, model, path, { notes = { bad = print } })))
    assert.equal("old", core.read_file(path))
  end)

  it("is left whole when memory fails while it is saved or loaded", function()
    local model = models()[5]
    assert(model:save(path))
    local bytes = core.read_file(path)
    for n = 0, 400, 7 do
      core.testing.fail_allocation_after(n)
      local ok, message = pcall(model.save, model, path)
      core.testing.fail_allocation_after()
      assert.truthy(ok or message:find("out of memory", 1, true), message)
      assert.equal(bytes, core.read_file(path))
      core.testing.fail_allocation_after(n)
      local fine, loaded, why = pcall(cmml.load, path)
      core.testing.fail_allocation_after()
      if not (fine and loaded) then
        assert.matches("out of memory", tostring(fine and why or loaded))
      end
    end
    assert.truthy(cmml.load(path))
  end)
end)
