--- People with too few ratings for a support and a query: what becomes of them, and how many there
-- are, in words that stand with every table.
--
-- @module cmml.settings.users.few

local plain = require "cmml.base.plain"

local few = {}

-- How many tasks have a query, or a support, of fewer ratings than were asked for, and how many
-- have no support.
local function count(tasks)
  local counts = { people = #tasks.users, query = 0, support = 0, empty = 0 }
  local lengths = tasks.ratings.users:totable()
  local held = tasks.query_ratings and tasks.query_ratings.users:totable()
  for _, user in ipairs(tasks.users) do
    local n = lengths[user]
    local query = math.min(tasks.query, held and held[user] or (n + 1) // 2)
    local support = math.min(tasks.support, held and n or n - query)
    counts.query = counts.query + (query < tasks.query and 1 or 0)
    counts.support = counts.support + (support < tasks.support and 1 or 0)
    counts.empty = counts.empty + (support == 0 and 1 or 0)
  end
  return counts
end

--- The rule by which people with few ratings are evaluated, and whom it concerns.
-- @tparam Tasks tasks of an evaluation
-- @tparam[opt] table evaluation left_out (number of people who have no query), ties (number of
-- people of whom the last rating of the support and the first of the query have the same time),
-- fixed (whether files say what is support and query)
-- @treturn string
function few.rule(tasks, evaluation)
  if evaluation and evaluation.fixed then
    return ("supports and queries are as the files say, whole; %d people have no query and are "
      .. "left out"):format(evaluation.left_out)
  end
  local counts = count(tasks)
  local words = { (tasks.query_ratings and "a query is up to %d ratings that were held out, a "
    .. "support up to %d others; of %d people" or "a query is at most %d ratings and at most half "
    .. "of a person's, rounded up, a support up to %d others; of %d people"):format(tasks.query,
    tasks.support, counts.people) }
  words[#words + 1] = ("%d have too few for a whole query, %d for a whole support"):format(
    counts.query, counts.support)
  words[#words + 1] = tasks.support > 0 and ("(%d have none)"):format(counts.empty) or nil
  local text = table.concat(words, " ")
  if evaluation and (evaluation.left_out or 0) > 0 then
    text = ("%s; %d others have no query and are left out"):format(text, evaluation.left_out)
  end
  if evaluation and (evaluation.ties or 0) > 0 then
    text = ("%s; of %d the support ends and the query begins at the same time, where the order of "
      .. "the data decides"):format(text, evaluation.ties)
  end
  return text
end

--- The rule by which lists are evaluated of people.
-- @tparam Tasks tasks of an evaluation, with rank
-- @tparam[opt] table evaluation see `few.rule`
-- @tparam[opt="ratings"] string kind of the data
-- @treturn string
function few.list_rule(tasks, evaluation, kind)
  local words, what = {}, (kind or "ratings") == "ratings" and "ratings" or "interactions"
  if evaluation and evaluation.fixed then
    words[1] = "supports and queries are as the files say, whole"
  elseif tasks.query_ratings then
    words[1] = ("a support is up to %d random %s of a person but those that were held out, "
      .. "which are to be found"):format(tasks.support, what)
  else
    local some = tasks.in_order
      and ("the first %s of a person, up to %d"):format(what, tasks.support)
      or ("up to %d random %s of a person"):format(tasks.support, what)
    words[1] = ("a support is %s, which leaves at least %d (half of fewer than %d); the others are "
      .. "to be found"):format(some, tasks.query, 2 * tasks.query)
  end
  words[#words + 1] = tasks.relevant and plain.format("if they are %g or higher", tasks.relevant)
  local text = table.concat(words, ", ")
  if evaluation and (evaluation.left_out or 0) > 0 then
    text = ("%s; %d others have no query and are left out"):format(text, evaluation.left_out)
  end
  return text
end

return few
