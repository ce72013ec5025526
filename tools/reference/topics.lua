--- The documents of the repository as pages of the site: their links lead to pages of the site, or
-- are plain text where what they name is not there.
local gate = require "gate"

-- A link of a document: to a page of the site, to elsewhere on the web, or none.
local function link(known, text, target)
  if target:find "^%a+://" or target:find "^#" then
    return nil -- as it is
  end
  local path = target:gsub("#.*$", "")
  local page = known[path:match "[^/]+$" or ""]
  if page then
    return ("[%s](%s.html)"):format(text, page)
  end
  return text:find(path, 1, true) and text or ("%s (`%s`)"):format(text, path)
end

--- The pages.
-- @tparam string folder of the sources of the site
-- @treturn table contents by path
return function(folder)
  local files, known, pages = { "README.md", "CONTRIBUTING.md", "CHANGELOG.md" }, {}, {}
  for _, path in ipairs(gate.files("doc", ".md")) do
    files[#files + 1] = not path:find "^doc/%w+/" and path or nil
  end
  for _, path in ipairs(files) do
    local name = path:match "[^/]+$"
    known[name] = name
  end
  for _, path in ipairs(files) do
    local name, code = path:match "[^/]+$", false
    local lines = gate.lines(path)
    for i, line in ipairs(lines) do
      code = line:find "^```" and not code or code and not line:find "^```"
      lines[i] = code and line or line:gsub("%[([^%]\n]*)%]%(([^)%s]+)%)", function(text, target)
        return link(known, text, target)
      end)
    end
    -- a link may go over the end of a line
    pages[("%s/topics/%s"):format(folder, name)] = table.concat(lines, "\n"):gsub(
      "%[([^%]]*\n[^%]]*)%]%(([^)%s]+)%)", function(text, target)
        return link(known, text, target)
      end)
  end
  return pages
end
