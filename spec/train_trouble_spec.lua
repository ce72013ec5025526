-- Training in trouble: losses that diverge, disks that are full, folders that cannot be written.
local child = require "spec.support.child"
local cmml = require "cmml"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })

local function fresh(seed)
  return cmml.cmml(data.catalogue, people.small(seed))
end

local function listing(folder)
  local pipe = assert(io.popen("ls -A '" .. folder .. "'"))
  local text = pipe:read "a"
  pipe:close()
  return text
end

describe("training in trouble", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  -- Learning rates from clearly too large to beyond what float32 holds; one batch an epoch, so that
  -- the validation meets the weights first, and several.
  for _, lr in ipairs { 10, 1e6, 1e20, 3e38 } do
    for _, batch in ipairs { 8, 100 } do
      it(("stops and says so when the loss diverges: lr %g, batch %d"):format(lr, batch), function()
        local result = cmml.train(fresh(), data, people.training { lr = lr, batch = batch,
          epochs = 20 })
        assert.equal("diverged", result.stopped)
        assert.matches("no longer a finite number in epoch %d+", result.message)
        assert.truthy(result.message:find(("lower the learning rate (now %g)"):format(lr), 1, true))
      end)
    end
  end

  it("keeps the last good checkpoint when the loss diverges", function()
    local model = fresh()
    local good = cmml.train(model, data, people.training { epochs = 3, out = folder })
    -- weights out of all bounds stand for a step too far
    local bad = fresh()
    local result = cmml.train(bad, data, people.training { epochs = 6, out = folder,
      resume = true, on_step = function(epoch, step)
        if epoch == 5 and step == 1 then
          cmml.no_grad(function()
            for _, weight in bad.module:parameters() do
              weight:copy_(cmml.core.full(weight.shape, 1e30))
            end
          end)
        end
      end })
    assert.equal("diverged", result.stopped)
    assert.equal(4, result.epoch)
    assert.truthy(result.best <= good.best)
    local kept = assert(cmml.load(folder .. "/best.safetensors"))
    assert.equal(people.bits(kept), people.bits(bad))
    local last, found = assert(cmml.load(folder .. "/last.safetensors"))
    assert.equal(4, found.notes.epoch)
    assert.truthy(last:adapt({}):predict({ "f1" })[1] < 1e3)
  end)

  it("does not write over another run", function()
    cmml.train(fresh(), data, people.training { epochs = 1, out = folder })
    local before = assert(core.read_file(folder .. "/best.safetensors"))
    local ok, message = pcall(cmml.train, fresh(8), data, people.training { out = folder })
    assert.is_false(ok)
    assert.truthy(message:find("holds a run already: resume it (resume = true), or give another",
      1, true), message)
    assert.equal(before, core.read_file(folder .. "/best.safetensors"))
  end)

  it("goes on only with the data and the model that it began with", function()
    cmml.train(fresh(), data, people.training { epochs = 1, out = folder })
    local function resumed(with, model)
      local ok, message = pcall(cmml.train, model or fresh(), with, people.training { epochs = 2,
        out = folder, resume = true })
      return ok or message
    end
    local fewer = setmetatable({ train = { data.train[1] } }, { __index = data })
    assert.matches("cannot resume: train_users was %d+, now it is 1", resumed(fewer))
    assert.matches("cannot resume: backbone was 8,8, now it is 32,32", resumed(data,
      cmml.cmml(data.catalogue,
      { width = 3 })))
    assert.is_true(resumed(data))
  end)

  it("ends with the weights of the start when no epoch was good", function()
    local model = fresh()
    local start = people.bits(model)
    assert.equal(0, cmml.train(model, data, people.training { lr = 1e6 }).best_epoch)
    assert.equal(start, people.bits(model))
  end)

  it("raises when the folder cannot be made, before any work", function()
    assert(core.write_file(folder .. "/file", ""))
    local steps = 0
    local ok, message = pcall(cmml.train, fresh(), data, people.training { out = folder
      .. "/file/out", on_step = function()
        steps = steps + 1
      end })
    assert.is_false(ok)
    assert.truthy(message:find("train: cannot make folder " .. folder .. "/file", 1, true),
      message)
    assert.equal(0, steps)
  end)

  it("raises when the folder goes away", function()
    local out = folder .. "/out"
    local ok, message = pcall(cmml.train, fresh(), data, people.training { out = out,
      on_epoch = function()
        temporary.remove(out)
      end })
    assert.is_false(ok)
    assert.truthy(message:find("cannot write " .. out .. "/", 1, true), message)
    assert.is_true(core.grad_enable(true))
  end)

  it("keeps the last good checkpoint when the disk is full, and resumes when it is not", function()
    local script = ([[
      local cmml = require "cmml"
      local people = require "spec.support.people"
      local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
      local model = cmml.cmml(data.catalogue, people.small())
      cmml.train(model, data, people.training { out = %q, epochs = %d, resume = %s })
      print "trained"
    ]])
    local output, ok = child(script:format(folder, 2, "false"))
    assert.truthy(ok, output)
    local before = {}
    for _, name in ipairs { "best.safetensors", "last.safetensors", "log.csv" } do
      before[name] = assert(core.read_file(folder .. "/" .. name))
    end
    -- a limit on the size of files stands for a full disk
    output, ok = child(script:format(folder, 4, "true"),
      [[sh -c 'trap "" XFSZ; ulimit -f 4; exec "$@"' sh]])
    assert.is_false(ok)
    assert.truthy(output:find("File too large", 1, true), output)
    for name, bytes in pairs(before) do
      assert.equal(bytes, core.read_file(folder .. "/" .. name))
    end
    assert.equal("best.safetensors\nlast.safetensors\nlog.csv\n", listing(folder))
    output, ok = child(script:format(folder, 4, "true"))
    assert.truthy(ok, output)
    local whole = fresh()
    local other = folder .. "/whole"
    cmml.train(whole, data, people.training { out = other, epochs = 4 })
    assert.equal(core.read_file(other .. "/best.safetensors"),
      core.read_file(folder .. "/best.safetensors"))
  end)

  it("leaves files that load and a clean state when memory fails in the middle", function()
    cmml.train(fresh(), data, people.training { epochs = 1, out = folder })
    local failures = 0
    for n = 0, 3000, 197 do
      local model = fresh()
      core.testing.fail_allocation_after(n)
      local ok, message = pcall(cmml.train, model, data, people.training { epochs = 2,
        out = folder, resume = true })
      core.testing.fail_allocation_after()
      assert.is_true(core.grad_enable(true))
      assert.truthy(cmml.load(folder .. "/last.safetensors"))
      assert.truthy(cmml.load(folder .. "/best.safetensors"))
      failures = failures + (ok and 0 or 1)
      assert.truthy(ok or message:find("out of memory", 1, true), message)
    end
    assert.truthy(failures > 1, failures)
  end)

  it("survives callbacks that collect, train something else or raise other than text", function()
    local inner
    cmml.train(fresh(), data, people.training { epochs = 1, on_step = function(_, step)
      collectgarbage()
      if step == 1 then
        inner = cmml.train(fresh(2), data, people.training { epochs = 1 })
      end
    end })
    assert.equal(1, inner.epoch)
    local thrown = {}
    local ok, caught = pcall(cmml.train, fresh(), data, people.training { on_step = function()
      error(thrown)
    end })
    assert.is_false(ok)
    assert.equal(thrown, caught)
  end)
end)
