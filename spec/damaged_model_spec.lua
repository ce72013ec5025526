-- Damaged model files: cut short anywhere, or with bytes changed anywhere. Loading ends in a
-- message, or in a model that predicts finite numbers; never in a crash, a hang or much memory.
local cmml = require "cmml"
local hostile_model = require "spec.support.hostile_model"
local people = require "spec.support.people"
local scenario_world = require "spec.support.scenario_world"
local core = cmml.core

local data = people.data(cmml, { users = 10, items = 6, rated = 4 })
local split = scenario_world.data(cmml, { users = 16, items = 60, scenarios = 4, size = 30 })
  :split()

-- What a trained model of this kind leaves, as bytes; optionally with the state of its training.
local function file_of(kind, path)
  local model
  if kind == "cmml" then
    model = cmml.cmml(data.catalogue, { preset = "published-code", width = 2,
      encoder_widths = { 3 }, label_hidden = 2,
      backbone = { 3, 3 }, hyper = { 3, 3 } })
    local optimiser = cmml.optim.adam(model.module)
    assert(cmml.save(model, path, { tensors = (optimiser:state()), notes = { a = 1 } }))
  elseif kind == "cmml of scenarios" then
    model = cmml.cmml(split:catalogue((split:vectors { factors = 2 })),
      { preset = "paper/scenario", encoder_widths = { 3 }, backbone = { 3 }, hyper = { 3 },
        encoder = "mean" })
    assert(cmml.save(model, path, { notes = { setting = "scenarios" } }))
  else
    model = cmml.recommenders[kind](data.catalogue)
    model:fit { ratings = data.ratings, users = data.train }
    assert(model:save(path))
  end
  return assert(core.read_file(path))
end

for _, kind in ipairs { "cmml", "cmml of scenarios", "item_user_mean" } do
  describe("a damaged file of " .. kind, function()
    local path, bytes

    setup(function()
      path = os.tmpname()
      bytes = file_of(kind, path)
    end)

    teardown(function()
      os.remove(path)
    end)

    -- Whether the bytes give a model.
    local function load(text)
      local file = assert(io.open(path, "wb")) -- write_file would wait for the disk
      file:write(text)
      file:close()
      return hostile_model(cmml, path, #bytes)
    end

    it("is refused wherever it is cut, and with anything behind it", function()
      local step = math.max(1, #bytes // 400)
      for length = 0, #bytes - 1, step do
        assert.is_false(load(bytes:sub(1, length)), length)
      end
      for length = #bytes - 20, #bytes - 1 do
        assert.is_false(load(bytes:sub(1, length)), length)
      end
      assert.is_false(load(bytes .. "\0"))
      assert.is_false(load(bytes .. bytes))
      assert.is_true(load(bytes))
    end)

    it("is refused or harmless with bytes changed in its header", function()
      local header = 8 + string.unpack("<I8", bytes)
      local refused, random = 0, 12345
      local function draw(n)
        random = random * 6364136223846793005 + 1442695040888963407
        return (random >> 33) % n
      end
      for _ = 1, 500 do
        local at = draw(header) + 1
        local text = bytes:sub(1, at - 1) .. string.char(draw(256)) .. bytes:sub(at + 1)
        refused = refused + (load(text) and 0 or 1)
      end
      assert.truthy(refused > 250 and refused < 500, refused)
    end)

    it("is refused or harmless with bytes changed in its data", function()
      local first = 8 + string.unpack("<I8", bytes)
      local loaded, random = 0, 54321
      local function draw(n)
        random = random * 6364136223846793005 + 1442695040888963407
        return (random >> 33) % n
      end
      for _ = 1, 500 do
        local text = bytes
        for _ = 1, 1 + draw(3) do
          local at = first + draw(#bytes - first) + 1
          text = text:sub(1, at - 1) .. string.char(draw(256)) .. text:sub(at + 1)
        end
        loaded = loaded + (load(text) and 1 or 0)
      end
      assert.truthy(loaded > 0 and loaded < 500, loaded)
    end)

    it("leaves nothing behind", function()
      collectgarbage()
      collectgarbage()
      local before = core.memory().live
      for length = 0, #bytes - 1, #bytes // 20 do
        load(bytes:sub(1, length))
      end
      load(bytes)
      collectgarbage()
      collectgarbage()
      assert.equal(before, core.memory().live)
    end)
  end)
end
