-- Every link of the site in a folder (default doc/api) leads to a file, and to an anchor in it.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

local folder = arg[1] or "doc/api"

local anchors = {}

-- The anchors of a page; nil if it is not there.
local function anchors_of(path)
  if anchors[path] == nil then
    local file = io.open(path, "rb")
    anchors[path] = file and {} or false
    for name in (file and file:read "a" or ""):gmatch "[ ][inN][da][mM]?e?%s*=%s*\"([^\"]+)\"" do
      anchors[path][name] = true
    end
    if file then
      file:close()
    end
  end
  return anchors[path]
end

-- "a/b/../c" as "a/c".
local function plain(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

local checked = 0
for _, path in ipairs(gate.files(folder, ".html")) do
  for target in gate.read(path):gmatch "href=\"([^\"]+)\"" do
    if not target:find "^%a+:" then
      local file, anchor = target:match "^([^#]*)#?(.*)$"
      local other = file == "" and path or plain(path:match "^(.*)/" .. "/" .. file)
      local known = anchors_of(other)
      checked = checked + 1
      if not known then
        gate.report(path, ("links to %s, which is not there"):format(target))
      elseif anchor ~= "" and other:find "%.html$" and not known[anchor]
        and not known[anchor:gsub("&amp;", "&")] then
        gate.report(path, ("links to %s, but %s has no such place"):format(target, other))
      end
    end
  end
end

gate.finish("links", checked, "links")
