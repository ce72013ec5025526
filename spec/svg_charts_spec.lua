-- Scatter charts, heat maps, routes and lines: what is drawn where, and what is refused.
local cmml = require "cmml"
local places = require "cmml.svg.places"
local read = require "spec.support.svg"
local refused = require("spec.support.refused").with_text
local svg = cmml.svg

local hostile = { "<script>alert(1)</script>", "", ("x"):rep(10000), "\0\1\255&\"'", "]]>" }

local function has(document, wanted)
  for _, value in ipairs(read.texts(document)) do
    if value == wanted then
      return true
    end
  end
  return false
end

describe("a scatter chart", function()
  local points = { { 0, 0 }, { 10, 10 }, { 5, 10 }, { 0, 10 } }

  it("puts points in proportion, upwards", function()
    local dots = read.all(svg.scatter { title = "T", points = points }, "circle")
    assert.equal(4, #dots)
    local function at(i)
      return tonumber(dots[i].cx), tonumber(dots[i].cy)
    end
    local x1, y1 = at(1)
    local x2, y2 = at(2)
    local x3, y3 = at(3)
    assert.truthy(x1 < x2 and y2 < y1)
    assert.truthy(math.abs((x1 + x2) / 2 - x3) < 0.02 and y3 == y2)
  end)

  it("takes a tensor, and names groups with how many points they have", function()
    local document = svg.scatter { title = "T", points = cmml.core.tensor(points), x = "across",
      y = "up", groups = { "a", "b", "b", "b" }, order = { "b", "a" }, ticks = false }
    for _, wanted in ipairs { "a (1)", "b (3)", "across", "up" } do
      assert.truthy(has(document, wanted), wanted)
    end
    -- b has the first mark, a circle, and so has its line in the legend; a is a square
    assert.equal(4, #read.all(document, "circle"))
    assert.equal(2, #read.all(document, "polygon"))
  end)

  it("tells 64 groups apart by colour or shape", function()
    local many, groups, seen, n = {}, {}, {}, 0
    for i = 1, 64 do
      many[i], groups[i] = { i % 8, i // 8 }, "group " .. i
    end
    local document = svg.scatter { title = "T", points = many, groups = groups }
    for _, name in ipairs { "circle", "polygon" } do
      for _, mark in ipairs(read.all(document, name)) do
        local shape, x1, y1 = mark.fill, nil, nil
        for x, y in (mark.points or ""):gmatch "([%d.]+),([%d.]+)" do
          x1, y1 = x1 or x, y1 or y
          shape = ("%s %.0f,%.0f"):format(shape, x - x1, y - y1)
        end
        if (mark.r or "4") == "4" and not seen[shape] then
          seen[shape], n = true, n + 1
        end
      end
    end
    assert.truthy(n >= 64, n) -- those of the legend are larger
  end)

  it("labels typical points, and no label covers another", function()
    local crowd, names, groups = {}, {}, {}
    for i = 1, 60 do
      crowd[i] = { math.sin(i * 7.3), math.sin(i * 3.1) }
      names[i], groups[i] = "name " .. i, i % 2 == 0 and "even" or "odd"
    end
    local document = svg.scatter { title = "T", points = crowd, names = names, groups = groups,
      labels = 3 }
    local boxes, counts = {}, { [0] = 0, 0 }
    for _, element in ipairs(read.read(document)) do
      local number = element.name == "text" and (element.text or ""):match "^name (%d+)$"
      if number then
        local a = element.attributes
        boxes[#boxes + 1] = { tonumber(a.x), tonumber(a.y), 60, 10 }
        counts[number % 2] = counts[number % 2] + 1
      end
    end
    assert.truthy(#boxes >= 2 and counts[0] <= 3 and counts[1] <= 3)
    for i = 1, #boxes do
      for j = i + 1, #boxes do
        assert.truthy(math.abs(boxes[i][1] - boxes[j][1]) > 20
          or math.abs(boxes[i][2] - boxes[j][2]) >= 10)
      end
    end
  end)

  it("survives hostile texts and points in one place", function()
    for _, text in ipairs(hostile) do
      read.read(svg.scatter { title = text, note = text, x = text, y = text,
        points = { { 1, 1 }, { 1, 1 } }, groups = { text, text }, names = { text, text } })
    end
  end)

  it("refuses what it cannot draw", function()
    refused("there are no points", svg.scatter, { title = "T", points = {} })
    refused("point 2 is no pair of finite numbers", svg.scatter, { title = "T",
      points = { { 1, 2 }, { 1, 0 / 0 } } })
    refused("point 1 is no pair", svg.scatter, { title = "T", points = { 1 } })
    refused("points must be [n, 2]", svg.scatter, { title = "T",
      points = cmml.core.full({ 2, 3 }, 0) })
    refused("option points is missing", svg.scatter, { title = "T" })
    refused("1 groups for 4 points", svg.scatter, { title = "T", points = points,
      groups = { "a" } })
    refused("5 names for 4 points", svg.scatter, { title = "T", points = points,
      names = { "a", "b", "c", "d", "e" } })
  end)
end)

describe("places of labels", function()
  it("are beside the point, free and within the box; or there is none", function()
    local taken = places.new { left = 0, right = 100, top = 0, bottom = 100 }
    local x, y = taken:label(50, 50, 30, 10)
    assert.truthy(x > 50 and y > 45 and y < 60)
    local other = taken:label(50, 50, 30, 10)
    assert.truthy(other < 50)
    assert.is_nil(taken:label(50, 50, 200, 10))
    assert.is_false(taken:take(0, 0, 100, 100))
    assert.is_true(taken:take(0, 0, 10, 10))
    assert.is_false(taken:take(5, 5, 12, 12))
  end)
end)

describe("a heat map", function()
  it("is darker for larger values, and writes them", function()
    local document = svg.heatmap { title = "T", rows = { "r1", "r2" }, columns = { "a", "b", "c" },
      values = cmml.core.tensor { { 0, 0.5, 1 }, { 0.25, 0.25, 0.75 } }, spans = { { "S", 3 } },
      metric = "M" }
    for _, wanted in ipairs { "r1", "r2", "a", "c", "S", "M", "0.00", "0.50", "1.00", "0.75" } do
      assert.truthy(has(document, wanted), wanted)
    end
    local shades = {}
    for _, cell in ipairs(read.all(document, "rect")) do
      local red = cell.height == "21" and cell.fill:match "^#(%x%x)"
      shades[#shades + 1] = red and tonumber(red, 16) or nil
    end
    assert.equal(6, #shades)
    assert.truthy(shades[1] > shades[4] and shades[4] > shades[2] and shades[2] > shades[6]
      and shades[6] > shades[3] and shades[4] == shades[5])
  end)

  it("has a dash where there is no number, and two colours if it is sided", function()
    local document = svg.heatmap { title = "T", rows = { "r" }, columns = { "a", "b", "c" },
      values = { { -1, 0 / 0, 0.5 } }, sided = true, decimals = 1 }
    assert.truthy(has(document, "-") and has(document, "-1.0") and has(document, "0.5"))
    read.read(svg.heatmap { title = "T", rows = { "r" }, columns = { "a" }, values = { { 3 } } })
    for _, text in ipairs(hostile) do
      read.read(svg.heatmap { title = text, rows = { text }, columns = { text }, note = text,
        values = { { 3 } }, metric = text, spans = { { text, 1 } } })
    end
    assert.is_false(has(svg.heatmap { title = "T", rows = { "r" }, columns = { "a" },
      values = { { 3 } }, decimals = -1 }, "3"))
  end)

  it("refuses what it cannot draw", function()
    local function refuse(text, options)
      options.title = "T"
      refused(text, svg.heatmap, options)
    end
    refuse("a name for each row", { rows = {}, columns = {}, values = {} })
    refuse("1 rows of values, but 2 names", { rows = { "a", "b" }, columns = { "c" },
      values = { { 1 } } })
    refuse("row 1 has 2 values for 1 columns", { rows = { "a" }, columns = { "c" },
      values = { { 1, 2 } } })
    refuse("no value is a finite number", { rows = { "a" }, columns = { "c" },
      values = { { 0 / 0 } } })
    refuse("must not be above", { rows = { "a" }, columns = { "c" }, values = { { 1 } }, low = 2,
      high = 1 })
    refuse("low must be a finite number", { rows = { "a" }, columns = { "c" }, values = { { 1 } },
      low = 0 / 0 })
  end)
end)

describe("a graph of routes", function()
  local gap = { { 0.7, 0.1 }, { 0.3, 0.9 } }

  it("has a circle a module, an edge a route, and labels the strongest into each", function()
    local document = svg.routes { title = "T", panels = { { title = "P", routes = { gap,
      { 0.2, 0.8 } } } } }
    assert.equal(5, #read.all(document, "circle"))
    local edges = read.all(document, "line")
    assert.equal(6, #edges)
    for _, wanted in ipairs { "P", "layer 1", "layer 2", "sum", "0.70", "0.90", "0.80" } do
      assert.truthy(has(document, wanted), wanted)
    end
    assert.is_false(has(document, "0.30"))
    assert.is_false(has(svg.routes { title = "T", panels = { { routes = { { { 1, 0.04 } } } } } },
      "0.04"))
    assert.truthy(tonumber(edges[4]["stroke-width"]) > tonumber(edges[1]["stroke-width"]))
    assert.truthy(tonumber(edges[1]["stroke-width"]) > tonumber(edges[2]["stroke-width"]))
  end)

  it("takes tensors, many panels, hostile titles and weights of 0", function()
    local panels = {}
    for i, text in ipairs(hostile) do
      panels[i] = { title = text, routes = { cmml.core.full({ 3, 3 }, i - 1) } }
    end
    assert.equal(6 * #hostile, #read.all(svg.routes { title = "T", panels = panels }, "circle"))
  end)

  it("refuses what it cannot draw", function()
    refused("there are no panels", svg.routes, { title = "T", panels = {} })
    for text, routes in pairs { ["must be {title"] = {}, ["gap 1: a matrix"] = { 3 },
      ["not negative"] = { { { -1 } } }, ["finite"] = { { { 0 / 0 } } },
      ["not of one length"] = { { { 1, 2 }, { 1 } } },
      ["gap 2: 1 modules, but the gap before leads to 2"] = { gap, { { 1 } } } } do
      refused(text, svg.routes, { title = "T", panels = { { routes = routes } } })
    end
  end)
end)

describe("a chart of lines", function()
  it("has a line and marks for each series, interrupted where there is no value", function()
    local document = svg.lines { title = "T", x = "X", y = "Y", series = {
      { name = "one", points = { { 40, 1, 0.9, 1.1 }, { 0, 2 }, { 5, 1.5 } } },
      { name = "two", points = { { 0, 1 }, { 5, 0 / 0 }, { 40, 2 } } } } }
    for _, wanted in ipairs { "one", "two", "X", "Y", "0", "5", "40" } do
      assert.truthy(has(document, wanted), wanted)
    end
    assert.equal(3 + 1, #read.all(document, "circle")) -- and one in the legend
    assert.equal(2 + 1, #read.all(document, "polygon"))
    local thick = 0
    for _, line in ipairs(read.all(document, "line")) do
      thick = thick + (line["stroke-width"] == "2" and 1 or 0)
    end
    assert.equal(2, thick)
  end)

  it("of costs shows what is proportional as a straight line from 0", function()
    local function runs_of(to_scale)
      local document = svg.lines { title = "T", to_scale = to_scale, series = {
        { name = "A", points = { { 1, 10 }, { 5, 50 }, { 20, 200 } } } } }
      local found = {}
      for _, line in ipairs(read.all(document, "line")) do
        if line["stroke-width"] == "2" then
          found[#found + 1] = { x = line.x2 - line.x1, y = line.y1 - line.y2 }
        end
      end
      return found
    end
    local even, scaled = runs_of(false), runs_of(true)
    assert.near(even[1].x, even[2].x, 0.1)
    assert.near(15 / 4, scaled[2].x / scaled[1].x, 0.01)
    assert.near(15 / 4, scaled[2].y / scaled[1].y, 0.01)
    local high = { { name = "A", points = { { 1, 90 }, { 2, 100 } } } }
    assert.truthy(has(svg.lines { title = "T", to_scale = true, series = high }, "0"))
    assert.falsy(has(svg.lines { title = "T", series = high }, "0"))
  end)

  it("refuses what it cannot draw", function()
    refused("there are no series", svg.lines, { title = "T", series = {} })
    refused("series 1 must be", svg.lines, { title = "T", series = { { name = "a" } } })
    refused("no finite x", svg.lines, { title = "T", series = { { name = "a",
      points = { { 0 / 0, 1 } } } } })
    refused("no point has a mean", svg.lines, { title = "T", series = { { name = "a",
      points = { { 1, 0 / 0 } } } } })
    for _, text in ipairs(hostile) do
      read.read(svg.lines { title = text, series = { { name = text, points = { { 1, 1 } } } } })
    end
  end)
end)
