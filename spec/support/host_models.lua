--- Model files for hosts: `host_models(cmml, folder)` writes model, other, lists and plain, and
-- gives their paths, in the order in which spec/c/host_api.c takes them; and steps, of a recurrent
-- encoder.
local people = require "spec.support.people"

return function(cmml, folder)
  local data = people.data(cmml, { users = 30, items = 24, rated = 8 })
  local function small(seed)
    return cmml.cmml(data.catalogue, people.small(seed))
  end
  local model = small(1)
  local ease = cmml.recommenders.ease(data.catalogue)
  ease:fit(ease.setting.learnable(data))
  local paths = {}
  for i, pair in ipairs { { "model", cmml.freeze(model, { retrieval = true }) },
    { "other", cmml.freeze(small(2)) },
    { "lists", cmml.freeze(cmml.with_lists(small(1), ease)) }, { "plain", model } } do
    paths[i] = ("%s/%s.safetensors"):format(folder, pair[1])
    assert(pair[2]:save(paths[i]))
  end
  local options = people.small(3)
  options.encoder = "gru"
  assert(cmml.freeze(cmml.cmml(data.catalogue, options)):save(folder .. "/steps.safetensors"))
  return paths
end
