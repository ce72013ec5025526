--- The frame of a chart: scales from numbers to places, grid lines, ticks, names of the axes.
--
-- @module cmml.svg.frame
local number = require "cmml.svg.number"

local frame = {}

local grid, ink = "#e3e3e3", "#444444"

--- A scale: a function from numbers to places, and the ticks within.
-- @tparam number low
-- @tparam number high above low
-- @tparam number from place of low
-- @tparam number to place of high
-- @tparam[opt] integer ticks how many at most
-- @treturn table at (function), ticks, decimals
function frame.scale(low, high, from, to, ticks)
  local values, decimals = number.ticks(low, high, ticks)
  return { ticks = values, decimals = decimals, at = function(value)
    return from + (value - low) / (high - low) * (to - from)
  end }
end

--- Grid lines, ticks and name of the horizontal axis.
-- @tparam Canvas canvas
-- @tparam table box left, right, top, bottom
-- @tparam table scale as `scale` gives it; labels may name the ticks
-- @tparam ?string name
function frame.horizontal(canvas, box, scale, name)
  for i, value in ipairs(scale.ticks) do
    local x = scale.at(value)
    canvas:line(x, box.top, x, box.bottom, grid)
    canvas:text(x, box.bottom + 16, scale.labels and scale.labels[i]
      or number.fixed(value, scale.decimals), { anchor = "middle", size = 11, fill = ink })
  end
  canvas:line(box.left, box.bottom, box.right, box.bottom, ink)
  if name then
    canvas:text((box.left + box.right) / 2, box.bottom + 36, name, { anchor = "middle",
      room = box.right - box.left })
  end
end

--- Grid lines, ticks and name of the vertical axis.
-- @tparam Canvas canvas
-- @tparam table box left, right, top, bottom
-- @tparam table scale as `scale` gives it
-- @tparam ?string name
function frame.vertical(canvas, box, scale, name)
  for _, value in ipairs(scale.ticks) do
    local y = scale.at(value)
    canvas:line(box.left, y, box.right, y, grid)
    canvas:text(box.left - 6, y + 4, number.fixed(value, scale.decimals), { anchor = "end",
      size = 11, fill = ink })
  end
  canvas:line(box.left, box.top, box.left, box.bottom, ink)
  if name then
    local x, y = box.left - 46, (box.top + box.bottom) / 2
    canvas:text(x, y, name, { anchor = "middle", turn = -90, room = box.bottom - box.top })
  end
end

--- The least and the largest of some numbers; what is no finite number is left out.
-- @tparam table list numbers; may have gaps up to n
-- @tparam integer n
-- @tparam ?number low of before
-- @tparam ?number high
-- @treturn ?number
-- @treturn ?number
function frame.range(list, n, low, high)
  for i = 1, n do
    local value = list[i]
    if number.is_finite(value) then
      low, high = math.min(low or value, value), math.max(high or value, value)
    end
  end
  return low, high
end

return frame
