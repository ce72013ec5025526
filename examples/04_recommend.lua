-- Serving: one model, many people, each known by a few ratings. A model file can be given as
-- argument; without one, a small model is trained on the made ratings first.
local cmml = require "cmml"

local function train_a_small_model()
  local folder = (arg[0]:match "^(.*)/" or ".") .. "/../data/made"
  local data = assert(cmml.cold_users(assert(cmml.movielens(folder))))
  local model = cmml.cmml(data.catalogue)
  cmml.train(model, data, { epochs = 12, batch = 4, lr = 2e-3 })
  return model
end

local model = arg[1] and assert(cmml.load(arg[1])) or train_a_small_model()
print(model)

local function show(title, adapted)
  print(title)
  for i, entry in ipairs(adapted:recommend { n = 3 }) do
    print(("  %d. %4.2f  %s"):format(i, entry.score, entry.title))
  end
end

-- Nobody is known yet. An empty support is allowed: it gives the recommendations for anyone.
local nobody = model:adapt {}
show("for anyone", nobody)

-- Each new rating is one more forward pass over a few rows; nothing is stored for a person but what
-- the caller keeps. Here the person says 5 to what stands first for anyone and 1 to what stands last.
local all = nobody:recommend { n = math.huge // 1 | 0 }
