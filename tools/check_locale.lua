-- What follows the locale of the host stays where it can be held to locale "C": in Lua functions of
-- text come from lua/cmml/base/plain.lua, in C from csrc/base/locale.h. What only shows when it
-- runs (a number that is joined to a text, say) `make locale` looks for.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

-- How many lines there are before a place.
local function line_at(text, at)
  return 1 + select(2, text:sub(1, at - 1):gsub("\n", ""))
end

-- Whether a format writes a number with a decimal point.
local function has_real(format)
  return (format:gsub("%%%%", "")):find "%%[-+ #0-9.*]*[aAeEfFgG]" ~= nil
end

-- Code without its comments; lines and what stands in quotes stay.
local function without_comments(text, quoted, comments)
  local parts, at = {}, 1
  while at <= #text do
    local from, to = text:find(quoted, at)
    local first
    for _, comment in ipairs(comments) do
      local begin, stop = text:find(comment, at)
      if begin and (not first or begin < first[1]) then
        first = { begin, stop }
      end
    end
    if first and (not from or first[1] < from) then
      parts[#parts + 1] = text:sub(at, first[1] - 1)
      parts[#parts + 1] = text:sub(first[1], first[2]):gsub("[^\n]+", "")
      at = first[2] + 1
    elseif from then
      local quote, stop = text:sub(from, from), to
      repeat -- an escaped quote does not end it
        stop = text:find("[\\\n" .. quote .. "]", stop + 1) or #text
        local escaped = text:sub(stop, stop) == "\\"
        stop = escaped and stop + 1 or stop
      until not escaped
      parts[#parts + 1] = text:sub(at, stop)
      at = stop + 1
    else
      parts[#parts + 1] = text:sub(at)
      break
    end
  end
  return table.concat(parts)
end

-- Lua ---------------------------------------------------------------------------------------------

local refused = {
  { "%f[%w_]table%.sort%f[^%w_]", "table.sort orders strings", "plain.sort" },
  { "%f[%w_]string%.lower%f[^%w_]", "string.lower follows it", "plain.lower" },
  { "%f[%w_]string%.upper%f[^%w_]", "string.upper follows it", "plain.upper" },
  { "%f[%w_]string%.format%f[^%w_]", "string.format writes numbers", "plain.format" },
  { ":lower%s*%(", ":lower() follows it", "plain.lower" },
  { ":upper%s*%(", ":upper() follows it", "plain.upper" },
  { "%f[%w_.:]tonumber%f[^%w_]", "tonumber reads its decimal comma", "plain.tonumber" },
  { "%f[%w_]os%.setlocale%f[^%w_]", "the locale is the host's", "plain.lua" },
}

local takes_pattern = { match = true, gmatch = true, gsub = true, find = true }

local function check_lua(path)
  local code = without_comments(gate.read(path), "[\"']", { "%-%-%[%[.-%]%]", "%-%-[^\n]*" })
  local bare = code:gsub("\\.", "  "):gsub("([\"'])([^\n]-)%1", function(quote, quoted)
    return quote .. (" "):rep(#quoted) .. quote
  end)
  for _, rule in ipairs(refused) do
    local at = 1
    while true do
      local from, to = bare:find(rule[1], at)
      if not from then
        break
      end
      gate.report(("%s:%d"):format(path, line_at(code, from)),
        ("%s in the locale of the host: use %s (CONTRIBUTING.md, Text in every locale)"):format(
        rule[2], rule[3]))
      at = to + 1
    end
  end
  for at, form in code:gmatch "()%(([\"'][^()]*)%)%s*:format" do
    if has_real(form) then
      gate.report(("%s:%d"):format(path, line_at(code, at)),
        "a number is written in the locale of the host: use plain.format")
    end
  end
  for at, form in code:gmatch "()%f[%w_]os%.date%s*%(?%s*[\"']([^\"'\n]*)" do
    if form:find "%%[aAbBchprxX]" then
      gate.report(("%s:%d"):format(path, line_at(code, at)),
        "os.date writes names in the locale of the host: write numbers")
    end
  end
  for _, quoted in ipairs { '"[^"\n]*"', "'[^'\n]*'" } do
    for at, method, pattern in code:gmatch("():(g?[mfs][aiu][a-z]+)%s*%(?%s*(" .. quoted .. ")") do
      local class = pattern:gsub("%%%%", ""):match "%%[aclpuwgACLPUWG]"
      if class and takes_pattern[method] then
        gate.report(("%s:%d"):format(path, line_at(code, at)),
          ("%s of a pattern follows the locale of the host: name the characters, as in [0-9A-Za-z]")
          :format(class))
      end
    end
  end
end

local files = gate.files("lua/cmml bin", ".lua", "cmml")
for _, path in ipairs(files) do
  if path ~= "lua/cmml/base/plain.lua" then
    check_lua(path)
  end
end

-- C -----------------------------------------------------------------------------------------------

local follows = {}
for name in ([[atof strerror sscanf fscanf vsscanf strcoll strxfrm strftime setlocale localeconv
  isalnum isalpha isblank iscntrl isgraph islower isprint ispunct isspace isupper tolower
  toupper]]):gmatch "%S+" do
  follows[name] = true
end
-- These are right between cm_locale_plain and cm_locale_restore.
local held = { strtod = true, strtof = true, strtold = true, vsnprintf = true, vsprintf = true }

local sources = gate.files("csrc", ".c", ".h")
for _, path in ipairs(sources) do
  local own = path == "csrc/base/locale.c"
  local code = own and "" or without_comments(gate.read(path), "\"", { "/%*.-%*/", "//[^\n]*" })
  local holds = code:find('#include "base/locale.h"', 1, true)
  for at, name, call in code:gmatch "()%f[%w_]([%a_]+)(%b())" do
    local place = ("%s:%d"):format(path, line_at(code, at))
    if follows[name] then
      gate.report(place, name .. " follows the locale of the host")
    elseif not holds and (held[name] or name == "snprintf" and has_real(call)) then
      gate.report(place, name .. " follows the locale of the host: see csrc/base/locale.h")
    elseif name == "luaL_tolstring" and path ~= "csrc/bind/cmL.c" then
      gate.report(place, "luaL_tolstring writes numbers in the locale of the host: cmL_tolstring")
    elseif name:find "^luaL_[co][hp][et]%l*string$" and path ~= "csrc/bind/cmL.c" then
      gate.report(place, name .. " writes numbers in the locale of the host: cmL_check_text")
    elseif (name:find "^lua_push" or name:find "^luaL_") and has_real(call) then
      gate.report(place, name .. " writes numbers in the locale of the host: cmL_tolstring")
    end
  end
end

gate.finish("locale", #files + #sources, "files")
