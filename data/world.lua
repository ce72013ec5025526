--- The made world: films, people in groups of taste, and what they rate. A rating is
--
--     3.3 + generosity of the person + quality of the film + taste + noise
--
-- rounded and cut to 1..5. Taste is 1.5 stars times the mean, over those genres of the film that
-- taste knows, of +1 for a liked and -1 for a disliked one.
local chance = require "chance"
local words = require "words"

local world = {}

local middle, strength = 3.3, 1.5
local ring = words.ring

--- How much people differ in generosity, and films in quality: deviations in stars.
world.generosity, world.quality = 0.35, 0.2

--- The groups of taste: {likes = two genres, dislikes = two genres}. Group g likes neighbours g
-- and g + 1 of the ring and dislikes the two others, so each genre is liked by as many groups as
-- dislike it, and what everybody thinks of a film says little.
world.groups = {}
for g = 1, #ring do
  local function genre(offset)
    return ring[(g + offset - 1) % #ring + 1]
  end
  world.groups[g] = { likes = { genre(0), genre(1) }, dislikes = { genre(2), genre(3) } }
end

--- What a group thinks of a film, before the person's generosity and the noise.
-- @tparam table group
-- @tparam table film
-- @treturn number stars, not rounded
function world.opinion(group, film)
  local sum = 0
  for _, genre in ipairs(film.tasted) do
    for k = 1, 2 do
      sum = sum + (group.likes[k] == genre and 1 or 0) - (group.dislikes[k] == genre and 1 or 0)
    end
  end
  return middle + film.quality + strength * sum / #film.tasted
end

local function stars(x)
  return math.max(1, math.min(5, math.floor(x + 0.5)))
end

--- The expectation of a rating.
-- @tparam number opinion with the person's generosity
-- @tparam number noise standard deviation in stars
-- @treturn number
function world.expected(opinion, noise)
  return chance.expect(function(bell)
    return stars(opinion + noise * bell)
  end)
end

local rates = {
  "R", "R", "R", "PG-13", "PG-13", "PG", "PG", "G", "NC-17", "UNRATED",
}
local months = {
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}

local function make_film(random, people, first)
  local function anyone()
    return people[random(#people)]
  end
  local directors = #people // 3
  local film = { quality = world.quality * chance.bell(random), title = words.title(random, first),
    year = 1959 + random(41), rate = rates[random(#rates)], tasted = { first }, genres = { first },
    plot = words.plot(random, first), director = people[random(directors)] }
  film.released = ("%02d %s %d"):format(random(28), months[random(12)], film.year)
  if random(3) == 1 then
    local second = ring[random(#ring)]
    if second ~= first then
      film.tasted[2], film.genres[2] = second, second
    end
  end
  if random(2) == 1 then
    table.insert(film.genres, words.neutral[random(#words.neutral)])
  end
  table.sort(film.genres)
  film.writers = random(2) == 1 and film.director
    or anyone() .. " (story), " .. film.director .. " (screenplay)"
  if random(20) == 1 then
    film.director = film.director .. ", " .. people[directors + 1] .. " (co-director)"
  end
  local cast, seen = {}, {}
  while #cast < 4 do
    local actor = anyone()
    if not seen[actor] then
      seen[actor] = true
      cast[#cast + 1] = actor
    end
  end
  film.actors = random(60) == 1 and "N/A" or table.concat(cast, ", ")
  return film
end

local function make_films(random, count)
  local people, films, taken, id = {}, {}, {}, 0
  for i = 1, math.max(40, count // 4) do
    people[i] = words.person(random)
  end
  for i, place in ipairs(chance.shuffled(random, count)) do
    local film
    repeat
      film = make_film(random, people, ring[i % #ring + 1])
    until not taken[film.title]
    taken[film.title] = true
    id = id + random(2) -- the ids of real catalogues have gaps
    film.id, film.popularity = id, 1 / (place + 20)
    films[i] = film
  end
  return films
end

-- Which films a person rates hangs on how well known they are alone, never on taste.
local function choose_films(random, films, count)
  local chosen, seen, total = {}, {}, films.up_to[#films]
  while #chosen < count do
    local at, low, high = random(1 << 30) / (1 << 30) * total, 1, #films
    while low < high do
      local half = (low + high) // 2
      if films.up_to[half] < at then
        low = half + 1
      else
        high = half
      end
    end
    if not seen[low] then
      seen[low] = true
      chosen[#chosen + 1] = low
    end
  end
  return chosen
end

-- Few, so that many people of every group share a profile and none is known by it.
local ages, occupations = { 18, 25, 35 }, { 0, 4, 7, 17 }
local zips = { "01234", "55555", "98765-4321" }

local function make_person(random, films, opt)
  local person = { generosity = world.generosity * chance.bell(random), ratings = {},
    gender = random(2) == 1 and "M" or "F", age = ages[random(#ages)],
    occupation = occupations[random(#occupations)], zip = zips[random(#zips)] }
  local at = 956700000 + random(20000000)
  local count = 25 + random(2 * (opt.ratings - 25) + 1) - 1
  for i, index in ipairs(choose_films(random, films, count)) do
    person.ratings[i] = { film = films[index], bell = chance.bell(random), time = at }
    at = at + random(90)
  end
  return person
end

--- Makes a world.
-- @tparam table options users, items, ratings (a person, on average), noise (stars), seed
-- @treturn table films and people, both lists in the order of ids
function world.make(options)
  local random = chance.stream(options.seed)
  local films, people = make_films(random, options.items), {}
  local total = 0
  films.up_to = {}
  for i, film in ipairs(films) do
    total = total + film.popularity
    films.up_to[i] = total
  end
  for id = 1, options.users do
    people[id] = make_person(random, films, options)
    people[id].id = id
  end
  for place, id in ipairs(chance.shuffled(random, options.users)) do
    people[id].group = world.groups[place % #world.groups + 1]
  end
  for place, id in ipairs(chance.shuffled(random, options.users)) do
    people[id].test = place <= options.users // 5
  end
  for _, person in ipairs(people) do
    for _, rating in ipairs(person.ratings) do
      rating.opinion = world.opinion(person.group, rating.film) + person.generosity
      rating.stars = stars(rating.opinion + options.noise * rating.bell)
    end
  end
  return { films = films, people = people }
end

return world
