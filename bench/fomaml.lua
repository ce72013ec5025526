--- First-order MAML of the benchmark: one step of Adam on a sequence encoder of the published
-- sizes, at the point that 64 users came to by 5 steps each on their own sequences; BPR, no
-- dropout.
--
-- The peer computes with the same sequences, negatives and weights: `fomaml.export` writes them,
-- with the loss of every batch behind inner steps of a rate at which they tell. Batches are cut as
-- those of SASRec, in the order of lengths, which the peer needs.
local program = require "program"
local sasrec = require "sasrec"

local fomaml = {}

local users, steps, rate = 64, 5, 1e-3
local far = 0.1 -- the rate of the steps behind which losses are compared
local n_items = 12101

-- A batch: all items of a sequence but the last are read; what comes next behind all of these but
-- the last is learnt in the inner steps, and behind the last it is asked.
local function batch_of(cmml, list, first)
  local batch = { worse = {} }
  local lengths, shown, following, last, shares = {}, {}, {}, {}, {}
  for u = first, first + users - 1 do
    local n = #list[u] - 1
    lengths[#lengths + 1] = n
    table.move(list[u], 1, n, #shown + 1, shown)
    table.move(list[u], 2, n + 1, #following + 1, following)
    for row = 1, n do
      shares[#shares + 1] = row < n and 1 / (n - 1) or 0
    end
    last[#last + 1] = #shown
  end
  for step = 1, steps + 1 do
    local ids = {}
    for row = 1, #shown do
      ids[row] = math.random(n_items)
    end
    batch.worse[step] = cmml.ids(ids)
  end
  batch.segments, batch.shown = cmml.segments(lengths), cmml.ids(shown)
  batch.following, batch.last = cmml.ids(following), cmml.ids(last)
  batch.shares = cmml.tensor(shares)
  return batch
end

local function errors(h, better, worse)
  return -(h:row_dot(better - worse):sigmoid() + 1e-10):log()
end

-- The mean loss of the users' queries, at the point that their steps came to.
local function loss_of(cmml, net, batch, lr)
  local items, segments = net.item.weight, batch.segments
  local fixed = items:detach()
  local e, better = fixed:gather_rows(batch.shown), fixed:gather_rows(batch.following)
  local own = cmml.fast_weights(users, function(through, step)
    local h = net.encoder(e, segments, { through = through(segments) })
    local losses = errors(h, better, fixed:gather_rows(batch.worse[step])) * batch.shares
    return losses:reshape({ -1, 1 }):segment_sum(segments):reshape { -1 }
  end, { steps = steps, lr = lr })
  local h = net.encoder(items:gather_rows(batch.shown), segments, { through = own(segments) })
  local function asked(ids)
    return items:gather_rows(cmml.core.take_ids(ids, batch.last, 1))
  end
  return errors(h:gather_rows(batch.last), asked(batch.following),
    asked(batch.worse[steps + 1])):mean()
end

--- One training step after another: inner steps, the gradient at their end, Adam. The batches take
-- turns.
-- @tparam table cmml the library
-- @tparam ?string data folder with Beauty.txt; made sequences without it
-- @treturn function that does a step
function fomaml.step(cmml, data)
  local made, at = sasrec.made(cmml, data, users, batch_of), 0
  local optimiser = cmml.optim.adam(made.net, { lr = 1e-3 })
  return function()
    at = at % #made.batches + 1
    optimiser:backward(loss_of(cmml, made.net, made.batches[at], rate))
    optimiser:step()
  end
end

--- Writes sequences, negatives, weights and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam ?string data as for `step`
-- @tparam string path
-- @treturn true|nil nil on failure
-- @treturn ?string message
function fomaml.export(cmml, data, path)
  local made = sasrec.made(cmml, data, users, batch_of)
  local entries, add = program.arrays()
  for name, parameter in made.net:parameters() do
    add("param." .. name, parameter)
  end
  add("far", cmml.tensor { far })
  for i, batch in ipairs(made.batches) do
    local here = ("batch.%d."):format(i)
    add(here .. "lengths", batch.segments:totable())
    add(here .. "items", batch.shown:totable())
    add(here .. "following", batch.following:totable())
    for step, ids in ipairs(batch.worse) do
      add(("%sworse.%d"):format(here, step), ids:totable())
    end
    add(here .. "loss", cmml.no_grad(loss_of, cmml, made.net, batch, far):reshape { 1 })
  end
  return cmml.core.write_archive(path, entries)
end

return fomaml
