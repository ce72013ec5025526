--- Downloading of an archive whose checksum is known, by the programs that are there: curl or wget,
-- and md5sum or openssl.
--
-- @module cmml.fetch.download
local plain = require "cmml.base.plain"

local download = {}

--- A text as one word of a shell command.
-- @tparam string text
-- @treturn string
function download.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end
local quote = download.quote

--- Runs a shell command.
-- @tparam string command
-- @treturn boolean whether it succeeded
-- @treturn string what it wrote, errors included
-- @treturn integer its status
function download.capture(command)
  local pipe <close>, message = io.popen("{ " .. command .. "; } 2>&1")
  if not pipe then
    return false, message, -1
  end
  local text = pipe:read "a"
  local ok, _, status = pipe:close()
  return ok == true, text, status
end
local capture = download.capture

--- The last line of what a command wrote: the reason, if it failed.
-- @tparam string text
-- @treturn string
function download.reason(text)
  return text:match "([^\n]+)%s*$" or "it did not say why"
end

--- The first of several programs that is there.
-- @tparam {string,...} programs in the order in which they are wanted
-- @treturn ?string
function download.first_of(programs)
  for _, program in ipairs(programs) do
    if capture("command -v " .. program) then
      return program
    end
  end
  return nil
end

--- The size of a file.
-- @tparam string path
-- @treturn integer bytes, 0 if it is not there
function download.size(path)
  local file <close> = io.open(path, "rb")
  return file and file:seek "end" or 0
end
local size = download.size

-- Both go on where the file ends. `refusals` are the statuses by which a server says no, `slow`
-- those by which the program gave up without a word. A connection has 30 seconds to begin; curl
-- ends one that brings less than 1000 bytes a second for a minute; the whole has the time that it
-- takes at `slowest`.
local getters = {
  curl = { refusals = { [22] = true, [33] = true, [36] = true }, slow = {},
    bar = "--progress-bar", plain = "--silent --show-error",
    command = "curl --fail --location --globoff %s --proto =https,http,file "
      .. "--proto-redir =https,http --connect-timeout 30 --speed-limit 1000 --speed-time 60 "
      .. "--max-time {seconds} --max-filesize {bytes} --continue-at - --output %s --url %s" },
  wget = { refusals = { [8] = true }, slow = { [124] = true }, bar = "--show-progress", plain = "",
    command = "{timeout} wget --no-verbose %s --connect-timeout=30 --read-timeout=60 --tries=3 "
      .. "--continue --output-document=%s -- %s" },
}
local slowest = 20000 -- bytes a second
local summers = { md5sum = "md5sum <%s", openssl = "openssl md5 -r <%s", md5 = "md5 -q <%s" }

--- The programs to use.
-- @treturn table get and sum, programs; nil where there is none
function download.programs()
  return { get = download.first_of { "curl", "wget" },
    sum = download.first_of { "md5sum", "openssl", "md5" } }
end

local function too_large(url, opt)
  return ("%s is larger than it may be: at most %d bytes were expected; nothing of it was kept")
    :format(url, opt.most)
end

-- Appends to `part` what it lacks. A server that refuses, as when what is here is longer than what
-- it has, is asked for the whole.
local function get(program, url, part, opt)
  local kept = size(part)
  if kept > 0 then
    opt.log(("going on after the %d bytes that are in %s"):format(kept, part))
  end
  local getter = getters[program]
  local seconds = 120 + math.ceil(opt.most / slowest)
  local limits = { seconds = seconds, bytes = opt.most,
    timeout = download.first_of { "timeout" } and "timeout " .. seconds or "" }
  local command = getter.command:gsub("{([a-z]+)}", limits):format(opt.progress and getter.bar
    or getter.plain, quote(part), quote(url))
  -- The system ends a file that grows beyond what the server had said, or not said. It counts in
  -- blocks of 512 or 1024 bytes.
  command = ("(trap '' XFSZ; ulimit -f %d; %s)"):format(math.ceil(opt.most / 512) + 1, command)
  local ok, text, status
  if opt.progress then
    ok, text, status = os.execute(command)
    text = (text == "signal" and "stopped by signal " or "status ") .. status
  else
    ok, text, status = capture(command)
  end
  if ok and size(part) > opt.most then
    os.remove(part)
    return nil, too_large(url, opt)
  elseif ok then
    return true
  elseif kept > 0 and getter.refusals[status] then
    opt.log "the server does not go on; downloading from the beginning"
    local removed, reason = os.remove(part)
    if not removed then
      return nil, reason
    end
    return get(program, url, part, opt)
  end
  kept = size(part)
  if kept > opt.most or status == 63 then
    os.remove(part)
    return nil, too_large(url, opt)
  elseif kept == 0 then
    os.remove(part)
  end
  local why = getter.slow[status] and ("it is too slow (%d seconds are the most)"):format(seconds)
    or download.reason(text)
  return nil, ("%s could not download %s: %s%s"):format(program, url, why, kept > 0
    and ("; %d bytes are kept in %s: do the same again to go on"):format(kept, part) or "")
end

local function checksum(program, path)
  local ok, text = capture(summers[program]:format(quote(path)))
  local sum = ok and text:match("^" .. ("%x"):rep(32))
  if not sum then
    return nil, ("%s could not read %s: %s"):format(program, path, download.reason(text))
  end
  return plain.lower(sum)
end

--- Downloads a file, going on where an earlier try ended. What has another checksum is removed, and
-- so is what is too large.
-- @tparam table programs what `download.programs` gave
-- @tparam string url https, http or file
-- @tparam ?string md5 32 hexadecimal digits, in lower case; nil: none is known
-- @tparam string part where to put it; kept when a download breaks off
-- @tparam table opt progress (show how far it is, on the standard error), log (function of a line),
-- most (bytes of the file at most)
-- @treturn ?boolean true; nil if there is no such file now
-- @treturn string the reason
function download.run(programs, url, md5, part, opt)
  local kept = size(part) > 0
  if kept and md5 and checksum(programs.sum, part) == md5 then
    return true
  end
  local ok, message = get(programs.get, url, part, opt)
  if not ok then
    return nil, message
  end
  local sum
  sum, message = checksum(programs.sum, part)
  if sum and not md5 then
    opt.log("its publisher tells no checksum; its MD5 sum is " .. sum)
    return true
  elseif sum and sum == md5 then
    return true
  end
  local removed, reason = os.remove(part)
  if not removed then
    return nil, reason
  elseif sum and kept then
    opt.log "what an earlier try had left does not fit; downloading from the beginning"
    return download.run(programs, url, md5, part, opt)
  end
  return nil, message or ("what came from %s has the MD5 sum %s, not %s: it is damaged or another "
    .. "file, and was removed; try again, or give another url"):format(url, sum, md5)
end

return download
