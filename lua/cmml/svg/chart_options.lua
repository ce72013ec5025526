--- The options that charts share.
--
-- @module cmml.svg.chart_options
return {
  title = { name = "title", kind = "string", required = true, help = "title of the chart" },
  note = { name = "note", kind = "string", help = "a line under the title" },
  metric = { name = "metric", kind = "string", help = "name of the axis of values" },
  x = { name = "x", kind = "string", help = "name of the x axis" },
  y = { name = "y", kind = "string", help = "name of the y axis" },
}
