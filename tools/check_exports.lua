-- What the compiled core asks for, gives away and keeps: check_exports.lua BUILD
--  * no Lua outside bind/, no BLAS outside kernels/blas.c, the allocator in base/mem.c alone;
--  * nothing that ends the process, prints, or uses state of the process;
--  * each module exports its luaopen function and nothing else, and lacks none of our own; the
--    library for hosts its interface;
--  * no writable data: all state is in a context;
--  * what only teams need of a host is weak;
--  * the module without symbols stays small enough for a game or an app.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"
local build = (...) or "build"

-- Undefined symbols with one place: pattern of the symbol, pattern of the object that may use it.
local placed = {
  { "^luaL?_", "^bind/" },
  { "^cblas_", "^kernels/blas%.o$" },
  { "^openblas_", "^kernels/blas%.o$" },
}
local allocators = "malloc calloc realloc free aligned_alloc posix_memalign strdup strndup"
for name in allocators:gmatch "%S+" do
  placed[#placed + 1] = { "^" .. name .. "$", "^base/mem%.o$" }
end

local forbidden = {}
for name in ([[
  exit _exit _Exit quick_exit abort __assert_fail raise kill longjmp _longjmp siglongjmp
  printf vprintf puts putchar putc perror __printf_chk __vprintf_chk stdout stderr stdin
  system popen rand srand random srandom drand48 strtok setlocale localeconv localtime gmtime
  getenv setenv putenv atexit signal sigaction
]]):gmatch "%S+" do
  forbidden[name] = true
end

-- Objects that may use a forbidden symbol: { [object] = { [symbol] = why } }.
local permitted = {
  ["base/process.o"] = { kill = "ends the children of this process, and nothing else" },
  ["kernels/blas.o"] = { getenv = "OPENBLAS_NUM_THREADS, if set, is the user's word on threads" },
  ["bind/lua_cmml.o"] = { getenv = "CMML_GC_STRESS turns the collector's stress test on" },
}

-- Sections whose symbols may be written to after loading. What the loader alone writes
-- (.data.rel.ro) is constant afterwards.
local function writable(section)
  return (section:find "^%.data" and not section:find "^%.data%.rel%.ro")
    or section:find "^%.bss" or section:find "^%.tdata" or section:find "^%.tbss"
    or section == "*COM*"
end

-- Writable symbols that may be: { [object] = { [symbol] = why } }.
local writable_allowed = {
  ["kernels/blas.o"] = { threads_decided = "atomic; OpenBLAS has one thread count per process" },
  ["predict/frozen_shared.o"] = { shared_lock = "a mutex", shared_models = "by the mutex: models "
    .. "that Lua states and threads of a process share" },
}

local function matches(name, pattern)
  return name:find(pattern) ~= nil
end

-- What nm says of some objects, started once for all of them: lists of lines by path.
local function symbols(options, paths)
  local by_path = {}
  for _, path in ipairs(paths) do
    by_path[path] = {}
  end
  for _, line in ipairs(gate.lines_of(("nm -A %s %s"):format(options, table.concat(paths, " ")))) do
    local path, rest = line:match "^(.-%.o):%s*(.*)$"
    if by_path[path] then -- a heading names no symbol
      table.insert(by_path[path], rest)
    end
  end
  return by_path
end

local function check_undefined(path, object, lines)
  local allowed = permitted[object] or {}
  for _, line in ipairs(lines) do
    local name = line:match "^(%S+)":gsub("@.*", "")
    if forbidden[name] and not allowed[name] then
      gate.report(path, ("uses %s: the core never ends the process, prints or keeps state there")
        :format(name))
    end
    for _, rule in ipairs(placed) do
      if matches(name, rule[1]) and not matches(object, rule[2]) then
        gate.report(path, ("uses %s, which has its place elsewhere"):format(name))
      end
    end
  end
end

local function check_writable(path, object, lines)
  local allowed = writable_allowed[object] or {}
  for _, line in ipairs(lines) do
    local name, section = line:match "^(%S+)%s*|.*|%s*(%S*)%s*$"
    if name and writable(section) and not allowed[name] then
      gate.report(path, ("%s is a writable global (%s)"):format(name, section))
    end
  end
end

-- What a host may have been linked without: the module loads all the same.
local weak = { luaL_newstate = true, luaL_openlibs = true, luaL_openselectedlibs = true }

local function check_module(name)
  local path = ("%s/cmml/%s.so"):format(build, name)
  local want = "luaopen_cmml_" .. name
  local found = false
  for _, line in ipairs(gate.lines_of("nm -D --defined-only --format=posix " .. path)) do
    local symbol = line:match "^(%S+)"
    if symbol == want then
      found = true
    else
      gate.report(path, "exports " .. symbol)
    end
  end
  if not found then
    gate.report(path, "does not export " .. want)
  end
  -- Lua's functions are found when the module is loaded, so the linker lets ours be missing too.
  for _, line in ipairs(gate.lines_of("nm -D -u --format=posix " .. path)) do
    local wanted, kind = line:match "^(%S+) (%a)"
    if weak[wanted] and kind ~= "w" then
      gate.report(path, wanted .. " must be a weak symbol")
    end
    local symbol = line:match "^(cm%w*_%S*)"
    if symbol then
      gate.report(path, symbol .. " is called but nowhere defined")
    end
  end
end

-- What hosts link exports its interface, by one version, and nothing else.
local function check_library()
  local path = build .. "/libcmml.so"
  for _, line in ipairs(gate.lines_of("nm -D --defined-only --format=posix " .. path)) do
    local symbol = line:match "^(%S+)"
    if not symbol:find "^cmml_[a-z_]+@@CMML_0$" and symbol ~= "CMML_0" then
      gate.report(path, "exports " .. symbol)
    end
  end
end

local function check_size(path, most) -- bytes
  local stripped = os.tmpname()
  gate.lines_of(("strip -o '%s' %s"):format(stripped, path))
  local file = assert(io.open(stripped, "rb"))
  local size = file:seek "end"
  file:close()
  os.remove(stripped)
  if size > most then
    gate.report(path, ("has %d bytes without symbols, at most %d"):format(size, most))
  end
end

-- The objects of the sources there are; an object whose source is gone may still lie in the folder.
local function objects_of(variant)
  local patterns = {}
  for _, source in ipairs(gate.files("csrc", ".c")) do
    local stem = source:match "^csrc/(.*)%.c$"
    local loops = stem:find "^kernels/loops" -- compiled once for each instruction set
    -- the interface for hosts is in float32 alone
    local is_there = variant == "release" or not stem:match "^predict/api"
    patterns[#patterns + 1] = is_there and ("%s/obj/%s/%s%s"):format(build, variant, stem,
      loops and ".*.o" or ".o") or nil
  end
  return gate.lines_of("ls " .. table.concat(patterns, " "))
end

local checked = 0
for _, variant in ipairs { "release", "double" } do
  local paths = objects_of(variant)
  local undefined = symbols("-u --format=posix", paths)
  local defined = symbols("--defined-only --format=sysv", paths)
  for _, path in ipairs(paths) do
    local object = path:match("/obj/" .. variant .. "/(.*)$")
    checked = checked + 1
    check_undefined(path, object, undefined[path])
    check_writable(path, object, defined[path])
  end
end
check_module "core"
check_module "core64"
check_library()
check_size(build .. "/cmml/core.so", 900000)
check_size(build .. "/libcmml.so", 680000)

gate.finish("exports", checked, "objects")
