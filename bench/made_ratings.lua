--- Made ratings in a file, as many as are wanted, of the shape of real ones: how many people have
-- rated falls from film to film as a power, and how much a person rates is log-normal (a median of
-- 77 and a mean of 140 ratings, 20 at least), as with the sets of MovieLens.
--
-- @module bench.made_ratings
local block = 20000 -- lines written at once

-- A standard normal number.
local function normal()
  return math.sqrt(-2 * math.log(1 - math.random())) * math.cos(2 * math.pi * math.random())
end

-- Texts of the items in random order, the most popular first.
local function items_of(count)
  local texts = {}
  for i = 1, count do
    texts[i] = "," .. i
  end
  for i = count, 2, -1 do
    local j = math.random(i)
    texts[i], texts[j] = texts[j], texts[i]
  end
  return texts
end

--- Writes ratings with a header, user by user.
-- @tparam string path
-- @tparam integer wanted about how many
-- @tparam boolean times whether they have times
-- @treturn integer how many were written
return function(path, wanted, times)
  math.randomseed(7)
  local n_users = math.max(10, wanted // 144)
  local n_items = math.max(600, math.floor(3700 * (wanted / 1e6) ^ 0.66))
  local items, taken, lines, written = items_of(n_items), {}, {}, 0
  local random, floor = math.random, math.floor
  local file = assert(io.open(path, "wb"))
  file:write(times and "user,item,rating,time\n" or "user,item,rating\n")
  for user = 1, n_users do
    local count = floor(math.exp(4.35 + 1.05 * normal()))
    count = math.max(math.min(count, n_items // 3), math.min(20, n_items // 3))
    local own = tostring(user)
    while count > 0 do
      local item = 1 + floor(n_items * random() ^ 4)
      if taken[item] ~= user then
        taken[item], count = user, count - 1
        lines[#lines + 1] = own .. items[item] .. "," .. random(10) / 2
          .. (times and "," .. 1000000000 + random(300000000) or "")
      end
    end
    if #lines >= block or user == n_users then
      written = written + #lines
      file:write(table.concat(lines, "\n"), "\n")
      lines = {}
    end
  end
  assert(file:close())
  return written
end
