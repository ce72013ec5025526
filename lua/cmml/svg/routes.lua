-- Routes through layers of modules: circles, and edges as thick as their weights.
local Canvas = require "cmml.svg.canvas"
local number = require "cmml.svg.number"
local places_of = require "cmml.svg.places"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = require("cmml.base.args").error

local known = declare("svg.routes", {
  of_chart.title,
  { name = "panels", kind = "table", required = true,
    help = "list of {title, routes}; routes is a list of matrices [from, to] (Tensors or lists), "
      .. "one for each gap between layers; a list of numbers leads to one place" },
  { name = "layers", kind = "table", help = "names of the layers" },
  of_chart.note,
  { name = "across", kind = "integer", from = 1, default = 3, help = "number of panels in a row" },
  { name = "largest", kind = "number", default_text = "the largest of each panel",
    help = "weight of the thickest edge" },
  { name = "decimals", kind = "integer", default = 2, help = "decimals of the values" },
})

local step_x, step_y, radius = 150, 62, 13

-- The matrix of each gap between layers: from module i to module j; a list is one module's target.
local function read_panel(p, panel)
  local what = ("svg.routes: panel %d"):format(p)
  if type(panel) ~= "table" or type(panel.routes) ~= "table" or #panel.routes == 0 then
    raise(what .. " must be {title = .., routes = a list of matrices}", 4)
  end
  local gaps = {}
  for g, given in ipairs(panel.routes) do
    local rows = type(given) == "userdata" and given.totable and given:totable() or given
    if type(rows) ~= "table" or #rows == 0 then
      raise(("%s, gap %d: a matrix was expected"):format(what, g), 4)
    end
    local gap = {}
    for i, row in ipairs(rows) do
      gap[i] = type(row) == "table" and row or { row }
      for _, weight in ipairs(gap[i]) do
        if not number.is_finite(weight) or weight < 0 then
          raise(("%s, gap %d: weights must be finite and not negative"):format(what, g), 4)
        end
      end
      if #gap[i] == 0 or #gap[i] ~= #gap[1] then
        raise(("%s, gap %d: its rows are not of one length"):format(what, g), 4)
      end
    end
    if g > 1 and #gaps[g - 1][1] ~= #gap then
      raise(("%s, gap %d: %d modules, but the gap before leads to %d"):format(what, g, #gap,
        #gaps[g - 1][1]), 4)
    end
    gaps[g] = gap
  end
  return gaps
end

local function draw_edge(canvas, from, to, weight, largest)
  local share = largest > 0 and weight / largest or 0
  canvas:line(from[1] + radius, from[2], to[1] - radius, to[2], "#0072B2",
    { stroke_width = 0.6 + 6.4 * share, stroke_opacity = 0.06 + 0.84 * share ^ 1.3 })
end

-- Where on its edge a weight may stand, as shares of the way; the first that is free.
local shares = { 0.72, 0.6, 0.8, 0.5, 0.4, 0.3 }

-- The strongest edge into each module has its weight on it, unless it is hardly seen.
local function draw_weights(canvas, taken, places, gap, layer, least, decimals)
  for j = 1, #gap[1] do
    local best = 1
    for i = 2, #gap do
      best = gap[i][j] > gap[best][j] and i or best
    end
    local from, to = places[layer][best], places[layer + 1][j]
    for _, share in ipairs(gap[best][j] >= least and shares or {}) do
      local x, y = from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share
      if taken:take(x - 13, y - 6, x + 13, y + 6) then
        canvas:text(x, y + 4, number.fixed(gap[best][j], decimals), { anchor = "middle",
          size = 10.5, halo = true })
        break
      end
    end
  end
end

local function draw_panel(canvas, x, y, panel, gaps, opt)
  local layers, most, largest = { #gaps[1] }, #gaps[1], opt.largest or 0
  for g, gap in ipairs(gaps) do
    layers[g + 1] = #gap[1]
    most = math.max(most, #gap[1])
    for _, row in ipairs(gap) do
      for _, weight in ipairs(row) do
        largest = math.max(largest, weight)
      end
    end
  end
  canvas:text(x, y, panel.title or "", { size = 13, bold = true, room = #gaps * step_x + 40 })
  local places, top = {}, y + 44
  for l, n in ipairs(layers) do
    places[l] = {}
    for i = 1, n do
      places[l][i] = { x + 20 + (l - 1) * step_x, top + ((most - n) / 2 + i - 1) * step_y }
    end
    local name = opt.layers and opt.layers[l] or l == #layers and "sum" or ("layer %d"):format(l)
    canvas:text(places[l][1][1], y + 20, name, { anchor = "middle", size = 11, fill = "#555555",
      room = step_x - 10 })
  end
  for g, gap in ipairs(gaps) do
    for i, row in ipairs(gap) do
      for j, weight in ipairs(row) do
        draw_edge(canvas, places[g][i], places[g + 1][j], weight, largest)
      end
    end
  end
  local taken = places_of.new { left = x, right = x + 20 + #gaps * step_x, top = top - 20,
    bottom = top + most * step_y }
  for g, gap in ipairs(gaps) do
    draw_weights(canvas, taken, places, gap, g, largest / 20, opt.decimals)
  end
  for _, list in ipairs(places) do
    for i, place in ipairs(list) do
      canvas:element("circle", { cx = place[1], cy = place[2], r = radius, fill = "#ffffff",
        stroke = "#333333", stroke_width = 1.3 })
      canvas:text(place[1], place[2] + 4, #list > 1 and i or "+", { anchor = "middle",
        size = 11 })
    end
  end
  return (most - 1) * step_y + 90
end

--- Routes through modules, a panel each.
-- @tparam table options of svg.routes
-- @treturn string
return function(options)
  local opt = known:check(options)
  if #opt.panels == 0 then
    raise("svg.routes: there are no panels", 2)
  end
  local read, widest = {}, 0
  for p, panel in ipairs(opt.panels) do
    read[p] = read_panel(p, panel)
    widest = math.max(widest, #read[p] * step_x + 40)
  end
  local across = math.min(opt.across, #read)
  local canvas = Canvas.new(math.max(40 + across * (widest + 30), 420), 0, opt.title)
  local y, row_height = canvas:heading(opt.title, opt.note) + 24, 0
  for p, gaps in ipairs(read) do
    local column = (p - 1) % across
    if column == 0 and p > 1 then
      y, row_height = y + row_height + 20, 0
    end
    row_height = math.max(row_height, draw_panel(canvas, 24 + column * (widest + 30), y,
      opt.panels[p], gaps, opt))
  end
  canvas.height = y + row_height
  return canvas:finish()
end
