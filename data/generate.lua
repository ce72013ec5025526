#!/usr/bin/env lua5.4
-- Makes a small set of film ratings in the format of MovieLens-1M whose truth is known: see
-- data/README.md. The same options give the same bytes on every machine: whole numbers come from a
-- generator of its own, and fractions see only operations that IEEE 754 rounds exactly.
os.setlocale "C" -- figures with a point
local folder = arg[0]:match "^(.*)/" or "."
package.path = folder .. "/?.lua;" .. package.path
local world = require "world"
local words = require "words"

local usage = [[
usage: lua5.4 generate.lua [options]
Makes film ratings in the format of MovieLens-1M, of which the truth is known.
  --out DIR      folder to write to, made if missing (default: `made` beside this program)
  --users N      people, a fifth of them for testing: 12 to 100000 (default: 500)
  --items N      films: 75 to 10000 (default: 300)
  --ratings N    ratings a person on average: 25 to a third of the films (default: 40)
  --seed S       whole number; another seed gives another set (default: 1)
  --noise X      standard deviation, in stars, of what nobody can know: 0 to 3 (default: 0.5)
  --help         this text
]]

local numbers = {
  users = { 12, 100000 }, items = { 75, 10000 }, ratings = { 25, 3333 },
  seed = { math.mininteger, math.maxinteger }, noise = { 0, 3 },
}

local function fail(...)
  io.stderr:write("generate: ", string.format(...), "\n")
  os.exit(1)
end

local function read_number(key, text)
  local value, least, most = tonumber(text), table.unpack(numbers[key])
  if value and key ~= "noise" then
    value = math.tointeger(value)
  end
  if not (value and value >= least and value <= most) then
    fail("--%s %s: a %s from %s to %s was expected", key, text,
      key == "noise" and "number" or "whole number", least, most)
  end
  return value
end

local function read_options(list)
  local options = { out = folder .. "/made", users = 500, items = 300, ratings = 40, seed = 1,
    noise = 0.5 }
  for i = 1, #list, 2 do
    local key, text = list[i]:match "^%-%-(%l+)$", list[i + 1]
    if key == "help" then
      io.write(usage)
      os.exit(0)
    elseif not key or options[key] == nil then
      fail("unknown option %s; --help lists them", list[i])
    elseif not text or text == "" then
      fail("%s: a value is missing", list[i])
    end
    options[key] = numbers[key] and read_number(key, text) or text
  end
  if 3 * options.ratings > options.items then
    fail("--ratings %d: more than a third of the films, which are %d", options.ratings,
      options.items)
  end
  return options
end

-- --- files ---------------------------------------------------------------------------------------

local function writer(path, separator)
  local file, message = io.open(path, "wb")
  if not file then
    fail("cannot write %s", message)
  end
  return function(...)
    if not file:write(table.concat({ ... }, separator), "\n") then
      fail("cannot write %s: is the disk full?", path)
    end
  end, function()
    if not file:close() then
      fail("cannot write %s: is the disk full?", path)
    end
  end
end

local function write_films(out, films)
  local movies, close_movies = writer(out .. "/movies.dat", "::")
  local extra, close_extra = writer(out .. "/movies_extrainfos.dat", "::")
  for _, film in ipairs(films) do
    local title = ("%s (%d)"):format(words.filed(film.title), film.year)
    movies(film.id, words.latin1(title), table.concat(film.genres, "|"))
    extra(film.id, film.title, film.year, film.rate, film.released, table.concat(film.genres, ", "),
      film.director, film.writers, film.actors, film.plot, "N/A")
  end
  close_movies()
  close_extra()
end

local function write_people(out, people)
  local users, close_users = writer(out .. "/users.dat", "::")
  local ratings, close_ratings = writer(out .. "/ratings.dat", "::")
  local test, close_test = writer(out .. "/test_users.txt", "")
  local truth, close_truth = writer(out .. "/truth.tsv", "\t")
  truth("user", "likes", "dislikes")
  for _, person in ipairs(people) do
    users(person.id, person.gender, person.age, person.occupation, person.zip)
    truth(person.id, table.concat(person.group.likes, ", "),
      table.concat(person.group.dislikes, ", "))
    if person.test then
      test(person.id)
    end
    for _, rating in ipairs(person.ratings) do
      ratings(person.id, rating.film.id, rating.stars, rating.time)
    end
  end
  close_users()
  close_ratings()
  close_test()
  close_truth()
end

-- --- how well the ratings of a test user can be predicted from 20 others of the same user -------

local support_size = 20

-- Means are drawn towards the prior as if `weight` more ratings had said it.
local function shrunk(sum, count, prior, weight)
  return (sum + weight * prior) / (count + weight)
end

local function item_means(set)
  local sums, counts, total, count = {}, {}, 0, 0
  for _, person in ipairs(set.people) do
    for _, rating in ipairs(person.test and {} or person.ratings) do
      local film = rating.film
      sums[film] = (sums[film] or 0) + rating.stars
      counts[film] = (counts[film] or 0) + 1
      total, count = total + rating.stars, count + 1
    end
  end
  return function(film)
    return shrunk(sums[film] or 0, counts[film] or 0, total / count, 5)
  end
end

-- How far the support lies above a prediction, and how badly it fits it even so.
local function fit(ratings, predict, weight)
  local sum, misfit = 0, 0
  for i = 1, support_size do
    sum = sum + ratings[i].stars - predict(ratings[i].film)
  end
  local bias = shrunk(sum, support_size, 0, weight)
  for i = 1, support_size do
    misfit = misfit + (ratings[i].stars - predict(ratings[i].film) - bias) ^ 2
  end
  return bias, misfit
end

-- The group whose opinions fit the support best.
local function recognise(ratings, noise)
  local best
  for _, group in ipairs(world.groups) do
    local function predict(film)
      return world.opinion(group, film)
    end
    local bias, misfit = fit(ratings, predict, (noise ^ 2 + 1 / 12) / world.generosity ^ 2)
    if not best or misfit < best.misfit then
      best = { group = group, bias = bias, misfit = misfit }
    end
  end
  return best
end

local function evaluate(set, noise)
  local item_mean, count = item_means(set), 0
  local result = { floor = 0, group = 0, simple = 0, recognised = 0, people = 0, ratings = 0 }
  for _, person in ipairs(set.people) do
    local ratings = person.ratings
    result.ratings = result.ratings + #ratings
    if person.test then
      local best = recognise(ratings, noise)
      local bias = fit(ratings, item_mean, 5)
      result.people = result.people + 1
      result.recognised = result.recognised + (best.group == person.group and 1 or 0)
      for i = support_size + 1, #ratings do
        local film, stars = ratings[i].film, ratings[i].stars
        local guess = world.opinion(best.group, film) + best.bias
        count = count + 1
        result.floor = result.floor + math.abs(stars - world.expected(ratings[i].opinion, noise))
        result.group = result.group + math.abs(stars - world.expected(guess, noise))
        result.simple = result.simple + math.abs(stars - item_mean(film) - bias)
      end
    end
  end
  return result, count
end

-- --- main ----------------------------------------------------------------------------------------

local options = read_options(arg)
if not os.execute("mkdir -p -- '" .. options.out:gsub("'", "'\\''") .. "'") then
  fail("cannot make the folder %s", options.out)
end
local set = world.make(options)
write_films(options.out, set.films)
write_people(options.out, set.people)

local result, count = evaluate(set, options.noise)
print(("%s: %d people (%d of them test users), %d films, %d ratings"):format(options.out,
  #set.people, result.people, #set.films, result.ratings))
print(("MAE of %d ratings of the test users, each with %d others as support:"):format(count,
  support_size))
print(("  true expectation (the noise floor)     %.3f"):format(result.floor / count))
print(("  group of taste found from the support  %.3f   (the right one for %d of %d)"):format(
  result.group / count, result.recognised, result.people))
print(("  item mean + user bias                  %.3f"):format(result.simple / count))
