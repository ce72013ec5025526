--- A whole training in both libraries, epoch by epoch in turn. Each has a process of its own, so
-- that its peak of memory is its own, too. The peer gets the data as numbers.
local peer = require "peer"
local in_turns = require "cmml.base.turns"

local turns = {}

-- An epoch of a training, from the line that it printed.
local function read_epoch(line)
  local words = {}
  for word in (line or ""):gmatch "[^\t]+" do
    words[#words + 1] = tonumber(word)
  end
  if #words == 6 then
    return { seconds = words[2], loss = words[3], mae = words[4], peak = words[5],
      resident = words[6] }
  end
end

local function start(name, text, command)
  local entry = { peer = name, text = text, epochs = {}, seconds = 0 }
  entry.program = assert(peer.start(command))
  assert(entry.program:read(), text .. ": it did not start")
  return entry
end

--- Trains.
-- @tparam string here the folder of the benchmark
-- @tparam table options epochs; data, a folder in the format of MovieLens-1M (made data if nil);
-- torch, whether to train with PyTorch, too
-- @treturn table list of {peer (nil: ours), text, seconds, epochs, first, last}, ours first:
-- seconds in all, and the epochs with seconds, loss, mae, peak and resident (MB)
function turns.run(here, options)
  local ours = ("%s %s --turns --epochs %d%s"):format(peer.quote(arg[-1]),
    peer.quote(here .. "/training.lua"), options.epochs,
    options.data and " --data " .. peer.quote(options.data) or "")
  local all, exported = { start(nil, "cmml", ours) }, os.tmpname()
  if options.torch then
    assert(os.execute(ours .. " --export " .. peer.quote(exported)))
    local theirs = ("python3 %s %s --turns --epochs %d"):format(
      peer.quote(here .. "/peers/torch_training.py"), peer.quote(exported), options.epochs)
    all[2] = start("training", "PyTorch, as usually written", theirs)
    all[3] = start("training_algebra", "PyTorch, with the same algebra",
      theirs .. " --algebra")
  end
  os.remove(exported)
  for epoch = 1, options.epochs do
    for _, entry in ipairs(all) do
      local result = read_epoch(entry.program:ask "go")
      if not result then
        error(("%s: it ended in epoch %d"):format(entry.text, epoch), 0)
      end
      entry.seconds, entry.epochs[epoch] = entry.seconds + result.seconds, result
    end
  end
  for _, entry in ipairs(all) do
    entry.program:stop()
    entry.first, entry.last = entry.epochs[1], entry.epochs[options.epochs]
  end
  return all
end

--- How often a training is as quick as ours: the median over the epochs, since neighbouring ones
-- meet the same machine.
-- @tparam table ours
-- @tparam table other
-- @treturn number
function turns.ratio(ours, other)
  local function seconds(training)
    local list = {}
    for i, epoch in ipairs(training.epochs) do
      list[i] = epoch.seconds
    end
    return list
  end
  return in_turns.median(in_turns.ratios(seconds(other), seconds(ours)))
end

return turns
