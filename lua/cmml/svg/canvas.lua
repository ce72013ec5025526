--- A writer of SVG pictures: elements with attributes, texts escaped, numbers alike in all locales.
--
-- @module cmml.svg.canvas
local plain = require "cmml.base.plain"
local number = require "cmml.svg.number"
local text = require "cmml.svg.text"

local Canvas = {}
Canvas.__index = Canvas

--- Letters of all pictures.
Canvas.font = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"

--- A white picture; its width and height are fields, and may change until `finish`.
-- @tparam number width
-- @tparam number height
-- @tparam string title told by screen readers and shown on hovering
-- @treturn Canvas
function Canvas.new(width, height, title)
  local self = setmetatable({ width = width, height = height, parts = {} }, Canvas)
  self:element("title", {}, title)
  return self
end

--- Adds an element.
-- @tparam string name
-- @tparam table attributes by name, numbers or texts; an underscore stands for a hyphen
-- @tparam[opt] string content its text
function Canvas:element(name, attributes, content)
  local names = {}
  for key in pairs(attributes) do
    names[#names + 1] = key
  end
  plain.sort(names)
  for i, key in ipairs(names) do
    local value = attributes[key]
    names[i] = (' %s="%s"'):format(key:gsub("_", "-"),
      type(value) == "number" and number.short(value) or text.escape(value))
  end
  local head = "<" .. name .. table.concat(names)
  self.parts[#self.parts + 1] = content and ("%s>%s</%s>"):format(head, text.escape(content), name)
    or head .. "/>"
end

--- A line from one point to another.
-- @tparam number x1
-- @tparam number y1
-- @tparam number x2
-- @tparam number y2
-- @tparam string colour
-- @tparam[opt] table more attributes
function Canvas:line(x1, y1, x2, y2, colour, more)
  local attributes = { x1 = x1, y1 = y1, x2 = x2, y2 = y2, stroke = colour }
  for key, value in pairs(more or {}) do
    attributes[key] = value
  end
  self:element("line", attributes)
end

--- A text, shortened to the room that there is.
-- @tparam number x
-- @tparam number y of the base line
-- @param value a text, or what tostring makes one of
-- @tparam[opt] table options size (default 12), room (width), anchor ("start", "middle", "end"),
-- fill, bold, turn (degrees about x, y), halo (true: with a white edge, to be read on other marks)
function Canvas:text(x, y, value, options)
  local o = options or {}
  local size = o.size or 12
  local attributes = { x = x, y = y, font_size = size, fill = o.fill or "#222222",
    font_family = Canvas.font, text_anchor = o.anchor, font_weight = o.bold and "bold" or nil }
  if o.turn then
    attributes.transform = ("rotate(%s %s %s)"):format(number.short(o.turn), number.short(x),
      number.short(y))
  end
  if o.halo then
    attributes.stroke, attributes.stroke_width, attributes.paint_order = "#ffffff", 3, "stroke"
    attributes.stroke_linejoin = "round"
  end
  self:element("text", attributes, text.shorten(value, size, o.room or math.huge))
end

--- The heading that all charts have, and a smaller line under it.
-- @tparam string title
-- @tparam ?string note
-- @treturn number where the rest begins
function Canvas:heading(title, note)
  self:text(16, 26, title, { size = 16, bold = true, room = self.width - 32 })
  if note then
    self:text(16, 45, note, { size = 12, fill = "#555555", room = self.width - 32 })
  end
  return note and 56 or 38
end

--- The whole picture.
-- @treturn string an SVG document in UTF-8
function Canvas:finish()
  local width, height = number.short(self.width), number.short(self.height)
  local size = ('width="%s" height="%s"'):format(width, height)
  return ('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
    .. '%s viewBox="0 0 %s %s">\n<rect %s fill="#ffffff"/>\n%s\n</svg>\n'):format(size, width,
    height, size, table.concat(self.parts, "\n"))
end

return Canvas
