-- `cmml doctor`, and what is said where the core cannot be loaded.
local child = require "spec.support.child"
local cli = require "spec.support.cli"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("cmml doctor", function()
  it("tells what there is and that it works, in 80 columns", function()
    local said, errors, code = cli "doctor"
    assert.equal("", errors)
    assert.equal(0, code)
    for line in said:gmatch "[^\n]+" do
      assert.truthy(#line <= 80, line)
    end
    for _, part in ipairs { "cmml        " .. core.info().version, "Lua         5.4",
      "core        " .. core.info().dtype .. "; ", "kernels     " .. core.kernels(),
      "BLAS        OpenBLAS", "GFLOP/s", "processor", "temporary   ", ", writable",
      "result      all is well" } do
      assert.truthy(said:find(part, 1, true), part .. "\n" .. said)
    end
    assert.matches("[gc]%l+ %d+%.%d+", core.info().build)
  end)

  it("says what is wrong and what to do, with status 1", function()
    local folder = temporary.folder()
    local program = folder .. "/no_room.lua"
    assert(core.write_file(program, [[
      os.tmpname = function() error "unable to generate a unique filename" end
      local download = require "cmml.fetch.download"
      download.first_of = function(programs)
        return programs[1] == "gzip" and "gzip" or nil
      end
      os.exit(require "cmml.cli.main".main { "doctor" }, true)
    ]]))
    local pipe = assert(io.popen(child.line(program) .. " 2>&1"))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    assert.equal(1, code)
    said = said:gsub("%s+", " ")
    assert.truthy(said:find("WRONG no temporary file can be made: make room there, or set TMPDIR "
      .. "to a", 1, true), said)
    assert.truthy(said:find("cmml: doctor: 1 thing is wrong: see above", 1, true), said)
    assert.is_nil(said:find("all is well", 1, true))
    assert.truthy(said:find("note zstd is missing, for reading files packed by zstd: install zstd",
      1, true), said)
    assert.truthy(said:find("curl or wget is missing", 1, true), said)
    assert.is_nil(said:find("gzip is missing", 1, true))
    temporary.remove(folder)
  end)
end)

describe("a core whose OpenBLAS is not there", function()
  local folder = temporary.folder()

  setup(function()
    -- A name of the same length in the list of what it needs stands for a library that is missing.
    local path = assert(package.searchpath("cmml.core", package.cpath))
    local bytes = assert(core.read_file(path))
    local broken, n = bytes:gsub("libopenblas%.so%.0", "libopenblas.so.9")
    assert.truthy(n > 0)
    assert(core.mkdir(folder .. "/build/cmml"))
    assert(core.write_file(folder .. "/build/cmml/core.so", broken))
    assert(os.execute(("cp -r bin lua '%s'"):format(folder)))
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function says(command)
    local pipe = assert(io.popen(("cd '%s' && unset LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4;"
      .. " %s 2>&1"):format(folder, command)))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    assert.equal(1, code)
    assert.truthy(said:find("OpenBLAS, the library of linear algebra", 1, true), said)
    assert.truthy(said:find("Debian, Ubuntu   apt install libopenblas0\n", 1, true), said)
    assert.truthy(said:find("libopenblas.so.9: ", 1, true), said)
    return said
  end

  it("is told with the package to install, on the command line and in Lua", function()
    assert.equal("cmml: OpenBLAS", says("lua5.4 bin/cmml --version"):sub(1, 14))
    says("lua5.4 bin/cmml doctor")
    says([[lua5.4 -e 'package.path = "lua/?.lua;lua/?/init.lua" package.cpath = "build/?.so"
      require "cmml"']])
  end)

  it("is another matter than a core that is not there", function()
    os.remove(folder .. "/build/cmml/core.so")
    local pipe = assert(io.popen(("cd '%s' && LUA_CPATH=none/?.so lua5.4 bin/cmml 2>&1"):format(
      folder)))
    local said = pipe:read "a"
    pipe:close()
    assert.truthy(said:find("cmml: the core is not built: run make", 1, true), said)
  end)
end)
