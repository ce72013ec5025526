--- What serving a frozen model takes: a process up to its first scores, contexts, clicks, lists.
--
-- Costs do not depend on what was learnt by steps, so there are none, as in bench/served.lua, which
-- these models are from; `published-code` is that of the other cases, of made data. Where a context
-- takes rows, these go to the box of the core (`own`), as `Context` passes on what it finds of raw
-- ids.
local in_turns = require "cmml.base.turns"
local served = require "served"

local frozen = {}

local known, rated, scored = {}, 40, 1000

-- A predictor of a model, made once for each name; its rows, as many as are scored and rated.
local function predictor_of(cmml, name, model, limits)
  if not known[name] then
    local predictor = assert(cmml.predictor(cmml.freeze(model), limits))
    local n = predictor.items
    local entry = { predictor = predictor, name = name, support = {}, ids = {}, scored = {} }
    for i, row in ipairs(cmml.core.choose(n, math.min(rated, n), { seed = 1 }):totable()) do
      entry.support[i], entry.ids[i] = row, predictor:id(row)
    end
    for i, row in ipairs(cmml.core.choose(n, math.min(scored, n), { seed = 2 }):totable()) do
      entry.scored[i] = row
    end
    entry.person = predictor:context()
    for i, row in ipairs(entry.support) do
      entry.person.own:observe(row, 1 + i % 5)
    end
    known[name], known[#known + 1] = entry, entry
  end
  return known[name]
end

-- The model of the other cases, with another encoder where one is named.
local function published(cmml, setting, encoder)
  local model = setting().model
  if encoder then
    model = cmml.cmml(model.catalogue, { preset = "published-code", encoder = encoder })
  end
  return predictor_of(cmml, encoder or "published-code", model,
    { support = 1000, block = scored })
end

-- The predictor of a case: "published-code", an encoder, "ratings", "lists" or "factors".
local function subject(cmml, which, setting, folder)
  if which == "ratings" or which == "lists" then
    return predictor_of(cmml, which, served.model(cmml, which, folder), { support = 64 })
  elseif which == "factors" then
    return predictor_of(cmml, which, served.factors(cmml, 64, folder), { support = 1000 })
  end
  return published(cmml, setting, which ~= "published-code" and which or nil)
end

-- The part that makes lists or, of a model without lists, all scores.
local one = 1

-- Who asks for the scores of no items has what was observed adapted to, and nothing else computed.
local none, unused = {}, {}

--- A case of a context of 40 interactions, adapted to.
-- @tparam string which
-- @tparam boolean by_id by raw ids, else by rows
-- @treturn function of (cmml, setting, folder), as cases have it
function frozen.context(which, by_id)
  return function(cmml, setting, folder)
    local of = subject(cmml, which, setting, folder)
    local person = of.predictor:context()
    local list, own = by_id and of.ids or of.support, person.own
    return function()
      own:clear()
      for i = 1, #list do
        if by_id then
          person:observe(list[i], 1 + i % 5)
        else
          own:observe(list[i], 1 + i % 5)
        end
      end
      own:score(one, none, unused)
    end
  end
end

--- A case of an interaction more, adapted to: of a model that adapts by what is new one after
-- another, from 40 to 1,000 and then from 40 again; of others a new label among 40.
-- @tparam string which
-- @tparam boolean grows
-- @treturn function of (cmml, setting, folder)
function frozen.observe(which, grows)
  return function(cmml, setting, folder)
    local of = subject(cmml, which, setting, folder)
    local person, at = of.person:fork(), 0
    local fresh, taken = {}, {} -- rows that are not in the support, and those that are
    for _, row in ipairs(of.support) do
      taken[row] = true
    end
    for row = 1, of.predictor.items do
      fresh[#fresh + 1] = not taken[row] and row or nil
    end
    return function()
      at = at + 1
      if not grows then
        person.own:observe(of.support[1], at % 5 + 1)
      elseif at > math.min(of.predictor.support - #of.support, #fresh) then
        person, at = of.person:fork(), 0
      else
        person.own:observe(fresh[at], at % 5 + 1)
      end
      person.own:score(one, none, unused)
    end
  end
end

--- A case of the scores of 1,000 items.
-- @treturn function of (cmml, setting), as cases have it: gives what runs it, nil, and what says
-- how many floating-point operations of matrix products the last run had
function frozen.score(cmml, setting)
  local of, out = subject(cmml, "published-code", setting), {}
  local own, rows = of.person.own, of.scored
  return function()
    own:score(one, rows, out)
  end, nil, function()
    return of.predictor.own:flops()
  end
end

--- A case of a click, which is a new label, and then the ten best of the catalogue.
-- @tparam string which
-- @treturn function of (cmml, setting, folder)
function frozen.top(which)
  return function(cmml, setting, folder)
    local of, rows, scores = subject(cmml, which, setting, folder), {}, {}
    local person, at = of.person:fork(), 0
    return function()
      at = at + 1
      person.own:observe(of.support[1], at % 5 + 1)
      person:recommend_rows(10, rows, scores)
    end
  end
end

--- A case of a process of its own, from its start to the first scores: of 10 items after 3
-- interactions, `published-code`.
-- @tparam string host "c" or "lua"
-- @treturn function of (cmml, setting): gives nil, what removes the file, nil, and what measures a
-- process, in seconds of the processor by its own count
function frozen.start(host)
  return function(cmml, setting)
    local path = os.tmpname()
    assert(cmml.freeze(setting().model):save(path))
    local here = arg[0]:match "^(.*)/[^/]*$" or "."
    local command = ("%s -e 'package.path = %q package.cpath = %q' %s/first_scores.lua %s"):format(
      arg[-1] or "lua5.4", package.path, package.cpath, here, path)
    if host == "c" then
      local build = package.searchpath("cmml.core", package.cpath):match "^(.*)/cmml/"
      command = build .. "/bench/first_scores " .. path
    end
    return nil, function()
      os.remove(path)
    end, nil, function()
      local pipe = assert(io.popen(command))
      local seconds = tonumber(pipe:read "a")
      assert(pipe:close() and seconds, command .. ": it failed; `make bench` builds it")
      return seconds
    end
  end
end

-- What a call takes at the median and at the 99th percentile, and their ratio.
local function tail_of(run)
  local times = {}
  for i = 1, 300 do
    local began = os.clock()
    run()
    times[i] = os.clock() - began
  end
  local middle = in_turns.median(times)
  return middle, in_turns.quantile(times, 0.99) / middle
end

-- Bytes of Lua that so many clicks and lists leave where the collector stands still.
local function left_by(of, count)
  local rows, scores, person = {}, {}, of.person:fork()
  local function click(i)
    person.own:observe(of.support[1 + i % #of.support], 1 + i % 5)
    person:recommend_rows(10, rows, scores)
  end
  click(0)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  for i = 1, count do
    click(i)
  end
  local left = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return left
end

--- What the cases that were made say beside their times: memory, tails, what calls leave.
-- @treturn {string,...} lines
function frozen.remarks()
  local lines = {}
  for _, of in ipairs(known) do
    local own, out = of.person.own, {}
    local middle, tail = tail_of(function()
      own:score(one, of.scored, out)
    end)
    lines[#lines + 1] = ("frozen %s: %d items, %.1f MB beside the weights; %d scores %.2f ms, 99th "
      .. "percentile %.2f times the median; 200 clicks and lists leave %d bytes of Lua"):format(
      of.name, of.predictor.items, of.predictor.bytes / 1e6, #of.scored, middle * 1e3, tail,
      left_by(of, 200))
  end
  return lines
end

return frozen
