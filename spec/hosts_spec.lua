-- The hosts of examples/host: built as their readers would, they serve a frozen model.
local cmml = require "cmml"
local compiled = require "spec.support.compiled"
local temporary = require "spec.support.temporary"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a program with search paths by which Lua in it finds this library.
local function run(program, ...)
  local words = { ("env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH=%s LUA_CPATH=%s %s"):format(
    quote(package.path), quote(package.cpath), quote(program)) }
  for i, word in ipairs { ... } do
    words[i + 1] = quote(word)
  end
  return compiled.run(table.concat(words, " "))
end

describe("a host", function()
  local folder, model, expected

  setup(function()
    folder = temporary.folder()
    model = folder .. "/made.safetensors"
    local data = assert(cmml.cold_users(assert(cmml.movielens("data/made", { user_fields = {} }))))
    local frozen = cmml.freeze(cmml.cmml(data.catalogue))
    assert(frozen:save(model))
    expected = assert(cmml.predictor(model)):context { { "15", 5 }, { "9", 1 } }
      :recommend { n = 10 }
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  -- Whether lines such as " 1. 54  4.9343" are the list that the library gives.
  local function check_list(output)
    local place = 0
    for number, item, score in output:gmatch " *(%d+)%. (%S+) +(%-?[%d.]+)\n" do
      place = place + 1
      assert.equal(place, tonumber(number))
      assert.equal(expected[place].item, item)
      assert.near(expected[place].score, tonumber(score), 6e-5)
    end
    assert.equal(10, place, output)
  end

  local function host(name, options)
    local program = folder .. "/" .. name
    compiled.host(program, "cc -std=c11 " .. (options or ""), "examples/host/" .. name .. ".c")
    return program
  end

  local with_lua = "-I/usr/include/lua5.4 -Wl,--no-as-needed -llua5.4"

  it("in C lists what the library lists, and says what it does not know", function()
    local program = host "recommend"
    local output, ok = run(program, model, "15=5", "9=1")
    assert.is_true(ok, output)
    check_list(output)
    output, ok = run(program, model, "none=5")
    assert.is_false(ok)
    assert.matches("^none=5: item", output)
    output, ok = run(program, folder .. "/nothing", "15=5")
    assert.is_false(ok)
    assert.matches("nothing: No such file", output)
  end)

  it("in C with Lua in it plays 3,600 frames and counts them all", function()
    local program = host("game", with_lua)
    local output, ok = run(program, "examples/host/game.lua", model)
    assert.is_true(ok, output)
    local frames = 0
    for count in output:gmatch "\n *[<>=]+ +%d+ us +(%d+)" do
      frames = frames + count
    end
    assert.equal(3600, frames, output)
    local clicks, lists = output:match "\n(%d+) clicks, (%d+) lists of the best 10 of 300 items"
    assert.equal("119", clicks, output)
    assert.equal("120", lists, output)
    -- texts of ids, each made once, and no more
    assert.is_true(tonumber(output:match "Lua has grown by (%d+) bytes") < 119 * 200, output)
  end)

  it("in C with Lua in it shows what is wrong in the script", function()
    local program = host("game", with_lua)
    local script = temporary.write(folder, "wrong.lua", "return { frame = function(n)\n"
      .. "  if n == 7 then error 'the seventh' end\nend }\n")
    local output, ok = run(program, script)
    assert.is_false(ok)
    assert.matches("^game: .*wrong%.lua:2: the seventh\n$", output)
    output, ok = run(program, folder .. "/none.lua")
    assert.is_false(ok)
    assert.matches("^game: cannot open", output)
  end)

  if compiled.has "python3" then
    it("in Python lists what the library lists", function()
      local command = "CMML_LIBRARY='%s' python3 examples/host/recommend.py %s %s"
      local output, ok = compiled.run(command:format(compiled.library(), model, "15=5 9=1"))
      assert.is_true(ok, output)
      check_list(output)
      output, ok = compiled.run(command:format(compiled.library(), model, "none=5"))
      assert.is_false(ok)
      assert.equal("item none is not in the catalogue\n", output)
      output, ok = compiled.run(command:format(compiled.library(), folder .. "/nothing", "15=5"))
      assert.is_false(ok)
      assert.matches("nothing: No such file", output)
    end)
  end
end)
