--- The best of some items, as recommenders of both settings give them.
--
-- @module cmml.recommenders.best_items

--- The items of the highest scores.
-- @tparam Catalogue|ScenarioCatalogue catalogue
-- @tparam {integer,...} rows of the catalogue
-- @tparam integer n how many at most
-- @tparam function scores_of gives the scores of the rows [#rows]; not called where there are none
-- @treturn table list of {item, title, score}, best first
return function(catalogue, rows, n, scores_of)
  local result = {}
  n = math.min(n, #rows)
  if n == 0 then
    return result
  end
  local scores, places = scores_of():top_k(n)
  scores, places = scores:totable(), places:totable()
  for i = 1, n do
    local row = rows[places[i]]
    result[i] = { item = catalogue.items:text(row), title = catalogue:title(row),
      score = scores[i] }
  end
  return result
end
