--- Saves a model and its training state over and over, for killed_spec.lua to kill. Writes a
-- line before the first save. Arguments: the folder.
local cmml = require "cmml"
local people = require "spec.support.people"

local folder = assert((...), "usage: save_forever.lua FOLDER")
local data = people.data(cmml, { users = 12, items = 8, rated = 6 })
local model = cmml.cmml(data.catalogue, people.small())
local optimiser = cmml.optim.adam(model.module)
io.write "begun\n"
io.flush()
for turn = 1, math.huge do
  assert(cmml.save(model, folder .. "/last.safetensors",
    { tensors = (optimiser:state()), notes = { turn = turn } }))
  assert(cmml.core.write_file(folder .. "/log.csv", ("line of turn %d\n"):format(turn):rep(turn)))
end
