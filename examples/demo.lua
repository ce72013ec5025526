-- What cmml does, told in words: trains on ratings, compares with simple predictors on people it
-- has never seen, and shows how a few ratings of a new person change what is recommended to them.
--
--     lua5.4 examples/demo.lua [DATA [EPOCHS]]
--
-- DATA is a folder in the format of MovieLens-1M; without it the ratings of data/made are used.
local cmml = require "cmml"
local progress = require "cmml.base.progress"

local real = arg[1] ~= nil and arg[1] ~= ""
local folder = real and arg[1] or (arg[0]:match "^(.*)/" or ".") .. "/../data/made"

-- The preset `recommended` does not read what is known of people beforehand (age, occupation, ..):
-- the ratings have to tell. There are few people in the made data: smaller steps, more often.
local own = cmml.presets.recommended.training
local settings = real and { epochs = own.epochs, batch = own.batch, time = "about a minute" }
  or { epochs = 30, batch = 8, time = "some seconds" }
settings.epochs = math.tointeger(tonumber(arg[2] or settings.epochs)) or 1

local function say(text, ...)
  print(text:format(...))
end

-- A text in a column of so many characters, cut where it is longer.
local function column(text, width)
  local length = utf8.len(text) or #text
  if length > width then
    text, length = text:sub(1, (utf8.offset(text, width - 1) or width) - 1) .. "..", width
  end
  return text .. (" "):rep(width - length)
end

-- --- the data ----------------------------------------------------------------------------------

local dataset, message = cmml.movielens(folder, { user_fields = {} })
if not dataset then
  io.stderr:write(message, "\n")
  os.exit(1)
end
local data = assert(cmml.cold_users(dataset, { valid = 0.1 }))

say("1. The ratings\n")
say("%s holds %d ratings of %d films by %d people.", real and folder or "data/made",
  #data.all.items, #dataset.items, #dataset.users)
if not real then
  say("They are made up: each person secretly loves two genres and cannot stand two\n"
    .. "others, so that we can look up afterwards whether the model found out.")
end
say("The model learns from %d people; %d more choose its best state. The other\n"
  .. "%d it never sees until it has to recommend to them.\n", #data.train, #data.valid, #data.test)

local function genres_of(row)
  return table.concat(dataset.item_records[row].genre or {}, ", ")
end

-- --- training ----------------------------------------------------------------------------------

say("2. Training\n")
say("%d passes over the people, %s. For each person the model is\n"
  .. "shown some ratings and has to guess others; error in stars, lower is better.\n",
  settings.epochs, settings.time)
io.stdout:flush()
local model = cmml.cmml(data.catalogue, { preset = "recommended", seed = 1 })
local show = progress.training(cmml.core, settings.epochs)
local result = cmml.train(model, data, { epochs = settings.epochs, batch = settings.batch,
  patience = 0, on_step = show.on_step,
  on_epoch = function(state, improved)
    if state.epoch % 5 == 0 or state.epoch == settings.epochs then
      show.on_epoch(state, improved)
    end
  end })
if result.stopped == "diverged" then
  io.stderr:write(result.message, "\n")
  os.exit(1)
end
say("\nkept: the state after pass %d", result.best_epoch)

-- The file is all that is needed from here on: the data are not.
local temporary = os.tmpname()
local path = temporary .. ".safetensors"
assert(model:save(path))
model = assert(cmml.load(path))
say("saved it, loaded it again; from here on everything comes from that file\n")
os.remove(path)
os.remove(temporary)

-- --- comparison --------------------------------------------------------------------------------

local function test_tasks(shuffle_labels)
  return cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags, batch = 64,
    seed = 1000, shuffle_labels = shuffle_labels }
end

say("3. %d people it has never seen\n", #data.test)
say("Each shows up to 40 ratings; 10 others are to be guessed. mae: how many stars a\n"
  .. "guess is off on average; rmse: the same, but large errors count more (lower is\n"
  .. "better). ndcg_exp@1: how good the film ranked first is, 1 if it is always the\n"
  .. "person's best. Each with its 95 %% interval.\n")
local models, titles = { model }, {}
for _, kind in ipairs(cmml.kinds.baselines "users") do
  local baseline = cmml.recommenders[kind.kind](data.catalogue)
  baseline:fit(cmml.settings:get("users").learnable(data))
  models[#models + 1] = baseline
end
for i, entry in ipairs(models) do
  titles[i] = entry.title
end
local results = cmml.evaluate(models, test_tasks(false))
titles[#titles + 1] = "CMML, shuffled stars"
results[#results + 1] = cmml.evaluate({ model }, test_tasks(true))[1]
say("%s\n", cmml.metrics.format_results(titles, results, { "mae", "rmse", "ndcg_exp@1" }))
say("Last line: the shown ratings exchanged among the films of the same person. What\n"
  .. "is lost is what the model reads from them: %.3f stars.\n",
  results[#results].mae.mean - results[1].mae.mean)

-- --- one person --------------------------------------------------------------------------------

-- The first test user with enough ratings, fifteen of which are shown to the model.
local person
local lengths = data.all.users:totable()
for _, row in ipairs(data.test) do
  person = person or lengths[row] >= 30 and row
end
person = person or data.test[1]
local shown, hidden = cmml.core.draw_tasks(data.all, cmml.ids { person },
  { seed = 7, support = 15, query = 10 })
local name = dataset.users:text(person)

local function ratings_of(rows)
  local list, stars = {}, rows.labels:totable()
  for i, row in ipairs(rows.items:totable()) do
    list[i] = { row = row, item = dataset.items:text(row), stars = stars[i] }
  end
  table.sort(list, function(a, b)
    if a.stars ~= b.stars then
      return a.stars > b.stars
    end
    return a.row < b.row
  end)
  return list
end

-- One line: what stands in front, title and genres of a film; 80 characters in all.
local function film_line(row, lead, ...)
  lead = lead:format(...)
  local rest = 80 - #lead - 6
  local title = rest * 3 // 5
  say("  %s  %s  %s", lead, column(data.catalogue.items:title(row), title),
    column(genres_of(row), rest - title):match "^(.-)%s*$")
end

say("4. One of them: person %s\n", name)
say("Fifteen of this person's ratings are all that the model gets:\n")
local support = {}
local seen = {}
for i, rating in ipairs(ratings_of(shown)) do
  film_line(rating.row, rating.stars == 1 and "%d star " or "%d stars", rating.stars)
  support[i], seen[i] = { rating.item, rating.stars }, rating.item
end

local function recommend(title, adapted)
  say("\n%s\n", title)
  local rows = {}
  for i, entry in ipairs(adapted:recommend { n = 8, exclude = seen }) do
    rows[i] = dataset.items:id(entry.item)
    film_line(rows[i], "%d. %4.1f", i, model:stars(entry.score))
  end
  return rows
end

local before = recommend("Recommended before any rating (expected stars in front):",
  model:adapt {})
local adapted = model:adapt(support)
local after = recommend("Recommended after the fifteen ratings:", adapted)

-- --- is it right? ------------------------------------------------------------------------------

-- The taste that a person of the made data was given: sets of genres.
local function truth_of(user)
  for line in io.lines(folder .. "/truth.tsv") do
    local id, likes, dislikes = line:match "^([^\t]*)\t([^\t]*)\t([^\t]*)$"
    if id == user then
      return { likes = likes, dislikes = dislikes }
    end
  end
end

local function count(rows, genres)
  local n = 0
  for _, row in ipairs(rows) do
    for _, genre in ipairs(dataset.item_records[row].genre or {}) do
      if (", " .. genres .. ","):find(", " .. genre .. ",", 1, true) then
        n = n + 1
        break
      end
    end
  end
  return n
end

say("\n5. Does that fit?\n")
local truth = cmml.core.exists(folder .. "/truth.tsv") and truth_of(name)
if truth then
  local all = {}
  for row = 1, #dataset.items do
    all[row] = row
  end
  say("The truth, which the model was never told: person %s\n  loves %s\n"
    .. "  cannot stand %s\n", name, truth.likes, truth.dislikes)
  say("%-20s %16s %26s", "", "loved genre", "genre they can't stand")
  for _, line in ipairs { { "all films", all }, { "recommended before", before },
    { "recommended after", after } } do
    say("%-20s %9d of %3d %19d of %3d", line[1], count(line[2], truth.likes), #line[2],
      count(line[2], truth.dislikes), #line[2])
  end
  print()
end
say("Ratings of this person that the model was not shown, and what it expected:\n")
local kept = ratings_of(hidden)
local items = {}
for i, rating in ipairs(kept) do
  items[i] = rating.item
end
local expected = adapted:predict(items)
for i, rating in ipairs(kept) do
  film_line(rating.row, "gave %d, expected %.1f", rating.stars, model:stars(expected[i]))
end
say("\nGo on: README.md, doc/tutorial.md, and `bin/cmml --help`.")
