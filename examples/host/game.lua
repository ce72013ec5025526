-- The script of a game, which examples/host/game.c runs: a shop whose shelf follows the player.
--
-- The engine calls `frame` 60 times a second. Twice a second the player looks at something on the
-- shelf, which the recommender takes at once; the shelf is then made anew in pieces, one in each
-- frame, so that no frame waits for it. A model file from `cmml freeze` can be given; without one,
-- a small model is trained on the made ratings before the game begins.
local cmml = require "cmml"

local function train_a_small_model()
  local folder = (arg[0]:match "^(.*)/" or ".") .. "/../../data/made"
  local data = assert(cmml.cold_users(assert(cmml.movielens(folder, { user_fields = {} }))))
  local model = cmml.cmml(data.catalogue)
  cmml.train(model, data, { epochs = 6, batch = 4, lr = 2e-3 })
  return cmml.freeze(model)
end

local remembered = 40 -- so many interactions; older ones are forgotten
local predictor = assert(cmml.predictor(arg[1] or train_a_small_model(), { support = remembered }))
local player = predictor:context()

-- What a frame may spend on the shelf, in microseconds; and tables that are filled again and again.
-- A frame makes no garbage, so the collector can stand still while the game runs; what memory grows
-- by are the texts of ids, each made once.
local budget, size = 500, 10
local shelf, scores, seen = {}, {}, {}
local clicks, lists, waiting, longest = 0, 0, 1, 0

local function click()
  local at = clicks % remembered + 1
  if seen[at] then
    player:forget(seen[at])
  end
  seen[at] = predictor:id(shelf[1 + clicks % #shelf])
  player:observe(seen[at], 1 + clicks * 7 % 5)
  clicks, waiting = clicks + 1, 1
end

local game = {}

function game.frame(number)
  if number % 30 == 0 and #shelf > 0 then
    click()
  end
  if waiting > 0 then
    local n = player:recommend_some(budget, size, shelf, scores)
    if n then
      lists, longest, waiting = lists + 1, math.max(longest, waiting), 0
    else
      waiting = waiting + 1
    end
  end
end

-- The last frame is over.
function game.report()
  print(("%d clicks, %d lists of the best %d of %d items, each ready after %d frame(s) at most")
    :format(clicks, lists, size, predictor.items, longest))
end

return game
