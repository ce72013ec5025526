-- Calls of the core with arguments of the wrong kind: each is refused with a message that says
-- which it was, and the process goes on.
--
-- `make fuzz-calls` makes such calls by the thousand (spec/fuzz/calls.lua); what it found is here.
local cmml = require "cmml"
local core = cmml.core

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
      "ranking_rows", "paired_rows", "draw_source_items",
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

describe("a function of the library", function()
  -- The message says what is wrong, and points at this file.
  local function told(text, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.is_nil(message:find "cmml/[%w_/]+%.lua:%d+:", message)
    assert(message:find(text, 1, true), message)
  end

  local model = { catalogue = {} }
  local one = cmml.ones { 1, 1 }

  for name, call in pairs {
    ["nn.activate"] = { "sigmod", cmml.nn.activate, one, "sigmod" },
    ["nn.linear"] = { "init must be what nn.init gives", cmml.nn.linear, { inp = 1, out = 1,
      init = {} } },
    ["nn.class"] = { "must be a string", cmml.nn.class, {} },
    ["nn.register_recurrent"] = { "module must be a module", cmml.nn.register_recurrent, 1 },
    ["nn.field_embedding"] = { "field 1 must be a table with a name", cmml.nn.field_embedding,
      { fields = { 1 }, width = 1 } },
    ["the initial values"] = { "bound must be a number", cmml.nn.default_init.uniform, { 1 } },
    ["pair_losses.bpr"] = { "positive must be a cmml.Tensor", cmml.scenarios.pair_losses.bpr, 1 },
    ["pair_loss"] = { "name must be one of", cmml.scenarios.pair_loss },
    ["pair_inputs.popularity"] = { "a catalogue with counts of items was expected",
      cmml.scenarios.pair_inputs.popularity.items, model },
    ["scenarios.catalogue"] = { "users must be a Vocab", cmml.scenarios.catalogue, { users = 1,
      items = core.vocab() } },
    ["data.catalogue"] = { "items must be a Vocab", cmml.data.catalogue, { items = 1,
      item_records = {}, seen_items = {}, user_records = {}, schema = cmml.data.schema {} } },
    ["dataset"] = { "record 1 of users has no id", cmml.dataset, { name = "x", users = { 1 },
      schema = cmml.data.schema {}, ratings = { { "u", "i", 1 } } } },
    ["import_recommender"] = { "what export gave was expected", cmml.import_recommender, {} },
    ["load"] = { "without zero bytes", cmml.load, "a\0b" },
    ["save"] = { "a recommender and the path", cmml.save, model, "x", 1 },
    ["grad"] = { "Tensor expected", cmml.grad, 1, one },
    ["vectors.unit_rows"] = { "x must be a cmml.Tensor", cmml.vectors.unit_rows, { 1 } },
    ["metrics.format_columns"] = { "titles must be a table", cmml.metrics.format_columns, "x" },
    ["metrics.format_results"] = { "names: entry 1 must be a text", cmml.metrics.format_results,
      {}, {}, { 1 } },
    ["metrics.summary"] = { "value 1 must be a number", cmml.metrics.summary, { one } },
    ["metrics.computer"] = { "a cutoff must be an integer", cmml.metrics.computer, "f",
      { "ndcg_exp" }, { "x" } },
    ["users.ratings_of"] = { "ratings must be a table", cmml.users.ratings_of },
  } do
    it("says what is wrong: " .. name, function()
      told(table.unpack(call))
    end)
  end
end)
