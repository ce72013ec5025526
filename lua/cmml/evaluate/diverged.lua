--- What is said of models that adapt by steps, where these diverged on some supports.
--
-- @module cmml.evaluate.diverged
local diverged = {}

--- The counts of two evaluations as one.
-- @tparam ?table a count, of: on how many of how many supports steps diverged
-- @tparam ?table b likewise
-- @treturn ?table likewise; nil where there is neither
function diverged.sum(a, b)
  if not (a and b) then
    return a or b
  end
  return { count = a.count + b.count, of = a.of + b.of }
end

--- The counts apart.
-- @tparam ?table found count, of
-- @treturn ?integer on how many supports steps diverged; nil where there is nothing
-- @treturn ?integer of how many
function diverged.counts(found)
  if found then
    return found.count, found.of
  end
end

--- What a training left out, in words.
-- @tparam string title of the model
-- @tparam ?integer count tasks of all epochs
-- @treturn ?string nil where it left out none
function diverged.untrained(title, count)
  return (count or 0) > 0 and ("%s: training left out %d task%s, whose steps diverged"):format(
    title, count, count == 1 and "" or "s") or nil
end

--- In words.
-- @tparam string title of the model
-- @tparam ?table found count, of
-- @treturn ?string nil where steps diverged on none
function diverged.text(title, found)
  return found and found.count > 0 and ("%s: its steps diverged on %d of %d support%s, which %s "
    .. "scored by the weights that the steps start from"):format(title, found.count, found.of,
    found.of == 1 and "" or "s", found.count == 1 and "is" or "are") or nil
end

return diverged
