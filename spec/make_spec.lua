-- The Makefile and what it runs first: what is remade when, and what is told before the compiler
-- is.
local interpreter = require "spec.support.interpreter"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  return text, pipe:close() == true
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

describe("the build", function()
  local root, build

  -- A checkout in which nothing is made, beside a folder that holds the core of this process.
  setup(function()
    root = os.tmpname()
    os.remove(root)
    build = root .. "/elsewhere"
    local text, ok = output(("mkdir -p %s/elsewhere/cmml %s/tree/spec && "
      .. "cp -r Makefile bin csrc lua tools %s/tree && cp -r spec/c spec/fuzz %s/tree/spec && "
      .. "cp %s %s/elsewhere/cmml && "
      .. "rm -f %s/tree/lua/cmml/parts.lua %s/tree/lua/cmml/reference.txt"):format(root, root, root,
      root, quote(package.searchpath("cmml.core", package.cpath)), root, root, root))
    assert(ok, text)
  end)

  teardown(function()
    os.execute("rm -rf " .. root)
  end)

  -- Runs make in the checkout, with a core that counts as built.
  local function make(words)
    return output(("cd %s/tree && make --no-print-directory CC=true LUA=%s BUILD=%s "
      .. "-o %s/cmml/core.so %s"):format(root, quote(interpreter), build, build, words))
  end

  local reference, types = "/tree/lua/cmml/reference.txt", "/tree/types/cmml.d.lua"
  local function remade()
    local text, ok = make(build .. "/obj/reference")
    assert.is_true(ok, text)
    return text:find("reference.txt", 1, true) ~= nil
  end

  it("makes what a fresh checkout lacks, in a folder anywhere", function()
    assert.is_true(remade())
    assert.is_true(exists(root .. "/tree/lua/cmml/parts.lua"))
    assert.is_true(exists(root .. reference))
    assert.is_true(exists(root .. types))
    assert.is_false(remade())
  end)

  it("makes again what was removed", function()
    remade()
    for _, path in ipairs { reference, types } do
      os.remove(root .. path)
      assert.is_true(remade())
      assert.is_true(exists(root .. path))
      assert.is_false(remade())
    end
  end)

  it("notices that a source is gone", function()
    local source, parts = root .. "/tree/lua/cmml/svg/added.lua", root .. "/tree/lua/cmml/parts.lua"
    write(source, [[
return function(cmml)
  --- Does nothing at all.
  function cmml.added()
  end
end
]])
    assert.is_true(remade())
    assert.truthy(read(root .. reference):find("Does nothing at all", 1, true))
    assert.truthy(read(parts):find('"svg.added"', 1, true))
    os.remove(source)
    assert.is_true(remade())
    assert.is_nil(read(root .. reference):find("Does nothing at all", 1, true))
    assert.is_nil(read(parts):find('"svg.added"', 1, true))
  end)

  it("leaves a list alone that is what it would write", function()
    remade()
    local parts = root .. "/tree/lua/cmml/parts.lua"
    assert.is_true((os.execute(("touch -d 2001-01-01 %s"):format(parts))))
    remade()
    assert.equal("2001", (output("date -r " .. parts .. " +%Y"):match "%d+"))
    assert.equal("", (output(("find %s -name '*.new'"):format(root))))
  end)

  it("looks for the core where it was built, in all that it runs", function()
    local text, ok = make "-n check golden sweep"
    assert.is_true(ok, text)
    local count = 0
    for path in text:gmatch "LUA_CPATH='([^']*)'" do
      assert.equal(build .. "/?.so;;", path)
      count = count + 1
    end
    assert.is_true(count >= 3, text)
  end)

  it("makes the lists of a fresh checkout for instrumented runs and fuzzers, too", function()
    -- an instrumented core is not loaded by the build: a plain one comes first
    for target, wanted in pairs { asan = "\nmake[^\n=]* all\n.*BUILD=build/asan",
      coverage = "\nmake[^\n=]* all\n.*BUILD=build/coverage", fuzzers = "tools/parts%.lua" } do
      local text, ok = make("-n " .. target)
      assert.is_true(ok, text:sub(-2000))
      assert.truthy(text:find(wanted), target)
    end
  end)

  it("compares this build with another checkout", function()
    for _, target in ipairs { "compare", "bench-pairs" } do
      local text, ok = make(("-n %s OTHER=/none"):format(target))
      assert.is_true(ok, text:sub(-2000))
      assert.truthy(text:find(("'/none' . --build '%s'"):format(build), 1, true), target)
    end
  end)
end)

describe("the first step of the build", function()
  -- An interpreter that says that it is of another version.
  local function interpreter_of(version)
    local path = os.tmpname()
    write(path, ("#!/bin/sh\nexec %s -e '_VERSION = \"%s\"' \"$@\"\n"):format(interpreter,
      version))
    assert(os.execute("chmod +x " .. path))
    return path
  end

  local function probe(lua)
    local dir = output "make -pn help 2>/dev/null":match "\nLUA_INCDIR := ([^\n]*)"
      or "/usr/include/lua5.4"
    local text, ok = output(("env -u LD_PRELOAD LUA=%s LUA_INCDIR=%s sh tools/probe.sh"):format(lua,
      dir))
    os.remove(lua)
    return text, ok
  end

  it("refuses headers of another Lua than the interpreter's", function()
    local text, ok = probe(interpreter_of "Lua 5.5")
    assert.is_false(ok)
    assert.truthy(text:find("is Lua 5.5, but ", 1, true), text)
    assert.truthy(text:find("Pass LUA= and LUA_INCDIR= of one version.", 1, true), text)
  end)

  it("refuses an interpreter that is too old", function()
    local text, ok = probe(interpreter_of "Lua 5.3")
    assert.is_false(ok)
    assert.truthy(text:find("does not run or is older than Lua 5.4", 1, true), text)
  end)

  it("is content with one of its own version", function()
    assert.same({ "", true }, { probe(interpreter_of(_VERSION)) })
  end)
end)
