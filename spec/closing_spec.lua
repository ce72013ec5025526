-- Use at the end: of objects that were freed, and while the state itself is closing.
local child = require "spec.support.child"
local cmml = require "cmml"
local people = require "spec.support.people"

describe("a freed part", function()
  local data = people.data(cmml, { users = 10, items = 6, rated = 4 })

  it("raises where it is used, naming what happened", function()
    local core = cmml.core
    local model = cmml.cmml(data.catalogue, people.small())
    local person = model:adapt { { "f1", 4 } }
    person.state.context:free()
    local ok, message = pcall(person.predict, person, { "f2" })
    assert.is_false(ok)
    assert.matches("released", message)
    assert.is_true(core.grad_enable(true))
    model.module.modulation.out.weight:free()
    ok, message = pcall(function()
      return model:adapt({}):predict { "f1" }
    end)
    assert.is_false(ok)
    assert.matches("released", message)
    ok, message = pcall(model.save, model, "/dev/null")
    assert.is_false(ok)
    assert.matches("weight", message)
  end)

  it("of a closed variable is gone behind its block", function()
    local kept
    do
      local x <close> = cmml.ones { 3 }
      kept = x
    end
    assert.has_error(function()
      return kept:sum()
    end)
  end)
end)

-- Finalisers run in the reverse order of their making: one made before the library was loaded runs
-- after the core has closed.
local script = [[
  local things, log = {}, {}
  local function attempt(name, f, ...)
    local ok, message = pcall(f, ...)
    log[#log + 1] = name .. " " .. tostring(ok) .. " " .. tostring(message)
  end
  things.early = setmetatable({}, { __gc = function()
    local cmml, model = things.cmml, things.model
    attempt("tensor", cmml.tensor, { 1, 2 })
    attempt("add", function() return things.x + things.x end)
    attempt("adapt", model.adapt, model, { { "f1", 5 } })
    attempt("predict", things.person.predict, things.person, { "f1" })
    attempt("train", cmml.train, model, things.data, { epochs = 1 })
    attempt("backward", things.optimiser.backward, things.optimiser, things.x)
    attempt("step", things.optimiser.step, things.optimiser)
    attempt("save", model.save, model, "/dev/null/x")
    attempt("load", cmml.load, "/dev/null/x")
    attempt("vocab", function() return #things.data.catalogue.items end)
    attempt("text", function() return things.data.catalogue.items:text(1) end)
    attempt("ids", function() return things.data.all.items:totable() end)
    attempt("segments", function() return #things.data.all.users end)
    attempt("shape", function() return things.x.shape end)
    attempt("tostring", tostring, things.x)
    attempt("free", things.x.free, things.x)
    attempt("draw", cmml.core.draw_tasks, things.data.all, things.ids, {})
    attempt("memory", cmml.core.memory)
    attempt("info", cmml.core.info)
    attempt("read", cmml.core.read_file, "/dev/null")
    attempt("json", cmml.core.json_decode, "[1]")
    print(table.concat(log, "\n"))
  end })
  things.cmml = require "cmml"
  local people = require "spec.support.people"
  things.data = people.data(things.cmml, { users = 10, items = 6, rated = 4 })
  things.ids = things.cmml.core.ids { 1, 2 }
  things.model = things.cmml.cmml(things.data.catalogue, people.small())
  things.person = things.model:adapt { { "f1", 4 } }
  things.optimiser = things.cmml.optim.adam(things.model.module)
  things.x = things.cmml.tensor({ 1, 2 }):track()
  things.loss = (things.x * things.x):sum()
  kept = things -- alive until the state closes
]]

describe("a state that closes", function()
  it("refuses what its finalisers ask of the core, and ends well", function()
    local output, ok = child(script)
    assert.truthy(ok, output)
    local refused = 0
    for _, name in ipairs { "tensor", "add", "adapt", "predict", "train", "backward", "step",
      "save", "load", "vocab", "text", "ids", "segments", "shape", "draw", "read", "json" } do
      local message = output:match("%f[%w]" .. name .. " false ([^\n]+)")
      if message then
        assert.truthy(message:find("used after its Lua state began to close", 1, true)
          or message:find("released", 1, true), name .. ": " .. message)
        refused = refused + 1
      end
    end
    assert.truthy(refused >= 12, output)
    assert.truthy(output:find("tensor false cmml: used after its Lua state began to close", 1,
      true), output)
  end)

  it("ends well in the middle of a training, by os.exit or an error", function()
    local training = [[
      local cmml = require "cmml"
      local people = require "spec.support.people"
      local data = people.data(cmml, { users = 10, items = 6, rated = 4 })
      local model = cmml.cmml(data.catalogue, people.small())
      cmml.train(model, data, people.training { on_step = function(_, step)
        if step == 1 then
          print "stopping"
          %s
        end
      end })
    ]]
    local output, ok = child(training:format "os.exit(true, true)")
    assert.truthy(ok)
    assert.equal("stopping\n", output)
    output, ok = child(training:format "error 'enough'")
    assert.is_false(ok)
    assert.matches("^stopping\n.*enough", output)
    output, ok = child(training:format "os.exit(true, false)")
    assert.truthy(ok, output)
  end)
end)
