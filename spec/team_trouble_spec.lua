-- Teams in trouble: an end to every call whatever a thread does, and nothing left half done.
local child = require "spec.support.child"
local cmml = require "cmml"
local own = require "spec.support.own_parts"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

own.home = true
local modules = { "spec.support.own_parts" }

describe("a thread that goes wrong", function()
  -- A batch on two threads with an encoder of spec/support/own_parts.lua.
  local function attempt(encoder, library)
    local model, tasks, optimizer = people.learner(library or cmml, { encoder = encoder })
    local team <close> = (library or cmml).team(model, tasks, optimizer, { shards = 4,
      threads = 2, modules = modules })
    local before = people.bits(model)
    local ok, message = pcall(team.backward, team, 1, tasks:people(1)())
    assert.equal(before, people.bits(model))
    if not ok then
      assert.equal(0, optimizer:norm())
      own.home = false -- now in the caller's thread, too: the team lives
      local again, other = pcall(team.backward, team, 1, tasks:people(1)())
      own.home = true
      assert.is_false(again)
      assert.equal(0, optimizer:norm())
      return message, other
    end
  end

  it("makes the call fail with its message, and leaves no gradient", function()
    assert.is_nil(attempt "own_sum")
    for _, library in ipairs { cmml, cmml.double } do
      local message, at_home = attempt("own_error", library)
      assert.matches("team: thread 2: no luck here", message)
      assert.equal("no luck here", at_home)
    end
    local message, at_home = attempt "own_object"
    assert.matches("team: thread 2: the error is not a string", message)
    assert.equal("table", type(at_home))
    assert.matches("team: thread 2: attempt to yield", (attempt "own_yield"))
    assert.matches("team: thread 2: .*stack overflow", (attempt "own_overflow"))
    assert.matches("team: thread 2: .*shapes", (attempt "own_shape"))
  end)

  it("cannot end the process of the others", function()
    local model, tasks, optimizer = people.learner(cmml, { encoder = "own_exit" })
    local team <close> = cmml.team(model, tasks, optimizer, { shards = 2, threads = 2,
      modules = modules })
    refused("os.exit was called in a thread of a team", team.backward, team, 1, tasks:people(1)())
  end)

  it("is told apart from one that cannot start", function()
    local model, tasks, optimizer = people.learner(cmml, { encoder = "own_sum" })
    local ok, message = pcall(cmml.team, model, tasks, optimizer, { shards = 2, threads = 2 })
    assert.is_false(ok)
    assert.matches('team: thread 2 cannot start: .*encoder "own_sum" is not known', message)
    assert.matches("in the option modules", message)
    model.options.width = 5
    refused("cannot start", cmml.team, model, tasks, optimizer, { shards = 2, threads = 2,
      modules = modules })
  end)

  it("does not hinder the caller's own error, which passes as it is", function()
    local model, tasks, optimizer = people.learner(cmml, { encoder = "own_error" })
    local team <close> = cmml.team(model, tasks, optimizer, { shards = 2, threads = 2,
      modules = modules })
    local mine = setmetatable({}, { __tostring = function()
      return "mine"
    end })
    model.loss = function()
      error(mine)
    end
    local _, found = pcall(team.backward, team, 1, tasks:people(1)())
    assert.equal(mine, found)
    model.loss = function()
      optimizer.core:free()
      return cmml.ones({}):track() * 1
    end
    refused("released", team.backward, team, 1, tasks:people(1)())
    refused("the optimiser was freed before", team.backward, team, 1, tasks:people(1)())
  end)
end)

describe("the end of a team", function()
  it("may come twice, but not from its own step", function()
    local model, tasks, optimizer = people.learner(cmml)
    local team = cmml.team(model, tasks, optimizer, { shards = 2, threads = 2 })
    local loss = model.loss
    model.loss = function()
      team:close()
    end
    refused("a step must not close its own team", team.backward, team, 1,
      tasks:people(1)())
    model.loss = function()
      return team:backward(1, tasks:people(1)())
    end
    refused("a step must not call backward of its own team", team.backward, team, 1,
      tasks:people(1)())
    model.loss = loss
    team:backward(1, tasks:people(1)())
    team:close()
    team:close()
    refused("released: the team was closed before", team.backward, team, 1, tasks:people(1)())
  end)

  it("leaves no gradient of earlier batches either, with one shard as with several", function()
    for shards = 1, 2 do
      local model, tasks, optimizer = people.learner(cmml)
      local team <close> = cmml.team(model, tasks, optimizer, { shards = shards })
      local persons, loss = tasks:people(1)(), model.loss
      for _, fails in ipairs { false, true } do
        team:backward(1, persons)
        assert.is_true(optimizer:norm() > 0)
        model.loss = function(...)
          return fails and error("no luck here", 0) or loss(...) * (0 / 0)
        end
        local ok, value = pcall(team.backward, team, 1, persons)
        model.loss = loss
        assert.equal(not fails, ok)
        assert.is_true(fails and value == "no luck here" or value ~= value)
        assert.equal(0, optimizer:norm())
      end
    end
  end)

  it("comes when another optimiser takes the parameters", function()
    local model, tasks, optimizer = people.learner(cmml)
    local team <close> = cmml.team(model, tasks, optimizer, { shards = 2, threads = 2 })
    local other = cmml.optim.adam(model.module)
    refused("belongs to an optimiser that was made later", team.backward, team, 1,
      tasks:people(1)())
    assert.equal(0, other:norm())
  end)

  it("is that of its state, even from within a step", function()
    local script = [[
      local cmml = require "cmml"
      local people = require "spec.support.people"
      local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
      local model = cmml.cmml(data.catalogue, people.small(1))
      local tasks = cmml.users.tasks { ratings = data.ratings, users = data.train,
        bags = data.bags }
      team = cmml.team(model, tasks, cmml.optim.adam(model.module), { shards = 4, threads = 3 })
      team:backward(1, tasks:people(1)())
      local loss = model.loss
      model.loss = function(...)
        print "in step"
        %s
        return loss(...)
      end
      team:backward(1, tasks:people(1)())
    ]]
    for _, stop in ipairs { "os.exit(true, true)", "os.exit(true, false)" } do
      local output, ok = child(script:format(stop))
      assert.equal("in step\n", output)
      assert.truthy(ok, stop)
    end
    local output, ok = child(script:format "")
    assert.equal("in step\nin step\n", output)
    assert.truthy(ok)
  end)

  it("waits for all threads, where a step of one team asks another", function()
    for _, stop in ipairs { "os.exit(true, true)", "os.exit(true, false)" } do
      local output, ok = child(([[
        local cmml = require "cmml"
        local core = cmml.core
        local setup = { path = package.path, cpath = package.cpath,
          module = "spec.support.slow_worker" }
        local function team(step)
          local optimizer = core.optimizer({ cmml.parameter(cmml.zeros { 1 }) }, 0)
          return core.shard_team(2, step, optimizer, setup)
        end
        local inner = team(function() return 0 end)
        outer = team(function()
          print "in step"
          inner:backward { 0, 0 }
          %s
        end)
        outer:backward { 0, 20000 }
      ]]):format(stop))
      assert.truthy(ok, output)
      assert.matches("in step", output)
      assert.matches("done", output) -- the thread of the outer team
    end
  end)
end)

describe("copies for threads", function()
  local function start(value)
    local optimizer = cmml.core.optimizer({}, 0)
    local team <close> = cmml.core.shard_team(2, function()
      return 0
    end, optimizer, { path = package.path, cpath = package.cpath,
      module = "spec.support.echo_worker", value = value })
    return team:backward { 0, value, value }
  end

  it("are equal: nil, booleans, numbers, text, tensors, ids, segments, nested tables", function()
    assert.same({ 0, 1, 0 }, start(require "spec.support.echo_value"(cmml)))
  end)

  it("are refused of anything else", function()
    local cycle = {}
    cycle[1] = cycle
    refused("nested more than 64 deep", start, cycle)
    refused("a function cannot be copied", start, { print })
    refused("a thread cannot be copied", start, { { coroutine.create(print) } })
    refused("no other userdata", start, { [io.stdout] = 1 })
    refused("no other userdata", start, { cmml.core.vocab() })
    local x = cmml.ones { 2 }
    x:free()
    refused("that were not released", start, { x })
  end)
end)
