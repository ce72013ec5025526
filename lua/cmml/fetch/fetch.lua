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

local sets = {
  ["ml-1m"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
    md5 = "c4d9eecfca2ab87c1945afe126590906", -- as published in ml-1m.zip.md5
    files = { "ratings.dat", "users.dat", "movies.dat" },
    limit = 100000000, -- bytes unpacked; the set has a quarter of that
    notice = [[
MovieLens-1M: 1,000,209 ratings of films by 6,040 people; 6 MB to
download, 25 MB unpacked.
]] .. conditions,
  },
  ["ml-20m"] = {
    url = "https://files.grouplens.org/datasets/movielens/ml-20m.zip",
    md5 = "cd245b17a1ae2cc31bb14903e1204af3", -- as published in ml-20m.zip.md5
    files = { "ratings.csv", "movies.csv", "tags.csv" },
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
  { name = "md5", kind = "string", default_text = "as published",
    help = "MD5 sum that the archive must have" },
  { name = "yes", kind = "boolean", default = false, short = true,
    help = "accept the publisher's conditions without being asked" },
  { name = "progress", kind = "boolean", default_text = "on a terminal",
    help = "show the progress of the download" },
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

-- Unpacks beside the target and renames, so that the target is whole or absent.
local function unpack_into(target, name, set, archive, program)
  local ok, message = zip.check(archive, name, set.limit)
  if not ok then
    return nil, message
  end
  local scratch = target .. ".unpacking"
  local clear = "rm -rf -- " .. quote(scratch)
  local _ <close> = setmetatable({}, { __close = function() capture(clear) end })
  ok, message = capture(("%s && mkdir -- %s && %s"):format(clear, quote(scratch),
    unpackers[program]:format(quote(archive), quote(scratch))))
  if not ok then
    return nil, ("%s could not unpack it: %s"):format(program, download.reason(message))
  end
  local missing = lacking(set, scratch .. "/" .. name)
  if missing then
    return nil, "it does not have " .. missing
  end
  return os.rename(scratch .. "/" .. name, target)
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
  opt.md5 = plain.lower(opt.md5 or set.md5)
  opt.log = opt.log or output.tell
  if opt.progress == nil then
    opt.progress = os.execute "test -t 2" == true
  end
  if opt.out == "" or opt.out:find "[%z\n]" then
    return nil, ("fetch: out %s is not the name of a folder"):format(args.quote(opt.out))
  elseif opt.url:find "[%z\n]" or not (opt.url:find "^https?://." or opt.url:find "^file:///.") then
    return nil, ("fetch: url %s must begin with https://, http:// or file:///"):format(
      args.quote(opt.url))
  elseif not opt.md5:find("^" .. ("%x"):rep(32) .. "$") then
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
