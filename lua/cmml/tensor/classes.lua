--- The names of the classes of a core's objects, for checks of arguments: each core has its own.
--
-- @module cmml.tensor.classes
return function(cmml)
  local core = cmml.core
  local function name_of(object)
    return getmetatable(object).__name
  end
  local tensor = name_of(core.full({}, 0))
  return { tensor = tensor, ids = name_of(core.ids {}), segments = name_of(core.segments {}),
    vocab = name_of(core.vocab()), times = name_of(core.times {}),
    rows = tensor .. " cmml.Joined" } -- a matrix, written out or joined
end
