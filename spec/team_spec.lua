-- Teams: the same bits whatever the number of threads, and the gradient of the whole batch.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local own = require "spec.support.own_parts"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

own.home = true
local modules = { "spec.support.own_parts" }

local function gradients(optimizer)
  local bytes = {}
  for i, gradient in ipairs(optimizer.core:gradients()) do
    bytes[i] = gradient:tobytes()
  end
  return table.concat(bytes)
end

describe("training with shards", function()
  local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function run(changes, seed)
    local options = people.training { epochs = 3 }
    for key, value in pairs(changes) do
      options[key] = value
    end
    local losses = {}
    options.on_step = function(_, _, _, loss)
      losses[#losses + 1] = ("%a"):format(loss)
    end
    local network = people.small(seed)
    network.encoder = changes.modules and "own_sum" or nil
    local model = cmml.cmml(data.catalogue, network)
    local result = cmml.train(model, data, options)
    return people.bits(model), table.concat(losses, " "), result
  end

  it("gives the same bits on one, two, three and four threads", function()
    for _, extra in ipairs { {}, { short_supports = 0.5 }, { clip_norm = 0.1, momentum = 0.5,
      optimizer = "sgd", groups = { { parameters = "encoder", lr = 0.1 } } },
      { modules = modules } } do
      local function with(threads)
        local changes = { threads = threads, shards = 4 }
        for key, value in pairs(extra) do
          changes[key] = value
        end
        return run(changes)
      end
      local bits, losses, result = with(1)
      for threads = 2, 4 do
        local other_bits, other_losses, other = with(threads)
        assert.equal(bits, other_bits)
        assert.equal(losses, other_losses)
        assert.same(result, other)
      end
    end
  end)

  it("gives the bits of the whole batch with one shard, others with more", function()
    local bits = run {}
    assert.equal(bits, (run { shards = 1, threads = 1 }))
    assert.not_equal(bits, (run { shards = 3 }))
  end)

  it("resumes bit for bit on another number of threads, not of shards", function()
    local bits = run { shards = 4, threads = 2 }
    local out = folder .. "/run"
    run { shards = 4, threads = 3, epochs = 1, out = out }
    refused("cannot resume: shards was 4, now it is 2", run, { shards = 2, out = out,
      resume = true })
    assert.equal(bits, (run({ shards = 4, out = out, resume = true }, 9)))
    run { shards = 4, epochs = 2, out = folder .. "/other" }
    assert.equal(bits, (run({ shards = 4, threads = 2, out = folder .. "/other", resume = true },
      9)))
  end)

  it("gives the same file from the command line", function()
    assert(cmml.core.mkdir(folder .. "/data"))
    people.write(cmml.core, folder .. "/data", { users = 40, items = 16, rated = 8 })
    local words = { "train", "--data", folder .. "/data", "--epochs=2", "--batch=8", "--quiet" }
    local function train(...)
      local all = table.move(words, 1, #words, 1, {})
      local said, complaint, code = cli(table.unpack(table.move({ ... }, 1, select("#", ...),
        #all + 1, all)))
      return said .. complaint, code
    end
    local files = {}
    for threads = 1, 2 do
      local out = folder .. "/threads" .. threads
      local said, code = train("--out", out, "--shards=3", "--threads", tostring(threads))
      assert.equal(0, code, said)
      files[threads] = assert(cmml.core.read_file(out .. "/best.safetensors"))
    end
    assert.equal(files[1], files[2])
    local said, code = train("--out", folder .. "/other", "--threads=2")
    assert.equal(1, code)
    assert.matches("^cmml: .*2 threads need at least as many shards, not 1", said)
  end)

  it("gives all memory of the core back, also after an error", function()
    local function live()
      collectgarbage()
      collectgarbage()
      return cmml.core.memory().live
    end
    run { shards = 2, threads = 2 }
    local before = live()
    run { shards = 3, threads = 2 }
    local model = cmml.cmml(data.catalogue, people.small(1))
    refused("stop", cmml.train, model, data, people.training { shards = 2, threads = 2,
      on_step = function()
        error "stop"
      end })
    model = nil -- luacheck: ignore 311
    assert.equal(before, live())
  end)

  it("stops where the loss ceases to be a number", function()
    local _, _, result = run { shards = 3, threads = 2, lr = 1e30, clip = 1e38 }
    assert.equal("diverged", result.stopped)
  end)

  it("says what is wrong with its options", function()
    refused("3 threads need at least as many shards, not 2", run, { threads = 3, shards = 2 })
    refused("train: shards must be at least 1, but is 0", run, { shards = 0 })
    refused("train: threads must be at least 1, but is -1", run, { shards = 2, threads = -1 })
    refused("from 1 to 64 threads", run, { shards = 65, threads = 65 })
    refused("no.such.module", run, { shards = 2, threads = 2, modules = { "no.such.module" } })
  end)
end)

for name, library in pairs { cmml = cmml, ["cmml.double"] = cmml.double } do
  describe("a team of " .. name, function()
    it("gives the gradient of the whole batch, in shards of unequal size", function()
      local model, tasks, optimizer = people.learner(library)
      local persons = tasks:people(1)()
      persons = table.move(persons, 1, 11, 1, {})
      local loss = model:loss(tasks:draw(1, persons))
      optimizer:backward(loss)
      local expected, scale = {}, optimizer:norm()
      for i, gradient in ipairs(optimizer.core:gradients()) do
        expected[i] = gradient:clone()
      end
      optimizer:clear()
      local tolerance = name == "cmml" and 1e-5 or 1e-13
      for _, case in ipairs { { 2, 1 }, { 2, 2 }, { 3, 2 }, { 4, 3 }, { 11, 2 }, { 20, 4 } } do
        local team <close> = library.team(model, tasks, optimizer, { shards = case[1],
          threads = case[2] })
        assert.near(loss:item(), team:backward(1, persons), tolerance * loss:item())
        local off = 0
        for i, gradient in ipairs(optimizer.core:gradients()) do
          off = off + (gradient - expected[i]):square():sum():item()
        end
        assert.truthy(scale > 0.01 and math.sqrt(off) < tolerance * scale, math.sqrt(off) / scale)
        optimizer:clear()
      end
    end)

    it("adds to the gradients that are there, and follows the parameters", function()
      local bits = {}
      for threads = 1, 3 do
        local model, tasks, optimizer = people.learner(library)
        local team <close> = library.team(model, tasks, optimizer, { shards = 3,
          threads = threads })
        for draw = 1, 3 do
          for persons in tasks:people(draw) do
            team:backward(draw, persons)
            team:backward(draw + 7, persons)
            optimizer:step()
          end
        end
        library.no_grad(function()
          model.module.label["0"].weight:copy_(model.module.label["0"].weight * 2)
        end)
        team:backward(9, tasks:people(9)())
        bits[threads] = gradients(optimizer) .. people.bits(model)
      end
      assert.equal(bits[1], bits[2])
      assert.equal(bits[1], bits[3])
    end)
  end)
end
