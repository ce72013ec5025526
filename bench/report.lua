--- How the results of the benchmark are shown: for people, or as comma-separated values.
local report = {}

--- Seconds in a unit that suits them.
-- @tparam number seconds
-- @treturn string
function report.time(seconds)
  if seconds >= 0.1 then
    return ("%.3f s"):format(seconds)
  elseif seconds >= 1e-3 then
    return ("%.2f ms"):format(seconds * 1e3)
  end
  return ("%.1f us"):format(seconds * 1e6)
end

--- The middle of a list of numbers.
-- @tparam table list not empty
-- @treturn number
function report.median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  return (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end

--- The times of cases, and what their matrix products make of them.
-- @tparam table rows {text, seconds, flops}
-- @tparam ?number peak flops of this machine's matrix product in a second
function report.cases(rows, peak)
  if #rows == 0 then
    return
  end
  print(("\n%-50s %10s %9s %6s"):format("case", "time", "MFLOP", peak and "share" or ""))
  for _, row in ipairs(rows) do
    local work = row.flops > 0 and ("%9.1f"):format(row.flops / 1e6) or ""
    local share = row.flops > 0 and peak
      and ("%5.0f%%"):format(100 * row.flops / row.seconds / peak) or ""
    print(("%-50s %10s %s %s"):format(row.text, report.time(row.seconds), work, share))
  end
  if peak then
    print(("matrix products reach %.1f GF/s here; `share` is that of a case's own matrix\n"
      .. "products, as executed, in its time"):format(peak / 1e9))
  end
end

--- Both libraries side by side.
-- @tparam table rows {name, peer, seconds, peer_seconds, ratio}
function report.pairs(rows)
  if #rows == 0 then
    return
  end
  print(("\n%-12s %-17s %10s %10s %s"):format("cmml", "PyTorch", "cmml", "PyTorch",
    "PyTorch / cmml"))
  for _, row in ipairs(rows) do
    print(("%-12s %-17s %10s %10s %10.2f"):format(row.name, row.peer, report.time(row.seconds),
      report.time(row.peer_seconds), row.ratio))
  end
end

--- Trainings: time, where they arrived, and memory after the first epoch and the last.
-- @tparam table rows list of {peer (nil: ours), text, seconds, epochs, first, last}; first and last
-- are epochs with mae, peak and resident
function report.trainings(rows)
  if #rows == 0 then
    return
  end
  print(("\n%-34s %9s %8s  %s"):format("training, " .. #rows[1].epochs .. " epochs", "time",
    "MAE", "peak MB after first, last; resident"))
  for _, row in ipairs(rows) do
    print(("%-34s %9s %8.4f  %7.1f %7.1f; %.1f %.1f"):format(row.text,
      report.time(row.seconds), row.last.mae, row.first.peak, row.last.peak, row.first.resident,
      row.last.resident))
  end
end

--- All results as comma-separated values: a line for each case, then one for each comparison, and
-- one for each training.
-- @tparam table results cases, pairs, trainings
-- @tparam ?number peak
function report.csv(results, peak)
  print "case,peer,seconds,peer_seconds,ratio,mflop,gflops,peak_mb_first,peak_mb_last"
  local function line(...)
    local words = { ... }
    for i = 1, 9 do
      local word = words[i] or ""
      words[i] = math.type(word) == "float" and ("%.6g"):format(word) or tostring(word)
    end
    print(table.concat(words, ","))
  end
  if peak then
    line("sgemm", nil, nil, nil, nil, nil, peak / 1e9)
  end
  for _, row in ipairs(results.cases) do
    line(row.name, nil, row.seconds, nil, nil, row.flops / 1e6, row.flops / row.seconds / 1e9)
  end
  for _, row in ipairs(results.pairs) do
    line(row.name, row.peer, row.seconds, row.peer_seconds, row.ratio)
  end
  for _, row in ipairs(results.trainings) do
    line("training", row.peer, row.seconds, nil, nil, nil, nil, row.first.peak, row.last.peak)
  end
end

return report
