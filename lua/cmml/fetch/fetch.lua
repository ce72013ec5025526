--- Fetching of public data sets from their publishers.
--
-- A plain module that needs no core: it runs curl or wget, md5sum or openssl, and unzip, bsdtar or
-- python3, whichever is there.
--
-- @module cmml.fetch.fetch
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local download = require "cmml.fetch.download"
local output = require "cmml.base.output"
local zip = require "cmml.fetch.zip"

local fetch = {}
local quote, capture = download.quote, download.capture

-- GroupLens' conditions of use.
local conditions = [[
It belongs to GroupLens Research, University of Minnesota. Their conditions, in
short:
  - it may be used for research; nothing is guaranteed, and no endorsement may
    be implied;
  - it may not be redistributed without their separate permission;
  - it may not be used for commercial or revenue-bearing purposes without their
    permission;
  - publications that result from its use must acknowledge it and cite
    F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets:
    History and Context. ACM Transactions on Interactive Intelligent Systems
    5, 4, Article 19. https://doi.org/10.1145/2827872
Their own words are in the README of the set and at
https://grouplens.org/datasets/movielens/.]]

-- The conditions of HetRec 2011's data, which came from Last.fm.
local of_lastfm = [[
It was released by Ivan Cantador, Peter Brusilovsky and Tsvi Kuflik for the
workshop HetRec 2011, and comes from Last.fm (https://www.last.fm). Its
conditions, in short:
  - it may be used for non-commercial purposes alone;
  - publications that result from its use must refer to the site of Last.fm and
    to the workshop: I. Cantador, P. Brusilovsky, T. Kuflik. 2011. Second
    Workshop on Information Heterogeneity and Fusion in Recommender Systems.
    RecSys 2011.
Their own words are in readme.txt of the set and at
https://grouplens.org/datasets/hetrec-2011/.]]

-- Without `md5` its publisher tells no checksum, or changes the file. `most`: bytes of the archive
-- that are taken at most. `inside`: the folder in the archive, where it is not the set's name;
-- false: none.
local sets = {
  ["ml-100k"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
    md5 = "0e33842e24a9c977be4e0107933c0723", -- as published in ml-100k.zip.md5
    files = { "u.data", "u.item", "u.user" }, most = 20000000,
    limit = 100000000, -- bytes unpacked; the set has a sixth of that
    notice = [[
MovieLens-100K: 100,000 ratings of 1,682 films by 943 people; 5 MB to download,
16 MB unpacked.
]] .. conditions,
  },
  ["ml-latest-small"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
    files = { "ratings.csv", "movies.csv", "tags.csv" }, most = 20000000,
    limit = 100000000, -- bytes unpacked; the set has a thirtieth of that
    heads = { ["ratings.csv"] = "userId,movieId,rating,timestamp",
      ["movies.csv"] = "movieId,title,genres" },
    notice = [[
MovieLens latest, small: about 100,000 ratings of 9,700 films by 610 people, and
tags; 1 MB to download, 3 MB unpacked. It changes over time, so that it has no
checksum, and is nothing to publish results on.
]] .. conditions,
  },
  ["lastfm-hetrec2011"] = {
    url = "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
    files = { "user_artists.dat", "user_taggedartists.dat", "tags.dat", "artists.dat" },
    most = 20000000, inside = false,
    limit = 100000000, -- bytes unpacked; the set has a tenth of that
    heads = { ["user_artists.dat"] = "userID\tartistID\tweight" },
    notice = [[
Last.fm of HetRec 2011: 92,834 counts of what 1,892 people played of 17,632
artists, and 186,479 taggings; 3 MB to download, 10 MB unpacked. There is no
public address with a checksum of it.
]] .. of_lastfm,
  },
  ["ml-1m"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
    md5 = "c4d9eecfca2ab87c1945afe126590906", -- as published in ml-1m.zip.md5
    files = { "ratings.dat", "users.dat", "movies.dat" }, most = 50000000,
    limit = 100000000, -- bytes unpacked; the set has a quarter of that
    notice = [[
MovieLens-1M: 1,000,209 ratings of films by 6,040 people; 6 MB to
download, 25 MB unpacked.
]] .. conditions,
  },
  ["ml-20m"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-20m.zip",
    md5 = "cd245b17a1ae2cc31bb14903e1204af3", -- as published in ml-20m.zip.md5
    files = { "ratings.csv", "movies.csv", "tags.csv" }, most = 400000000,
    limit = 1000000000, -- bytes unpacked; the set has seven eighths of that
    notice = [[
MovieLens-20M: 20,000,263 ratings of films by 138,493 people, and 465,564 tags;
199 MB to download, 875 MB unpacked.
]] .. conditions,
  },
}

--- The names of the data sets that can be fetched, in order.
-- @treturn {string,...}
function fetch.names()
  local names = {}
  for name in pairs(sets) do
    names[#names + 1] = name
  end
  plain.sort(names)
  return names
end

local known = declare("fetch", {
  { name = "name", kind = "string", choices = fetch.names(), default = "ml-1m", short = true,
    help = "data set" },
  { name = "out", kind = "string", default = "data", arg = "DIR", short = true,
    help = "folder to put it into" },
  { name = "url", kind = "string", default_text = "the publisher's",
    help = "address of the archive: https, http or file" },
  { name = "md5", kind = "string", default_text = "as published, if it is",
    help = "MD5 sum that the archive must have" },
  { name = "yes", kind = "boolean", default = false, short = true,
    help = "accept the publisher's conditions without being asked" },
  { name = "progress", kind = "boolean", default_text = "on a terminal",
    help = "show the progress of the download" },
  { name = "hold", kind = "function", default_text = "nothing is held",
    help = "called with a folder to hold against other fetches of the set; gives what is closed "
      .. "when all is done, or nil" },
  { name = "log", kind = "function", default_text = "written to the standard error",
    help = "called with each line of text" },
})

--- The options of `run`.
fetch.options = known

local unpackers = {
  unzip = "unzip -q -o %s -d %s", bsdtar = "bsdtar -x -f %s -C %s",
  python3 = "python3 -m zipfile -e %s %s",
}

-- A program for every step, or nil and the packages to install.
local function find_programs()
  local programs = download.programs()
  programs.unpack = download.first_of { "unzip", "bsdtar", "python3" }
  local missing = {}
  for _, need in ipairs { { "get", "curl (or wget)" }, { "sum", "coreutils (or openssl)" },
    { "unpack", "unzip (or libarchive-tools, or python3)" } } do
    if not programs[need[1]] then
      missing[#missing + 1] = need[2]
    end
  end
  if #missing > 0 then
    return nil, "programs are missing; install " .. table.concat(missing, " and ")
  end
  return programs
end

local function accept(set, yes, log)
  log(set.notice)
  if yes then
    return true
  elseif not os.execute "test -t 0" then
    return nil, "nothing was fetched: say yes = true (--yes) to accept these conditions"
  end
  log "Type yes to accept these conditions and go on:"
  local answer = plain.lower(io.read "l" or "")
  if answer ~= "yes" and answer ~= "y" then
    return nil, "nothing was fetched: the conditions were not accepted"
  end
  return true
end

-- Which of the files of a set a folder lacks.
local function lacking(set, folder)
  local missing = {}
  for _, file in ipairs(set.files) do
    if download.size(folder .. "/" .. file) == 0 then
      missing[#missing + 1] = file
    end
  end
  return #missing > 0 and table.concat(missing, ", ") or nil
end

-- What is wrong with the first lines of the files, for sets that have no checksum.
local function odd_head(set, folder)
  for name, head in pairs(set.heads or {}) do
    local file <close> = io.open(folder .. "/" .. name, "rb")
    local line = file and file:read "l" or ""
    if line:gsub("\r$", "") ~= head then
      return ("%s begins with %q, not with %q"):format(name, line:sub(1, 60), head)
    end
  end
end

-- Unpacks beside the target and renames, so that the target is whole or absent.
local function unpack_into(target, name, set, archive, program)
  local ok, message = zip.check(archive, set.inside == nil and name or set.inside, set.limit)
  if not ok then
    return nil, message
  end
  local scratch = target .. ".unpacking"
  local clear = "rm -rf -- " .. quote(scratch)
  local _ <close> = setmetatable({}, { __close = function() capture(clear) end })
  local top = scratch .. "/" .. name
  local into = set.inside == false and top or scratch
  ok, message = capture(("%s && mkdir -p -- %s && %s"):format(clear, quote(into),
    unpackers[program]:format(quote(archive), quote(into))))
  if not ok then
    return nil, ("%s could not unpack it: %s"):format(program, download.reason(message))
  end
  local missing = lacking(set, top)
  local odd = missing and "it does not have " .. missing or odd_head(set, top)
  if odd then
    return nil, odd
  end
  return os.rename(top, target)
end

-- Everything after the checks of options.
local function obtain(opt, set, target)
  local programs, message = find_programs()
  if not programs then
    return nil, message
  end
  local ok
  ok, message = accept(set, opt.yes, opt.log)
  if not ok then
    return nil, message
  end
  ok, message = capture("mkdir -p " .. quote(opt.out))
  if not ok then
    return nil, download.reason(message)
  end
  local held <close> = opt.hold and opt.hold(("%s/.%s.fetching"):format(opt.out, opt.name))
  if opt.hold and not held then
    return nil, ("%s is being fetched into %s by another process: wait until it is done"):format(
      opt.name, opt.out)
  end
  opt.log("downloading " .. opt.url)
  local part = target .. ".zip.part"
  ok, message = download.run(programs, opt.url, opt.md5, part, opt)
  if not ok then
    return nil, message
  end
  opt.log("unpacking into " .. target)
  ok, message = unpack_into(target, opt.name, set, part, programs.unpack)
  os.remove(part)
  if not ok then
    return nil, ("the archive from %s: %s"):format(opt.url, message)
  end
  return target
end

--- Fetches a data set into the folder `out/name`, after showing the conditions of its publisher. An
-- interrupted download is continued the next time. The folder exists only when it is complete; one
-- that exists already is left as it is.
-- @tparam table options
-- @treturn ?string the folder; nil if the set is not there
-- @treturn string why not
function fetch.run(options)
  local opt = known:check(options)
  local set = sets[opt.name]
  opt.url = opt.url or set.url
  opt.md5 = opt.md5 or set.md5
  opt.md5 = opt.md5 and plain.lower(opt.md5)
  opt.most = set.most
  opt.log = opt.log or output.tell
  if opt.progress == nil then
    opt.progress = os.execute "test -t 2" == true
  end
  if opt.out == "" or opt.out:find "[%z\n]" then
    return nil, ("fetch: out %s is not the name of a folder"):format(args.quote(opt.out))
  elseif opt.url:find "[%z\n]" or not (opt.url:find "^https?://." or opt.url:find "^file:///.") then
    return nil, ("fetch: url %s must begin with https://, http:// or file:///"):format(
      args.quote(opt.url))
  elseif opt.md5 and not opt.md5:find("^" .. ("%x"):rep(32) .. "$") then
    return nil, ("fetch: md5 %s is not 32 hexadecimal digits"):format(args.quote(opt.md5))
  end
  -- Programs would take a name that begins with a dash for an option.
  opt.out = opt.out:gsub("^%-", "./-"):gsub("(.)/+$", "%1")
  local target = opt.out .. "/" .. opt.name
  local missing = lacking(set, target)
  if not missing then
    opt.log(target .. " is there already: nothing to do")
    return target
  elseif os.execute("test -e " .. quote(target)) then
    return nil, ("fetch: %s is there, but lacks %s: move it away, or give another out"):format(
      target, missing)
  end
  local folder, message = obtain(opt, set, target)
  if not folder then
    return nil, "fetch: " .. message
  end
  opt.log(folder .. " is complete")
  return folder
end

return fetch
