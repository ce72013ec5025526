--- Charts as SVG text, which any browser shows.
--
-- Texts may be any bytes: they are escaped, and what cannot be shown becomes U+FFFD.
--
-- @module cmml.svg.svg
local bars = require "cmml.svg.bars"
local heatmap = require "cmml.svg.heatmap"
local intervals = require "cmml.svg.intervals"
local lines = require "cmml.svg.lines"
local routes = require "cmml.svg.routes"
local scatter = require "cmml.svg.scatter"

return function(cmml)
  cmml.svg = {}

  --- Counts as bars, in panels one under the other.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.bars(options)
    return bars(options)
  end

  --- A chart of means with their intervals, one row each.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.intervals(options)
    return intervals(options)
  end

  --- Points in a plane; groups differ in colour and in shape. Labels are given first to the points
  -- that are nearest to the middle of their group.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.scatter(options)
    return scatter(options)
  end

  --- A matrix as cells, darker where the value is larger.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.heatmap(options)
    return heatmap(options)
  end

  --- Routes through layers of modules: circles, and edges that are thick and dark where the weight
  -- is large; the strongest edge into each module is labelled with its weight, if that is at least
  -- a twentieth of the largest.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.routes(options)
    return routes(options)
  end

  --- A metric at several sizes, such as those of the support: one line per series. Sizes are
  -- drawn at equal distances.
  -- @tparam table options
  -- @treturn string an SVG document
  function cmml.svg.lines(options)
    return lines(options)
  end
end
