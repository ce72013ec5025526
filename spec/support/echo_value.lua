--- A value with everything that can be copied to a thread, made anew.
-- @tparam table cmml
-- @treturn table
return function(cmml)
  local core = cmml.core
  return {
    true, false, 7, 7.0, math.mininteger, 0.1, "", "a\0b", { { {} } }, [20] = -0.0,
    [1.5] = math.huge, [true] = "yes", text = ("x"):rep(1000),
    tensors = { core.tensor { { 1, 2, 3 }, { 4, 5, 6 } }, core.full({}, 3), core.full({ 0, 2 }, 0),
      core.tensor({ { 1, 2 }, { 3, 4 } }):transpose(), core.tensor({ 1, 2 }):track() * 3 },
    ids = { core.ids {}, core.ids { 3, 0, 1 } },
    times = { core.times {}, core.times { math.mininteger, -1, math.maxinteger } },
    segments = { core.segments {}, core.segments { 2, 0, 1 } },
  }
end
