-- Outputs are held and checked: one run at a time writes into a folder, a write that fails is told,
-- links stay links, and what is no file is not replaced by one.
local child = require "spec.support.child"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local _, how, code = pipe:close()
  return text, how == "exit" and code or how
end

describe("a folder of a run", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("is held from the beginning, by one at a time", function()
    local path = folder .. "/a/run"
    local held = assert(core.hold_folder(path))
    assert.is_true(core.exists(path))
    refused.with_message(path .. " is in use: another run writes into it", core.hold_folder, path)
    local said = output(child.line("spec/support/hold.lua", path) .. " 2>&1")
    assert.truthy(said:find("is in use", 1, true), said)
    held:close()
    held:close()
    local again <close> = assert(core.hold_folder(path .. "/"))
    assert.is_true(core.exists(path))
    assert.truthy(tostring(again))
  end)

  it("that was made for nothing is removed, but nothing that holds a file", function()
    core.hold_folder(folder .. "/new"):close()
    assert.is_false(core.exists(folder .. "/new"))
    local held = assert(core.hold_folder(folder .. "/new"))
    assert(core.write_file(folder .. "/new/x", "1"))
    held:close()
    assert.equal("x\n", output("ls -A '" .. folder .. "/new'"))
    assert(core.mkdir(folder .. "/empty"))
    core.hold_folder(folder .. "/empty"):close()
    assert.is_true(core.exists(folder .. "/empty"))
  end)

  it("is let go when what holds it is collected, or its process is killed", function()
    local held = assert(core.hold_folder(folder))
    assert.truthy(held)
    held = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    local pipe = assert(io.popen(("{ echo $$; exec %s; } 2>&1"):format(
      child.line("spec/support/hold.lua", folder, "60"))))
    local pid = assert(math.tointeger(pipe:read "n"))
    assert.equal("", pipe:read "l")
    assert.equal("held", pipe:read "l")
    refused.with_message("is in use", core.hold_folder, folder)
    assert(os.execute("kill -9 " .. pid))
    pipe:close()
    local again <close> = assert(core.hold_folder(folder))
    assert.truthy(again)
  end)

  it("says why it cannot be held", function()
    assert(core.write_file(folder .. "/file", ""))
    refused.with_message("cannot make folder " .. folder .. "/file: Not a directory",
      core.hold_folder, folder .. "/file")
    assert(os.execute(("ln -s nowhere '%s/.lock'"):format(folder)))
    refused.with_message("cannot write into " .. folder, core.hold_folder, folder)
    assert.is_false(core.exists(folder .. "/nowhere"))
    assert.has_error(function()
      core.hold_folder ""
    end)
  end)

  it("takes one training: the second is refused, and the first saves its model", function()
    local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
    local model = cmml.cmml(data.catalogue, people.small(1))
    local out, message = folder .. "/run", nil
    local function train(options)
      options.epochs, options.out = 2, out
      return cmml.train(model, data, people.training(options))
    end
    local result = train { on_epoch = function()
      local ok
      ok, message = pcall(train, {})
      assert.is_false(ok)
    end }
    assert.truthy(message:find("train: " .. out .. " is in use: another run writes into it; give "
      .. "another folder", 1, true), message)
    assert.equal(2, result.epoch)
    assert.equal("best.safetensors\nlast.safetensors\nlog.csv\n", output("ls -A '" .. out .. "'"))
    refused.with_text("holds a run already", train, {})
    assert.equal(2, train({ resume = true }).epoch)
  end)

  it("that holds a model, however that learnt, is left as it is", function()
    local out = folder .. "/fitted"
    local function train(...)
      return output(child.line("spec/support/cmml.lua", "train", "--data", "data/made", "--out",
        out, "--quiet", ...) .. " 2>&1")
    end
    local said, code = train "--model=item_mean"
    assert.equal(0, code, said)
    local before = core.read_file(out .. "/best.safetensors")
    for _, kind in ipairs { "item_mean", "global_mean", "cmml" } do
      said, code = train("--model", kind, kind == "cmml" and "--epochs=1" or nil)
      assert.equal("cmml: train: " .. out .. " holds a model already: give another folder, or "
        .. "remove it\n", said)
      assert.equal(1, code)
      assert.equal(before, core.read_file(out .. "/best.safetensors"))
    end
    assert.equal("best.safetensors\n", output("ls -A '" .. out .. "'"))
  end)

  it("is the folder of experiments and tuning, too", function()
    local out = folder .. "/table"
    local held <close> = assert(core.hold_folder(out))
    assert.truthy(held)
    refused.with_text("experiment: " .. out .. " is in use", cmml.experiment, { out = out,
      data = "data/made", seeds = 1, epochs = 1, quiet = true, rows = {
        { row = "mean", kind = "item_mean" } } })
    refused.with_text("tune: " .. out .. " is in use", cmml.tune, { out = out, trials = 1,
      data = "data/made", epochs = 1, quiet = true, space = { lr = { 0.01 } } })
    assert.equal(".lock\n", output("ls -A '" .. out .. "'"))
  end)

  it("is held by the command line before data are read, and left as it was", function()
    local out = folder .. "/run"
    local command = child.line("spec/support/cmml.lua",
      "train", "--data", "data/made", "--out", out, "--epochs", "0") .. " 2>&1"
    do
      local held <close> = assert(core.hold_folder(out))
      assert.truthy(held)
      local said, code = output(command)
      assert.equal("cmml: train: " .. out .. " is in use: another run writes into it; give another "
        .. "folder, or wait until it has ended\n", said)
      assert.equal(1, code)
    end
    local said, code = output(command)
    assert.truthy(said:find("no epoch was run", 1, true), said)
    assert.equal(1, code)
    assert.is_false(core.exists(out))
  end)
end)

describe("standard output", function()
  local function run(words, where)
    return output(child.line("spec/support/cmml.lua", table.unpack(words)) .. " 2>&1 " .. where)
  end

  it("that cannot be written ends every command with a message and a status", function()
    local page = "\ncmml: cannot write standard output: No space left on device\n"
    for _, words in ipairs { { "--version" }, { "help" }, { "--help" }, { "train", "--help-all" },
      { "info", "--model", "spec/files_of_format_1/users_item_mean.safetensors" } } do
      local said, code = run(words, ">/dev/full")
      assert.equal(page:sub(2), said, words[1])
      assert.equal(1, code, words[1])
      said, code = run(words, ">&-")
      assert.equal("cmml: cannot write standard output: Bad file descriptor\n", said)
      assert.equal(1, code)
      said = output(("trap '' PIPE; { { sleep 0.2; %s 2>&3; echo $? >&3; } | true; } 3>&1")
        :format(child.line("spec/support/cmml.lua", table.unpack(words))))
      assert.equal("cmml: cannot write standard output: Broken pipe\n1\n", said)
    end
    local said, code = run({ "nonsense" }, ">/dev/full")
    assert.truthy(said:find("unknown command nonsense", 1, true), said)
    assert.equal(2, code)
  end)

  it("is checked for what commands of one's own print", function()
    for _, way in ipairs { "print 'x'", "io.write 'x'", "io.write(('x'):rep(1000000))" } do
      local said, code = output(child.line("spec/support/printing.lua", way)
        .. " 2>&1 >/dev/full")
      assert.truthy(said:find "^cmml: cannot write standard output: ", said)
      assert.equal(1, code)
    end
  end)
end)

describe("a path that is a link", function()
  local folder

  before_each(function()
    folder = temporary.folder()
    assert(core.mkdir(folder .. "/there"))
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function link(target, name)
    assert(os.execute(("ln -s '%s' '%s/%s'"):format(target, folder, name)))
  end

  local function listing(name)
    return output(("ls -A '%s/%s'"):format(folder, name or ""))
  end

  local function is_link(name)
    return os.execute(("test -h '%s/%s'"):format(folder, name))
  end

  it("stays one: what it leads to is replaced, at once and whole", function()
    assert(core.write_file(folder .. "/there/file", "old"))
    link("there/file", "one")
    link(folder .. "/one", "two")
    assert(os.execute(("chmod 640 '%s/there/file'"):format(folder)))
    assert(core.write_file(folder .. "/two", "new"))
    assert.equal("new", core.read_file(folder .. "/there/file"))
    assert.truthy(is_link "one" and is_link "two")
    assert.equal("file\n", listing "there")
    assert.equal("one\nthere\ntwo\n", listing())
    assert.equal("640\n", output(("stat -c %%a '%s/there/file'"):format(folder)))
    assert(core.write_archive(folder .. "/two", { { name = "x", value = core.tensor { 1 } } }))
    assert.truthy(core.read_archive(folder .. "/there/file"))
    assert.truthy(is_link "two")
  end)

  it("may lead to a file that is not there yet, but not in circles", function()
    link("there/new", "one")
    assert(core.write_file(folder .. "/one", "new"))
    assert.equal("new", core.read_file(folder .. "/there/new"))
    assert.truthy(is_link "one")
    link("nowhere/new", "lost")
    refused.with_message("cannot write " .. folder .. "/lost: No such file", core.write_file,
      folder .. "/lost", "")
    link("circle", "circle")
    refused.with_message("cannot write " .. folder .. "/circle: Too many levels", core.write_file,
      folder .. "/circle", "")
  end)

  it("is refused where it leads to what is no file", function()
    link("there", "folder")
    refused.with_message("/folder: it leads to a folder", core.write_file, folder .. "/folder", "")
    assert(os.execute(("mkfifo '%s/there/pipe'"):format(folder)))
    link("there/pipe", "pipe")
    refused.with_message("/pipe: it leads to a pipe", core.write_file, folder .. "/pipe", "")
    refused.with_message("/pipe: it is a pipe", core.write_file, folder .. "/there/pipe", "")
    assert.equal("folder\npipe\nthere\n", listing())
    assert.equal("pipe\n", listing "there")
  end)

  -- Devices are left to a user who could not replace them.
  it("is refused where it leads to a device", function()
    local user = output "id -u" == "0\n" and "setpriv --reuid=65534 --regid=65534 --clear-groups "
      or ""
    if user ~= "" and not os.execute "command -v setpriv >/dev/null" then
      return pending "setpriv is not installed"
    end
    assert(os.execute(("chmod -R 777 '%s'"):format(folder)))
    link("/dev/null", "null")
    link("null", "further")
    for path, message in pairs { [folder .. "/null"] = "leads to a device",
      [folder .. "/further"] = "leads to a device", ["/dev/null"] = "is a device" } do
      local said = output(user .. child.line("spec/support/write.lua", path) .. " 2>&1")
      assert.equal(("cannot write %s: it %s\n"):format(path, message), said)
    end
    local said = output(user .. child.line("spec/support/write.lua", "/dev/stdout")
      .. " 2>&1 | cat")
    assert.equal("cannot write /dev/stdout: it leads to a pipe\n", said)
    local deleted = folder .. "/deleted"
    said = output(("exec 3>'%s'; rm '%s'; %s%s 2>&1"):format(deleted, deleted, user,
      child.line("spec/support/write.lua", "/dev/fd/3")))
    assert.equal("cannot write /dev/fd/3: it leads to an open file without a name\n", said)
    assert.equal("further\nnull\nthere\n", listing())
  end)
end)
