-- What the specs of fetching share: archives made by hand, and fetches that run in a process of
-- their own, which sees only the programs that a case gives it.
local interpreter = require "spec.support.interpreter"
local fetching = {}

--- A text as one word of a shell command.
function fetching.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end
local quote = fetching.quote

--- What a command wrote, without errors and space at the end.
function fetching.output(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local text = pipe:read "a"
  pipe:close()
  return (text:gsub("%s+$", ""))
end
local output = fetching.output

--- A command without the sanitizers' libraries: they are for the core alone, and these programs are
-- other people's.
function fetching.clean(command)
  return "env -u LD_PRELOAD " .. command
end
local clean = fetching.clean

--- Writes a file.
function fetching.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end
local write = fetching.write

--- The text of a file, nil if there is none.
function fetching.read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

local function crc32(text)
  local crc = 0xFFFFFFFF
  for i = 1, #text do
    crc = crc ~ text:byte(i)
    for _ = 1, 8 do
      crc = crc >> 1 ~ (crc & 1) * 0xEDB88320
    end
  end
  return crc ~ 0xFFFFFFFF
end

--- A zip archive of {name, text, mode = of Unix, claims = the size that the directory gives}.
function fetching.archive(entries)
  local bodies, directory, offset = {}, {}, 0
  for i, entry in ipairs(entries) do
    local name, text = entry[1], entry[2]
    local common = ("<I2I2I2I2I2I4I4I4I2I2"):pack(20, 0, 0, 0, 33, crc32(text), #text,
      entry.claims or #text, #name, 0)
    bodies[i] = "PK\3\4" .. common .. name .. text
    directory[i] = "PK\1\2" .. ("<I2"):pack(3 << 8 | 20) .. common .. ("<I2I2I2I4I4"):pack(0, 0, 0,
      (entry.mode or 33188) << 16, offset) .. name
    offset = offset + #bodies[i]
  end
  local list = table.concat(directory)
  return table.concat(bodies) .. list .. "PK\5\6" .. ("<I2I2I2I2I4I4I2"):pack(0, 0, #entries,
    #entries, #list, offset, 0)
end

--- The entries of an archive that is as it should be.
fetching.good = {
  { "ml-1m/README", "a set\n" }, { "ml-1m/ratings.dat", ("1::1193::5::978300760\n"):rep(2000) },
  { "ml-1m/users.dat", "1::F::1::10::48067\n" },
  { "ml-1m/movies.dat", "1193::A Film (1999)::War\n" },
}

--- The MD5 sum of a file.
function fetching.md5(path)
  return output(clean("md5sum <" .. quote(path))):sub(1, 32)
end

--- Where the programs are that a fetch may use; nil for those that are not installed.
function fetching.programs()
  local programs = {}
  for _, name in ipairs { "curl", "wget", "md5sum", "openssl", "unzip", "bsdtar", "mkdir", "rm" } do
    local path = output("command -v " .. name)
    programs[name] = path ~= "" and path or nil
  end
  local python = output(clean "python3 -c 'import sys; print(sys.executable)'")
  programs.python3 = python ~= "" and python or nil
  return programs
end

--- Starts a web server on a free port of this machine; it is ended with the test.
-- @tparam string root a folder for what it writes
-- @tparam string python the program
-- @tparam string words of Python that start a server and print "port" and its number
-- @tparam function finally that of busted
-- @treturn string its address, without a path
function fetching.serve(root, python, words, finally)
  local server = output(clean(("%s %s >%s 2>&1 </dev/null & echo $!"):format(quote(python), words,
    quote(root .. "/server"))))
  finally(function()
    os.execute("kill " .. server)
  end)
  for _ = 1, 100 do
    local port = (fetching.read(root .. "/server") or ""):match "port (%d+)"
    if port then
      return "http://127.0.0.1:" .. port
    end
    os.execute "sleep 0.1"
  end
  error("no web server was started: " .. tostring(fetching.read(root .. "/server")))
end

-- A folder with exactly these programs: paths of real ones, or the text of a shell script.
local function folder_of(programs)
  local folder = output "mktemp -d"
  for name, what in pairs(programs) do
    write(folder .. "/" .. name, what:find "^#!" and what
      or ("#!/bin/sh\nunset LD_PRELOAD\nexec %s \"$@\"\n"):format(quote(what)))
  end
  os.execute("chmod 755 " .. quote(folder) .. "/* 2>/dev/null")
  return folder
end

--- Runs a fetch.
-- @tparam string root a folder for this case
-- @tparam table options those of fetch.run, and programs (by name: a path or a script; all if nil)
-- @treturn ?string the folder
-- @treturn string the message, "nil" if there is none
-- @treturn string everything that was logged
function fetching.fetch(root, options)
  local list = {}
  for key, value in pairs(options) do
    if key ~= "programs" then
      list[#list + 1] = ("%s = %q"):format(key, value)
    end
  end
  write(root .. "/run.lua", ([[
    package.path = "./lua/?.lua"
    local path, message = require "cmml.fetch.fetch".run { progress = false, %s }
    io.write(tostring(path), "\n", tostring(message), "\n")]]):format(table.concat(list, ", ")))
  local path = options.programs and folder_of(options.programs)
  -- The core is loaded there: under the sanitizers their runtimes must be, too.
  local pipe = assert(io.popen(("PATH=%s %s %s </dev/null 2>%s"):format(
    quote(path or os.getenv "PATH"), quote(output("command -v " .. interpreter)),
    quote(root .. "/run.lua"),
    quote(root .. "/log"))))
  local folder, message = pipe:read("l", "a")
  local ok = pipe:close()
  local log = fetching.read(root .. "/log")
  if path then
    os.execute("rm -r " .. quote(path))
  end
  assert(ok, log)
  return folder ~= "nil" and folder or nil, (message:gsub("\n$", "")), log
end

return fetching
