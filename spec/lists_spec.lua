-- Lists for people never seen: what is ranked, and its metrics, against a plain computation.
local cmml = require "cmml"
local difference = require("spec.support.close").difference
local refused = require("spec.support.refused").with_text
require "spec.support.toy_ranking"
local core = cmml.core

local function close(a, b, tolerance)
  assert.truthy(difference(a, b) <= tolerance, ("%s and %s"):format(a, b))
end

local function fitted(kind, data)
  local model = cmml.recommenders[kind](data.catalogue)
  if model.fit then
    model:fit(model.setting.learnable(data))
  end
  return model
end

-- The items and labels of Rows, task by task.
local function by_task(rows)
  local tasks, items, labels, row = {}, rows.items:totable(), rows.labels:totable(), 0
  for t, length in ipairs(rows.segments:totable()) do
    tasks[t] = { items = table.move(items, row + 1, row + length, 1, {}),
      labels = table.move(labels, row + 1, row + length, 1, {}) }
    row = row + length
  end
  return tasks
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do
    set[item] = true
  end
  return set
end

-- The ranked list of a task, by sorting; scores differ.
local function ranking(model, state, support, out, t)
  local n = #model.catalogue.items
  local items, lengths = {}, {}
  for item = 1, n do
    items[item] = item
  end
  for i = 1, #support.segments do
    lengths[i] = i == t and n or 0
  end
  local scores = model:list_scores_of(state, { items = core.ids(items),
    segments = core.segments(lengths), people = support.people }):totable()
  local list = {}
  for item = 1, n do
    list[#list + 1] = not out[item] and item or nil
  end
  table.sort(list, function(a, b)
    return scores[a] > scores[b] or scores[a] == scores[b] and a < b
  end)
  return list
end

-- The metrics of a list at k, from their definitions.
local function metrics_of(list, positives, k)
  local hits, dcg, first, precisions, ideal, count = 0, 0, nil, 0, 0, 0
  for _ in pairs(positives) do
    count = count + 1
  end
  for rank = 1, math.min(k, #list) do
    if positives[list[rank]] then
      hits, first = hits + 1, first or rank
      dcg = dcg + 1 / math.log(rank + 1, 2)
      precisions = precisions + hits / rank
    end
  end
  for rank = 1, math.min(k, count) do
    ideal = ideal + 1 / math.log(rank + 1, 2)
  end
  return { normalized_recall = hits / math.min(k, count), recall = hits / count,
    precision = hits / k, hit = hits > 0 and 1 or 0, mrr = first and 1 / first or 0,
    map = precisions / math.min(k, count), ndcg = dcg / ideal }, count
end

describe("lists of the catalogue", function()
  local dataset = assert(cmml.movielens "data/made")
  local data = assert(cmml.cold_users(dataset, { valid = 0.1 }))
  local models = { fitted("matrix_factorization", data), fitted("item_user_mean", data) }

  local function tasks_of(more)
    local options = { ratings = data.all, users = data.test, bags = data.bags, seed = 7,
      rank = "all", relevant = 4, support = 12, batch = 9 }
    for key, value in pairs(more or {}) do
      options[key] = value
    end
    return cmml.users.tasks(options)
  end

  -- Items of all ratings of a person, and those from a rating on.
  local function rated(user)
    local row = 0
    for u, length in ipairs(data.all.users:totable()) do
      if u == user then
        local one = { items = data.all.items:totable(), labels = data.all.ratings:totable() }
        return { table.unpack(one.items, row + 1, row + length) },
          { table.unpack(one.labels, row + 1, row + length) }
      end
      row = row + length
    end
  end

  it("have all that was not set apart in their query, whatever the support", function()
    for _, size in ipairs { 12, 5, 0 } do
      local tasks = tasks_of():with_support(size)
      assert.equal(12, tasks.reserve)
      local batch = tasks:draw(1, data.test)
      local support, query = by_task(batch.support), by_task(batch.query)
      local apart = by_task(tasks:set_apart(1, data.test))
      for t, user in ipairs(data.test) do
        local all = rated(user)
        local least = math.min(10, (#all + 1) // 2)
        assert.equal(math.min(12, #all - least), #apart[t].items)
        assert.equal(#all, #apart[t].items + #query[t].items)
        local seen = set_of(query[t].items)
        for i, item in ipairs(apart[t].items) do
          assert.is_nil(seen[item])
          assert.equal(i <= size and item or nil, support[t].items[i]) -- prefixes of each other
        end
      end
    end
  end)

  it("are measured as a plain computation measures them", function()
    local tasks, lists = tasks_of(), {}
    local batch = tasks:draw(1, data.test)
    local apart, query = by_task(tasks:set_apart(1, data.test)), by_task(batch.query)
    local state = models[1]:state_of(batch.support)
    for t in ipairs(data.test) do
      lists[t] = ranking(models[1], state, batch.support, set_of(apart[t].items), t)
    end
    for _, k in ipairs { 1, 5, 20 } do
      local sums, n, left_out = {}, 0, 0
      local found = cmml.evaluate(models, tasks, { cutoffs = { k } })
      for t in ipairs(data.test) do
        local positives = {}
        for i, item in ipairs(query[t].items) do
          positives[item] = query[t].labels[i] >= 4 or nil
        end
        local values, count = metrics_of(lists[t], positives, k)
        if count == 0 then
          left_out = left_out + 1
        else
          n = n + 1
          for name, value in pairs(values) do
            close(value, found[1][name .. "@" .. k].values[t], 1e-6)
            sums[name] = (sums[name] or 0) + value
          end
        end
      end
      for name, sum in pairs(sums) do
        local metric = found[1][name .. "@" .. k]
        close(sum / n, metric.mean, 1e-9)
        assert.same({ n, left_out }, { metric.tasks, metric.skipped })
      end
    end
  end)

  it("are the same for any batch, and of all items at once as row by row", function()
    local toy = fitted("toy_taken", data)
    local whole = cmml.evaluate({ toy }, tasks_of { batch = 100 }, {})
    local score_all = getmetatable(toy).score_all
    getmetatable(toy).score_all = nil
    local ok, by_rows = pcall(cmml.evaluate, { toy }, tasks_of { batch = 7 }, {})
    getmetatable(toy).score_all = score_all
    assert(ok, by_rows)
    for name, metric in pairs(whole[1]) do
      if metric.mean == metric.mean then
        close(metric.mean, by_rows[1][name].mean, 1e-9)
      end
    end
    assert.truthy(whole[1]["ndcg@20"].mean > 0)
  end)

  it("say what they show: how much of the catalogue, how evenly, how popular, how different",
    function()
      local tiny = cmml.dataset { kind = "interactions", items = {
        { id = "a", tag = { "x", "y" } }, { id = "b", tag = { "x" } }, { id = "c", tag = { "z" } },
        { id = "d", tag = { "x", "y" } } },
        ratings = { { "p", "a" }, { "p", "b" }, { "q", "a" }, { "r", "c" }, { "t", "d" },
          { "t", "c" }, { "u", "d" }, { "u", "b" } } }
      local split = assert(cmml.cold_users(tiny, { test_users = { "t", "u" }, valid = 0 }))
      local toy = fitted("toy_apart", split) -- a, b, c, d for everybody, without the support
      local evaluation = cmml.settings:get("users").evaluations(split, { rank = "all",
        support = { 0 }, cutoffs = { 2, 3 }, metrics = { "coverage", "gini", "popularity",
        "novelty", "diversity", "hit" } })[1]
      local found = cmml.evaluate({ toy }, evaluation.tasks, evaluation.options)[1]
      assert.same({ 0.5, 0.75 }, { found["coverage@2"].mean, found["coverage@3"].mean })
      -- counts 2, 2, 0, 0: (1 - ..) by the definition (sum of |x_i - x_j|) / (2 n sum)
      close(16 / (2 * 4 * 4), found["gini@2"].mean, 1e-12)
      assert.is_nil(found["gini@2"].interval)
      -- p takes a and b, q a, r c: of three people 2, 1, 1, 0
      close((2 / 3 + 1 / 3) / 2, found["popularity@2"].mean, 1e-6)
      close(-(math.log(3 / 4, 2) + math.log(2 / 4, 2)) / 2, found["novelty@2"].mean, 1e-6)
      close(1 - 1 / math.sqrt(2), found["diversity@2"].mean, 1e-6)
      close(1 - (1 / math.sqrt(2)) / 3, found["diversity@3"].mean, 1e-6)
      assert.equal(2, #found["hit@2"].values)
    end)

  it("may be of sampled candidates, which their draws decide", function()
    local function sampled(candidates, batch)
      return cmml.evaluate({ models[1] }, tasks_of { rank = "sampled", candidates = candidates,
        batch = batch }, { metrics = { "ndcg", "auc" } })[1]
    end
    local few, again = sampled(20, 9), sampled(20, 4)
    assert.same(few["ndcg@20"].mean, again["ndcg@20"].mean)
    local elsewhere = tasks_of({ rank = "sampled", candidates = 20 }):export() -- another thread
    elsewhere.users = data.test
    assert.same(few["ndcg@20"].mean, cmml.evaluate({ models[1] }, cmml.users.tasks(elsewhere),
      { metrics = { "ndcg" } })[1]["ndcg@20"].mean)
    local all = cmml.evaluate({ models[1] }, tasks_of(), { metrics = { "ndcg", "auc" } })[1]
    assert.truthy(few["ndcg@20"].mean > all["ndcg@20"].mean + 0.1) -- it is far easier
    close(all.auc.mean, few.auc.mean, 0.05) -- which candidates do not bias
    close(all["ndcg@20"].mean, sampled(100000, 9)["ndcg@20"].mean, 1e-12)
  end)

  it("begin by time with what people who come later take first", function()
    local rows = {}
    for u = 1, 6 do
      for i = 1, 8 do -- the first three people come before time 100, the others after it
        rows[#rows + 1] = { "u" .. u, "i" .. (u + 3 * i) % 11, 1 + (u * i) % 5,
          (u > 3 and 100 or 0) + (i * 5) % 8 }
      end
    end
    local timed = assert(cmml.users.time(cmml.dataset { ratings = rows }, { cut = 100, valid = 0,
      relevant = 1 }))
    local cold = {}
    for _, one in ipairs(cmml.settings:get("users").evaluations(timed, { rank = "all",
      support = { 1, 3 } })) do
      cold[#cold + 1] = one.name == "cold users" and one or nil
    end
    assert.same({ 1, 3 }, { cold[1].size, cold[2].size })
    for _, one in ipairs(cold) do
      local batch = one.tasks:draw(1, one.tasks.users)
      local support, query = by_task(batch.support), by_task(batch.query)
      for t, user in ipairs(one.tasks.users) do
        local sorted, name = {}, timed.dataset.users:text(user)
        for _, row in ipairs(rows) do
          sorted[#sorted + 1] = row[1] == name and row or nil
        end
        table.sort(sorted, function(a, b)
          return a[4] < b[4]
        end)
        for i = 1, one.size do
          assert.equal(sorted[i][2], timed.dataset.items:text(support[t].items[i]))
        end
        assert.equal(5, #query[t].items) -- behind the largest support
        assert.equal(sorted[4][2], timed.dataset.items:text(query[t].items[1]))
      end
      local model = fitted("toy_taken", timed)
      local found = cmml.evaluate({ model }, one.tasks, one.options)[1]
      assert.equal(3, found["ndcg@20"].tasks)
    end
  end)

  it("pick scores and show rows as a plain computation does", function()
    local scores = core.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    local rows = core.ids { 3, 1, 2, 2 }
    assert.same({ 3, 1, 5, 5 }, core.pick_scores(scores, rows, core.segments { 2, 2 }):totable())
    assert.same({ 2, 5 }, core.pick_scores(scores:transpose(), core.ids { 1, 2 },
      core.segments { 0, 2, 0 }):totable())
    local coarse = {} -- with ties, of which the first row stands first
    for i, value in ipairs(core.uniform({ 60 }, 0, 1, { seed = 3 }):totable()) do
      coarse[i] = math.floor(value * 8)
    end
    coarse = core.tensor(coarse)
    local lengths, first = { 25, 0, 33, 2 }, 0
    local shown = core.shown_rows(coarse, core.segments(lengths), 7):totable()
    local values = coarse:totable()
    for list, length in ipairs(lengths) do
      local order = {}
      for i = 1, length do
        order[i] = first + i
      end
      table.sort(order, function(a, b)
        return values[a] > values[b] or values[a] == values[b] and a < b
      end)
      for k = 1, 7 do
        assert.equal(order[k] or 0, shown[(list - 1) * 7 + k])
      end
      first = first + length
    end
  end)

  it("show all that they have where a cutoff is beyond any list", function()
    local tasks, n = tasks_of(), #data.catalogue.items
    local names = { "coverage", "gini", "popularity", "novelty", "diversity", "hit" }
    tasks.popularity = { people = 9, counts = core.full({ n }, 1) }
    local found = cmml.evaluate({ models[1] }, tasks, { cutoffs = { n, (1 << 31) - 1 },
      metrics = names })[1]
    for _, name in ipairs(names) do
      assert.equal(found[name .. "@" .. n].mean, found[("%s@%d"):format(name, (1 << 31) - 1)].mean)
    end
  end)

  it("of a sample depend on keys that fit, and on what its reading leaves", function()
    local function rows(candidates, sample)
      local none = { users = core.segments { 0 }, items = core.ids {} }
      local held = { scenarios = core.segments { 1 }, users = core.ids { 1 },
        items = core.ids { 2 } }
      return core.ranking_rows(candidates, 1, held, { none }, core.ids { 1 }, sample)
    end
    local function candidates()
      return { scenarios = core.segments { 3 }, items = core.ids { 1, 2, 3 } }
    end
    for _, draw in ipairs { 0, (1 << 32) - 1 } do
      assert.equal(2, #rows(candidates(), { others = 1, draw = draw, keys = core.ids { 1 } }).items)
    end
    for _, draw in ipairs { -1, 1 << 32 } do
      refused("draw must be from 0 to", rows, candidates(), { others = 1, draw = draw,
        keys = core.ids { 1 } })
    end
    local freed = candidates()
    local sample = setmetatable({ others = 1, keys = core.ids { 1 } }, { __index = function()
      local _ <close> = freed.items
    end })
    refused("freed", rows, freed, sample)
  end)

  it("refuse what is out of bounds", function()
    local scores = core.full({ 2, 3 }, 0)
    for _, item in ipairs { 4, 0 } do
      refused("an item has no score", core.pick_scores, scores, core.ids { item },
        core.segments { 1, 0 })
    end
    refused("a tensor [tasks, items] was expected", core.pick_scores, scores, core.ids { 1 },
      core.segments { 1 })
    refused("one score per row of the segments was expected", core.shown_rows, core.full({ 3 }, 0),
      core.segments { 2 }, 1)
    refused("from 1 on", core.shown_rows, core.full({ 2 }, 0), core.segments { 2 }, 0)
    refused("reserve 3 must be at least the support, 5", core.draw_tasks, data.all,
      core.ids(data.test), { support = 5, reserve = 3 })
    refused("in_order needs a reserve", core.draw_tasks, data.all, core.ids(data.test),
      { support = 5, in_order = true })
  end)

  it("refuse what they cannot rank", function()
    refused("diversity is of lists of a catalogue, which are not evaluated here", cmml.evaluate,
      models, cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags },
      { metrics = { "diversity" } })
    refused("candidates goes with rank = \"sampled\"", cmml.settings:get("users").evaluations,
      data, { rank = "all", candidates = 5 })
    local other = fitted("item_mean", assert(cmml.cold_users(cmml.dataset { ratings = {
      { "a", "b", 1 }, { "b", "c", 2 } } }, { test_users = { "a" } })))
    refused("they rank other catalogues", cmml.evaluate, { models[1], other }, tasks_of(), {})
  end)
end)
