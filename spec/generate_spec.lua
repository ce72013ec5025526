-- The made data: its form against that of MovieLens-1M, and its truth measured from its files.
local fetching = require "spec.support.fetching"
local interpreter = require "spec.support.interpreter"
local plain = require "cmml.base.plain"
local clean, output, quote, read = fetching.clean, fetching.output, fetching.quote, fetching.read

local files = {
  "movies.dat", "movies_extrainfos.dat", "ratings.dat", "test_users.txt", "truth.tsv", "users.dat",
}

-- Lists of fields, one a line; every line, the last one too, must end with a line feed.
local function rows(path, separator)
  local text = read(path)
  assert.equal("\n", text:sub(-1), path)
  local list = {}
  for line in text:gmatch "([^\n]*)\n" do
    local row = {}
    for field in (line .. separator):gmatch("(.-)" .. separator) do
      row[#row + 1] = field
    end
    list[#list + 1] = row
  end
  return list
end

local function set_of(text, separator)
  local set = {}
  for word in (text .. separator):gmatch("(.-)%" .. separator .. "%s*") do
    set[word] = true
  end
  return set
end

local function from_latin1(text)
  return (text:gsub("[\128-\255]", function(byte)
    return utf8.char(byte:byte())
  end))
end

local function generate(options)
  local pipe = assert(io.popen(clean(("%s data/generate.lua %s 2>&1"):format(
    output("command -v " .. interpreter), options))))
  local text = pipe:read "a"
  return pipe:close() == true, text
end

describe("the made data", function()
  local folder, report, users, films, ratings, extra, truth, test

  setup(function()
    folder = output "mktemp -d"
    local ok
    ok, report = generate("--out " .. quote(folder .. "/made"))
    assert(ok, report)
    users = rows(folder .. "/made/users.dat", "::")
    films = rows(folder .. "/made/movies.dat", "::")
    ratings = rows(folder .. "/made/ratings.dat", "::")
    extra = rows(folder .. "/made/movies_extrainfos.dat", "::")
    truth = rows(folder .. "/made/truth.tsv", "\t")
    test = {}
    for _, row in ipairs(rows(folder .. "/made/test_users.txt", "::")) do
      test[row[1]] = true
    end
  end)

  teardown(function()
    os.execute("rm -rf " .. quote(folder))
  end)

  -- Ratings as {user, film = genres as a set, stars}, and by user.
  local function by_user()
    local genres, people = {}, {}
    for _, row in ipairs(films) do
      genres[row[1]] = set_of(row[3], "|")
    end
    for _, row in ipairs(ratings) do
      people[row[1]] = people[row[1]] or {}
      table.insert(people[row[1]], { film = row[2], genres = genres[row[2]],
        stars = plain.tonumber(row[3]) })
    end
    return people
  end

  it("is what is committed, byte for byte, and small", function()
    local size = 0
    for _, name in ipairs(files) do
      assert(read("data/made/" .. name) == read(folder .. "/made/" .. name), name .. " differs")
      size = size + #read("data/made/" .. name)
    end
    assert(size < 600000, size)
    assert.equal(table.concat(files, "\n"), output("LC_ALL=C ls -A data/made"))
  end)

  it("has the form of MovieLens-1M", function()
    assert.equal(500, #users)
    for i, row in ipairs(users) do
      assert.equal(5, #row)
      assert.equal(tostring(i), row[1])
      assert.truthy(row[2] == "M" or row[2] == "F")
      assert.truthy(row[5]:find "^%d%d%d%d%d$" or row[5]:find "^%d%d%d%d%d%-%d%d%d%d$")
    end
    assert.equal(300, #films)
    assert.equal(300, #extra)
    local accents, known = 0, {}
    for i, row in ipairs(films) do
      assert.equal(3, #row)
      assert.equal(11, #extra[i])
      assert.equal(row[1], extra[i][1])
      known[row[1]] = true
      local title, year = row[2]:match "^(.+) %((%d%d%d%d)%)$"
      local rest, article = title:match "^(.*), (%a+)$"
      if article == "The" or article == "A" then
        title = article .. " " .. rest
      end
      assert.equal(extra[i][2], from_latin1(title))
      assert.equal(extra[i][3], year)
      assert.truthy(utf8.len(table.concat(extra[i])))
      assert.same(set_of(row[3], "|"), set_of(extra[i][6], ","))
      accents = accents + (title:find "[\128-\255]" and 1 or 0)
    end
    assert(accents >= 3, accents)
    local seen, counts = {}, {}
    for _, row in ipairs(ratings) do
      local pair = row[1] .. " " .. row[2]
      assert.equal(4, #row)
      assert.truthy(users[tonumber(row[1])] and known[row[2]] and not seen[pair])
      assert.truthy(row[3]:find "^[1-5]$" and row[4]:find "^%d%d%d%d%d%d%d%d%d$")
      seen[pair] = true
      counts[row[1]] = (counts[row[1]] or 0) + 1
    end
    for _, row in ipairs(users) do
      assert(counts[row[1]] >= 25, row[1])
    end
  end)

  it("tells likes and dislikes by ratings, and by nothing else", function()
    local gaps, groups, profiles = {}, {}, {}
    local people = by_user()
    assert.same({ "user", "likes", "dislikes" }, table.remove(truth, 1))
    for i, row in ipairs(truth) do
      assert.equal(users[i][1], row[1])
      local likes, dislikes = set_of(row[2], ","), set_of(row[3], ",")
      local liked, disliked, up, down = 0, 0, 0, 0
      for _, rating in ipairs(people[row[1]]) do
        local good, bad = false, false
        for genre in pairs(rating.genres) do
          good, bad = good or likes[genre], bad or dislikes[genre]
        end
        if good and not bad then
          liked, up = liked + 1, up + rating.stars
        elseif bad and not good then
          disliked, down = disliked + 1, down + rating.stars
        end
      end
      gaps[#gaps + 1] = up / liked - down / disliked
      groups[row[2]] = (groups[row[2]] or 0) + 1
      local profile = table.concat(users[i], " ", 2)
      profiles[profile] = profiles[profile] or {}
      profiles[profile][row[2]] = true
    end
    table.sort(gaps)
    assert(gaps[1] > 0.8 and gaps[250] > 2, gaps[1])
    local kinds, alone = 0, 0
    for _, count in pairs(groups) do
      kinds = kinds + 1
      assert.equal(125, count)
    end
    assert.equal(4, kinds)
    for _, seen in pairs(profiles) do
      alone = alone + (next(seen, next(seen)) and 0 or 1)
    end
    assert(alone <= 8, alone) -- of at most 72 profiles
  end)

  it("is badly predicted by item mean and user bias, and the report says how badly", function()
    local sums, counts, total, count = {}, {}, 0, 0
    local people = by_user()
    for user, list in pairs(people) do
      for _, rating in ipairs(test[user] and {} or list) do
        sums[rating.film] = (sums[rating.film] or 0) + rating.stars
        counts[rating.film] = (counts[rating.film] or 0) + 1
        total, count = total + rating.stars, count + 1
      end
    end
    local function item_mean(film)
      return ((sums[film] or 0) + 5 * total / count) / ((counts[film] or 0) + 5)
    end
    local testers, queries, misses, flat = 0, 0, 0, 0
    for user in pairs(test) do
      testers = testers + 1
      local list, bias = people[user], 0
      for i, rating in ipairs(list) do
        local off = rating.stars - item_mean(rating.film)
        if i <= 20 then
          bias = bias + off / 25
        else
          queries, misses = queries + 1, misses + math.abs(off - bias)
        end
      end
    end
    for film in pairs(counts) do
      flat = math.max(flat, math.abs(item_mean(film) - total / count))
    end
    assert.equal(100, testers)
    assert(flat < 1.2, flat)
    assert.truthy(report:find(("MAE of %d ratings"):format(queries), 1, true), report)
    assert.equal(plain.format("%.3f", misses / queries), report:match "user bias%s+(%S+)")
    local floor = plain.tonumber(report:match "noise floor%)%s+(%S+)")
    local group = plain.tonumber(report:match "from the support%s+(%S+)")
    assert(floor > 0.3 and floor <= group and group < 0.5 and misses / queries > 1.1, report)
  end)
end)

describe("the generator", function()
  local folder = output "mktemp -d"

  local function small(name, options)
    local ok, text = generate(("--out %s --users 20 --items 80 --ratings 25 %s"):format(
      quote(folder .. "/" .. name), options))
    assert(ok, text)
    return read(folder .. "/" .. name .. "/ratings.dat"), text
  end

  teardown(function()
    os.execute("rm -rf " .. quote(folder))
  end)

  it("gives the same for the same options and another set for another seed", function()
    local first = small("a folder's", "--seed 7")
    assert.equal(20 * 25, select(2, first:gsub("\n", "")))
    assert(first == small("same", "--seed 7"))
    assert(first ~= small("other", "--seed 8"))
    local _, text = small("quiet", "--noise 0")
    assert.truthy(text:find "noise floor%)%s+0%.000", text)
  end)

  it("says what is wrong with its options", function()
    for options, word in pairs {
      ["--user 5"] = "--user;", ["--users"] = "missing", ["--users 5"] = "12", ["--users x"] = "x",
      ["--seed 1.5"] = "1.5", ["--noise nan"] = "nan", ["--items 80"] = "--ratings 40",
      ["--ratings 20"] = "25", ["--out /dev/null/x"] = "/dev/null/x", extra = "extra",
    } do
      local ok, text = generate(options)
      assert.is_false(ok, options)
      assert.truthy(text:find(word, 1, true), text)
      assert.falsy(text:find("traceback", 1, true), text)
    end
    local ok, text = generate "--help"
    assert.is_true(ok)
    assert.truthy(text:find("--noise", 1, true))
  end)
end)
