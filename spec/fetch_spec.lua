-- Fetching, without a network: archives made here, served as files or by a local web server.
local fetching = require "spec.support.fetching"
local output, quote = fetching.output, fetching.quote
local read, write = fetching.read, fetching.write

local good = fetching.good
local good_archive = fetching.archive(good)

describe("fetch", function()
  local root, out
  local programs = fetching.programs()

  local function only(...)
    local list = { mkdir = programs.mkdir, rm = programs.rm }
    for _, name in ipairs { ... } do
      list[name] = programs[name]
    end
    return list
  end

  local function fetch(options)
    return fetching.fetch(root, options)
  end

  local function served(text)
    write(root .. "/served.zip", text)
    return { url = "file://" .. root .. "/served.zip", yes = true, out = out,
      md5 = fetching.md5(root .. "/served.zip") }
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
    for line in log:sub(1, began - 1):gmatch "[^\n]+" do
      assert.is_true(#line <= 80, line)
    end

    os.remove(root .. "/served.zip")
    folder, message, log = fetch(options)
    assert.equal(out .. "/ml-1m", folder, message)
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
    list.curl = ([[#!/bin/sh
      for word; do [ "$before" = --output ] && to=$word; before=$word; done
      %s -c 1000 %s >"$to"
      echo 'curl: (18) 99 bytes missing' >&2
      exit 18
    ]]):format(output "command -v head", quote(root .. "/served.zip"))
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
      -- Of the programs that may do the work, those that this machine has are tried.
      local test = programs.curl and programs[sum] and programs[unpack] and it or function() end
      test(("works with %s and %s"):format(sum, unpack), function()
        local options = served(good_archive)
        options.programs = only("curl", sum, unpack)
        local folder, message = fetch(options)
        assert.equal(out .. "/ml-1m", folder, message)
        assert_whole()
      end)
    end
  end

  for _, get in ipairs { "curl", "wget" } do
    local test = programs.python3 and programs[get] and it or function() end
    test(("works with %s and a web server that cannot go on"):format(get), function()
      local options = served(good_archive)
      local address = fetching.serve(root, programs.python3,
        "-u -m http.server 0 --bind 127.0.0.1 --directory " .. quote(root), finally)
      options.url = address .. "/served.zip"
      options.programs = only(get, "md5sum", "unzip", "bsdtar")
      options.programs.python3 = programs.python3
      assert(os.execute("mkdir " .. quote(out)))
      write(out .. "/ml-1m.zip.part", good_archive:sub(1, 5000))
      local folder, message = fetch(options)
      local lost = { url = options.url .. "x", md5 = options.md5, out = root .. "/lost", yes = true,
        programs = options.programs }
      local nothing, reason = fetch(lost)
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
