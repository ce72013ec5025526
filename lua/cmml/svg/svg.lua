--- Pictures as SVG text: charts that need nothing but a browser to be looked at.
--
-- Texts may be any bytes: they are escaped, and what cannot be shown becomes U+FFFD.
--
-- @module cmml.svg.svg
local heatmap = require "cmml.svg.heatmap"
local intervals = require "cmml.svg.intervals"
local lines = require "cmml.svg.lines"
local routes = require "cmml.svg.routes"
local scatter = require "cmml.svg.scatter"

return function(cmml)
  cmml.svg = {}

  --- A chart of means with their intervals, a row each.
  -- @tparam table options title; rows: a list of {label, mean, low, high}: low and high may be nil,
  -- a mean that is not finite is told as "no value"; with the fields group (rows that follow one
  -- another under one heading) and strong (true: stands out); metric (name of the axis); note
  -- (a line under the title); decimals (of the values, default 3)
  -- @treturn string an SVG document
  function cmml.svg.intervals(options)
    return intervals(options)
  end

  --- Points in a plane; groups are told apart by colour and by shape.
  -- @tparam table options title; points (Tensor [n, 2], or a list of {x, y}); groups (list of
  -- names, one a point; default: no groups), order (of the groups in the legend; default: as they
  -- come); names (list, one a point): labels (4) points of each group at most are labelled, those
  -- nearest to its middle first, where there is room; x, y (names of the axes); ticks (default
  -- true; false where numbers say nothing, as in t-SNE); note (a line under the title)
  -- @treturn string an SVG document
  function cmml.svg.scatter(options)
    return scatter(options)
  end

  --- A matrix as cells, darker where the value is larger.
  -- @tparam table options title; values (Tensor [rows, columns] or a list of lists; what is not
  -- finite is drawn as a dash); rows, columns (lists of names); spans (list of {name, columns}:
  -- bars over the columns, from the left); low, high (values of the lightest and darkest colour;
  -- default: the least and the largest); sided (true: orange below 0, white there, blue above);
  -- metric (what the values are); note; decimals (default 2; -1: the values are not written)
  -- @treturn string an SVG document
  function cmml.svg.heatmap(options)
    return heatmap(options)
  end

  --- Routes through layers of modules: circles, and edges that are thick and dark where the weight
  -- is large; on the strongest edge into each module stands its weight, if it is at least a
  -- twentieth of the largest.
  -- @tparam table options title; panels: a list of {title, routes}, with routes a list of matrices
  -- [from, to] (Tensors or lists), one for each gap between layers; a list of numbers leads to one
  -- place, as the last of a SoftModulation does; layers (names); across (panels in a row, default
  -- 3); largest (the weight of the thickest edge; default: the largest of each panel); note;
  -- decimals (default 2)
  -- @treturn string an SVG document
  function cmml.svg.routes(options)
    return routes(options)
  end

  --- A metric at several sizes, such as those of the support: a line for each series. Sizes stand
  -- at the same distance from one another.
  -- @tparam table options title; series: a list of {name, points}, with points a list of {x, mean,
  -- low, high}: low and high may be nil, and a mean that is not finite interrupts the line; x, y
  -- (names of the axes); note
  -- @treturn string an SVG document
  function cmml.svg.lines(options)
    return lines(options)
  end
end
