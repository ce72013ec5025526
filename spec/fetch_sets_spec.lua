-- Which sets can be fetched, and the options of fetching.
local fetching = require "spec.support.fetching"
local output, quote, read, write = fetching.output, fetching.quote, fetching.read, fetching.write

describe("fetch", function()
  local root

  before_each(function()
    root = output "mktemp -d"
    assert(#root > 1)
  end)

  after_each(function()
    os.execute("rm -rf " .. quote(root))
  end)

  local function fetch(entries, out)
    write(root .. "/served.zip", fetching.archive(entries))
    return fetching.fetch(root, { url = "file://" .. root .. "/served.zip", yes = true,
      out = root .. "/" .. out, name = "ml-20m", md5 = fetching.md5(root .. "/served.zip") })
  end

  it("brings MovieLens-20M", function()
    local entries = {}
    for i, name in ipairs { "ratings", "movies", "tags" } do
      entries[i] = { ("ml-20m/%s.csv"):format(name), name .. "\n" }
    end
    local folder, message, log = fetch(entries, "out")
    assert.equal(root .. "/out/ml-20m", folder, message)
    assert.equal("tags\n", read(folder .. "/tags.csv"))
    assert.truthy(log:find("20,000,263 ratings.*may not be redistributed"), log)
    table.remove(entries)
    folder, message = fetch(entries, "other")
    assert.is_nil(folder)
    assert.truthy(message:find("it does not have tags.csv", 1, true), message)
  end)
end)

describe("fetch's options", function()
  local function refused(options)
    options.log = function() end
    local folder, message = require "cmml.fetch.fetch".run(options)
    assert.is_nil(folder)
    return message
  end

  it("raises for what it does not know, and refuses what cannot be", function()
    local fetch = require "cmml.fetch.fetch"
    assert.same({ "ml-1m", "ml-20m" }, fetch.names())
    assert.error_matches(function() fetch.run { nam = "ml-1m" } end, "did you mean name")
    assert.error_matches(function() fetch.run { name = "ml-2m" } end, "ml%-2m.*ml%-1m")
    assert.error_matches(function() fetch.run { out = 3 } end, "out must be a string")
    assert.truthy(refused { url = "ftp://a/b.zip" }:find("ftp://a/b.zip", 1, true))
    assert.truthy(refused { url = "file://" }:find("file://", 1, true))
    assert.truthy(refused { md5 = "abc" }:find("abc", 1, true))
    assert.truthy(refused { out = "" }:find("out", 1, true))
  end)
end)
