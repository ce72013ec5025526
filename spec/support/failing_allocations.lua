--- Runs scenarios with the n-th allocation of the core failing, for every n; memory_spec.lua runs
-- it in a process of its own, whose small heap is collected fast. A scenario must raise "out of
-- memory" or give exactly what it gives otherwise; nothing may be left over, no gradient mode
-- changed and no error remembered. Writes a line a scenario: how many allocations failed, or the
-- fault.
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local memory_scenarios = require "spec.support.memory_scenarios"
local temporary = require "spec.support.temporary"

local cores = { float32 = require "cmml.core", float64 = require "cmml.core64" }

local function bytes_of(...)
  local all = {}
  for i, value in ipairs { ... } do
    all[i] = type(value) == "userdata" and value.tobytes and value:tobytes() or tostring(value)
  end
  return table.concat(all, "|")
end

local function collect()
  collectgarbage()
  collectgarbage()
end

-- What is left of the memory before, once all garbage is gone. Nearly always the collection of what
-- is young finds all of it, in a tenth of the time of a full one.
local function left_of(core, before)
  collectgarbage "step"
  local after = core.memory()
  if after.live ~= before.live or after.blocks ~= before.blocks then
    collect()
    after = core.memory()
  end
  return after.live - before.live, after.blocks - before.blocks
end

local function fault_after(core, run, expected, before, n)
  core.testing.fail_allocation_after(n)
  local ok, result = pcall(run, core)
  core.testing.fail_allocation_after()
  local failed = not ok
  if failed and not tostring(result):find("out of memory", 1, true) then
    return failed, "raised " .. tostring(result)
  elseif ok and result ~= expected then
    return failed, "gave another result without an error"
  elseif not core.grad_enable(true) then
    return failed, "left recording off"
  end
  local _, message = pcall(core.full, { -1 }, 0)
  if message ~= "full: negative size in shape -1" then
    return failed, "left an error behind: " .. tostring(message)
  end
  result = nil -- luacheck: ignore 311
  local bytes, blocks = left_of(core, before)
  if bytes ~= 0 or blocks ~= 0 then
    return failed, ("left %d bytes in %d blocks"):format(bytes, blocks)
  end
  return failed, nil
end

collectgarbage "generational" -- in which a step collects what is young

-- Fails every step-th allocation, until three runs in a row met none that failed.
local function sweep(name, core, run, step, check)
  local expected = run(core) -- also grows what is kept between calls
  collect()
  local before, n, passed = core.memory(), 0, 0
  while passed < 3 do
    local failed, fault = fault_after(core, run, expected, before, n)
    if check then
      check()
    end
    if not fault and failed and passed > 0 then
      fault = "an allocation before this one failed without an error"
    end
    if fault then
      print(("%s: allocation %d: %s"):format(name, n + 1, fault))
      return
    end
    passed = failed and 0 or passed + 1
    n = n + step
  end
  print(("%s: %d allocations ok"):format(name, n // step - passed))
end

-- Value, gradient and second derivative of one use of an op.
local function differentiate(core, name, use)
  local tensors = apply.tensors(core, apply.inputs(name, use), true)
  local out = apply.call(core, name, cases[name], use, tensors)
  if not out.tracked then
    return bytes_of(out)
  end
  local first = core.grad_list(apply.losses.strided(core, out), tensors, true)
  local sum = core.full({}, 0)
  for _, g in ipairs(first) do
    sum = sum + (g * g):sum()
  end
  local second = sum.tracked and core.grad_list(sum, tensors) or {}
  local out2 = apply.call(core, name, cases[name], use, tensors)
  local plain = core.grad_list(apply.losses.weighted(core, out2), tensors)
  return bytes_of(out, bytes_of(table.unpack(first)), bytes_of(table.unpack(second)),
    bytes_of(table.unpack(plain)))
end

local scenarios = {}

function scenarios.making(core)
  local x = core.tensor { { 1, 2 }, { 3, 4 } }
  local y = core.uniform({ 3 }, 0, 1, { seed = 1 }):clone()
  local turned = x:transpose()
  local shifted = core.tensor { 1, 2, 3 }
  shifted:slice(1, 2, 3):copy_(shifted:slice(1, 1, 2))
  local ids, segments = core.ids { 1, 2 }, core.segments { 1, 1 }
  return bytes_of(x, y, turned, turned:isfinite(), core.normal({ 2 }), shifted, #ids, #segments,
    core.from_bytes({ 2, 2 }, turned:tobytes()), #core.choose(5, 3, { seed = 2 }), 1 - x, 2 / x)
end

function scenarios.training(core)
  local stream = require "spec.support.seed" "training"
  local ref = require "spec.support.ref"
  local function leaf(...)
    return ref.tensor(core, ref.new({ ... }, stream:list(ref.size { ... }))):track()
  end
  local table_, weight, bias, generator = leaf(5, 3), leaf(2, 3), leaf(2), leaf(4, 3)
  local optimizer = core.optimizer { table_, weight, bias, generator }
  for _ = 1, 2 do
    local pooled = core.embedding_bag(table_, core.ids { 1, 5, 0, 2 }, core.segments { 2, 0, 2 })
    local x = core.linear(pooled, weight, bias, "sigmoid")
    local y = core.film(x, core.linear(pooled, generator), "tanh")
    local loss = core.task_mse(y:sum(2), core.tensor { 1, 2, 3 }, core.segments { 1, 2 })
    optimizer:backward(loss):adam { lr = 0.1 }
  end
  local first, second = optimizer:moments()
  return bytes_of(table_, weight, bias, generator, first[1], second[2], optimizer:steps())
end

function scenarios.mixture(core)
  local x = core.tensor({ 1, 2 }):track()
  local y = core.concat { x * x, x:exp():detach(), x:slice(1, 1, 1) }
  local g = core.grad_list(y, { x, y }, false, true, core.full({ 5 }, 2))
  return bytes_of(y, g[1], g[2], core.grad_list(y:sum(), { x })[1])
end

function scenarios.data(core)
  local users, items = core.ids { 1, 1, 2, 2, 2, 1 }, core.ids { 1, 2, 1, 3, 2, 1 }
  local ratings = core.group_ratings(users, items, core.tensor { 1, 2, 3, 4, 5, 1 }, 2)
  local timed = core.group_ratings(users, items, nil, 2, { repeats = "add",
    times = core.times { 1, 2, 3, 4, 5, 6 } })
  local sequences = core.ratings_by_time(core.group_ratings(users, items, nil, 2,
    { repeats = "keep", times = core.times { 6, 5, 4, 3, 2, 1 } }))
  local capped = core.cap_ratings((core.ratings_by_time(timed)), 2, 7)
  local early, late = core.divide_ratings(timed, core.segments { 1, 0 })
  local support, query = core.draw_tasks(ratings, core.ids { 2, 1 },
    { seed = 1, draw = 1, support = 2, query = 1 })
  local metrics = core.rating_metrics(core.tensor { 1, 2, 3 }, core.tensor { 1, 3, 3 },
    core.segments { 2, 1 }, { 1 })
  local ranked = core.ranking_metrics(core.tensor { 1, 2, 3 }, core.tensor { 1, 0, 2 },
    core.segments { 2, 1 }, { 1 })
  return bytes_of(ranked["ndcg@1"][1], ranked.auc[1], ratings.ratings, capped.ratings,
    support.labels, query.labels, table.concat(support.items:totable(), ","), metrics.mae[1],
    table.concat(sequences.items:totable(), ","),
    metrics.rmse[2], table.concat(timed.times:totable(), ","), capped.times:at(1),
    early.ratings, late.times:ranked(1))
end

function scenarios.scenarios(core)
  local taken = { users = core.segments { 4, 3, 0, 2 },
    items = core.ids { 1, 2, 3, 5, 2, 4, 5, 1, 4 } }
  local candidates = { scenarios = core.segments { 4, 3 },
    items = core.ids { 1, 2, 3, 4, 2, 4, 5 } }
  local parts = core.divide_interactions(taken, { 0.3 }, { seed = 2 })
  local pairs_ = core.scenario_pairs(taken, candidates)
  local held = core.scenario_pairs(parts[2], candidates)
  local support, query = core.draw_scenarios(candidates, pairs_, pairs_, nil, core.ids { 1, 2 },
    { seed = 1, support = 2, support_negatives = 2, query = 3 })
  local first, rest = core.divide_pairs(pairs_, core.ids { 1 }, 2, 1)
  local ranked = core.ranking_rows(candidates, 1, held, { parts[1] }, core.pair_users(held, 1))
  local rows = core.paired_rows(query)
  local step, chances = core.support_query(support, nil, { seed = 1, batch = 3, items = 5 })
  local beside, sides = core.draw_source_items(taken, 5, query.users, query.positives,
    { negatives = 1 })
  local distinct, places, groups = core.distinct_in(support.items, support.segments)
  local counts = core.support_counts(support, ranked.items, core.segments { #ranked.items, 0 })
  local pairs_of, owners, numbers = core.task_bags(support.items, nil, core.ids { 2, 1, 2 },
    core.segments { 1, 2 }, core.ids { 3 }, core.ids { 1 })
  local lists = {}
  for i, ids in ipairs { support.users, support.items, query.negatives, first.items, rest.items,
    ranked.items, rows.positive, distinct, places, groups, beside, pairs_of, owners, numbers,
    step.users, step.positives, step.negatives } do
    lists[i] = table.concat(ids:totable(), ",")
  end
  return bytes_of(support.labels, ranked.labels, counts, sides, chances, table.concat(lists, "|"))
end

function scenarios.points(core)
  local x = core.tensor { { 1, 2, 0 }, { 2, 1, 4 }, { 7, 3, 1 }, { 8, 4, 2 } }
  local axes, mean, variances = core.principal_axes(x, 2)
  local vectors, values = core.eigenvectors(core.tensor { { 2, 1 }, { 1, 3 } })
  local clusters, centres, inertia = core.kmeans_once(x, 2, { seed = 1 })
  local p, still = core.tsne_affinities(x, 1.5), core.full({ 4, 2 }, 0)
  local y, velocity, gains, divergence = core.tsne_step(p, x:slice(2, 1, 2), still, still + 1, {})
  return bytes_of(vectors, values, axes, table.concat(mean, ","), table.concat(variances, ","),
    centres, inertia,
    table.concat(clusters:totable(), ","), p, y, velocity, gains, divergence)
end

function scenarios.groups(core)
  local groups = core.sparse(core.ids { 1, 1, 2 }, core.ids { 1, 2, 2 }, nil, 2, 2)
  local takers = core.sparse(core.ids { 1, 2, 2 }, core.ids { 1, 1, 2 }, nil, 2, 2)
  local found = core.group_items(groups, takers, { min_users = 2 })
  local both = core.join_ids({ found.items[1], found.items[2] }, { 0, 5 })
  local some = core.select_ids(both, core.ids { 1, 0, 1 })
  local taken = core.take_ids(both, core.ids { 1, 0 }, 1)
  local means = core.bootstrap({ { 1, 2, 3, 4 }, { 2, 2, 2, 5 } }, 2, { resamples = 9 })
  return bytes_of(table.concat(both:totable(), ","), table.concat(some:totable(), ","),
    table.concat(taken:totable(), ","), means[1].low, means[2].difference_high)
end

function scenarios.item_weights(core)
  local rows, columns = core.ids { 1, 1, 2, 2, 3, 3, 3 }, core.ids { 1, 2, 1, 3, 1, 2, 4 }
  local by_row = core.sparse(rows, columns, nil, 3, 4)
  local by_column = core.sparse(columns, rows, nil, 4, 3)
  local gram, solver = core.sparse_gram(by_row, by_column), core.ease(by_row, by_column, 1)
  solver:step()
  local sparse = core.slim(gram, 1, 4, { l1 = 0.1 })
  local neighbours = core.neighbour_weights(core.item_neighbours(by_row.rows, by_row.columns,
    by_row.weights, 4, 2, 0, core.full({ 4 }, 2)))
  local weights = solver:weights()
  solver:free()
  local folded = core.segment_ridge(weights, nil, core.full({ 4 }, 1), core.segments { 3, 1 },
    core.tensor { { 2, 1, 0, 0 }, { 1, 2, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } })
  return bytes_of(weights, sparse.weights, table.concat(sparse.columns:totable(), ","),
    neighbours.weights, core.sparse_product(by_row, weights), folded,
    core.sparse_pair_product(by_row, sparse, 4), core.orthonormal(weights))
end

function scenarios.ranking(core)
  local x = core.tensor({ { 3, 1, 2 }, { 4, 6, 5 } }):transpose():track()
  local values, ids = x:top_k(1)
  return bytes_of(values, core.grad_list(values, { x }, false, false, values)[1],
    table.concat(ids:totable(), ","), table.concat(x:arg_max():totable(), ","),
    table.concat(x:arg_max(1):totable(), ","))
end

for dtype, core in pairs(cores) do
  for name, run in pairs(scenarios) do
    sweep(name .. " in " .. dtype, core, run, 1)
  end
end
for name, case in pairs(cases) do
  local use = case.uses[1]
  sweep(name, cores.float64, function(core)
    return differentiate(core, name, use)
  end, 1)
end
for _, name in ipairs { "linear", "film" } do -- with an activation
  local use = cases[name].uses[#cases[name].uses]
  sweep(name .. ", activated", cores.float32, function(core)
    return differentiate(core, name, use)
  end, 1)
end

-- What programs do, from end to end; a training with gaps, since it is long.
local cmml = require "cmml"
local folder = temporary.folder()
for _, scenario in ipairs(memory_scenarios(cmml, folder)) do
  local name, run, check = table.unpack(scenario)
  sweep(name, cmml.core, run, name == "train" and 7 or 1, check)
end
temporary.remove(folder)
