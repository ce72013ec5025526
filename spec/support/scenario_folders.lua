--- Folders in the formats of public data sets of scenarios, made up.
local scenario_folders = {}

-- What the small sets hold: users "1" to "4", items "10" to "60"; 60 is in groups, but nobody took
-- it.
local took = { { 1, 10 }, { 1, 20 }, { 2, 10 }, { 2, 30 }, { 3, 40 }, { 4, 40 }, { 4, 50 },
  { 1, 10 } }

local function lines(rows, format)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = format:format(table.unpack(row))
  end
  return table.concat(list)
end

-- The files of each format by name.
scenario_folders.files = {
  lastfm = {
    ["user_artists.dat"] = "userID\tartistID\tweight\n" .. lines(took, "%d\t%d\t7\n")
      .. "3\t50\t1\n",
    ["user_taggedartists.dat"] = "userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
      .. lines({ { 10, 7 }, { 20, 7 }, { 10, 7 }, { 60, 7 }, { 30, 8 }, { 40, 9 }, { 50, 9 },
        { 60, 9 } }, "2\t%d\t%d\t1\t4\t2009\r\n"),
    ["tags.dat"] = "tagID\ttagValue\r\n7\tm\xfasica\r\n8\trock\r\n9\trock\r\n",
    ["artists.dat"] = "id\tname\turl\tpictureURL\n10\tBj\u{f6}rk, \"B\"\tu\tp\n40\tCan\tu\tp\n",
  },
  yelp = {
    ["Yelp.txt"] = "1 10 20 10\n2 10 30\n\n3 40\n4 40 50 \n",
    ["Yelp_item2attributes.json"] = '{"60": [7], "10": [7, 8], "20": [7], "40": [9], "50": [9]}',
  },
  taobao = {
    ["theme_click_log.csv"] = "user_id,theme_id,item_id,leaf_cate_id,cate_level1_id,clk_cnt,"
      .. "reach_time\n" .. lines({ { 1, 7, 10 }, { 1, 7, 20 }, { 2, 8, 10 }, { 2, 8, 30 },
        { 3, 9, 40 }, { 4, 9, 40 }, { 4, 9, 50 }, { 1, 8, 10 } },
        "%d,%d,%d,5,6,1,20181207000000\n"),
    ["theme_item_pool.csv"] = "theme_id,item_id\n7,10\n7,30\n7,60\n8,20\n",
  },
  ["ml-1m"] = {
    ["ratings.dat"] = lines(took, "%d::%d::4::0\n") .. "3::50::2::0\n",
    ["movies.dat"] = "10::Caf\xe9 (1999)::Comedy|Drama\n20::B::Drama|Comedy|War\n30::C::War\n"
      .. "40::D: x::Drama\n50::E::Comedy|Drama\n60::F::War\n",
  },
  ["ml-csv"] = {
    ["ratings.csv"] = "userId,movieId,rating,timestamp\r\n" .. lines(took, "%d,%d,4.0,12\r\n")
      .. "3,50,0.5,12\r\n",
    ["movies.csv"] = "movieId,title,genres\r\n10,\"One, \"\"Two\"\" (1999)\",Comedy|Drama\r\n"
      .. "20,B,Drama\r\n30,C,(no genres listed)\r\n40,D,Drama\r\n50,E,Comedy|Drama\r\n60,F,War\r\n",
    ["tags.csv"] = "userId,movieId,tag,timestamp\r\n1,10, Funny,1\r\n2,10,funny,1\r\n"
      .. "2,20,FUNNY,1\r\n3,40,\"sad, slow\",1\r\n3,50,\"sad, slow\",1\r\n"
      .. "3,60,funny,1\r\n3,50,\" \",1\r\n",
  },
}

--- Writes a folder of a format.
-- @tparam table core
-- @tparam string folder that exists
-- @tparam string format lastfm, yelp, taobao, ml-1m, ml-csv
-- @tparam[opt] table changes other contents by file; false for none
function scenario_folders.write(core, folder, format, changes)
  for name, text in pairs(scenario_folders.files[format]) do
    local given = changes and changes[name]
    if given ~= false then
      assert(core.write_file(folder .. "/" .. name, given or text))
    end
  end
end

--- Writes a made world (see scenario_world) as a folder of Last.fm or Yelp. Raw ids lose their
-- letters, tags are called as the groups are.
-- @tparam table core
-- @tparam string folder that exists
-- @tparam string format lastfm or yelp
-- @tparam table world options of `cmml.scenario_data`
function scenario_folders.write_world(core, folder, format, world)
  local function number(id)
    return id:match "%d+"
  end
  local plays, by_user, order, seen, tags, names, of_item = {}, {}, {}, {}, {}, {}, {}
  for i, pair in ipairs(world.interactions) do
    local user, item = number(pair[1]), number(pair[2])
    plays[i] = { user, item }
    if not by_user[user] then
      by_user[user], order[#order + 1] = { user }, user
    end
    table.insert(by_user[user], item)
    seen[item] = true
  end
  for g, group in ipairs(world.groups) do
    names[g] = { g, group.name }
    for _, id in ipairs(group.items) do
      local item = number(id)
      tags[#tags + 1] = { item, g }
      of_item[item] = (of_item[item] and of_item[item] .. "," or "") .. g
    end
  end
  if format == "yelp" then
    local text, attributes = {}, {}
    for i, user in ipairs(order) do
      text[i] = table.concat(by_user[user], " ") .. "\n"
    end
    for item, list in pairs(of_item) do
      attributes[#attributes + 1] = ('"%s": [%s]'):format(item, list)
    end
    return scenario_folders.write(core, folder, "yelp", { ["Yelp.txt"] = table.concat(text),
      ["Yelp_item2attributes.json"] = "{" .. table.concat(attributes, ", ") .. "}" })
  end
  local artists = {}
  for item in pairs(seen) do
    artists[#artists + 1] = { item, "Artist " .. item }
  end
  scenario_folders.write(core, folder, "lastfm", {
    ["user_artists.dat"] = "userID\tartistID\tweight\n" .. lines(plays, "%s\t%s\t7\n"),
    ["user_taggedartists.dat"] = "userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
      .. lines(tags, "2\t%s\t%d\t1\t4\t2009\r\n"),
    ["tags.dat"] = "tagID\ttagValue\r\n" .. lines(names, "%d\t%s\r\n"),
    ["artists.dat"] = "id\tname\turl\tpictureURL\n" .. lines(artists, "%s\t%s\tu\tp\n") })
end

return scenario_folders
