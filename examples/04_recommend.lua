-- Serving: one model, many people, each known by a few ratings. A model file can be given as
-- argument; without one, a small model is trained on the made ratings first.
local cmml = require "cmml"

local function train_a_small_model()
  local folder = (arg[0]:match "^(.*)/" or ".") .. "/../data/made"
  local data = assert(cmml.cold_users(assert(cmml.movielens(folder, { user_fields = {} }))))
  local model = cmml.cmml(data.catalogue)
  cmml.train(model, data, { epochs = 12, batch = 4, lr = 2e-3 })
  return model
end

local model = arg[1] and assert(cmml.load(arg[1])) or train_a_small_model()
print(model)

local function show(title, adapted)
  print(title)
  for i, entry in ipairs(adapted:recommend { n = 3 }) do
    print(("  %d. %4.2f  %s"):format(i, model:stars(entry.score), entry.title))
  end
end

-- Nobody is known yet. An empty support is allowed: it gives the recommendations for anyone.
local nobody = model:adapt {}
show("for anyone", nobody)

-- A rating more is one more forward pass over a few rows. Nothing is kept for a person but what the
-- caller keeps. This one likes what stands first for anyone, and what is predicted to be as good as
-- that changes with every rating; what was rated is not recommended again.
local support = {}
for _, stars in ipairs { 5, 1, 5 } do
  local item = model:adapt(support):recommend({ n = 1 })[1]
  support[#support + 1] = { item.item, stars }
  show(("after %d of 5 stars for %s"):format(stars, item.title), model:adapt(support))
end

-- What is expected of single items, and leaving out what the person has seen elsewhere.
local person = model:adapt(support)
local best = person:recommend { n = 4 }
print(("%.2f stars are expected for %s"):format(person:predict({ best[1].item })[1], best[1].title))
print("without it: ", person:recommend({ n = 1, exclude = { best[1].item } })[1].title)

-- Raw ids come from outside, so an item may be unknown. That is an error, unless the caller says
-- that such items are to be left out.
local ok, message = pcall(model.adapt, model, { { "no such item", 4 } })
print(ok, message)
local careful = model:adapt({ { "no such item", 4 }, support[1] }, { unknown = "skip" })
print("left out:", table.concat(careful.skipped, ", "))
