--- SASRec of the benchmark: training steps on 256 sequences, of the published sizes, with dropout
-- and a softmax over the target and 256 items that the rows of a step share.
--
-- The peer computes with the same sequences, negatives and weights: `sasrec.export` writes them,
-- with the loss of every batch without dropout. Batches are cut from the sequences in the order of
-- their lengths, which the peer needs, whose rows are padded; every so many of them are taken.
local program = require "program"

local sasrec = {}

local batch_size, batches, negatives, longest = 256, 8, 256, 51
local n_items, width = 12101, 64

-- Lists of items as long as those of Amazon Beauty: from 5 on, half as many with every three more.
local function made_sequences()
  local list = {}
  for s = 1, 22363 do
    local n, sequence = 5 + math.floor(-3.2 * math.log(math.random()) / math.log(2)), {}
    for i = 1, math.min(n, longest) do
      sequence[i] = math.floor(n_items * math.random() ^ 2) + 1
    end
    list[s] = sequence
  end
  return list
end

-- Those of a file `user item item ..` a line.
local function read_sequences(path)
  local list = {}
  for line in io.lines(path) do
    local sequence = {}
    for item in line:gmatch "%S+" do
      sequence[#sequence + 1] = math.tointeger(tonumber(item))
    end
    list[#list + 1] = table.move(sequence, math.max(2, #sequence - longest + 1), #sequence, 1, {})
  end
  return list
end

-- A batch of them: what is shown, and what comes next.
local function batch_of(cmml, list, first)
  local lengths, shown, following, others = {}, {}, {}, {}
  for s = first, first + batch_size - 1 do
    local n = #list[s]
    lengths[#lengths + 1] = n - 1
    table.move(list[s], 1, n - 1, #shown + 1, shown)
    table.move(list[s], 2, n, #following + 1, following)
  end
  for i = 1, negatives do
    others[i] = math.random(n_items)
  end
  return { segments = cmml.segments(lengths), items = cmml.ids(shown),
    following = cmml.ids(following), negatives = cmml.ids(others) }
end

--- Sequences of items, the shortest first; the generator of random numbers begins anew.
-- @tparam ?string data folder with Beauty.txt; made sequences without it
-- @treturn table list of lists of ids
function sasrec.sequences(data)
  math.randomseed(3)
  local path = data and data .. "/Beauty.txt"
  local file = path and io.open(path)
  local list = file and read_sequences(path) or made_sequences()
  if file then
    file:close()
  end
  table.sort(list, function(a, b)
    return #a < #b
  end)
  return list
end

--- Network and batches, the same for us and the peer.
-- @tparam table cmml the library
-- @tparam ?string data folder with Beauty.txt; made sequences without it
-- @tparam integer size sequences of a batch
-- @tparam function make_batch of (cmml, sequences, number of the first one), giving a batch
-- @treturn table net (item, encoder), batches
function sasrec.made(cmml, data, size, make_batch)
  local list = sasrec.sequences(data)
  local nn, made = cmml.nn, { batches = {} }
  made.net = nn.list {}
  made.net:register("item", nn.embedding { size = n_items, width = width,
    init = nn.normal_init(nn.init(1), 0.02) })
  made.net:register("encoder", cmml.sequence_encoder { width = width, init = nn.init(2) }, true)
  for b = 1, batches do
    local place = (2 * b - 1) * (#list // size) // (2 * batches)
    made.batches[b] = make_batch(cmml, list, place * size + 1)
  end
  return made
end

local function loss_of(cmml, net, batch, key)
  local items = net.item.weight
  local h = net.encoder(items:gather_rows(batch.items), batch.segments, { key = key })
  return cmml.sampled_softmax(h, items:gather_rows(batch.following),
    items:gather_rows(batch.negatives), batch.following, batch.negatives)
end

--- One training step after another: forward, backward, Adam. The batches take turns.
-- @tparam table cmml the library
-- @tparam ?string data folder with Beauty.txt; made sequences without it
-- @tparam[opt=false] boolean sparse leave rows of the item table out that have no gradient
-- @treturn function that does a step
function sasrec.step(cmml, data, sparse)
  local made, at = sasrec.made(cmml, data, batch_size, batch_of), 0
  local optimiser = cmml.optim.adam(made.net, { lr = 1e-3,
    groups = sparse and { { parameters = "item.weight", sparse = true } } or nil })
  return function()
    at = at + 1
    local loss = loss_of(cmml, made.net, made.batches[(at - 1) % #made.batches + 1],
      { seed = 1, epoch = at })
    optimiser:backward(loss)
    optimiser:step()
  end
end

--- Writes sequences, negatives, weights and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam ?string data as for `step`
-- @tparam string path
-- @treturn true|nil nil on failure
-- @treturn ?string message
function sasrec.export(cmml, data, path)
  local made = sasrec.made(cmml, data, batch_size, batch_of)
  local entries, add = program.arrays()
  for name, parameter in made.net:parameters() do
    add("param." .. name, parameter)
  end
  for i, batch in ipairs(made.batches) do
    local here = ("batch.%d."):format(i)
    add(here .. "lengths", batch.segments:totable())
    for _, part in ipairs { "items", "following", "negatives" } do
      add(here .. part, batch[part]:totable())
    end
    add(here .. "loss", cmml.no_grad(loss_of, cmml, made.net, batch):reshape { 1 })
  end
  return cmml.core.write_archive(path, entries)
end

return sasrec
