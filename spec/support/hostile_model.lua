--- A model file of unknown origin, used as a program would that serves recommendations: it ends in
-- a message, or in a model that predicts finite numbers or says why it does not.

-- The first raw ids of a vocabulary.
local function first_of(vocab)
  local list = {}
  for row = 1, math.min(3, #vocab) do
    list[row] = vocab:text(row)
  end
  return list
end

-- What a model predicts of items, and recommends, after a support.
local function check(predicted, recommended)
  for _, value in ipairs(predicted) do
    assert(value == value and math.abs(value) < math.huge, "a prediction is no number")
  end
  for _, entry in ipairs(recommended) do
    assert(type(entry.title) == "string" and entry.score == entry.score)
  end
end

-- Adapts to people, or scenarios, and scores items.
local function use(model)
  local items = first_of(model.catalogue.items)
  local ok, message = pcall(function()
    if model.catalogue.users.ids then -- somebody has to be ranked for
      local user = first_of(model.catalogue.users)[1]
      if user then
        for _, support in ipairs { {}, { { user, items[1], 1 }, { user, items[2], 0 } } } do
          local scenario = model:adapt(support)
          check(scenario:predict(items, { user = user }), scenario:recommend { user = user, n = 2 })
        end
      end
      return
    end
    for _, support in ipairs { {}, { { items[1], 4 }, { items[2], 2.5 } } } do
      local person = model:adapt(support)
      local stars = model.predicts == model.setting.predicts
      check(stars and person:predict(items) or {}, person:recommend { n = 2 })
    end
  end)
  return ok or tostring(message):find("scores are not finite numbers", 1, true), message
end

--- Loads the file and uses what it gives; raises if anything else comes of it.
-- @tparam table cmml
-- @tparam string path
-- @tparam integer size of the file in bytes: memory must stay in proportion to it
-- @treturn boolean whether it gave a model
return function(cmml, path, size)
  local before = cmml.core.memory().total
  local model, message = cmml.load(path)
  assert(cmml.core.memory().total - before < 100 * size + 1e6, "too much memory")
  if model then
    local ok, why = use(model)
    assert(ok, why)
    return true
  end
  -- A fault of the library itself, and not a name in the file that reads like one.
  assert(type(message) == "string" and not message:find "%.lua:%d+: attempt to ", message)
  return false
end
