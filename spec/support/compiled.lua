--- Hosts in C, compiled for a spec against the library that is tested.
local compiled = {}

-- Where the build is that is tested.
local function build_folder()
  local path = assert(package.searchpath("cmml.core", package.cpath))
  return (path:gsub("/?cmml/core%.so$", ""))
end

--- What a command says, and whether it ended well.
-- @tparam string command
-- @treturn string
-- @treturn boolean
function compiled.run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  return text, pipe:close() == true
end

--- Whether a program is there.
-- @tparam string name
-- @treturn boolean
function compiled.has(name)
  return (select(2, compiled.run("command -v " .. name .. " >/dev/null")))
end

--- The library that hosts load.
-- @treturn string path
function compiled.library()
  return build_folder() .. "/libcmml.so"
end

-- A host of an instrumented library is instrumented, too.
local function instrumented()
  return os.getenv "ASAN_OPTIONS" and "-fsanitize=address,undefined" or ""
end

--- Compiles a host with `options` in front of its file, linked to the shared library or, if
-- `is_static`, to the other one; raises what the compiler says.
-- @tparam string path of the program
-- @tparam string command of the compiler with its options
-- @tparam string source one file, or several with spaces between
-- @tparam[opt] boolean is_static
function compiled.host(path, command, source, is_static)
  local build = build_folder()
  local so = compiled.library()
  local blas = compiled.run(("ldd '%s'"):format(so)):match "(/%S*blas%S*)"
  local library = is_static and ("'%s/libcmml.a' %s"):format(build, blas or "")
    or ("'%s' -Wl,-rpath,'%s'"):format(so, build)
  local text, ok = compiled.run(("%s -O1 -g -Wall -Wextra -Werror -Iinclude %s -o '%s' %s "
    .. "-x none %s -lm -pthread"):format(command, instrumented(), path, source, library))
  if not ok then
    error(text, 0)
  end
end

return compiled
