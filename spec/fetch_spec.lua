-- Fetching, without a network: archives made here, served as files or by a local web server. Every
-- fetch runs in a process of its own, which sees only the programs that a case gives it.
local zip = require "cmml.zip"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local text = pipe:read "a"
  pipe:close()
  return (text:gsub("%s+$", ""))
end

-- The sanitizers' libraries are for the core alone; here only other people's programs run.
local function clean(command)
  return "env -u LD_PRELOAD " .. command
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
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

-- A zip archive of {name, text, mode = of Unix, claims = the size that the directory gives}.
local function archive(entries)
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

local ratings = ("1::1193::5::978300760\n"):rep(2000)
local good = {
  { "ml-1m/README", "a set\n" }, { "ml-1m/ratings.dat", ratings },
  { "ml-1m/users.dat", "1::F::1::10::48067\n" }, { "ml-1m/movies.dat", "1193::A Film (1999)::War\n" },
}
local good_archive = archive(good)

describe("fetch", function()
  local root, out, lua, programs

  -- A folder with exactly these programs: paths of real ones, or the text of a shell script.
  local function path_of(list)
    local folder = root .. "/bin" .. #output("ls " .. quote(root))
    assert(os.execute("mkdir " .. quote(folder)))
    for name, what in pairs(list) do
      write(folder .. "/" .. name, what:find "^#!" and what
        or ("#!/bin/sh\nexec %s \"$@\"\n"):format(quote(what)))
    end
    os.execute("chmod 755 " .. quote(folder) .. "/* 2>/dev/null")
    return folder
  end

  local function only(...)
    local list = { mkdir = programs.mkdir, rm = programs.rm }
    for _, name in ipairs { ... } do
      list[name] = programs[name]
    end
    return list
  end

  -- The folder or nil, the message, and everything that was logged.
  local function fetch(options)
    local list = {}
    for key, value in pairs(options) do
      if key ~= "programs" then
        list[#list + 1] = ("%s = %q"):format(key, value)
      end
    end
    write(root .. "/run.lua", ([[
      package.path = "./lua/?.lua"
      local path, message = require "cmml.fetch".run { progress = false, %s }
      io.write(tostring(path), "\n", tostring(message), "\n")]]):format(table.concat(list, ", ")))
    local path = options.programs and path_of(options.programs) or os.getenv "PATH"
    local command = ("PATH=%s %s %s </dev/null 2>%s"):format(quote(path), quote(lua),
      quote(root .. "/run.lua"), quote(root .. "/log"))
    local pipe = assert(io.popen(clean(command)))
    local folder, message = pipe:read("l", "a")
    local log = read(root .. "/log")
    assert(pipe:close(), log)
    return folder ~= "nil" and folder or nil, message:gsub("\n$", ""), log
  end

  local function served(text)
    write(root .. "/served.zip", text)
    return { url = "file://" .. root .. "/served.zip", yes = true, out = out,
      md5 = output(clean("md5sum <" .. quote(root .. "/served.zip"))):sub(1, 32) }
  end

  local function contents()
    return output("ls -A " .. quote(out))
  end

  local function assert_whole()
    assert.equal("ml-1m", contents())
    for _, entry in ipairs(good) do
      assert.equal(entry[2], read(out .. "/" .. entry[1]))
    end
  end

  setup(function()
    lua = output "command -v lua5.4"
    programs = {}
    for _, name in ipairs { "curl", "wget", "md5sum", "openssl", "unzip", "bsdtar", "mkdir", "rm" } do
      local path = output("command -v " .. name)
      programs[name] = path ~= "" and path or nil
    end
    local python = output(clean "python3 -c 'import sys; print(sys.executable)'")
    programs.python3 = python ~= "" and python or nil
  end)

  before_each(function()
    root = output "mktemp -d"
    assert(#root > 1)
    out = root .. "/out"
  end)

  after_each(function()
    os.execute("rm -rf " .. quote(root))
  end)

  it("brings the set, after the conditions, and does nothing the second time", function()
    out = root .. "/a folder's $(touch " .. root .. "/oops) `name`"
    local options = served(good_archive)
    local folder, message, log = fetch(options)
    assert.equal(out .. "/ml-1m", folder, message)
    assert_whole()
    assert.is_nil(read(root .. "/oops"))
    local shown, began = log:find("Harper", 1, true), log:find("downloading", 1, true)
    assert.truthy(shown and began and shown < began, log)
    assert.truthy(log:find("may not be redistributed", 1, true))

    os.remove(root .. "/served.zip")
    folder, _, log = fetch(options)
    assert.equal(out .. "/ml-1m", folder)
    assert.truthy(log:find("already", 1, true), log)
  end)

  it("needs the conditions to be accepted", function()
    local options = served(good_archive)
    options.yes = nil
    local folder, message, log = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find("--yes", 1, true), message)
    assert.truthy(log:find("Harper", 1, true), log)
    assert.equal("", contents())
  end)

  it("removes what has another checksum", function()
    local options = served(good_archive)
    options.md5 = ("0123456789abcdef"):rep(2)
    local folder, message = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find(options.md5, 1, true), message)
    assert.truthy(message:find("removed", 1, true), message)
    assert.equal("", contents())
  end)

  it("goes on where an earlier download ended", function()
    local options = served(good_archive)
    local half = #good_archive // 2
    -- The beginning is no longer to be had: only who goes on can succeed.
    write(root .. "/served.zip", ("x"):rep(half) .. good_archive:sub(half + 1))
    assert(os.execute("mkdir " .. quote(out)))
    write(out .. "/ml-1m.zip.part", good_archive:sub(1, half))
    local folder, message = fetch(options)
    assert.equal(out .. "/ml-1m", folder, message)
    assert_whole()
  end)

  it("uses an archive that is complete without asking for it again", function()
    local options = served(good_archive)
    os.remove(root .. "/served.zip")
    assert(os.execute("mkdir " .. quote(out)))
    write(out .. "/ml-1m.zip.part", good_archive)
    local folder, message = fetch(options)
    assert.equal(out .. "/ml-1m", folder, message)
    assert_whole()
  end)

  it("begins again if what was left does not fit", function()
    for _, left in ipairs { "rubbish", ("x"):rep(#good_archive), ("x"):rep(#good_archive + 99) } do
      local options = served(good_archive)
      assert(os.execute("mkdir " .. quote(out)))
      write(out .. "/ml-1m.zip.part", left)
      local folder, message = fetch(options)
      assert.equal(out .. "/ml-1m", folder, message)
      assert_whole()
      assert(os.execute("rm -r " .. quote(out)))
    end
  end)

  it("keeps what it has when the connection breaks off", function()
    local options = served(good_archive)
    local list = only("md5sum", "unzip", "bsdtar", "python3")
    list.curl = ("#!/bin/sh\nfor last; do [ \"$before\" = --output ] && to=$last; before=$last; done\n"
      .. "%s -c 1000 %s >\"$to\"\necho 'curl: (18) 99 bytes missing' >&2\nexit 18\n"):format(
      output "command -v head", quote(root .. "/served.zip"))
    options.programs = list
    local folder, message = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find("99 bytes missing", 1, true), message)
    assert.truthy(message:find("1000 bytes are kept", 1, true), message)
    assert.equal("ml-1m.zip.part", contents())
    options.programs = nil
    folder, message = fetch(options)
    assert.equal(out .. "/ml-1m", folder, message)
    assert_whole()
  end)

  it("names the packages of programs that are missing", function()
    local options = served(good_archive)
    options.programs = {}
    local folder, message = fetch(options)
    assert.is_nil(folder)
    for _, package in ipairs { "curl", "wget", "coreutils", "unzip" } do
      assert.truthy(message:find(package, 1, true), message)
    end
    options.programs = only("md5sum", "curl")
    folder, message = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find("unzip", 1, true), message)
    assert.is_nil(message:find("wget", 1, true), message)
    assert.equal("", contents())
  end)

  for _, sum in ipairs { "md5sum", "openssl" } do
    for _, unpack in ipairs { "unzip", "bsdtar", "python3" } do
      it(("works with %s and %s"):format(sum, unpack), function()
        if not (programs.curl and programs[sum] and programs[unpack]) then
          return pending "not installed"
        end
        local options = served(good_archive)
        options.programs = only("curl", sum, unpack)
        local folder, message = fetch(options)
        assert.equal(out .. "/ml-1m", folder, message)
        assert_whole()
      end)
    end
  end

  for _, get in ipairs { "curl", "wget" } do
    it(("works with %s and a web server that cannot go on"):format(get), function()
      if not (programs.python3 and programs[get]) then
        return pending "not installed"
      end
      local options = served(good_archive)
      local server = output(clean(("%s -u -m http.server 0 --bind 127.0.0.1 --directory %s >%s 2>&1 "
        .. "</dev/null & echo $!"):format(quote(programs.python3), quote(root),
        quote(root .. "/server"))))
      local port
      for _ = 1, 100 do
        port = read(root .. "/server"):match "port (%d+)"
        if port then
          break
        end
        os.execute "sleep 0.1"
      end
      options.url = ("http://127.0.0.1:%s/served.zip"):format(port)
      options.programs = only(get, "md5sum", "unzip", "bsdtar")
      options.programs.python3 = programs.python3
      assert(os.execute("mkdir " .. quote(out)))
      write(out .. "/ml-1m.zip.part", good_archive:sub(1, 5000))
      local folder, message = fetch(options)
      local lost = { url = options.url .. "x", md5 = options.md5, out = root .. "/lost", yes = true,
        programs = options.programs }
      local nothing, reason = fetch(lost)
      os.execute("kill " .. server)
      assert.equal(out .. "/ml-1m", folder, message)
      assert_whole()
      assert.is_nil(nothing)
      assert.truthy(reason:find("404", 1, true), reason)
      assert.equal("", output("ls -A " .. quote(root .. "/lost")))
    end)
  end

  it("says so if the folder cannot be made, or is there without the set", function()
    local options = served(good_archive)
    options.out = root .. "/served.zip/below"
    local folder, message = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find("served.zip", 1, true), message)
    options.out = out
    assert(os.execute("mkdir -p " .. quote(out .. "/ml-1m")))
    write(out .. "/ml-1m/notes", "mine\n")
    folder, message = fetch(options)
    assert.is_nil(folder)
    assert.truthy(message:find("ratings.dat", 1, true), message)
    assert.equal("mine\n", read(out .. "/ml-1m/notes"))
  end)

end)
