--- Implicit ALS beside the Python library `implicit`: time, and recall@20 on interactions that
-- neither has seen. Both solve the same objective with one thread, in turns.
--
--     lua5.4 bench/cf.lua --data ml-1m [--python python3] [--rounds 3] [--alpha 1] ..
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local cmml = require "cmml"
local peer = require "peer"
local program = require "program"
local report = require "report"

local values = program.options("cf.lua", "usage: lua5.4 bench/cf.lua --data DIR [OPTIONS]", {
  { name = "data", kind = "string", arg = "DIR", required = true,
    help = "folder in the format of MovieLens-1M; every rating is an interaction" },
  { name = "python", kind = "string", arg = "FILE", default = "python3",
    help = "a Python that has `implicit` (pip install implicit==0.7.3)" },
  { name = "rounds", kind = "integer", default = 3, from = 1,
    help = "solutions by each, from seeds 1 to N" },
  { name = "factors", kind = "integer", default = 64, from = 1, help = "dimension of the vectors" },
  { name = "iterations", kind = "integer", default = 15, from = 1, help = "iterations of either" },
  { name = "alpha", kind = "number", default = 1, help = "confidence 1 + alpha" },
  { name = "regularization", kind = "number", default = 1, help = "regularization of either" },
})

-- Training interactions, a random 80 % of everyone's, and the others.
local function read()
  local data = assert(cmml.data.read_table(values.data .. "/ratings.dat", { delimiter = "::",
    columns = { { name = "user" }, { name = "item" }, { kind = "skip" }, { kind = "skip" } } }))
  local users, items = data.columns.user, data.columns.item
  local kept = cmml.lt(cmml.uniform({ data.rows }, 0, 1, { seed = 1 }), 0.8)
  local n_users, n_items = #users.vocab, #items.vocab
  return cmml.core.sparse(users.ids, items.ids, kept, n_users, n_items),
    cmml.core.sparse(users.ids, items.ids, 1 - kept, n_users, n_items), n_users, n_items
end

-- The columns of each row as a list.
local function lists(matrix)
  local all, columns, at = {}, matrix.columns:totable(), 0
  for row, length in ipairs(matrix.rows:totable()) do
    all[row] = table.move(columns, at + 1, at + length, 1, {})
    at = at + length
  end
  return all
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do
    set[item] = true
  end
  return set
end

-- The mean over users of the share of their held-out items among the first 20 that they have not
-- trained on.
local function recall(users, items, trained, held_out)
  local sum, count, n_items = 0, 0, items.shape[1]
  local longest = 0
  for _, list in ipairs(trained) do
    longest = math.max(longest, #list)
  end
  local k = math.min(longest + 20, n_items)
  for first = 1, #held_out, 256 do
    local last = math.min(first + 255, #held_out)
    local _, top = (users:slice(1, first, last):matmul(items:transpose(1, 2))):top_k(k)
    top = top:totable()
    for user = first, last do
      local seen, wanted = set_of(trained[user]), set_of(held_out[user])
      local left, found, at = 20, 0, (user - first) * k
      while left > 0 and at < (user - first + 1) * k do
        at = at + 1
        if not seen[top[at]] then
          left, found = left - 1, found + (wanted[top[at]] and 1 or 0)
        end
      end
      if #held_out[user] > 0 then
        sum, count = sum + found / #held_out[user], count + 1
      end
    end
  end
  return sum / count
end

local function ours(train, n_items, seed)
  local began = os.clock()
  local vectors = cmml.vectors.als { ratings = { users = train.rows, items = train.columns },
    n_items = n_items, factors = values.factors, iterations = values.iterations,
    alpha = values.alpha, regularization = values.regularization, seed = seed }
  return os.clock() - began, vectors
end

local function theirs(path, out, seed)
  local pipe = assert(io.popen(("%s %s %s %s --factors %d --iterations %d --alpha %g "
    .. "--regularization %g --seed %d"):format(peer.quote(values.python),
    peer.quote(here .. "/peers/implicit_als.py"), peer.quote(path), peer.quote(out),
    values.factors, values.iterations, values.alpha, values.regularization, seed)))
  local seconds, what = (pipe:read "a"):match "^(%S+)\t([^\n]*)"
  pipe:close()
  if not seconds then
    return nil
  end
  local found = {}
  for _, entry in ipairs(assert(cmml.core.read_archive(out)).tensors) do
    found[entry.name] = entry.value
  end
  return tonumber(seconds), found, what
end

local function mean(list)
  local sum = 0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return sum / #list
end

local train, test, n_users, n_items = read()
local trained, held_out = lists(train), lists(test)
local path, out = os.tmpname(), os.tmpname()
local function from_0(ids)
  local list = ids:totable()
  for i, id in ipairs(list) do
    list[i] = id - 1
  end
  return list
end
assert(cmml.core.write_archive(path, {
  { name = "users", dtype = "I32", value = from_0(train.rows:groups()) },
  { name = "items", dtype = "I32", value = from_0(train.columns) },
  { name = "shape", dtype = "I32", value = { n_users, n_items } } }))

print(("# %d interactions to train on, %d held out; %d factors, %d iterations, alpha %g, "
  .. "regularization %g, one thread"):format(#train.columns, #test.columns, values.factors,
  values.iterations, values.alpha, values.regularization))
local mine, other, ratios = { seconds = {}, recall = {} }, { seconds = {}, recall = {} }, {}
for seed = 1, values.rounds do
  local seconds, vectors = ours(train, n_items, seed)
  mine.seconds[seed] = seconds
  mine.recall[seed] = recall(vectors.users, vectors.items, trained, held_out)
  local peer_seconds, peer_vectors, what = theirs(path, out, seed)
  if peer_seconds then
    if seed == 1 then
      print("# " .. what)
    end
    other.seconds[seed], ratios[seed] = peer_seconds, peer_seconds / seconds
    other.recall[seed] = recall(peer_vectors.users, peer_vectors.items, trained, held_out)
  end
end
os.remove(path)
os.remove(out)
print(("cmml      %.3f s  recall@20 %.4f"):format(report.median(mine.seconds), mean(mine.recall)))
if #ratios > 0 then
  print(("implicit  %.3f s  recall@20 %.4f"):format(report.median(other.seconds),
    mean(other.recall)))
  print(("implicit / cmml: time %.2f; cmml / implicit: recall %.4f"):format(report.median(ratios),
    mean(mine.recall) / mean(other.recall)))
else
  print "no peer: this Python has no implicit"
end
