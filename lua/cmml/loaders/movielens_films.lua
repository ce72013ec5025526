--- Films that stand twice in the list of MovieLens-1M, under two ids.
--
-- @module cmml.loaders.movielens_films
local films = {}

-- Extra information exists for the other. The title tells whether a folder has that film under the
-- id.
local doubled = {
  ["860"] = { "811", "Maybe, Maybe Not (Bewegte Mann, Der) (1994)" },
  ["1795"] = { "1741", "Callejón de los milagros, El (1995)" },
}

--- The doubled films of a list.
-- @tparam table movies list of {id, title}
-- @treturn table the id to use by the id to leave
function films.doubles(movies)
  local same = {}
  for _, movie in ipairs(movies) do
    local double = doubled[movie.id]
    same[movie.id] = double and movie.title == double[2] and double[1] or nil
  end
  return same
end

--- Makes the ids of doubled films one. Of a user's ratings of both the first counts, as published.
-- @tparam table core
-- @tparam table ratings items (Vocab) and item_ids (Ids), which are replaced where there are any,
-- and first, which is set then: see `dataset`
-- @tparam table same_film as `doubles` gives it
function films.merge(core, ratings, same_film)
  local old, new, renamed = ratings.items, core.vocab(), false
  local row_of = {}
  for row = 1, #old do
    local id = old:text(row)
    renamed = renamed or same_film[id] ~= nil
    row_of[row] = new:add(same_film[id] or id)
  end
  if renamed then
    ratings.items = new
    ratings.item_ids = core.map_ids(ratings.item_ids, core.ids(row_of))
    local first = {}
    for _, id in pairs(same_film) do
      first[#first + 1] = new:id(id)
    end
    ratings.first = core.ids(first)
  end
end

return films
