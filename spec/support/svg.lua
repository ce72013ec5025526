--- Reading a picture back: enough of XML to tell whether a document is well formed.
local assert = require "luassert"

local svg = {}

local entities = { amp = "&", lt = "<", gt = ">", quot = '"', ["#39"] = "'" }

local function unescape(value)
  assert.is_nil(value:find "[<>]", "a bare angle bracket")
  local text = value:gsub("&([^;&]*);?", function(name)
    return assert(entities[name], "an unknown entity: " .. name)
  end)
  return text
end

local function attributes_of(source)
  local attributes = {}
  local rest = source:gsub('%s+([%w%-:]+)="([^"]*)"', function(name, value)
    assert.is_nil(attributes[name], "an attribute twice: " .. name)
    attributes[name] = unescape(value)
    return ""
  end)
  assert.equal("", rest, "what is no attribute")
  return attributes
end

--- The elements of a document, in order; fails where it is not well formed, not UTF-8, or holds a
-- control character, a script or a number that is none.
-- @tparam string document
-- @treturn table list of {name, attributes, text}
function svg.read(document)
  assert.truthy(utf8.len(document), "not UTF-8")
  assert.is_nil(document:gsub("\n", ""):find "%c", "a control character")
  local body = document:match '^<%?xml version="1%.0" encoding="UTF%-8"%?>\n(.*)$'
  local elements, open, place = {}, {}, 1
  while true do
    local from, to, close, name, attributes, empty = body:find("<(/?)(%w+)(.-)(/?)>", place)
    if not from then
      break
    end
    local between = body:sub(place, from - 1)
    if between:find "%S" then
      local element = assert(open[#open], "text outside of all elements")
      element.text = unescape(between)
    end
    if close == "/" then
      assert.equal(open[#open].name, name)
      open[#open] = nil
    else
      local element = { name = name, attributes = attributes_of(attributes) }
      elements[#elements + 1] = element
      if empty == "" then
        open[#open + 1] = element
      end
    end
    place = to + 1
  end
  assert.equal(0, #open, "an element is not closed")
  for _, element in ipairs(elements) do
    assert.not_equal("script", element.name)
    for name, value in pairs(element.attributes) do
      local lower = value:lower()
      assert.is_nil(lower:find "nan" or lower:find "%f[%w]inf", name .. "=" .. value)
    end
  end
  return elements
end

--- The texts of a document, as they are shown.
-- @tparam string document
-- @treturn {string,...}
function svg.texts(document)
  local list = {}
  for _, element in ipairs(svg.read(document)) do
    list[#list + 1] = element.name == "text" and element.text or nil
  end
  return list
end

--- Elements of a name.
-- @tparam string document
-- @tparam string name
-- @treturn table list of their attributes
function svg.all(document, name)
  local list = {}
  for _, element in ipairs(svg.read(document)) do
    list[#list + 1] = element.name == name and element.attributes or nil
  end
  return list
end

return svg
