-- Kind of `mml_fomaml`: first-order steps of users on the prefixes of their sequences. The file has
-- the prefixes one by one; the encoder reads each sequence once, and a row for each prefix.
local cmml = require "cmml"
local sasrec = require "spec.support.golden.sasrec"

-- The users one behind another: items and positives of all rows, the negatives of each step, the
-- numbers of rows, and of these that of the query; all rows but the last are the support's.
local function read(case)
  local users = { items = {}, positives = {}, negatives = {}, lengths = {}, query = {} }
  local steps = case:option "inner_steps"
  for step = 1, steps + 1 do
    users.negatives[step] = {}
  end
  local support, u = {}, 0
  while case:has(("input.user%d.sequence"):format(u)) do
    local function integers(name)
      return case:integers(("input.user%d.%s"):format(u, name))
    end
    local sequences, shape = integers "sequence"
    local lengths, positives, negatives = integers "lengths", integers "positive",
      integers "negative"
    local n, time = shape[1], shape[2]
    for row = 1, n do
      users.items[#users.items + 1] = sequences[(n - 1) * time + row] + 1
      users.positives[#users.items] = positives[row] + 1
      for step = 1, steps + 1 do
        users.negatives[step][#users.items] = negatives[(step - 1) * n + row] + 1
      end
      for place = 1, time do
        local expected = place <= row and sequences[(n - 1) * time + place] or 0
        if lengths[row] ~= row or sequences[(row - 1) * time + place] ~= expected then
          error(("input.user%d: row %d is no prefix of the last one"):format(u, row - 1), 0)
        end
      end
    end
    u = u + 1
    users.lengths[u], users.query[u], support[u] = n, #users.items, n - 1
  end
  case:size("support", support)
  return users
end

-- Parts of a sum over rows: each of a user's first rows counts as many, the query's nothing.
local function shares_of(users)
  local shares = {}
  for _, n in ipairs(users.lengths) do
    for row = 1, n do
      shares[#shares + 1] = row < n and 1 / (n - 1) or 0
    end
  end
  return cmml.tensor(shares)
end

local function errors(h, better, worse)
  return -((h:row_dot(better) - h:row_dot(worse)):sigmoid() + 1e-10):log()
end

local function adapt(case, net, users, segments)
  local items = net.item.weight:detach()
  local e, better = items:gather_rows(users.items), items:gather_rows(users.positives)
  local shares = shares_of(users)
  return cmml.fast_weights(#segments, function(through, step)
    local h = net.encoder(e, segments, { through = through(segments) })
    local own = errors(h, better, items:gather_rows(users.negatives[step])) * shares
    return own:reshape({ -1, 1 }):segment_sum(segments):reshape { -1 }
  end, { steps = case:option "inner_steps", lr = case:option "inner_rate" })
end

local function expect_adapted(case, net, own, users)
  local changes, start = {}, {}
  for u in ipairs(users) do
    changes[u] = own:changes_of(u)
  end
  for name, tensor in net:parameters() do
    start[name] = tensor:detach()
  end
  for _, name in ipairs(case:names "output.user") do
    local u, parameter = name:match "^(%d+)%.adapted%.(.*)$"
    if u and start[parameter] then
      case:expect("output.user" .. name,
        start[parameter] + changes[math.tointeger(tonumber(u)) + 1][parameter])
    end
  end
end

local function run(case)
  local net, users = sasrec.build(case), read(case)
  for _, name in ipairs { "items", "positives", "query" } do
    users[name] = cmml.ids(users[name])
  end
  for step, list in ipairs(users.negatives) do
    users.negatives[step] = cmml.ids(list)
  end
  case:size("items", net.item.weight.shape[1])
  local segments = cmml.segments(users.lengths)
  local own = adapt(case, net, users, segments)
  case:expect("output.first_support_loss", own.losses[1])
  expect_adapted(case, net, own, users.lengths)

  local item, query = net.item.weight, users.query
  local h = net.encoder(item:gather_rows(users.items), segments, { through = own(segments) })
  local last = users.negatives[#users.negatives]
  local losses = errors(h:gather_rows(query),
    item:gather_rows(cmml.core.take_ids(users.positives, query, 1)),
    item:gather_rows(cmml.core.take_ids(last, query, 1)))
  case:expect("output.query_loss", losses)
  case:differentiate(losses:mean(), { retain = true })

  local optimizer = cmml.optim.adam(net, { lr = case:option "outer_rate",
    eps = case:option "adam_eps" })
  optimizer:backward(losses:mean())
  if not case:option "restore" then
    own:keep(net, #users.lengths)
  end
  optimizer:step()
  for name, tensor in net:parameters() do
    case:expect("output.updated." .. name, tensor:detach():clone())
  end
end

return {
  { match = function(case)
    return case.config.inner_steps and case:has "input.user0.sequence"
  end, run = run },
}
