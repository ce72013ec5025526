-- Which sets can be fetched, and the options of fetching.
local cmml = require "cmml"
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

  local function fetch_set(name, entries, options)
    write(root .. "/served.zip", fetching.archive(entries))
    local given = { url = "file://" .. root .. "/served.zip", yes = true, out = root .. "/out",
      name = name }
    for key, value in pairs(options or {}) do
      given[key] = value
    end
    return fetching.fetch(root, given)
  end

  it("brings MovieLens-100K, which its loader reads", function()
    local entries = { { "ml-100k/u.data", "196\t242\t3\t881250949\n22\t377\t1\t878887116\n"
      .. "22\t242\t4\t878887117\n" },
      { "ml-100k/u.item", "242|Kolya (1996)|24-Jan-1997||http://us.imdb.com/M/title-exact?Kolya%20"
        .. "(1996)|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n377|Caf\xe9 Heavyweights (1994)|"
        .. "01-Jan-1994||http://x|0|0|0|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n" },
      { "ml-100k/u.user", "196|49|M|writer|55105\n22|25|M|writer|40206\n" } }
    local _, message = fetch_set("ml-100k", entries)
    assert.truthy(message:find("has the MD5 sum .*, not 0e33842e24a9c977be4e0107933c0723"), message)
    local folder, why, log = fetch_set("ml-100k", entries,
      { md5 = fetching.md5(root .. "/served.zip") })
    assert.equal(root .. "/out/ml-100k", folder, why)
    assert.truthy(log:find("100,000 ratings.*may not be redistributed"), log)
    local data
    for _, loader in ipairs(cmml.loaders_of "users") do
      data = loader.name == "movielens_100k" and assert(loader.read(folder, {})) or data
    end
    assert.equal(3, #data.ratings.items)
    assert.same({ id = "377", title = "Café Heavyweights (1994)", year = "1994",
      genre = { "Children's", "Comedy" } }, data.item_records[data.items:id "377"])
    assert.same({ id = "22", age = "25", gender = "M", occupation = "writer", zip = "40206" },
      data.user_records[data.users:id "22"])
    assert.same({ "age", "gender", "occupation", "zip" }, (function()
      local names = {}
      for i, field in ipairs(data.schema.user) do
        names[i] = field[1]
      end
      return names
    end)())
  end)

  it("brings sets without a checksum, and looks at what they are", function()
    local small = {
      { "ml-latest-small/ratings.csv", "userId,movieId,rating,timestamp\r\n1,2,3,4\n" },
      { "ml-latest-small/movies.csv", "movieId,title,genres\n2,A,B\n" },
      { "ml-latest-small/tags.csv", "userId,movieId,tag,timestamp\n" } }
    local folder, message, log = fetch_set("ml-latest-small", small)
    assert.equal(root .. "/out/ml-latest-small", folder, message)
    local sum = fetching.md5(root .. "/served.zip")
    assert.truthy(log:find("its publisher tells no checksum; its MD5 sum is " .. sum, 1, true), log)
    small[1][2] = "<html>\n"
    folder, message = fetch_set("ml-latest-small", small, { out = root .. "/other" })
    assert.is_nil(folder)
    assert.truthy(message:find('ratings.csv begins with "<html>", not with "userId', 1, true),
      message)
    assert.equal("", output("ls -A " .. quote(root .. "/other")))
    folder, message = fetch_set("ml-latest-small", small, { out = root .. "/other",
      md5 = ("0"):rep(32) })
    assert.is_nil(folder)
    assert.truthy(message:find("has the MD5 sum", 1, true), message)
    folder, message = fetch_set("ml-latest-small", small, { md5 = "", out = root .. "/other" })
    assert.is_nil(folder)
    assert.truthy(message:find("is not 32 hexadecimal digits", 1, true), message)
  end)

  it("brings Last.fm, whose archive has no folder", function()
    local entries = { { "user_artists.dat", "userID\tartistID\tweight\r\n2\t51\t13883\r\n" },
      { "user_taggedartists.dat", "userID\tartistID\ttagID\tday\tmonth\tyear\n" },
      { "tags.dat", "tagID\ttagValue\n" }, { "artists.dat", "id\tname\turl\tpictureURL\n" } }
    local folder, message, log = fetch_set("lastfm-hetrec2011", entries)
    assert.equal(root .. "/out/lastfm-hetrec2011", folder, message)
    assert.equal(entries[1][2], read(folder .. "/user_artists.dat"))
    assert.truthy(log:find("There is no\npublic address with a checksum of it", 1, true), log)
    assert.equal("lastfm-hetrec2011\n", output("ls -A " .. quote(root .. "/out")) .. "\n")
    for _, name in ipairs { "../evil", "/evil", "a/../../evil" } do
      entries[5] = { name, "x" }
      folder, message = fetch_set("lastfm-hetrec2011", entries, { out = root .. "/other" })
      assert.is_nil(folder)
      assert.truthy(message:find("a path that leaves its folder", 1, true), message)
    end
  end)

  local programs = fetching.programs()

  -- A server that never comes to an end, with a size that it tells beforehand or without.
  local endless = [[
import http.server, sys
class Endless(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if self.path == "/told":
            self.send_header("Content-Length", "1000000000000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 100000)
        except OSError:
            pass
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
print("port", server.server_port, flush=True)
server.serve_forever()
]]

  for _, get in ipairs { "curl", "wget" } do
    for _, path in ipairs { "told", "untold" } do
      local test = programs.python3 and programs[get] and it or function() end
      test(("ends a download without end: %s, %s"):format(get, path), function()
        write(root .. "/endless.py", endless)
        local address = fetching.serve(root, programs.python3, quote(root .. "/endless.py"),
          finally)
        local only = { mkdir = programs.mkdir, rm = programs.rm, md5sum = programs.md5sum,
          unzip = programs.unzip, bsdtar = programs.bsdtar, python3 = programs.python3,
          [get] = programs[get] }
        local folder, message = fetching.fetch(root, { yes = true, name = "ml-100k",
          out = root .. "/out", programs = only,
          url = address .. "/" .. path })
        assert.is_nil(folder)
        assert.truthy(message:find("is larger than it may be: at most 20000000 bytes were "
          .. "expected; nothing of it was kept", 1, true), message)
        assert.equal("", output("ls -A " .. quote(root .. "/out")))
      end)
    end
  end

  it("is done by one at a time", function()
    write(root .. "/served.zip", fetching.archive(fetching.good))
    local refused
    local folder, message = require "cmml.fetch.fetch".run { yes = true, out = root .. "/out",
      url = "file://" .. root .. "/served.zip", md5 = fetching.md5(root .. "/served.zip"),
      log = function() end, progress = false, hold = function(path)
        local held = cmml.core.hold_folder(path)
        refused = cmml.core.hold_folder(path) == nil
        return held
      end }
    assert.equal(root .. "/out/ml-1m", folder, message)
    assert.is_true(refused)
    assert.equal("ml-1m", output("ls -A " .. quote(root .. "/out")))
    folder, message = require "cmml.fetch.fetch".run { yes = true, out = root .. "/out2",
      url = "file://" .. root .. "/served.zip", log = function() end, progress = false,
      hold = function() end }
    assert.is_nil(folder)
    assert.truthy(message:find("ml%-1m is being fetched into .*/out2 by another process"), message)
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
    assert.same({ "lastfm-hetrec2011", "ml-100k", "ml-1m", "ml-20m", "ml-latest-small" },
      fetch.names())
    assert.error_matches(function() fetch.run { nam = "ml-1m" } end, "did you mean name")
    assert.error_matches(function() fetch.run { name = "ml-2m" } end, "ml%-2m.*ml%-1m")
    assert.error_matches(function() fetch.run { out = 3 } end, "out must be a string")
    assert.truthy(refused { url = "ftp://a/b.zip" }:find("ftp://a/b.zip", 1, true))
    assert.truthy(refused { url = "file://" }:find("file://", 1, true))
    assert.truthy(refused { md5 = "abc" }:find("abc", 1, true))
    assert.truthy(refused { out = "" }:find("out", 1, true))
  end)
end)
