--- The benchmark: `make bench`, or `lua5.4 bench/run.lua --help`.
--
-- Every case runs in batches of about a tenth of a second. In each round our batch and the peer's
-- follow one another; times are medians over the rounds, and the ratio is the median of the rounds'
-- ratios, so that a machine that slows down for a while slows both. Seconds are those of the
-- processor: on a quiet machine what a clock shows, on a busy one without what others take.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local cmml = require "cmml"
local cases = require "cases"
local frozen = require "frozen"
local in_turns = require "cmml.base.turns"
local peer = require "peer"
local program = require "program"
local report = require "report"
local served = require "served"
local turns = require "turns"

local values = program.options("run.lua", "usage: lua5.4 bench/run.lua [OPTIONS]\n\n"
  .. "Times the library, beside PyTorch where it is installed.", {
  { name = "cases", kind = "string", arg = "LIST", help = "names with commas between, or all (but "
    .. "scale)", default_text = "all but training and scale, which take minutes" },
  { name = "rounds", kind = "integer", default = 9, from = 1,
    help = "batches of each case to take the median of" },
  { name = "data", kind = "string", arg = "DIR", default_text = "made data",
    help = "train and serve by this folder in the format of MovieLens-1M; SASRec by one with "
      .. "Beauty.txt" },
  { name = "epochs", kind = "integer", default = 30, from = 1, help = "epochs of the training" },
  { name = "no_peer", kind = "boolean", help = "our times alone" },
  { name = "csv", kind = "boolean", help = "comma-separated values for programs" },
})

-- The set of cases that were asked for, whether to train, and whether to measure large data.
local function choose(list)
  local names, chosen, there_is = {}, {}, { training = true, scale = true }
  for i, case in ipairs(cases.list) do
    names[i], there_is[case.name] = case.name, true
  end
  local everything = table.concat(names, ",")
  if not list then
    list = everything
  elseif list == "all" then
    list = everything .. ",training"
  end
  for name in list:gmatch "[^,%s]+" do
    if not there_is[name] then
      program.fail(("there is no case %s; there are %s, training, scale"):format(name, everything))
    end
    chosen[name] = true
  end
  local train, scale = chosen.training, chosen.scale
  chosen.training, chosen.scale = nil, nil
  return chosen, train, scale
end

-- Seconds for one run, from a batch of about a tenth of a second, or by its own count.
local function batch(case)
  return case.measure and case.measure() or in_turns.seconds(case.run, 0.1)
end

-- Warms a case up as the peer does and counts what one run executes.
local function warm_up(case)
  local run = case.run or case.measure
  for _ = 1, 5 do
    run()
  end
  local before = cmml.core.testing.counters().flops
  run()
  case.flops = case.flops_of and case.flops_of() or cmml.core.testing.counters().flops - before
  case.times, case.pairs = {}, {}
  for i, name in ipairs(case.peers) do
    case.pairs[i] = { name = case.name, peer = name, times = {}, ratios = {} }
  end
end

-- One round: our batch of every case, and the peer's right after it.
local function round(list, rival)
  for _, case in ipairs(list) do
    local mine = batch(case)
    table.insert(case.times, mine)
    for _, pair in ipairs(rival and case.pairs or {}) do
      local other = tonumber((rival:ask(pair.peer) or ""):match "^%S+\t(%S+)\t%d+$")
      if not other then
        program.fail("the peer has no time for " .. pair.peer)
      end
      table.insert(pair.times, other)
      table.insert(pair.ratios, other / mine)
    end
  end
end

-- The peer, and the temporary files that it reads.
local function start_rival(names)
  local words = "python3 " .. peer.quote(here .. "/peers/torch_peer.py") .. " --serve"
  local exported = cases.export(cmml, names, values.data)
  for _, file in ipairs(exported) do
    words = ("%s --%s %s"):format(words, file[1], peer.quote(file[2]))
  end
  return assert(peer.start(words)), exported
end

-- Runs the cases; rows for the report.
local function run_cases(chosen, rival, rounds)
  local list, clean_up = cases.make(cmml, chosen, values.data)
  for _, case in ipairs(list) do
    warm_up(case)
  end
  for _ = 1, rounds do
    round(list, rival)
  end
  clean_up()
  local pairs_found = {}
  for _, case in ipairs(list) do
    case.seconds = report.median(case.times)
    for _, pair in ipairs(rival and case.pairs or {}) do
      pair.seconds, pair.peer_seconds = case.seconds, report.median(pair.times)
      pair.ratio = report.median(pair.ratios)
      pairs_found[#pairs_found + 1] = pair
    end
  end
  return list, pairs_found
end

-- Trains; the trainings, and our one compared with each of the others.
local function run_trainings(with_torch)
  local trainings, compared = turns.run(here, { epochs = values.epochs, data = values.data,
    torch = with_torch }), {}
  for i = 2, #trainings do
    compared[#compared + 1] = { name = "training", peer = trainings[i].peer,
      seconds = trainings[1].seconds, peer_seconds = trainings[i].seconds,
      ratio = turns.ratio(trainings[1], trainings[i]) }
  end
  return trainings, compared
end

local chosen, train, scale = choose(values.cases)
local with_torch, why = false, "not asked for"
if not values.no_peer then
  with_torch, why = peer.has_torch()
end
local info = cmml.info()
print(("# cmml %s, %s, kernels %s, %d BLAS thread(s), %s"):format(info.version, info.dtype,
  info.kernels, cmml.threads(), _VERSION))
print("# " .. info.blas)
print(with_torch and "# PyTorch as the peer, one thread" or "# no peer: " .. why)

local results = { cases = {}, pairs = {}, trainings = {} }
local peak
if next(chosen) then
  local rival, exported
  if with_torch then
    rival, exported = start_rival(chosen)
  end
  if rival then
    print(rival:read() or program.fail "the peer did not start")
  end
  results.cases, results.pairs = run_cases(chosen, rival, values.rounds)
  if rival then
    rival:stop()
    for _, file in ipairs(exported) do
      os.remove(file[2])
    end
  end
  local sizes = served.sizes(cmml)
  if sizes then
    print("# served: " .. sizes)
  end
  for _, remark in ipairs(frozen.remarks()) do
    print("# " .. remark)
  end
  for _, case in ipairs(results.cases) do
    peak = case.name == "gemm" and case.flops / case.seconds or peak
  end
end
if train then
  print(("# training: %d epochs on %s"):format(values.epochs,
    values.data and "ratings from files" or "made ratings"))
  local trainings, compared = run_trainings(with_torch)
  results.trainings = trainings
  table.move(compared, 1, #compared, #results.pairs + 1, results.pairs)
end

if values.csv then
  report.csv(results, peak)
else
  report.cases(results.cases, peak)
  report.pairs(results.pairs)
  report.trainings(results.trainings)
end
if scale then
  print "# scale: 20 million made ratings, 100,000 and a million items (bench/scale.lua)"
  io.stdout:flush()
  os.execute(("%s %s --ratings 20000000 --items 100000,1000000"):format(
    peer.quote(arg[-1] or "lua5.4"), peer.quote(here .. "/scale.lua")))
end
