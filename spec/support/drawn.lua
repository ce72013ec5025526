-- Made ratings grouped by user, and tasks drawn from them as lists.
local core = require("cmml").core

local drawn = {}

--- Ratings of several users: counts[u] of user u, every rating another number, items u*100 + i.
function drawn.grouped(counts)
  local users, items, values = {}, {}, {}
  for u, count in ipairs(counts) do
    for i = 1, count do
      users[#users + 1], items[#items + 1], values[#values + 1] = u, u * 100 + i, #values / 4
    end
  end
  return (core.group_ratings(core.ids(users), core.ids(items),
    #values > 0 and core.tensor(values) or core.full({ 0 }, 0), #counts))
end

--- Of each group of rows a list of {item, label}.
function drawn.groups_of(segments, items, labels)
  local groups, at = {}, 0
  local ids, numbers = items:totable(), labels.count > 0 and labels:totable() or {}
  for g, length in ipairs(segments:totable()) do
    groups[g] = {}
    for i = 1, length do
      groups[g][i] = { ids[at + i], numbers[at + i] }
    end
    at = at + length
  end
  return groups
end

--- Support and query of the tasks of some users, each as `groups_of` gives them.
function drawn.draw(ratings, users, options)
  local support, query = core.draw_tasks(ratings, core.ids(users), options)
  return drawn.groups_of(support.segments, support.items, support.labels),
    drawn.groups_of(query.segments, query.items, query.labels)
end

return drawn
