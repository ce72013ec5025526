--- A model file of unknown origin, used as a program would that serves recommendations: it ends in
-- a message, or in a model that predicts finite numbers or says why it does not.

-- Adapts to people and scores items.
local function use(model)
  local catalogue = model.catalogue
  local items = {}
  for row = 1, math.min(3, #catalogue.items) do
    items[row] = catalogue.items:text(row)
  end
  local ok, message = pcall(function()
    for _, support in ipairs { {}, { { items[1], 4 }, { items[2], 2.5 } } } do
      local person = model:adapt(support)
      for _, value in ipairs(person:predict(items)) do
        assert(value == value and math.abs(value) < math.huge, "a prediction is no number")
      end
      for _, entry in ipairs(person:recommend { n = 2 }) do
        assert(type(entry.title) == "string" and entry.score == entry.score)
      end
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
