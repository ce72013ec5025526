--- The benchmark: `make bench`, or `lua5.4 bench/run.lua [--rounds N] [--no-peer]`.
--
-- Every case runs in batches of about a tenth of a second. In each round our batch and the peer's
-- follow one another; times are medians over the rounds, and the ratio is the median of the rounds'
-- ratios, so that a machine that slows down for a while slows both.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local cmml = require "cmml"
local cases = require "cases"
local peer = require "peer"

local rounds, with_peer = 9, true
for i, word in ipairs(arg) do
  if word == "--rounds" then
    rounds = assert(math.tointeger(tonumber(arg[i + 1])), "--rounds needs a whole number")
  elseif word == "--no-peer" then
    with_peer = false
  end
end

local order = { "gemm", "load", "step", "adapt", "adapt_raw", "score" }
-- our case and the peer's: the peer has a second form of two of them, with the algebra that a
-- careful user would do by hand
local against = { { "gemm", "gemm" }, { "step", "step" }, { "step", "step_algebra" },
  { "adapt", "adapt" }, { "adapt_raw", "adapt" }, { "score", "score" },
  { "score", "score_algebra" } }

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  return (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end

-- Seconds for one run, from a batch of about `seconds`.
local function batch(run, seconds)
  local began, count = cmml.clock(), 0
  repeat
    run()
    count = count + 1
  until cmml.clock() - began >= seconds
  return (cmml.clock() - began) / count
end

local function show(seconds)
  if seconds >= 0.1 then
    return ("%.3f s"):format(seconds)
  elseif seconds >= 1e-3 then
    return ("%.2f ms"):format(seconds * 1e3)
  end
  return ("%.1f us"):format(seconds * 1e6)
end

local info = cmml.info()
print(("cmml %s, %s, kernels %s, %d BLAS thread(s), %s"):format(info.version, info.dtype,
  info.kernels, cmml.threads(), _VERSION))
print(info.blas)

local ours, clean_up = cases.make(cmml)
local rival, why
if with_peer then
  rival, why = peer.start(here .. "/peers/torch_peer.py")
end
print(rival and rival.header:gsub("^#%s*", "") or "no peer: " .. (why or "not asked for"))

local times, flops, ratios, peer_times = {}, {}, {}, {}
for _, name in ipairs(order) do
  ours[name].run()
  ours[name].run()
  local before = cmml.counters().flops
  ours[name].run()
  flops[name], times[name] = cmml.counters().flops - before, {}
end
for i in ipairs(against) do
  ratios[i], peer_times[i] = {}, {}
end
for _ = 1, rounds do
  for _, name in ipairs(order) do
    local mine = batch(ours[name].run, 0.1)
    table.insert(times[name], mine)
    for i, pair in ipairs(against) do
      if rival and pair[1] == name then
        local other = rival:run(pair[2])
        if other then
          table.insert(peer_times[i], other)
          table.insert(ratios[i], other / mine)
        end
      end
    end
  end
end
if rival then
  rival:stop()
end
clean_up()

local peak = flops.gemm / median(times.gemm)
print(("\nmatrix products reach %.1f GF/s here; `share` is that of a case's own matrix products, as"
  .. "\nexecuted, in its time\n"):format(peak / 1e9))
print(("%-50s %10s %9s %6s"):format("case", "time", "MFLOP", "share"))
for _, name in ipairs(order) do
  local seconds = median(times[name])
  local work = flops[name] > 0 and ("%9.1f %5.0f%%"):format(flops[name] / 1e6,
    100 * flops[name] / seconds / peak) or ""
  print(("%-50s %10s %s"):format(ours[name].text, show(seconds), work))
end
if rival then
  print(("\n%-12s %-16s %10s %10s %s"):format("cmml", "PyTorch", "cmml", "PyTorch",
    "PyTorch / cmml"))
  for i, pair in ipairs(against) do
    if #ratios[i] > 0 then
      print(("%-12s %-16s %10s %10s %10.2f"):format(pair[1], pair[2], show(median(times[pair[1]])),
        show(median(peer_times[i])), median(ratios[i])))
    end
  end
end
