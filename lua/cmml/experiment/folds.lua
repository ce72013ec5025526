--- Experiments over several splits of the same data: every row has a cell for each split, and what
-- these give stands in the tables as one result, whose tasks are those of all splits.
--
-- @module cmml.experiment.folds
local diverged = require "cmml.evaluate.diverged"

local folds = {}

-- What tells the cells apart that become one.
local function key_of(cell)
  return ("%s\n%s\n%d"):format(cell.table, cell.row, cell.seed)
end

-- Lists by name, those of several results behind each other; names that all of them have.
local function appended(list, field)
  local joined = {}
  for name in pairs(list[1][field]) do
    local values = {}
    for _, result in ipairs(list) do
      local more = (result[field] or {})[name]
      values = values and more and table.move(more, 1, #more, #values + 1, values) or nil
    end
    joined[name] = values
  end
  return joined
end

-- One list of weights for all metrics stands for each of them.
local function with_named_weights(result)
  local of = result.weights
  if not of or #of == 0 then
    return of
  end
  local named = {}
  for name in pairs(result.metrics) do
    named[name] = of
  end
  return named
end

local function mean(list, field)
  local sum, n = 0, 0
  for _, result in ipairs(list) do
    sum, n = sum + (result[field] or 0), n + (result[field] and 1 or 0)
  end
  return n > 0 and sum / n or nil
end

-- Texts of all results, each once.
local function texts(list, field)
  local found, seen = {}, {}
  for _, result in ipairs(list) do
    local text = field(result)
    found[#found + 1] = text and not seen[text] and text or nil
    seen[text or ""] = true
  end
  return #found > 0 and table.concat(found, " / ") or nil
end

-- The results of the splits as one.
local function joined(list)
  local first, found = list[1], { rules = {} }
  for key, value in pairs(first) do
    found[key] = found[key] or value
  end
  local weighted = {}
  for i, result in ipairs(list) do
    weighted[i] = { metrics = result.metrics, weights = with_named_weights(result) }
  end
  found.metrics = appended(list, "metrics")
  found.weights = first.weights and appended(weighted, "weights")
  for name in pairs(first.rules or {}) do
    found.rules[name] = texts(list, function(result)
      return (result.rules or {})[name]
    end)
  end
  found.told = texts(list, function(result)
    return result.told
  end)
  found.diverged, found.untrained, found.unchecked, found.stopped = nil, nil, nil, nil
  for _, result in ipairs(list) do
    found.diverged = diverged.sum(found.diverged, result.diverged)
    found.untrained = result.untrained and (found.untrained or 0) + result.untrained
      or found.untrained
    found.unchecked = found.unchecked or result.unchecked
    -- one that did not end for want of improvement says so of all
    found.stopped = (not found.stopped or found.stopped == "patience") and result.stopped
      or found.stopped
  end
  for _, field in ipairs { "seconds", "train_seconds", "epochs" } do
    found[field] = mean(list, field)
  end
  return found
end

--- A plan in which the cells of several splits are one, and the results of these. A row of which
-- the cell of one split has no result has none.
-- @tparam table plan whose cells say of which split they are (fold) where there are several
-- @tparam table results by cell
-- @treturn table plan
-- @treturn table results by cell of that plan
function folds.joined(plan, results)
  local cells, of, own = {}, {}, {}
  for _, cell in ipairs(plan.cells) do
    local key = key_of(cell)
    if not cell.fold then
      cells[#cells + 1], own[cell] = cell, results[cell]
    elseif of[key] then
      table.insert(of[key], cell)
    else
      cells[#cells + 1], of[key] = cell, { cell }
    end
  end
  for _, cell in ipairs(cells) do
    local list, whole = {}, cell.fold ~= nil
    for i, one in ipairs(of[key_of(cell)] or {}) do
      list[i], whole = results[one], whole and results[one] ~= nil
    end
    if whole then
      own[cell] = joined(list)
    end
  end
  return setmetatable({ cells = cells }, { __index = plan }), own
end

return folds
