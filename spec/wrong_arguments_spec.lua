-- Calls of the core with arguments of the wrong kind: each is refused with a message that says
-- which it was, and the process goes on.
local core = require "cmml.core"

-- Raises with that message, which may be a pattern.
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.matches(text, message)
end

describe("a table of lists", function()
  it("is refused by draw_scenarios where it is none", function()
    refused("#1 to '.-draw_scenarios' %(a table with the field scenarios was expected, not number",
      core.draw_scenarios, 1, {}, {}, {}, {}, {})
  end)

  it("is refused wherever one is expected", function()
    local wrong = { "text", 1, true, io.stdout, core.ids { 1 }, print, false }
    for _, name in ipairs { "draw_scenarios", "support_counts", "divide_pairs", "common_pairs",
      "pair_users", "scenario_pairs", "divide_interactions", "common_interactions",
      "ranking_rows", "paired_rows",
      "draw_tasks", "group_items", "als_sweep", "bpr_epoch", "item_neighbours" } do
      local f = assert(core[name], name)
      for _, value in ipairs(wrong) do
        refused("bad argument #%d to '.-" .. name, f, value, value, value, value, value, value)
      end
    end
  end)

  it("is refused with the entry that is no table", function()
    local lists = { scenarios = core.segments { 2 }, items = core.ids { 1, 2 } }
    local pairs_of = { scenarios = core.segments { 1 }, users = core.ids { 1 },
      items = core.ids { 1 } }
    refused("#4 to '.-ranking_rows' %(a list of tables was expected", core.ranking_rows, lists, 1,
      pairs_of, { 1 }, core.ids { 1 })
  end)

  it("is refused with the field that holds something else", function()
    refused("the field scenarios must hold cmml.Segments, not nil", core.draw_scenarios, {}, {}, {},
      {}, {}, {})
    local lists = { users = core.segments { 1 }, items = core.ids { 1 },
      ratings = core.full({ 1 }, 1) }
    lists.ratings:free()
    refused("the field ratings must hold cmml.Tensor, not one that was freed or closed",
      core.draw_tasks, lists, core.ids { 1 }, {})
  end)
end)
