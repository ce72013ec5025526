-- Serving from a frozen model: one file, a predictor that takes all its memory at once, and for
-- each person a context that learns from every click. A model file from `cmml freeze` can be given
-- as argument; without one, a small model is trained on the made ratings and frozen first.
local cmml = require "cmml"

local function train_a_small_model()
  local folder = (arg[0]:match "^(.*)/" or ".") .. "/../data/made"
  local data = assert(cmml.cold_users(assert(cmml.movielens(folder, { user_fields = {} }))))
  local model = cmml.cmml(data.catalogue)
  cmml.train(model, data, { epochs = 12, batch = 4, lr = 2e-3 })
  return cmml.freeze(model)
end

-- A server has one for each thread; `predictor:again()` makes another over the same weights.
local predictor = assert(cmml.predictor(arg[1] or train_a_small_model(),
  { support = 50, block = 64 }))
print(("%s, %.1f KB beside the weights"):format(predictor, predictor.bytes / 1e3))

local function show(title, list)
  local words = {}
  for i, entry in ipairs(list) do
    words[i] = ("%s (%.2f)"):format(entry.item, entry.score)
  end
  print(("%-34s %s"):format(title, table.concat(words, ", ")))
end

-- Comfortable: by raw ids, into new tables. A click counts with the next list.
local person = predictor:context()
show("nobody is known yet:", person:recommend { n = 3 })
local first = person:recommend({ n = 1 })[1].item
person:observe(first, 1)
show(("after 1 star for %s:"):format(first), person:recommend { n = 3 })
person:observe(first, 5)
show("after 5 stars instead:", person:recommend { n = 3 })
show("of two that are in stock:", person:recommend { items = { predictor:id(1), predictor:id(2) } })

-- What would the person see if? A fork goes its own way.
local fork = person:fork()
fork:forget(first)
show("the fork, which has forgotten it:", fork:recommend { n = 3 })

-- Between visits a person is a short text, in any database.
local text = person:save()
print(("saved in %d characters: %s.."):format(#text, text:sub(1, 22)))
local again = assert(predictor:restore(text))
show("restored:", again:recommend { n = 3 })
print("with a digit more:", predictor:restore(text .. "0"))

-- In a game's frame or a busy server: rows instead of ids, into tables of the caller. Nothing is
-- allocated, so the collector may stand still.
local rows, scores = {}, {}
again:recommend_rows(10, rows, scores)
collectgarbage()
collectgarbage "stop"
local before, calls = collectgarbage "count", 0
for i = 1, 1000 do
  again:observe(first, 1 + i % 5)
  again:recommend_rows(10, rows, scores)
end
print(("1,000 clicks and lists: %d bytes of Lua"):format((collectgarbage "count" - before) * 1024))
collectgarbage "restart"

-- A list in pieces: about 50 microseconds at a time, until it is there.
again:observe(first, 4)
local n
repeat
  n, calls = again:recommend_some(50, 10, rows, scores), calls + 1
until n
print(("a list of %d in %d piece(s)"):format(n, calls))
