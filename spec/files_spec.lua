-- Files, folders, the clock and the terminal.
local core = require "cmml.core"
local interpreter = require "spec.support.interpreter"
local temporary = require "spec.support.temporary"

local function contains(message, part)
  assert.truthy(message and message:find(part, 1, true), message)
end

local function listing(folder)
  local pipe = assert(io.popen("ls -A '" .. folder .. "'"))
  local text = pipe:read "a"
  pipe:close()
  return text
end

describe("files", function()
  local root
  temporary.around(before_each, after_each, function(path)
    root = path
  end)

  it("makes folders with their parents, and again without harm", function()
    assert.is_true(core.mkdir(root .. "/a/b//c/"))
    assert.is_true(core.mkdir(root .. "/a/b/c"))
    assert.is_true(core.exists(root .. "/a/b/c"))
    assert.is_false(core.exists(root .. "/a/x"))
    assert(core.write_file(root .. "/f", ""))
    local made, message = core.mkdir(root .. "/f/g")
    assert.is_nil(made)
    contains(message, "cannot make folder " .. root .. "/f: Not a directory")
  end)

  it("writes and reads bytes as they are", function()
    local bytes = ("\0\r\n\xFF"):rep(100000)
    for _, text in ipairs { "", "x", bytes } do
      assert.is_true(core.write_file(root .. "/f", text))
      assert.equal(text, core.read_file(root .. "/f"))
      local file = assert(io.open(root .. "/f", "rb"))
      assert.equal(text, file:read "a")
      file:close()
    end
    assert.equal("f\n", listing(root))
  end)

  it("lists what a folder has", function()
    assert.same({}, core.list_folder(root))
    local names = { ".hidden", "a b", "folder", ("long"):rep(60), "\xC3\xA9" }
    for _, name in ipairs(names) do
      assert(name == "folder" and core.mkdir(root .. "/folder")
        or core.write_file(root .. "/" .. name, ""))
    end
    local found = core.list_folder(root)
    require("cmml.base.plain").sort(found)
    assert.same(names, found)
    for path, part in pairs { ["/folder/none"] = "No such file", ["/a b"] = "Not a directory" } do
      local list, message = core.list_folder(root .. path)
      assert.is_nil(list)
      contains(message, "cannot read the folder " .. root .. path)
      contains(message, part)
    end
  end)

  it("keeps the mode of a file that it replaces", function()
    assert(core.write_file(root .. "/f", "1"))
    os.execute("chmod 640 '" .. root .. "/f'")
    assert(core.write_file(root .. "/f", "2"))
    local pipe = assert(io.popen("stat -c %a '" .. root .. "/f'"))
    assert.equal("640", pipe:read "l")
    pipe:close()
  end)

  it("says why it cannot read or write", function()
    local function fails(part, name, ...)
      local result, message = core[name](...)
      assert.is_nil(result)
      contains(message, part)
    end
    fails("cannot open " .. root .. "/x: No such file", "read_file", root .. "/x")
    fails("it is a folder", "read_file", root)
    fails("it is neither a file nor a pipe", "read_file", "/dev/zero")
    fails("cannot write " .. root .. "/x/y: No such file", "write_file", root .. "/x/y", "")
    fails("it is a folder", "write_file", root, "")
    fails("it is a folder", "write_file", "/dev", "")
    fails("cannot remove " .. root .. "/x: No such file", "remove_file", root .. "/x")
    assert.has_error(function()
      core.read_file "a\0b"
    end)
    assert.has_error(function()
      core.write_file("", "x")
    end)
  end)

  it("removes a file", function()
    assert(core.write_file(root .. "/f", "1"))
    assert.is_true(core.remove_file(root .. "/f"))
    assert.is_false(core.exists(root .. "/f"))
  end)

  it("leaves the old file, and nothing else, when the disk is full", function()
    assert(core.write_file(root .. "/f", "old"))
    -- A limit on the size of files stands for a full disk: writing stops part of the way.
    local script = ([[
      package.cpath = %q
      local made, message = require "cmml.core".write_file(%q, ("x"):rep(1 << 20))
      io.write(tostring(made), " ", tostring(message))
    ]]):format(package.cpath, root .. "/f")
    local program = os.tmpname()
    local file = assert(io.open(program, "w"))
    file:write(script)
    file:close()
    local pipe = assert(io.popen("trap '' XFSZ; ulimit -f 64; " .. interpreter .. " '" .. program
      .. "' 2>&1"))
    local said = pipe:read "a"
    pipe:close()
    os.remove(program)
    contains(said, "nil cannot write " .. root .. "/f: File too large")
    assert.equal("old", core.read_file(root .. "/f"))
    assert.equal("f\n", listing(root))
  end)

  it("removes what a killed writer left, but no file in use and nothing behind a link", function()
    local function make(name, text)
      local file = assert(io.open(root .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    make("f.tmp-0", "left")
    assert(core.write_file(root .. "/f", "1"))
    assert.equal("f\n", listing(root))
    -- A lock stands for another writer that is at it.
    local other = assert(io.popen(("flock '%s/f.tmp-0' sh -c ': >%s/held; read _'"):format(root,
      root), "w"))
    while not core.exists(root .. "/held") do
      os.execute "sleep 0.01"
    end
    assert(core.write_file(root .. "/f", "2"))
    assert.equal("f\nf.tmp-0\nheld\n", listing(root))
    other:close()
    os.remove(root .. "/held")
    assert(core.write_file(root .. "/f", "3"))
    assert.equal("f\n", listing(root))
    make("precious", "kept")
    os.execute(("ln -s precious '%s/f.tmp-0'; ln '%s/precious' '%s/f.tmp-1'"):format(root, root,
      root))
    assert(core.write_file(root .. "/f", "4"))
    assert.equal("4", core.read_file(root .. "/f"))
    assert.equal("kept", core.read_file(root .. "/precious"))
  end)

  it("reads a pipe to its end", function()
    os.execute("mkfifo '" .. root .. "/p'; (seq 1 20000 > '" .. root .. "/p') &")
    assert.equal(108894, #core.read_file(root .. "/p", true))
  end)
end)

describe("clock", function()
  it("never goes back and counts seconds", function()
    local start = core.clock()
    os.execute "sleep 0.05"
    local spent = core.clock() - start
    assert.truthy(spent >= 0.05 and spent < 5, spent)
  end)
end)

describe("terminal", function()
  it("has the width that it says", function()
    local program = os.tmpname()
    local file = assert(io.open(program, "w"))
    file:write(('package.cpath = %q; io.write(require "cmml.core".terminal())'):format(
      package.cpath))
    file:close()
    for columns, expected in pairs { [132] = "132", [0] = "80" } do
      local pipe = assert(io.popen(("script -qec 'stty cols %d; %s %s' /dev/null </dev/null")
        :format(columns, interpreter, program)))
      assert.equal(expected, (pipe:read "a":match "%d+"))
      pipe:close()
    end
    os.remove(program)
  end)

  it("is none in a pipe or a file", function()
    local script = 'package.cpath = %q; io.write(tostring(require "cmml.core".terminal()))'
    local command = ("%s -e '%s'"):format(interpreter, script:format(package.cpath))
    local pipe = assert(io.popen(command))
    assert.equal("nil", pipe:read "a")
    pipe:close()
  end)

  it("knows three streams only", function()
    assert.has_error(function()
      core.terminal "stdprn"
    end)
  end)
end)
