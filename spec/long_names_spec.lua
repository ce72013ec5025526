-- What is given may be a text of a megabyte: it is refused at the cost of a look at it, and no
-- message repeats it whole or prints its control characters.
local args = require "cmml.base.args"
local cmml = require "cmml"

local long = ("a name "):rep(150000)

-- The message of a refusal, which is short and on one line.
local function refusal(f, ...)
  local results = table.pack(pcall(f, ...))
  local message = results[1] and results[3] or results[2]
  assert(type(message) == "string", "nothing was refused")
  assert(#message < 5000, #message .. " bytes of message")
  assert.is_nil(message:find "[%c]")
  return message
end

-- Steps of Lua that a call takes, in thousands.
local function steps(f, ...)
  local n = 0
  debug.sethook(function()
    n = n + 1
  end, "", 1000)
  pcall(f, ...)
  debug.sethook()
  return n
end

describe("a name of a megabyte", function()
  it("is compared with what it begins with alone", function()
    assert.is_nil(args.nearest(long, { "batch", "lr", ("b name "):rep(150000) }))
    assert.equal("a name", args.nearest(long, { "batch", "a name" }))
    assert.is_true(steps(args.nearest, long, { "batch", "lr", long .. "x", "b" .. long }) < 10)
  end)

  it("is cut where a message repeats it", function()
    assert.matches('^"a name a name .-"%.%. %(1050000 bytes%)$', args.quote(long))
    assert.is_true(#args.quote(long) < 120)
    assert.matches("^a name .-%.%. %(1050000 bytes%)$", args.shown(long))
    assert.equal(("ä"):rep(40) .. ".. (2000 bytes)", args.shown(("ä"):rep(1000)))
  end)

  it("is refused by whatever takes a name", function()
    local catalogue = { kind = "cmml" }
    for _, call in ipairs {
      { cmml.cmml, catalogue, { [long] = 1 } }, { cmml.cold_users, {}, { [long] = 1 } },
      { cmml.kinds.find, long, "users" }, { cmml.component, long, long },
      { cmml.component, "encoder", long }, { cmml.setting, { name = "x", [long] = 1 } },
      { cmml.experiment, long }, { cmml.metrics.find, "f", long }, { cmml.loader, { [long] = 1 } },
      { cmml.command, { [long] = 1 } }, { cmml.nn.linear, { [long] = 1 } },
      { cmml.nn.activate, cmml.ones { 1 }, long }, { cmml.svg.lines, { title = "", series = {
        { name = long, points = { { 0 / 0, 1 } } } } } }, { cmml.svg.lines, { [long] = 1 } },
      { cmml.data.schema, { item = { { long, [long] = true } } } },
      { cmml.data.rows, { 1, [long] = 2 } }, { cmml.load, long },
      { cmml.movielens, long }, { cmml.linear, long },
      { cmml.core.read_table, "none", { columns = { { name = "x", kind = long } } } },
      { cmml.core.draw_scenarios, {}, {}, {}, {}, {}, { seed = long } },
      { cmml.threads, long }, { cmml.kernels, long }, { cmml.core.terminal, long },
      { cmml.core.write_archive, "none", { { name = long, value = true } } },
      { cmml.core.write_archive, "none", { { name = long, value = { long } } } },
    } do
      refusal(table.unpack(call))
    end
  end)

  it("is asked for in help", function()
    local said = {}
    local original = print
    _G.print = function(text)
      said[#said + 1] = text
    end
    pcall(cmml.help, long)
    _G.print = original
    assert.is_true(#table.concat(said) < 1000)
    assert.matches("^there is no a name ", said[1])
  end)
end)

describe("a message that repeats a text", function()
  it("writes out what would not be seen", function()
    assert.equal([["a\27[31m\n\"b\\"]], args.quote('a\27[31m\n"b\\'))
    assert.equal([[\0\255]], args.shown "\0\xff")
    assert.equal("é", args.shown "é")
  end)

  it("is itself no longer than some lines", function()
    local ok, message = pcall(args.error, long, 0)
    assert.is_false(ok)
    assert.matches("%(1050000 bytes%)$", message)
    assert.is_true(#message < 4100)
  end)
end)
