-- Archives that must not be unpacked.
local fetching = require "spec.support.fetching"
local zip = require "cmml.fetch.zip"
local write = fetching.write

local directory_mode, link_mode = 16877, 41471

-- A good archive with one more entry.
local function with(entry)
  local entries = { entry }
  for _, each in ipairs(fetching.good) do
    entries[#entries + 1] = each
  end
  return fetching.archive(entries)
end

describe("the check of an archive", function()
  local path = os.tmpname()

  local function check(text, limit)
    write(path, text)
    return zip.check(path, "ml-1m", limit or 100000)
  end

  teardown(function()
    os.remove(path)
  end)

  it("accepts files and folders of one folder, and a comment at the end", function()
    assert.is_true(check(with { "ml-1m/", "", mode = directory_mode }))
    assert.is_true(check(with { "ml-1m/a..b/.c...", "x" }))
    local text = fetching.archive(fetching.good)
    assert.is_true(check(text:sub(1, -3) .. "\4\0PK\5\6"))
  end)

  it("refuses names that lead elsewhere, links, and too much", function()
    for name, reason in pairs {
      ["../evil"] = "outside", ["/evil"] = "outside", ["evil"] = "outside", ["ml-1m"] = "outside",
      ["ml-1mevil/x"] = "outside", ["ml-1m/../evil"] = "leaves", ["ml-1m/.."] = "leaves",
      ["ml-1m/a/../../../evil"] = "leaves", ["ml-1m/./x"] = "leaves",
      ["ml-1m/..\\..\\evil"] = "backslash", ["ml-1m/a\nb"] = "control", ["ml-1m/a\0b"] = "control",
    } do
      local ok, message = check(with { name, "x" })
      assert.is_nil(ok, name)
      assert.truthy(message:find(reason, 1, true), message)
    end
    local ok, message = check(with { "ml-1m/link", "/etc", mode = link_mode })
    assert.is_nil(ok)
    assert.truthy(message:find("symbolic link", 1, true), message)
    ok, message = check(with { "ml-1m/bomb", "x", claims = 4000000000 })
    assert.is_nil(ok)
    assert.truthy(message:find("4000044", 1, true), message)
    ok, message = zip.check(path .. ".none", "ml-1m", 1)
    assert.is_nil(ok)
    assert.truthy(message:find(".none", 1, true), message)
  end)

  it("refuses every beginning of an archive", function()
    local small = fetching.archive { { "ml-1m/a", "text" }, { "ml-1m/b", "more" } }
    assert.is_true(check(small))
    for size = 0, #small - 1 do
      local ok, message = check(small:sub(1, size))
      assert.is_nil(ok)
      assert.equal("string", type(message))
    end
  end)

  it("answers for every archive with a damaged byte", function()
    local small = fetching.archive { { "ml-1m/a", "text" }, { "ml-1m/b", "more" } }
    local refused = 0
    for at = 1, #small do
      for _, byte in ipairs { 0, 1, 127, 255 } do
        local ok, message = check(small:sub(1, at - 1) .. string.char(byte) .. small:sub(at + 1))
        assert(ok == true or (ok == nil and type(message) == "string"))
        refused = refused + (ok and 0 or 1)
      end
    end
    assert(refused > 50, refused)
  end)
end)

describe("a fetch of an archive that is not what it should be", function()
  local output, quote = fetching.output, fetching.quote
  local root

  before_each(function()
    root = output "mktemp -d"
  end)

  after_each(function()
    os.execute("rm -rf " .. quote(root))
  end)

  -- The archive has the checksum that is asked for: a source that was chosen, but not a good one.
  local function refused(text, reason)
    write(root .. "/served.zip", text)
    local folder, message = fetching.fetch(root, { url = "file://" .. root .. "/served.zip",
      md5 = fetching.md5(root .. "/served.zip"), out = root .. "/out", yes = true })
    assert.is_nil(folder)
    assert.truthy(message:find(reason, 1, true), message)
    assert.equal("", output("ls -A " .. quote(root .. "/out")))
    assert.equal("log\nout\nrun.lua\nserved.zip", output("LC_ALL=C ls -A " .. quote(root)))
  end

  it("leaves nothing behind", function()
    refused(with { "../evil", "x" }, "outside")
    refused(with { "ml-1m/link", root, mode = link_mode }, "symbolic link")
    refused("<html>not found</html>", "not a zip archive")
    refused(fetching.archive(fetching.good):sub(1, 3000), "only the beginning")
    refused(fetching.archive { { "ml-1m/users.dat", "x" }, { "ml-1m/ratings.dat", "" } },
      "does not have ratings.dat, movies.dat")
    local spoiled = fetching.archive(fetching.good):gsub("a set\n", "A set\n", 1)
    refused(spoiled, "could not unpack")
  end)
end)
