-- What may stand where a file is expected: pipes that nobody writes to, devices without end,
-- folders, files of more bytes than there is memory. Each is refused; none is waited for or read
-- whole.
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("instead of a file", function()
  local root
  temporary.around(before_each, after_each, function(path)
    root = path
  end)

  -- The message of nil and a message.
  local function refused(part, f, ...)
    local result, message = f(...)
    assert.is_nil(result)
    assert(message:find(part, 1, true), message)
  end

  -- Makes something in the folder by a command of the shell, ODD its path; gives the path.
  local function made(command)
    local path = root .. "/odd"
    assert(os.execute((command:gsub("ODD", path))))
    return path
  end

  local rows = { delimiter = ",", columns = { { name = "a", kind = "integer" } } }

  it("a pipe that nobody writes to is refused by whatever reads a file alone", function()
    local pipe = made "mkfifo ODD"
    refused("it is a pipe", cmml.load, pipe)
    refused("it is a pipe", core.read_archive, pipe)
    refused("it is a pipe", core.read_file, pipe)
    refused("it is a pipe", cmml.vectors.load, pipe)
  end)

  it("a pipe that nobody writes to is given up where pipes are taken", function()
    refused("is a pipe that nobody has written to", core.read_table, made "mkfifo ODD", rows)
  end)

  it("a pipe is read to its end, also where its writer comes late or says nothing", function()
    local table = assert(core.read_table(made "mkfifo ODD; (sleep 0.2; seq 1 50000 >ODD) &", rows))
    assert.equal(50000, table.rows)
    table = assert(core.read_table(made "rm ODD; mkfifo ODD; (: >ODD) &", rows))
    assert.equal(0, table.rows)
  end)

  it("a device without end, or a folder, is refused", function()
    for _, path in ipairs { "/dev/zero", root } do
      local part = path == root and "it is a folder" or "it is neither a file nor a pipe"
      refused(part, cmml.load, path)
      refused(part, core.read_file, path)
      refused(part, core.read_file, path, true)
      refused(part, core.read_table, path, rows)
    end
  end)

  it("a file of more bytes than there is memory is judged by its beginning", function()
    local sparse = made "truncate -s 1T ODD"
    local before = core.memory().peak
    refused("not a safetensors file", cmml.load, sparse)
    assert.is_true(core.memory().peak - before < 1e6)
    local file = assert(io.open(sparse, "r+b"))
    file:write(("<I8"):pack(20), '{"a": {"dtype": "F3"')
    file:close()
    local ok, message = pcall(core.read_archive, sparse)
    assert(not ok or not message, "1 TB was read")
  end)

  it("a model file is refused by its header, whatever its numbers are", function()
    local path = root .. "/model.safetensors"
    local header = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    local function write(text, numbers)
      assert(core.write_file(path, ("<I8"):pack(#text) .. text .. numbers))
    end
    for _, wrong in ipairs { (header:gsub("8%]", "9]")), (header:gsub("F32", "F64")) } do
      write(wrong, ("\0"):rep(8))
      refused(path, core.read_archive, path)
    end
    write(header, ("<ff"):pack(1, 2))
    assert.equal(1, #assert(core.read_archive(path)).tensors)
    write(header, ("\0"):rep(7))
    refused("is truncated", core.read_archive, path)
  end)
end)
