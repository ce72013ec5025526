-- The interface for hosts: <cmml.h> from C, from C++ and from Python, with the shared library and
-- the other one. What is checked stands in spec/c/host_api.c and spec/c/host_memory.c.
local cmml = require "cmml"
local compiled = require "spec.support.compiled"
local host_models = require "spec.support.host_models"
local temporary = require "spec.support.temporary"

local api = "spec/c/host_api.c spec/c/host_api_lists.c spec/c/host_api_later.c "
  .. "spec/c/host_api_threads.c"

describe("the interface for hosts", function()
  local folder, paths

  setup(function()
    folder = temporary.folder()
    paths = host_models(cmml, folder)
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function run(name, command, source, options)
    local path = folder .. "/" .. name
    compiled.host(path, command, source, options.is_static)
    local text, ok = compiled.run(("OPENBLAS_NUM_THREADS=1 '%s' %s"):format(path,
      options.arguments or table.concat(paths, " ")))
    assert.is_true(ok, text)
    assert.matches("^ok: %d+", text)
    return text
  end

  for _, is_static in ipairs { false, true } do
    local with = is_static and "the static library" or "the shared library"
    it("does what its header says, in C, with " .. with, function()
      run("c", "cc -std=c11 -D_POSIX_C_SOURCE=200809L", api,
        { is_static = is_static })
    end)

    if compiled.has "c++" then
      it("does what its header says, in C++, with " .. with, function()
        run("cpp", "c++ -std=c++11 -x c++", api, { is_static = is_static })
      end)
    end
  end

  it("takes memory where it says so, and survives when there is none", function()
    local wraps = "cc -std=c11"
    for name in ("malloc calloc realloc aligned_alloc posix_memalign free"):gmatch "%a[%a_]*" do
      wraps = wraps .. " -Wl,--wrap=" .. name
    end
    for i = 1, 3, 2 do -- a model of one part, and one of two
      local text = run("memory", wraps, "spec/c/host_memory.c", { is_static = true,
        arguments = ("'%s' 2000"):format(paths[i]) })
      assert.is_true(math.tointeger(text:match "ok: (%d+)") > 100, text)
    end
  end)

  it("is all that the library shows", function()
    local text, ok = compiled.run(("nm -D --defined-only '%s'"):format(compiled.library()))
    assert.is_true(ok, text)
    local declared, shown = {}, {}
    for line in io.lines "include/cmml.h" do
      local name = line:match "^CMML_API.-(cmml_[%l_]+)%("
      declared[#declared + 1] = name
    end
    for kind, name in text:gmatch " (%a) ([%w_@]+)" do
      shown[#shown + 1] = kind == "T" and name:match "^[%w_]+" or nil
    end
    table.sort(declared)
    table.sort(shown)
    assert.is_true(#declared > 20)
    if not os.getenv "ASAN_OPTIONS" then -- instrumented libraries show the sanitizer's, too
      assert.same(declared, shown)
    end
  end)

  if compiled.has "python3" and not os.getenv "ASAN_OPTIONS" then
    it("is called from Python", function()
      local text, ok = compiled.run(("OPENBLAS_NUM_THREADS=1 python3 spec/c/host_api.py '%s' '%s'")
        :format(compiled.library(), paths[1]))
      assert.is_true(ok, text)
      local predictor = assert(cmml.predictor(paths[1]))
      local person = predictor:context { { predictor:id(1), 5 }, { predictor:id(4), 1 } }
      local found = {}
      for id, score in text:gmatch "(%S+) (%S+)\n" do
        found[#found + 1] = { id, tonumber(score) }
      end
      local wanted = person:recommend { n = 5 }
      assert.equal(#wanted, #found)
      for i, entry in ipairs(wanted) do
        assert.equal(entry.item, found[i][1])
        assert.near(entry.score, found[i][2], 1e-5)
      end
    end)
  end
end)
