--- Pictures as SVG text: charts that need nothing but a browser to be looked at.
--
-- Texts may be any bytes: they are escaped, and what cannot be shown becomes U+FFFD.
--
-- @module cmml.svg
return function(cmml)
  cmml.svg = {}

  --- A chart of means with their intervals, a row each.
  -- @tparam table options title; rows: a list of {label, mean, low, high}: low and high may be nil,
  -- a mean that is not finite is told as "no value"; with the fields group (rows that follow one
  -- another under one heading) and strong (true: stands out); metric (name of the axis); note
  -- (a line under the title); decimals (of the values, default 3)
  -- @treturn string an SVG document
  function cmml.svg.intervals(options)
    return require "cmml.svg.intervals"(options)
  end
end
