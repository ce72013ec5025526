--- Populations: by name, which people of a data set take part, by how much they rated.
--
-- @module cmml.settings.users.populations

local populations = {
  { name = "all", help = "everybody" },
  { name = "melu", from = 13, to = 100, help = "people with 13 to 100 ratings, as MeLU's authors "
    .. "have them" },
}

--- The declaration of the option that chooses one.
populations.option = { name = "population", kind = "string", default_text = "all",
  help = "people who take part, in learning as in testing: all; or melu, those with 13 to 100 "
    .. "ratings (the others are counted and told)" }

local by_name, names = {}, {}
for i, population in ipairs(populations) do
  by_name[population.name], names[i] = population, population.name
end
populations.option.choices = names

--- Whether somebody takes part.
-- @tparam ?string name of a population; nil: all
-- @tparam integer count their number of ratings
-- @treturn boolean
function populations.has(name, count)
  local population = by_name[name or "all"]
  return count >= (population.from or 0) and count <= (population.to or math.huge)
end

--- What a name means for titles: "13 to 100 ratings"; nil where everybody takes part.
-- @tparam ?string name of a population
-- @treturn ?string
function populations.title(name)
  local population = by_name[name or "all"]
  return population.from and ("%d to %d ratings"):format(population.from, population.to)
end

--- Counts those who do not take part.
-- @tparam ?string name of a population
-- @tparam {integer,...} counts of ratings, of everybody with any
-- @treturn table people (how many there are), fewer, more (how many have too few, too many)
function populations.count(name, counts)
  local population, found = by_name[name or "all"], { people = #counts, fewer = 0, more = 0 }
  for _, count in ipairs(counts) do
    found.fewer = found.fewer + (count < (population.from or 0) and 1 or 0)
    found.more = found.more + (count > (population.to or math.huge) and 1 or 0)
  end
  return found
end

--- Who takes part and how many are left out, in words.
-- @tparam string name of a population
-- @tparam table left_out what `count` gives, and test (how many of those that were to be tested)
-- @treturn string
function populations.text(name, left_out)
  local text = ("population %s, people with %s: of %d people %d are left out, %d with fewer and %d "
    .. "with more ratings"):format(name, populations.title(name), left_out.people,
    left_out.fewer + left_out.more, left_out.fewer, left_out.more)
  return left_out.test > 0 and ("%s; %d of them were to be tested"):format(text, left_out.test)
    or text
end

return populations
