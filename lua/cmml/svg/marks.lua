--- Colours and shapes that tell groups apart, for people who are blind to some colours too.
--
-- @module cmml.svg.marks
local number = require "cmml.svg.number"
local marks = {}

-- Okabe and Ito (2008), without the yellow, which is not seen on white; and a purple.
local colours = { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288",
  "#555555" }

-- Corners of a shape about 0, 0, of about the area of a circle of radius 1.
local shapes = {
  false, -- a circle
  { { -0.9, -0.9 }, { 0.9, -0.9 }, { 0.9, 0.9 }, { -0.9, 0.9 } },
  { { 0, -1.25 }, { 1.15, 0.85 }, { -1.15, 0.85 } },
  { { 0, -1.3 }, { 1.15, 0 }, { 0, 1.3 }, { -1.15, 0 } },
  { { 0, 1.25 }, { 1.15, -0.85 }, { -1.15, -0.85 } },
  { { -0.4, -1.2 }, { 0.4, -1.2 }, { 0.4, -0.4 }, { 1.2, -0.4 }, { 1.2, 0.4 }, { 0.4, 0.4 },
    { 0.4, 1.2 }, { -0.4, 1.2 }, { -0.4, 0.4 }, { -1.2, 0.4 }, { -1.2, -0.4 }, { -0.4, -0.4 } },
  { { 0, -0.55 }, { 0.65, -1.2 }, { 1.2, -0.65 }, { 0.55, 0 }, { 1.2, 0.65 }, { 0.65, 1.2 },
    { 0, 0.55 }, { -0.65, 1.2 }, { -1.2, 0.65 }, { -0.55, 0 }, { -1.2, -0.65 }, { -0.65, -1.2 } },
  { { -0.55, -1 }, { 0.55, -1 }, { 1.15, 0 }, { 0.55, 1 }, { -0.55, 1 }, { -1.15, 0 } },
}

--- The colour of a group: eight, then over again.
-- @tparam integer group from 1
-- @treturn string
function marks.colour(group)
  return colours[(group - 1) % #colours + 1]
end

--- Draws the mark of a group. Groups of one colour have different shapes: 64 look different.
-- @tparam Canvas canvas
-- @tparam number x
-- @tparam number y
-- @tparam integer group from 1
-- @tparam[opt=4] number radius
function marks.draw(canvas, x, y, group, radius)
  radius = radius or 4
  local shape = shapes[(group - 1 + (group - 1) // #colours) % #shapes + 1]
  local style = { fill = marks.colour(group), fill_opacity = 0.8, stroke = "#ffffff",
    stroke_width = 0.7 }
  if not shape then
    style.cx, style.cy, style.r = x, y, radius
    canvas:element("circle", style)
    return
  end
  local corners = {}
  for i, corner in ipairs(shape) do
    corners[i] = number.short(x + radius * corner[1]) .. "," .. number.short(y + radius * corner[2])
  end
  style.points = table.concat(corners, " ")
  canvas:element("polygon", style)
end

-- From white to dark blue, of evenly falling lightness.
local rising = { { 247, 251, 255 }, { 198, 219, 239 }, { 107, 174, 214 }, { 33, 113, 181 },
  { 8, 48, 107 } }
-- From orange over white to blue, for what is below and above a middle.
local two_sided = { { 166, 54, 3 }, { 253, 174, 107 }, { 250, 250, 250 }, { 107, 174, 214 },
  { 8, 81, 156 } }

--- A colour for a share: white for 0, dark blue for 1; or orange for 0, white for 1/2, blue for 1.
-- @tparam number share
-- @tparam[opt=false] boolean sided the latter
-- @treturn string of the area
-- @treturn string black or white, for letters on it
function marks.shade(share, sided)
  local ramp = sided and two_sided or rising
  local place = math.max(0, math.min(1, share)) * (#ramp - 1)
  local i = math.min(math.floor(place), #ramp - 2)
  local mixed = {}
  for c = 1, 3 do
    mixed[c] = math.floor(ramp[i + 1][c] + (place - i) * (ramp[i + 2][c] - ramp[i + 1][c]) + 0.5)
  end
  local light = 0.299 * mixed[1] + 0.587 * mixed[2] + 0.114 * mixed[3]
  return ("#%02x%02x%02x"):format(mixed[1], mixed[2], mixed[3]), light > 140 and "#000000"
    or "#ffffff"
end

--- A legend, a line a group.
-- @tparam Canvas canvas
-- @tparam number x
-- @tparam number y of its first line
-- @tparam table names of the groups, in their order
-- @tparam number room width that there is
function marks.legend(canvas, x, y, names, room)
  for g, name in ipairs(names) do
    marks.draw(canvas, x + 6, y + (g - 1) * 20, g, 5)
    canvas:text(x + 18, y + (g - 1) * 20 + 4, name, { room = room - 18 })
  end
end

return marks
