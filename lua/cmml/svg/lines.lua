-- A metric at several sizes, a line for each series: results by support.
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local Canvas = require "cmml.svg.canvas"
local frame = require "cmml.svg.frame"
local marks = require "cmml.svg.marks"
local number = require "cmml.svg.number"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = args.error

local known = declare("svg.lines", {
  of_chart.title,
  { name = "series", kind = "table", required = true,
    help = "list of {name, points}; points is a list of {x, mean, low, high}: low and high may be "
      .. "nil, and a mean that is not finite interrupts the line" },
  of_chart.x, of_chart.y, of_chart.note,
  { name = "to_scale", kind = "boolean", default = false,
    help = "whether x is to scale and y begins at 0, as of costs, so that what is proportional is "
      .. "a straight line; else neighbours have the same distance" },
})

local width, height, legend_width = 560, 360, 240

-- The xs of all series, rising, and the range of what is drawn.
local function survey(series)
  local xs, seen, low, high = {}, {}, nil, nil
  for s, one in ipairs(series) do
    if type(one) ~= "table" or one.name == nil or type(one.points) ~= "table" then
      raise(("svg.lines: series %d must be {name = .., points = list of {x, mean, low, high}}")
        :format(s), 4)
    end
    for i, point in ipairs(one.points) do
      if type(point) ~= "table" or not number.is_finite(point[1]) then
        raise(("svg.lines: series %s, point %d has no finite x"):format(args.quote(one.name), i), 4)
      end
      if not seen[point[1]] then
        xs[#xs + 1], seen[point[1]] = point[1], true
      end
      low, high = frame.range({ point[2], point[3], point[4] }, 4, low, high)
    end
  end
  if not low then
    raise("svg.lines: no point has a mean that is a finite number", 4)
  end
  plain.sort(xs)
  return xs, low, high
end

-- Where xs lie: to scale, or with the same distance between neighbours, whatever their numbers: 0,
-- 1, 2, 5, 10 are all seen.
local function scale_of(xs, box, to_scale)
  local places, labels = {}, {}
  for i, value in ipairs(xs) do
    local share = to_scale and (value - xs[1]) / (xs[#xs] - xs[1]) or (i - 1) / (#xs - 1)
    places[value] = #xs == 1 and (box.left + box.right) / 2
      or box.left + 24 + share * (box.right - box.left - 48)
    labels[i] = number.short(value)
  end
  return { ticks = xs, labels = labels, at = function(value)
    return places[value]
  end }
end

-- Series are moved a little beside one another, so that their intervals do not cover each other.
local function draw_series(canvas, x, y, s, n, points)
  local shift, last = (s - (n + 1) / 2) * math.min(6, 24 / n), nil
  for _, point in ipairs(points) do
    if number.is_finite(point[2]) then
      local px, py = x.at(point[1]) + shift, y.at(point[2])
      if last then
        canvas:line(last[1], last[2], px, py, marks.colour(s), { stroke_width = 2 })
      end
      if number.is_finite(point[3]) and number.is_finite(point[4]) then
        canvas:line(px, y.at(point[3]), px, y.at(point[4]), marks.colour(s),
          { stroke_width = 1.5, stroke_opacity = 0.55 })
      end
      last = { px, py }
    else
      last = nil
    end
  end
  for _, point in ipairs(points) do
    if number.is_finite(point[2]) then
      marks.draw(canvas, x.at(point[1]) + shift, y.at(point[2]), s, 5)
    end
  end
end

--- A chart of lines.
-- @tparam table options of svg.lines
-- @treturn string
return function(options)
  local opt = known:check(options)
  if #opt.series == 0 then
    raise("svg.lines: there are no series", 2)
  end
  local xs, low, high = survey(opt.series)
  local canvas = Canvas.new(84 + width + 20 + legend_width, 0, opt.title)
  local top = canvas:heading(opt.title, opt.note) + 4
  local box = { left = 84, right = 84 + width, top = top, bottom = top + height }
  local x = scale_of(xs, box, opt.to_scale)
  low = opt.to_scale and math.min(low, 0) or low
  low, high = number.widened(number.widened(low, high))
  low, high = number.widened(low, high, 0.05)
  local y = frame.scale(low, high, box.bottom, box.top, 7)
  frame.horizontal(canvas, box, x, opt.x)
  frame.vertical(canvas, box, y, opt.y)
  local names = {}
  for s, one in ipairs(opt.series) do
    local points = table.move(one.points, 1, #one.points, 1, {})
    plain.sort(points, function(a, b)
      return a[1] < b[1]
    end)
    draw_series(canvas, x, y, s, #opt.series, points)
    names[s] = one.name
  end
  marks.legend(canvas, box.right + 18, top + 12, names, legend_width)
  canvas.height = math.max(box.bottom + 50, top + #names * 20 + 20)
  return canvas:finish()
end
