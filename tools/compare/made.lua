--- Small made sets of scenarios in the formats of public ones. The numbers come from a generator of
-- integers, so that they are the same everywhere and for ever.
local made = {}

local n_users, n_items, n_groups = 80, 150, 15

-- Whole numbers from 1 to n.
local function generator(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 0x80000000
    return (state >> 8) % n + 1
  end
end

-- `interactions`, a list of {user, item, group, user's number}, by user; and of each item the
-- `groups`, sorted. Users like two groups more than others.
local function world(seed)
  local draw, groups, members, interactions = generator(seed), {}, {}, {}
  for g = 1, n_groups do
    members[g] = {}
  end
  for item = 1, n_items do
    local first = (item - 1) % n_groups + 1
    local second = (first + draw(n_groups - 1) - 1) % n_groups + 1
    groups[item] = { math.min(first, second), math.max(first, second) }
    for _, g in ipairs(groups[item]) do
      table.insert(members[g], item)
    end
  end
  for user = 1, n_users do
    local liked, seen = { draw(n_groups), draw(n_groups) }, {}
    for _ = 1, 15 + draw(10) do
      local g = draw(10) <= 7 and liked[draw(2)] or draw(n_groups)
      local item = members[g][draw(#members[g])]
      if not seen[item] then
        seen[item] = true
        interactions[#interactions + 1] = { 1000 + user, 2000 + item, g }
      end
    end
  end
  return interactions, groups
end

-- One text of a line for each entry.
local function lines(list, line_of)
  local all = {}
  for i, entry in ipairs(list) do
    all[i] = line_of(entry, i)
  end
  return table.concat(all)
end

-- A line for each item and group of it.
local function memberships(groups, line)
  return lines(groups, function(of, item)
    return lines(of, function(g)
      return line:format(2000 + item, g)
    end)
  end)
end

-- The files of each format by name.
local formats = {
  lastfm = function(interactions, groups)
    local names, titles = {}, {}
    for g = 1, n_groups do
      names[g] = ("%d\ttag %d\r\n"):format(g, g)
    end
    for item = 1, n_items do
      titles[item] = ("%d\tArtist %d\tu\tp\n"):format(2000 + item, item)
    end
    return { ["user_artists.dat"] = "userID\tartistID\tweight\n" .. lines(interactions, function(e)
      return ("%d\t%d\t%d\n"):format(e[1], e[2], e[3])
    end), ["user_taggedartists.dat"] = "userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
      .. memberships(groups, "1001\t%d\t%d\t1\t4\t2009\r\n"),
      ["tags.dat"] = "tagID\ttagValue\r\n" .. table.concat(names),
      ["artists.dat"] = "id\tname\turl\tpictureURL\n" .. table.concat(titles) }
  end,
  yelp = function(interactions, groups)
    local users, order = {}, {}
    for _, e in ipairs(interactions) do
      if not users[e[1]] then
        users[e[1]], order[#order + 1] = { e[1] }, e[1]
      end
      table.insert(users[e[1]], e[2])
    end
    return { ["Yelp.txt"] = lines(order, function(user)
      return table.concat(users[user], " ") .. "\n"
    end), ["Yelp_item2attributes.json"] = "{" .. lines(groups, function(of, item)
      return ('%s"%d": [%s]'):format(item > 1 and ", " or "", 2000 + item, table.concat(of, ", "))
    end) .. "}" }
  end,
  taobao = function(interactions, groups)
    return { ["theme_click_log.csv"] = "user_id,theme_id,item_id,leaf_cate_id,cate_level1_id,"
      .. "clk_cnt,reach_time\n" .. lines(interactions, function(e)
        return ("%d,%d,%d,5,6,1,20181207000000\n"):format(e[1], e[3], e[2])
      end), ["theme_item_pool.csv"] = "theme_id,item_id\n" .. lines(groups, function(of, item)
        return ("%d,%d\n"):format(of[1], 2000 + item)
      end) }
  end,
  movielens = function(interactions, groups)
    return { ["ratings.csv"] = "userId,movieId,rating,timestamp\r\n"
      .. lines(interactions, function(e)
        return ("%d,%d,4.0,12\r\n"):format(e[1], e[2])
      end), ["movies.csv"] = "movieId,title,genres\r\n" .. lines(groups, function(of, item)
        return ("%d,\"Film, The %d (1999)\",Genre%s\r\n"):format(2000 + item, item,
          table.concat(of, "|Genre"))
      end) }
  end,
}

--- The names of the formats, sorted.
made.formats = {}
for name in pairs(formats) do
  table.insert(made.formats, name)
end
table.sort(made.formats)

--- Writes a set.
-- @tparam string folder that exists
-- @tparam string format one of `formats`
-- @tparam integer seed
function made.write(folder, format, seed)
  for name, text in pairs(formats[format](world(seed))) do
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    assert(file:write(text))
    assert(file:close())
  end
end

return made
