--- What the programs share that run two checkouts of the project beside one another: their words,
-- and how Lua finds the library of each. Nothing here loads the library.
local checkouts = {}

--- A word of a shell command.
-- @tparam string word
-- @treturn string
function checkouts.quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The interpreter that runs this.
local interpreter = 0
while arg[interpreter - 1] do
  interpreter = interpreter - 1
end
interpreter = arg[interpreter]

--- Ends the program with a message.
-- @tparam string message
function checkouts.fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(2, true)
end

--- What a shell command prints.
-- @tparam string command
-- @treturn string
-- @treturn boolean whether it ended well
function checkouts.output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  return text, pipe:close() == true
end

--- The text of a file; nil if it is not there.
-- @tparam string path
-- @treturn ?string
function checkouts.read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read "a"
  file:close()
  return text
end

local built_in = {} -- by absolute path of a checkout: where its core is

-- The absolute path of a built checkout, whose core is in a folder of its own: build, unless told.
local function root(path, build)
  local found = checkouts.output("cd -- " .. checkouts.quote(path) .. " 2>/dev/null && pwd")
  found = found:match "^[^\n]+"
  if not found or not checkouts.read(found .. "/bin/cmml") then
    checkouts.fail(path .. " is no checkout of the project")
  end
  build = build ~= "" and build or found .. "/build"
  if not checkouts.read(build .. "/cmml/core.so") then
    checkouts.fail(("%s is not built: there is no %s/cmml/core.so; run make there"):format(path,
      build))
  end
  built_in[found] = build
  return found
end

--- The words of a command line: OTHER [THIS], and options; --build says where the core of THIS is
-- (an absolute path).
-- @tparam table words
-- @tparam string usage
-- @tparam table known options by name: the value where it is not given, which has the type that is
-- wanted; of a table, each time that the option is given adds to it
-- @treturn table roots (the two checkouts as absolute paths, other first) and the options
function checkouts.parse(words, usage, known)
  local values, places, at = known, {}, 1
  values.build = ""
  while at <= #words do
    local name = words[at]:match "^%-%-(.+)$"
    if not name then
      places[#places + 1] = words[at]
    elseif name == "help" then
      print(usage)
      os.exit(0, true)
    else
      local word, old = words[at + 1], values[name]
      local value = type(old) == "number" and math.tointeger(tonumber(word)) or word
      if old == nil or value == nil or type(old) == "number" and (value == word or value < 1) then
        checkouts.fail(("--%s %s is not understood\n%s"):format(name, word or "", usage))
      elseif type(old) == "table" then
        old[#old + 1] = value
      else
        values[name] = value
      end
      at = at + 1
    end
    at = at + 1
  end
  if #places < 1 or #places > 2 then
    checkouts.fail(usage)
  end
  local this = places[2] or arg[0]:match "^(.*)/[^/]+/[^/]*$" or "."
  values.roots = { root(places[1], ""), root(this, values.build) }
  return values
end

--- The beginning of a shell command that runs Lua with the library of a checkout, and no other that
-- may be installed.
-- @tparam string path of the checkout
-- @treturn string
function checkouts.lua(path)
  local paths = ("%s/lua/?.lua;%s/lua/?/init.lua"):format(path, path)
  return ("env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH=%s LUA_CPATH=%s %s"):format(
    checkouts.quote(paths), checkouts.quote(built_in[path] .. "/?.so"),
    checkouts.quote(interpreter))
end

-- Not bin/cmml, which takes the core that lies in build and the interpreter that is on the PATH.
local script = package.searchpath("compare.cmml", package.path)
if script:sub(1, 1) ~= "/" then
  script = checkouts.output "pwd":match "^[^\n]+" .. "/" .. script
end

--- The beginning of a shell command that runs the command line of a checkout.
-- @tparam string path of the checkout
-- @treturn string
function checkouts.cmml(path)
  return checkouts.lua(path) .. " " .. checkouts.quote(script)
end

return checkouts
