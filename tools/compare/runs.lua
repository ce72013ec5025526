--- The runs that two checkouts are compared by, and the data that they are done on.
--
-- A run is {name, out, steps, files}: steps are {name, command, compare, cross}, where `compare`
-- says how the output is compared (nil: not at all) and a step of `cross` is done once more by this
-- checkout on what the other wrote; files are {path behind out, compare}.
local checkouts = require "checkouts"
local made = require "compare.made"
local outputs = require "compare.outputs"

local quote, read = checkouts.quote, checkouts.read

local Plan = {}
Plan.__index = Plan

-- What the runs of a setting are done with unless they say otherwise. All is said that a default
-- may decide. `steady` is a preset whose learning rate does not depend on the number of epochs.
local filters = "--min-items 5 --max-items 100"
local settings = {
  users = { preset = "recommended", steady = "paper", protocol = "full", data = "made",
    train = "--valid 0.1 --data-seed 1", evaluate = "--support 0,1,5 --query 10 "
      .. "--draws 3 --seed 7" },
  scenarios = { preset = "recommended/scenario", steady = "paper/scenario", protocol = "no-leak",
    data = "lastfm", train = filters .. " --valid 0.2 --data-seed 1 --factors 16",
    learn = "--rounds 2", evaluate = filters .. " --draws 1 --cutoffs 5,10,20 --seed 7" },
}

-- Where users and items stand in the data, to have some to recommend by.
local samples = {
  { "ratings.dat", "^(%w+)::(%w+)::" }, { "user_artists.dat", "^(%d+)\t(%d+)" },
  { "Yelp.txt", "^(%w+) (%w+)" }, { "theme_click_log.csv", "^(%d+),%d+,(%d+)" },
  { "ratings.csv", "^(%d+),(%d+)" },
}

-- Up to three items, each with a user; nil where the data are not in one folder.
function Plan:sample(data)
  for _, sample in ipairs(samples) do
    local file = io.open(("%s/data/%s/%s"):format(self.folder, data, sample[1]))
    if file then
      local list, seen = {}, {}
      for line in file:lines() do
        local user, item = line:match(sample[2])
        if item and not seen[item] then
          seen[item], list[#list + 1] = true, { user, item }
        end
        if #list == 3 then
          break
        end
      end
      file:close()
      return list
    end
  end
end

function Plan:add(name, steps, files)
  if name:find(self.only) then
    local out = name:gsub("[^%w]", "-")
    for _, step in ipairs(steps) do
      step.command = step.command:gsub("OUT", out)
    end
    table.insert(self.runs, { name = name, out = out, steps = steps, files = files })
  end
end

-- How the commands name data: folders with + between them.
local function path_of(data)
  return "../data/" .. data:gsub("%+", "+../data/")
end

-- The steps that use the model file of a run. `evaluate` are the words of each evaluation.
function Plan:uses(setting, data, evaluate)
  local steps = {}
  for i, words in ipairs(evaluate) do
    steps[i] = { name = i == 1 and "evaluate" or "evaluate " .. words, cross = true,
      compare = outputs.report, command = ("$CMML evaluate --model OUT/best.safetensors --data %s "
        .. "%s"):format(path_of(data), words) }
  end
  local sample = self:sample(data)
  if not sample and not data:find("+", 1, true) then
    checkouts.fail(("%s: no users and items were found to recommend by"):format(data))
  elseif sample then
    local pairs_of, user = {}, setting == "scenarios" and sample[1][1] or ""
    for i, pair in ipairs(sample) do
      pairs_of[i] = user == "" and ("%s=%d"):format(pair[2], ({ 5, 1, 4 })[i])
        or ("%s=%s"):format(pair[1], pair[2])
    end
    steps[#steps + 1] = { name = "recommend", cross = true, compare = outputs.recommended,
      command = ("$CMML recommend --model OUT/best.safetensors %s %s"):format(
        user == "" and "--rate" or "--user " .. user .. " --liked", table.concat(pairs_of, ",")) }
    steps[#steps + 1] = { name = "scores", cross = true, compare = outputs.scores,
      command = ("$LUA $HERE/compare/scores.lua OUT/best.safetensors '%s' %s"):format(user,
        table.concat(pairs_of, " ")) }
  end
  return steps
end

local trained = { { "/log.csv", outputs.log }, { "/best.safetensors", outputs.entries },
  { "/last.safetensors", outputs.entries } }

-- Adds a training by gradients. `with` has what is not as usual: data, preset, protocol; train,
-- learn and evaluate (words); also, words of one more evaluation; epochs; again, words in place of
-- --epochs for a second training in the same folder.
function Plan:training(setting, name, with)
  local usual = setmetatable(with, { __index = settings[setting] })
  local protocol = "--protocol " .. usual.protocol
  local steps = self:uses(setting, usual.data, { protocol .. " " .. usual.evaluate,
    with.also and protocol .. " " .. with.also })
  local function train(epochs)
    return ("$CMML train --model cmml --data %s --out OUT --preset %s %s %s --seed 3 --patience 0 "
      .. "%s %s"):format(path_of(usual.data), usual.preset, protocol, usual.train,
      usual.learn or "", epochs)
  end
  table.insert(steps, 1, { name = "train",
    command = train("--epochs " .. (with.epochs or self.epochs)) })
  if with.again then
    table.insert(steps, 2, { name = "train again", command = train(with.again) })
  end
  self:add(setting .. " " .. name, steps, trained)
end

-- Adds a kind that is fitted. One that learns by gradients gets --epochs, which the others refuse.
function Plan:fitting(setting, kind)
  local usual = settings[setting]
  local protocol = "--protocol " .. usual.protocol
  local words = ("$CMML train --model %s --data %s --out OUT %s %s"):format(kind,
    path_of(usual.data), protocol, usual.train)
  local steps = self:uses(setting, usual.data, { protocol .. " " .. usual.evaluate })
  table.insert(steps, 1, { name = "train",
    command = ("%s --epochs %d || %s"):format(words, self.epochs, words) })
  self:add(setting .. " kind " .. kind, steps, { { "/best.safetensors", outputs.entries } })
end

-- The names that the other checkout knows for an option: those that it tells when it is given one
-- that there is not.
function Plan:known(option, setting)
  local usual = settings[setting]
  local text = checkouts.output(("cd %s/other && %s train --data %s --out none %s "
    .. "--%s none-such 2>&1"):format(self.folder, checkouts.cmml(self.other), path_of(usual.data),
    usual.train, option))
  local list = {} -- the words before the commas at the end, and the last word
  for part in (text:gsub("%s+", " "):match "([%w_, -]+)[ .]*$" or ""):gmatch "[^,]+" do
    list[#list + 1] = part:match "([%w_-]+) *$"
  end
  if #list < 2 then
    checkouts.fail(("OTHER does not tell what --%s knows: %s"):format(option, text))
  end
  return list
end

-- The names of the other checkout's presets, by setting.
function Plan:presets()
  local code = [[for name, preset in pairs(require "cmml".presets) do
    print(preset.setting:gsub("s$", "") .. "s " .. name) end]]
  local text, ok = checkouts.output(checkouts.lua(self.other) .. " -e " .. quote(code))
  local by_setting = { users = {}, scenarios = {} }
  for setting, name in text:gmatch "(%l+) ([^\n]+)" do
    table.insert(by_setting[setting], name)
  end
  if not ok or #by_setting.users == 0 or #by_setting.scenarios == 0 then
    checkouts.fail("OTHER does not tell its presets: " .. text)
  end
  table.sort(by_setting.users)
  table.sort(by_setting.scenarios)
  return by_setting
end

-- Lays out the data under names that both sides see alike.
function Plan:lay_out()
  assert(os.execute(("cd %s && mkdir -p other this data && ln -s %s/data/made data/made"):format(
    self.folder, quote(self.other))))
  local seeds = { ["lastfm-2"] = 2 }
  for _, name in ipairs { "lastfm-2", table.unpack(made.formats) } do
    local path = ("%s/data/%s"):format(self.folder, name)
    assert(os.execute("mkdir " .. path))
    made.write(path, name:match "^%l+", seeds[name] or 1)
  end
end

-- Adds a training on data that are on the disk.
function Plan:on(path)
  local name = path:match "([^/]+)/*$"
  assert(os.execute(("ln -s \"$(cd %s && pwd)\" %s/data/%s"):format(quote(path), self.folder,
    quote(name))))
  if read(path .. "/ratings.dat") then
    self:training("users", "on " .. name, { data = name, protocol = "capped",
      train = "--cap 50 --valid 0.05 --data-seed 1" })
  else
    local usual = "--min-items 101 --max-items 999 "
    self:training("scenarios", "on " .. name, { data = name, learn = "",
      train = usual .. "--valid 0.1 --data-seed 1 --factors 64",
      evaluate = usual .. "--draws 1 --cutoffs 10,20,50 --seed 7" })
  end
end

function Plan:settings_alike()
  local presets = self:presets()
  for _, setting in ipairs { "users", "scenarios" } do
    local usual = settings[setting]
    for _, preset in ipairs(presets[setting]) do
      self:training(setting, preset, { preset = preset })
    end
    for _, protocol in ipairs(self:known("protocol", setting)) do
      self:training(setting, "protocol " .. protocol, { protocol = protocol,
        learn = protocol == "capped" and "--cap 20" or nil })
    end
    for _, kind in ipairs(self:known("model", setting)) do
      if not kind:find "cmml$" then -- it is run with each preset
        self:fitting(setting, kind)
      end
    end
    self:training(setting, "resumed", { preset = usual.steady, epochs = 1,
      again = "--epochs 3 --resume" })
    self:training(setting, "shards", { learn = (usual.learn or "")
      .. " --batch 8 --shards 4 --threads 2" })
    self:training(setting, "options", { learn = (usual.learn or "") .. " --batch 5 --support 7 "
      .. "--query 9 --lr 0.002 --weight-decay 0.01 --clip-norm 1 --optimizer adamw "
      .. "--schedule plateau --warmup 3 --choose last" })
  end
end

--- All runs, and their data in a folder.
-- @tparam table values folder (for everything that is written), other (the checkout), only
-- (pattern of names), epochs, data (list of folders)
-- @treturn table list of runs
return function(values)
  local plan = setmetatable({ folder = values.folder, other = values.other, only = values.only,
    epochs = values.epochs, runs = {} }, Plan)
  plan:lay_out()
  plan:settings_alike()
  plan:training("users", "ranked", { also = "--seed 7 --support 10 --draws 2 --relevant 4" })
  plan:training("users", "shuffled", { also = "--seed 7 --support 10 --shuffle-labels" })
  plan:training("scenarios", "sampled", { also = filters
    .. " --seed 7 --draws 2 --cutoffs 3,10 --max-users 20" })
  for _, format in ipairs(made.formats) do
    plan:training("scenarios", "format " .. format, { data = format })
  end
  plan:training("scenarios", "joined", { data = "lastfm+lastfm-2" })
  for _, method in ipairs { "als", "bpr" } do
    plan:add("vectors " .. method, { { name = "embed", command = ("$CMML embed --method %s "
      .. "--ratings ../data/made/ratings.dat --columns user,item,weight,skip "
      .. "--factors 8 --iterations 3 --seed 3 --out OUT.safetensors"):format(method) } },
      { { ".safetensors", outputs.entries } })
  end
  for _, path in ipairs(values.data) do
    plan:on(path)
  end
  return plan.runs
end
