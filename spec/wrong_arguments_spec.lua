-- Calls of the core with arguments of the wrong kind: each is refused with a message that says
-- which it was, and the process goes on.
--
-- `make fuzz-calls` makes such calls by the thousand (spec/fuzz/calls.lua); what it found is here.
local cmml = require "cmml"
local stream = require "spec.support.stream"
local targets = require "spec.fuzz.calls.targets"
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

describe("a part of the key of random numbers", function()
  local one, segments = core.ids { 1 }, core.segments { 1 }
  local support = { segments = segments, users = one, items = one, labels = core.full({ 1 }, 1) }
  local ratings = { users = segments, items = one, ratings = core.full({ 1 }, 1) }
  local calls = {
    epoch = function(value)
      return core.choose(5, 2, { epoch = value })
    end,
    task = function(value)
      return core.uniform({ 1 }, 0, 1, { task = value })
    end,
    stream = function(value)
      return core.choose(5, 2, { stream = value })
    end,
    draw = function(value)
      return core.draw_tasks(ratings, one, { draw = value, support = 1, query = 0 })
    end,
    step = function(value)
      return core.support_query(support, nil, { step = value, items = 5 })
    end,
  }

  it("is refused where it does not fit, so that no two keys are the same", function()
    for name, call in pairs(calls) do
      assert.truthy(call(0))
      assert.truthy(call((1 << 31) - 1))
      for _, value in ipairs { -1, 1 << 32, (1 << 32) + 1, math.mininteger } do
        local told = ("%d"):format(value):gsub("-", "%%-")
        refused(("%s must be from 0 to %%d+, not %s$"):format(name, told), call, value)
      end
    end
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
  local mlp = cmml.inner_mlp { inp = 1, hidden = { 2 } }
  local generic = cmml.inner_mlp { inp = 1, hidden = { 2 }, form = "generic" }
  local network = cmml.inner_network { fields = { { name = "a", size = 2 } }, hidden = { 2 } }

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
    ["task_layers.of"] = { "module must be an nn.mlp or an nn.list of nn.linear, not number 1",
      cmml.task_layers.of, 1 },
    ["task_layers.sizes"] = { "layers: layer 1 must be {weight, bias}", cmml.task_layers.sizes,
      { 1 } },
    ["task_layers.spread"] = { "value.1 must be a cmml.Tensor or a table, not boolean true",
      cmml.task_layers.spread, { true }, 2 },
    ["task_layers.narrowed"] = { "segments must be a cmml.Segments, not nil",
      cmml.task_layers.narrowed, one },
    ["task_layers.linear"] = { "layer must be {weight, bias} with a weight [out, in] or "
      .. "[tasks, out, in], not one [1]", cmml.task_layers.linear, one,
      { weight = cmml.ones { 1 } }, cmml.segments { 1 } },
    ["task_layers.mlp"] = { "x must be a cmml.Tensor or a cmml.Joined, not table",
      cmml.task_layers.mlp, {}, {}, cmml.segments {} },
    ["task_rows"] = { "bag.ids must be a cmml.Ids, not nil", cmml.task_rows, {} },
    ["mean_of_tasks"] = { "entry 1 of diverged must have a task from 1 to 2, not 3",
      cmml.mean_of_tasks, cmml.ones { 2 }, { { task = 3 } } },
    ["stop_loss"] = { "decision 1: tasks must be a cmml.Ids, not table", cmml.stop_loss,
      { { step = 1, tasks = {} } }, one, {}, 0 },
    ["scenarios.support_pairs"] = { "2 labels and 1 users of 2 rows", cmml.scenarios.support_pairs,
      { segments = cmml.segments { 2 }, users = cmml.ids { 1 }, labels = cmml.ones { 2 } } },
    ["scenarios.read_pair_inputs"] = { "here must be a table, not number 1",
      cmml.scenarios.read_pair_inputs, "here", {}, 1 },
    ["normal_divergence"] = { "prior_mean must be a cmml.Tensor, not nil", cmml.normal_divergence,
      one, one },
    ["cluster_divergence"] = { "shares must be a cmml.Tensor", cmml.cluster_divergence, {} },
    ["towers"] = { "towers.dot.make: width must be an integer, not nil", cmml.towers.dot.make },
    ["tower_layers"] = { "tower.stacks must be a function", cmml.tower_layers, {} },
    ["nn.list"] = { "nn.list: modules must be a table", cmml.nn.list, 1 },
    ["InnerMlp:adapt"] = { "InnerMlp:adapt: labels must be a cmml.Tensor, not nil", mlp.adapt, mlp,
      one },
    ["InnerMlp:adapt, generic"] = { "InnerMlp:adapt: segments must be a cmml.Segments, not table",
      generic.adapt, generic, one, cmml.ones { 1 }, {} },
    ["InnerNetwork:adapt"] = { "part 1: the network has no field b; known: a", network.adapt,
      network, { { names = { "b" }, bags = { {} }, rows = cmml.ids { 1 },
        tasks = cmml.segments { 1 } } } },
  } do
    it("says what is wrong: " .. name, function()
      told(table.unpack(call))
    end)
  end

  it("never lets an error of Lua's own through, whatever it is called with", function()
    local draw, found = stream(5), {}
    local values = { 1, "text", true, {}, print, { 1 }, { a = 1 }, one, cmml.ids { 1 },
      cmml.segments { 1 }, io.stdout, { one }, { weight = 1 }, 0.5 }
    for _, target in ipairs(targets.functions(cmml)) do
      -- those that print, and those that call others or do what they say
      local skipped = target.name:find "^core%." or target.name:find "^double%."
        or target.name == "help" or targets.calls_others[target.name]
      for count = 1, skipped and 0 or 40 do
        local list = {}
        for i = 1, 5 do
          list[i] = values[draw(#values + 2)]
        end
        local _, message = pcall(target.f, table.unpack(list, 1, count % 6))
        message = type(message) == "string" and message or ""
        if message:find "attempt to " or message:find "bad argument #%d to 'for iterator'" then
          found[#found + 1] = ("%s: %s"):format(target.name, message)
        end
      end
    end
    assert.same({}, found)
  end)
end)
