-- Ridge regression by groups: against normal equations in plain Lua.
local cmml = require "cmml"
local near = require("spec.support.close").near_lists
local equations = require "spec.support.normal_equations"
local refused = require("spec.support.refused").with_text

local ridge_weights, rows_of = equations.ridge_weights, equations.rows_of
local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-5, float64 = 1e-12 }

for dtype, library in pairs(libraries) do
  local core, bound = library.core, tolerance[dtype]

  describe("ridge regression by groups in " .. dtype, function()
    it("solves the normal equations of each group", function()
      for width = 1, 9, 4 do
        local features = core.normal({ 11, width }, 0, 1, { seed = width })
        local known = rows_of(features)
        known[0] = rows_of(core.full({ 1, width }, 0))[1]
        local lengths, picks, ridge = { 4, 0, 30, 1 }, {}, {}
        for i = 1, 35 do
          picks[i] = (i * i) % 12
        end
        for i = 1, width do
          ridge[i] = 0.3 + i / 4
        end
        local target_tensor = core.normal({ 35 }, 1, 2, { seed = 5 })
        local targets, at = target_tensor:totable(), 0
        local found = rows_of(core.segment_ridge(features, core.ids(picks), target_tensor,
          core.segments(lengths), core.tensor(ridge)))
        for g, length in ipairs(lengths) do
          local rows, wanted = {}, {}
          for i = 1, length do
            rows[i], wanted[i] = known[picks[at + i]], targets[at + i]
          end
          at = at + length
          near(ridge_weights(rows, wanted, core.tensor(ridge):totable()), found[g], bound,
            "group " .. g)
        end
        assert.same(rows_of(core.full({ 1, width }, 0))[1], found[2])
      end
    end)

    it("adds up from rows that come one after the other", function()
      local features = core.normal({ 9, 5 }, 0, 1, { seed = 3 })
      local y, ridge = core.normal({ 9 }, 1, 2, { seed = 4 }), core.full({ 5 }, 0.7)
      local whole = core.segment_ridge(features, nil, y, core.segments { 9 }, ridge)
      local sums = core.full({ 1, 5, 6 }, 0)
      for _, part in ipairs { { 1, 4 }, { 5, 5 }, { 6, 9 } } do
        sums = sums + core.ridge_sums(features:slice(1, table.unpack(part)), nil,
          y:slice(1, table.unpack(part)), core.segments { part[2] - part[1] + 1 })
      end
      near(whole:totable()[1], core.ridge_of_sums(sums, ridge):totable()[1], bound, "weights")
      local picks = core.ids { 3, 9, 0, 3 }
      local groups, four = core.segments { 2, 0, 2 }, y:slice(1, 1, 4)
      local expected = rows_of(core.segment_ridge(features, picks, four, groups, ridge))
      for g, found in ipairs(rows_of(core.ridge_of_sums(core.ridge_sums(features, picks, four,
        groups), ridge))) do
        near(expected[g], found, bound, "group " .. g)
      end
    end)

    it("refuses sums that do not fit", function()
      local y, segments = core.tensor { 1, 2 }, core.segments { 2 }
      refused("features must be [n, width]", core.ridge_sums, y, nil, y, segments)
      refused("2 rows and 2 targets, but segments of 3 rows", core.ridge_sums, core.full({ 2, 2 },
        1), nil, y, core.segments { 3 })
      refused("sums must be [groups, width, width + 1]", core.ridge_of_sums, core.full({ 1, 2, 2 },
        1), y)
      refused("ridge [width]", core.ridge_of_sums, core.full({ 1, 3, 4 }, 1), y)
      refused("here: the equations of group 1 have no unique solution: raise r,",
        core.ridge_of_sums, core.full({ 1, 2, 3 }, 0), core.tensor { 0, 0 }, "here", "r")
    end)

    it("refuses what has no single solution, and what does not fit", function()
      local one, ids = core.full({ 2, 2 }, 1), core.ids { 1, 2 }
      local y, segments = core.tensor { 1, 2 }, core.segments { 0, 2 }
      refused("the equations of group 2 have no unique solution", core.segment_ridge, one, ids, y,
        segments, core.tensor { 0, 0 })
      refused("no unique solution", core.segment_ridge, core.tensor { { 3, 0.3 }, { 1, 0.1 } }, ids,
        y, segments, core.tensor { 1e-20, 1e-20 })
      for _, bad in ipairs { -10, 0 / 0, math.huge } do
        refused("no unique solution", core.segment_ridge, one, ids, y, segments,
          core.tensor { bad, 1 })
        refused("no unique solution", core.segment_ridge, core.full({ 2, 2 }, bad > 0 and bad
          or 0 / 0), ids, y, segments, core.tensor { 1, 1 })
      end
      refused("here: the equations of group 1 have no unique solution: raise r,",
        core.segment_ridge, one, ids, y, core.segments { 2 }, core.tensor { 0, 0 }, "here", "r")
      refused("string expected", core.segment_ridge, one, ids, y, segments, y, 3)
      refused("features must be [n, width]", core.segment_ridge, y, ids, y, segments, y)
      refused("ridge [width]", core.segment_ridge, one, ids, y, segments, core.tensor { 1 })
      refused("2 rows and 1 targets, but segments of 2 rows", core.segment_ridge, one, ids,
        core.tensor { 1 }, segments, y)
      refused("segments of 3 rows", core.segment_ridge, one, ids, y, core.segments { 3 }, y)
      refused("row 3, but there are features of 2 rows", core.segment_ridge, one,
        core.ids { 1, 3 }, y, segments, y)
      refused("100000x100000", core.segment_ridge, core.full({ 0, 100000 }, 0), core.ids {},
        core.full({ 0 }, 0), core.segments {}, core.full({ 100000 }, 1))
      refused("contiguous", core.segment_ridge, core.full({ 2, 3 }, 1):transpose(1, 2), ids, y,
        segments, y)
    end)
  end)
end
