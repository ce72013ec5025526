--- Do two checkouts of the project compute the same, to the last bit?
--
--     lua5.4 tools/compare_checkouts.lua OTHER [THIS] [--only PATTERN] [--data FOLDER] [--epochs N]
--         [--build FOLDER]
--
-- Both must be built (THIS in --build, by default its folder build); THIS is by default the
-- checkout that this file is in. Each run is done by both at the same time, by the command line
-- alone, with everything said that a default may decide:
--
-- * every preset of both settings, for --epochs passes (2) over OTHER's data/made or small made
--   scenarios, every kind of recommender and every protocol that OTHER knows;
-- * training that was resumed, in shards on threads, with other options; each format of scenarios;
--   vectors by collaborative filtering;
-- * what else is on the disk: --data (once for each folder, such as MovieLens-1M's or Last.fm's)
--   adds a training of the recommended preset on it, capped at 50 ratings where it holds ratings.
--
-- Of a run these must be equal: the bytes of every entry in best.safetensors and last.safetensors
-- (not their metadata), log.csv but for the seconds, the numbers that evaluate (beside its rivals)
-- and recommend print, and the scores that the model file gives in Lua, to the last bit; and all
-- of that again where THIS reads the file that OTHER wrote. A row a run tells how much was
-- compared, or what differs first, as OTHER | THIS. Where anything differs the status is 1 and the
-- files are kept. `--only scenarios` takes the runs whose names match that Lua pattern.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local checkouts = require "checkouts"
local runs_of = require "compare.runs"

local quote, read = checkouts.quote, checkouts.read
local values = checkouts.parse(arg, "usage: lua5.4 tools/compare_checkouts.lua OTHER [THIS] "
  .. "[--only PATTERN] [--data FOLDER].. [--epochs N] [--build FOLDER]",
  { only = "", data = {}, epochs = 2 })
local other, this = values.roots[1], values.roots[2]
if other == this then
  checkouts.fail("OTHER and THIS are the same checkout: there is nothing to compare")
end
local folder = checkouts.output "mktemp -d":match "^[^\n]+"

-- The shell commands of one side of a run, in its folder; of `cross`, those that are done again.
local function script(run, root, side, cross)
  local lines = { ("cd %s/%s && HERE=%s || exit 1"):format(folder, side,
    quote(values.here)) }
  local programs = { LUA = checkouts.lua(root), CMML = checkouts.cmml(root) }
  for _, step in ipairs(run.steps) do
    if not cross or step.cross then
      local path = quote(("%s.%s%s"):format(run.out, step.name, cross and ".cross" or ""))
      lines[#lines + 1] = ("{ %s; } >%s.out 2>%s.err || echo $? >%s.failed"):format(
        step.command:gsub("%$(%u+)", programs), path, path, path)
    end
  end
  return "(" .. table.concat(lines, "\n") .. ")"
end

-- Compares two texts, of which each may be missing; where both are, nothing was compared.
local function compare(found, name, how, a, b)
  if not a or not b then
    table.insert(found, ("%s: %s"):format(name, a and "only OTHER has it" or b
      and "only THIS has it" or "neither has it"))
    return
  end
  local ok, count, kind, trouble = pcall(how, a, b)
  if not ok or trouble then
    table.insert(found, ("%s: %s"):format(name, ok and trouble or count))
  end
  if ok then
    found.counts[kind] = (found.counts[kind] or 0) + count
  end
end

-- Why the step of a side failed; nil if it did not.
local function failure(side, path)
  local status = read(("%s/%s/%s.failed"):format(folder, side, path))
  local message = "\n" .. (read(("%s/%s/%s.err"):format(folder, side, path)) or "")
  return status and (message:match ".*\n([%w.]+: [^\n]+)" or "status " .. status)
end

-- Adds what a step of both sides left to what was found; false if it failed. What THIS made of
-- OTHER's files lies in a side's folder of its own.
local function judge_step(found, name, how, path, side, mine)
  local theirs, ours = failure("other", path), failure(side, mine)
  if theirs or ours then
    table.insert(found, ("%s: it failed in %s: %s"):format(name, not ours and "OTHER"
      or theirs and "both" or "THIS", ours or theirs))
    return false
  elseif how then
    compare(found, name, how, read(("%s/other/%s.out"):format(folder, path)),
      read(("%s/%s/%s.out"):format(folder, side, mine)))
  end
  return true
end

-- What differs in what both sides left (a list), and `counts` of what was compared. Of a run whose
-- training failed there is no more to tell.
local function judge(run)
  local found = { counts = {} }
  for _, step in ipairs(run.steps) do
    local path = run.out .. "." .. step.name
    if not judge_step(found, step.name, step.compare, path, "this", path) and not step.cross then
      return found
    end
    if step.cross then
      judge_step(found, step.name .. " (of OTHER's file)", step.compare, path, "other",
        path .. ".cross")
    end
  end
  for _, file in ipairs(run.files) do
    local path = run.out .. file[1]
    compare(found, file[1]:sub(2), file[2], read(folder .. "/other/" .. path),
      read(folder .. "/this/" .. path))
  end
  return found
end

values.folder, values.other = folder, other
values.here = checkouts.output("cd " .. quote(here) .. " && pwd"):match "^[^\n]+"
local runs = runs_of(values)
if #runs == 0 then
  checkouts.fail("there is no run " .. values.only)
end
print(("OTHER %s\nTHIS  %s"):format(other, this))
local differing, began, width = 0, os.time(), 0
for _, run in ipairs(runs) do
  width = math.max(width, #run.name)
end
for _, run in ipairs(runs) do
  os.execute(("%s & %s & wait\n%s"):format(script(run, other, "other"), script(run, this, "this"),
    script(run, this, "other", true)))
  local found, counts = judge(run), {}
  for kind, count in pairs(found.counts) do
    counts[#counts + 1] = ("%d %s"):format(count, kind)
  end
  table.sort(counts)
  if #counts == 0 and #found == 0 then
    found[1] = "nothing was compared"
  end
  print(("%-" .. width .. "s  %s"):format(run.name, #found > 0 and "DIFFERENT"
    or "equal: " .. table.concat(counts, ", ")))
  for _, text in ipairs(found) do
    print("    " .. text)
  end
  io.stdout:flush()
  differing = differing + (#found > 0 and 1 or 0)
end
print(("%d runs, %d equal, %d different; %d s"):format(#runs, #runs - differing, differing,
  os.time() - began))
if differing > 0 then
  print("files: " .. folder)
else
  os.execute("rm -rf " .. quote(folder))
end
os.exit(differing == 0, true)
