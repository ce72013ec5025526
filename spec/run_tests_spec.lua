-- The runner of the specs: what it counts, what it shows of what failed, and what becomes of a test
-- that hangs.
local interpreter = require "spec.support.interpreter"
local temporary = require "spec.support.temporary"

describe("the runner of specs", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function spec(name, text)
    return temporary.write(folder, name .. "_spec.lua", text)
  end

  -- What the runner prints of spec files and commands, one at a time, and whether it is content.
  local function run(specs, commands, settings)
    local words = {}
    for i, command in ipairs(commands or {}) do
      words[i] = (" '%s'"):format(command)
    end
    -- the times of specs of this run are not those of the specs within
    local pipe = assert(io.popen(("env -u CMML_SPEC_TIMES -u CMML_TIMES JOBS=1 SPECS='%s' %s "
      .. "sh tools/run_tests.sh '%s $(command -v busted || echo /usr/bin/busted) --ignore-lua'%s "
      .. "2>&1"):format(table.concat(specs, " "), settings or "", interpreter,
      table.concat(words))))
    local text = pipe:read "a"
    return text, pipe:close() == true
  end

  local well = 'it("is well", function() end)\n'
  local wrong = 'it("is wrong", function() print "some words" assert.equal(1, 2) end)\n'

  it("adds up what spec files and commands count", function()
    local two = well .. 'it("is, too", function() end)'
    local text, ok = run({ spec("one", well), spec("two", two) }, { 'echo "3 passed, 0 failed"' })
    assert.is_true(ok, text)
    assert.truthy(text:find "one_spec%.lua +1 passed, 0 failed")
    assert.truthy(text:find "\n6 passed, 0 failed\n$", text)
  end)

  it("shows last what failed, whole", function()
    local text, ok = run { spec("bad", wrong .. well), spec("good", well) }
    assert.is_false(ok)
    local good, bad = text:find "good_spec", text:find "=== failed: [^\n]*bad_spec"
    assert.is_true(good < bad, text)
    assert.truthy(text:find("some words", bad, true), text)
    assert.truthy(text:find("bad_spec.lua:1: is wrong", bad, true), text)
    assert.truthy(text:find "\n2 passed, 1 failed\n$", text)
  end)

  it("counts what ends badly or says nothing as one failure", function()
    local text, ok = run({ spec("gone", 'it("ends it", function() os.exit(0) end)') },
      { 'echo "3 passed, 0 failed"; exit 7', "true" })
    assert.is_false(ok)
    assert.truthy(text:find("(status 7)", 1, true), text)
    assert.truthy(text:find "=== failed: [^\n]*gone_spec", text)
    assert.truthy(text:find "=== failed: true", text)
    assert.truthy(text:find "\n3 passed, 3 failed\n$", text)
    assert.is_false(select(2, run({ spec("none", "") })))
  end)

  it("ends what hangs, and what that has started, and names the test", function()
    local path = folder .. "/child"
    local text, ok = run({ spec("slow", ('it("waits for ever", function()\n'
      .. 'os.execute "sh -c \'echo $$ >%s; exec sleep 1000\'" end)'):format(path)),
      spec("good", well) }, nil, "LIMIT=2")
    assert.is_false(ok)
    assert.truthy(text:find "slow_spec[^\n]*2 seconds[^\n]*: waits for ever", text)
    assert.truthy(text:find "\n1 passed, 1 failed\n$", text)
    -- it is gone for good when its new parent has asked for its end
    assert.is_true(os.execute(("for _ in $(seq 100); do kill -0 $(cat %s) 2>/dev/null || exit 0; "
      .. "sleep 0.1; done; exit 1"):format(path)))
  end)

  it("begins with what takes longest, or nobody knows", function()
    local specs = { spec("quick", well), spec("slow", well), spec("new", well) }
    local times = temporary.write(folder, "times", ("%s 10\n%s 9000\n"):format(specs[1], specs[2]))
    local text = run(specs, { "echo; echo 1 passed, 0 failed" }, "CMML_TIMES=" .. times)
    local order = {}
    for name in text:gmatch "/(%a+)_spec%.lua" do
      order[#order + 1] = name
    end
    assert.same({ "new", "slow", "quick" }, order)
  end)
end)
