-- Points in a plane, their groups told apart by colour and shape.
local plain = require "cmml.base.plain"
local Canvas = require "cmml.svg.canvas"
local frame = require "cmml.svg.frame"
local marks = require "cmml.svg.marks"
local number = require "cmml.svg.number"
local places = require "cmml.svg.places"
local text = require "cmml.svg.text"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = require("cmml.base.args").error

local known = declare("svg.scatter", {
  of_chart.title,
  { name = "points", kind = "any", required = true, help = "Tensor [n, 2], or list of {x, y}" },
  { name = "groups", kind = "table", default_text = "no groups",
    help = "list of names, one a point" },
  { name = "order", kind = "table", default_text = "of appearance",
    help = "order of the groups in the legend" },
  { name = "names", kind = "table", help = "list of names, one a point" },
  { name = "labels", kind = "integer", default = 4,
    help = "maximum number of points of each group that are labelled, where there is room" },
  of_chart.x, of_chart.y, of_chart.note,
  { name = "ticks", kind = "boolean", default = true,
    help = "false where numbers mean nothing, as in t-SNE" },
})

local size, legend_width, label_size = 520, 300, 10.5

-- A list of {x, y} from that or from a tensor [n, 2].
local function read_points(name, given)
  local list = given
  if type(given) == "userdata" and given.totable then
    if #given.shape ~= 2 or given.shape[2] ~= 2 then
      raise(("%s: points must be [n, 2] or a list of {x, y}"):format(name), 4)
    end
    list = given:totable()
  elseif type(given) ~= "table" then
    raise(("%s: points must be a tensor [n, 2] or a list of {x, y}, not %s"):format(name,
      type(given)), 4)
  end
  if #list == 0 then
    raise(name .. ": there are no points", 4)
  end
  for i, point in ipairs(list) do
    if type(point) ~= "table" or not number.is_finite(point[1]) or not number.is_finite(point[2])
    then
      raise(("%s: point %d is no pair of finite numbers"):format(name, i), 4)
    end
  end
  return list
end

-- The number of each point's group, and the names in the order given or of first appearance.
local function read_groups(opt, n)
  local order, at, numbers = {}, {}, {}
  local function number_of(name)
    if not at[name] then
      order[#order + 1] = name
      at[name] = #order
    end
    return at[name]
  end
  for _, name in ipairs(opt.order or {}) do
    number_of(name)
  end
  for _, key in ipairs { "groups", "names" } do
    if opt[key] and #opt[key] ~= n then
      raise(("svg.scatter: %d %s for %d points"):format(#opt[key], key, n), 4)
    end
  end
  for i = 1, n do
    numbers[i] = number_of(opt.groups and opt.groups[i] or "")
  end
  return numbers, order
end

-- The points that get a label, most typical first: of each group those nearest to its middle.
local function typical(points, groups, n_groups)
  local sums, ranked, chosen = {}, {}, {}
  for g = 1, n_groups do
    sums[g], ranked[g] = { 0, 0, 0 }, {}
  end
  for i, point in ipairs(points) do
    local sum = sums[groups[i]]
    sum[1], sum[2], sum[3] = sum[1] + point[1], sum[2] + point[2], sum[3] + 1
    table.insert(ranked[groups[i]], i)
  end
  for g, list in ipairs(ranked) do
    local x, y, distance = sums[g][1] / sums[g][3], sums[g][2] / sums[g][3], {}
    for _, i in ipairs(list) do
      distance[i] = (points[i][1] - x) ^ 2 + (points[i][2] - y) ^ 2
    end
    plain.sort(list, function(a, b)
      if distance[a] ~= distance[b] then
        return distance[a] < distance[b]
      end
      return a < b
    end)
  end
  for rank = 1, #points do
    for g = 1, n_groups do
      chosen[#chosen + 1] = ranked[g][rank] and { ranked[g][rank], g } or nil
    end
  end
  return chosen
end

-- Labels where there is room; of each group so many at most, of the points that are most typical.
local function draw_labels(canvas, box, at, names, chosen, each)
  local taken, drawn, tried = places.new(box), {}, {}
  for _, point in ipairs(at) do
    taken:add(point[1] - 4, point[2] - 4, point[1] + 4, point[2] + 4)
  end
  for _, entry in ipairs(chosen) do
    local i, group = entry[1], entry[2]
    local name = text.shorten(names[i] or "", label_size, 130)
    if name ~= "" and (drawn[group] or 0) < each and (tried[group] or 0) < 10 * each then
      tried[group] = (tried[group] or 0) + 1
      local x, y = taken:label(at[i][1], at[i][2], text.width(name, label_size), label_size)
      if x then
        drawn[group] = (drawn[group] or 0) + 1
        canvas:text(x, y, name, { size = label_size, halo = true })
      end
    end
  end
end

--- A scatter chart.
-- @tparam table options of svg.scatter
-- @treturn string
return function(options)
  local opt = known:check(options)
  local points = read_points("svg.scatter", opt.points)
  local groups, order = read_groups(opt, #points)
  local with_legend = opt.groups ~= nil
  local canvas = Canvas.new(70 + size + (with_legend and 20 + legend_width or 20), 0, opt.title)
  local top = canvas:heading(opt.title, opt.note) + 4
  local box = { left = 70, right = 70 + size, top = top, bottom = top + size }
  local low, high = {}, {}
  for axis = 1, 2 do
    local values = {}
    for i, point in ipairs(points) do
      values[i] = point[axis]
    end
    low[axis], high[axis] = number.widened(frame.range(values, #values))
    low[axis], high[axis] = number.widened(low[axis], high[axis], 0.05)
  end
  local x = frame.scale(low[1], high[1], box.left, box.right, 7)
  local y = frame.scale(low[2], high[2], box.bottom, box.top, 7)
  if not opt.ticks then
    x.ticks, y.ticks = {}, {}
  end
  frame.horizontal(canvas, box, x, opt.x)
  frame.vertical(canvas, box, y, opt.y)
  local at, counts = {}, {}
  for i, point in ipairs(points) do
    at[i] = { x.at(point[1]), y.at(point[2]) }
    marks.draw(canvas, at[i][1], at[i][2], groups[i], 4)
    counts[groups[i]] = (counts[groups[i]] or 0) + 1
  end
  if opt.names then
    draw_labels(canvas, box, at, opt.names, typical(points, groups, #order), opt.labels)
  end
  canvas.height = math.max(box.bottom + 50, with_legend and top + #order * 20 + 20 or 0)
  if with_legend then
    local legend = {}
    for g, name in ipairs(order) do
      legend[g] = ("%s (%d)"):format(text.shorten(name, 12, legend_width - 70), counts[g] or 0)
    end
    marks.legend(canvas, box.right + 16, top + 10, legend, legend_width)
  end
  return canvas:finish()
end
