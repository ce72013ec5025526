-- The experiments contexts and routes: groups that share items, metrics, pictures and CSV.
local cmml = require "cmml"
local item_groups = require "cmml.experiment.item_groups"
local point_files = require "cmml.experiment.point_files"
local read = require "spec.support.svg"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local folder
temporary.around(setup, teardown, function(path)
  folder = path
end)

-- Two sets in the format of Yelp, of different worlds.
local function write_sets()
  for n, name in ipairs { "east", "west" } do
    local world = scenario_world.make { seed = n }
    local by_user, by_item, lines, items = {}, {}, {}, {}
    for _, pair in ipairs(world.interactions) do
      local user, item = pair[1]:sub(2), pair[2]:sub(2)
      by_user[user] = (by_user[user] or user) .. " " .. item
    end
    for user = 1, 96 do
      lines[user] = by_user[tostring(user)]
    end
    for s, group in ipairs(world.groups) do
      for _, item in ipairs(group.items) do
        local list = by_item[item] or {}
        by_item[item], list[#list + 1] = list, s
      end
    end
    for i = 1, 160 do
      local list = by_item["i" .. i]
      items[#items + 1] = list and ('"%d": [%s]'):format(i, table.concat(list, ", "))
    end
    assert(core.mkdir(folder .. "/" .. name))
    assert(core.write_file(("%s/%s/Yelp.txt"):format(folder, name),
      table.concat(lines, "\n") .. "\n"))
    assert(core.write_file(("%s/%s/Yelp_item2attributes.json"):format(folder, name),
      "{" .. table.concat(items, ", ") .. "}"))
  end
  return ("%s/east+%s/west"):format(folder, folder)
end

local function run(name, changes)
  local options = { quick = true, seeds = 1, resamples = 50 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  local result = cmml.experiment(name, options)
  assert.same({}, result.failures)
  return result
end

local function text_of(result, pattern)
  for _, path in ipairs(result.files) do
    if path:find(pattern) then
      return assert(core.read_file(path))
    end
  end
  error("there is no file " .. pattern .. " among " .. table.concat(result.files, ", "))
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return lines
end

describe("groups of scenarios that share items", function()
  it("are found, and named by their most typical scenarios", function()
    local function items(first, last)
      local list = {}
      for i = first, last do
        list[#list + 1] = "i" .. i
      end
      return list
    end
    local interactions = {}
    for u = 1, 3 do
      for i = 1, 60 do
        interactions[#interactions + 1] = { "u" .. u, "i" .. i }
      end
    end
    local data = cmml.scenarios.data { name = "d", interactions = interactions, min_items = 5,
      groups = { { name = "rock", items = items(1, 20) }, { name = "jazz", items = items(31, 50) },
        { name = "metal", items = items(3, 22) }, { name = "swing", items = items(33, 52) },
        { name = "punk", items = items(2, 21) } } }
    local groups = item_groups.of(cmml, data, 2)
    assert.equal(groups[1], groups[3])
    assert.equal(groups[1], groups[5])
    assert.equal(groups[2], groups[4])
    assert.equal("punk, rock, metal", groups[1])
    assert.equal("jazz, swing", groups[2])
    assert.equal(5, #item_groups.of(cmml, data, 50))
    -- what shares nothing is divided by itself
    data.scenarios[2].domain, data.scenarios[4].domain = "other", "other"
    groups = item_groups.of(cmml, data, 2)
    assert.equal("jazz, swing", groups[4])
    assert.equal("punk, rock, metal", groups[1])
  end)
end)

describe("experiment contexts", function()
  it("tells the domains of a union apart, and writes pictures and coordinates", function()
    local source, out = write_sets(), folder .. "/contexts"
    local options = { data = { source }, out = out, epochs = 8, min_items = 10, max_items = 100,
      groups = 3 }
    local result = run("contexts", options)
    assert.truthy(result.rows[1].domains.mean > 0.9, result.text)
    assert.equal("east + west, recommended/scenario", result.rows[1].row)
    local lines = lines_of(text_of(result, "%-contexts%.csv$"))
    assert.equal("scenario,domain,part,group,known_interactions,pca_1,pca_2,tsne_1,tsne_2",
      lines[1])
    assert.equal(33, #lines)
    for _, name in ipairs { "pca%-by%-domain", "tsne%-by%-domain", "pca%-by%-group",
      "tsne%-by%-part" } do
      local marks = #read.all(text_of(result, name), "circle")
        + #read.all(text_of(result, name), "polygon")
      assert.truthy(marks > 32, name)
    end
    -- the finished cell is read, not computed again, and gives the same
    local again = run("contexts", options)
    assert.equal(text_of(result, "contexts%.csv"), text_of(again, "contexts%.csv"))
    assert.equal(result.text, again.text)
    options.out = folder .. "/afresh"
    assert.equal(text_of(result, "contexts%.csv"), text_of(run("contexts", options),
      "contexts%.csv"))
  end)

  it("has no index of domains where there is one domain", function()
    local result = run "contexts"
    assert.is_nil(result.rows[1].domains)
    assert.truthy(result.rows[1].groups.mean <= 1)
    assert.truthy(result.text:find("16 scenarios", 1, true))
  end)

  it("refuses what makes no sense", function()
    refused("there is no preset nonsense of cmml for scenarios", run, "contexts",
      { preset = "nonsense" })
    refused("there is no preset recommended of cmml for scenarios", run, "contexts",
      { preset = "recommended" })
    refused("groups must be at least 1", run, "contexts", { groups = 0 })
    refused("there is no protocol full for scenarios (groups of items); known: no-leak, published",
      run, "contexts", { protocol = "full" })
    refused("takes one protocol, not no-leak,published", run, "contexts",
      { protocol = "no-leak,published" })
  end)
end)

describe("experiment routes", function()
  it("writes probabilities, heat maps and a graph", function()
    local out = folder .. "/routes"
    local result = run("routes", { out = out,
      scenarios = "scenario 2,scenario 5,nothing,scenaro 5" })
    assert.truthy(result.text:find("has no scenario nothing.", 1, true))
    assert.matches("has no scenario scenaro 5; did you mean scenario 5%?", (result.text:gsub("%s+",
      " ")))
    local row = result.rows[1]
    assert.truthy(row.within.mean >= 0 and row.between.mean <= 1)
    local lines = lines_of(text_of(result, "routes%.csv$"))
    assert.equal(17, #lines)
    for i = 2, #lines do
      local numbers = {}
      for cell in lines[i]:gsub('"[^"]*"', "text"):gmatch "[^,]*" do
        numbers[#numbers + 1] = tonumber(cell)
      end
      local routes = table.move(numbers, #numbers - 35, #numbers, 1, {})
      local function sum(first, step, n)
        local total = 0
        for k = 0, n - 1 do
          total = total + routes[first + k * step]
        end
        return total
      end
      -- the preset's routes sum to 1 over the modules they lead to
      for from = 0, 3 do
        assert.truthy(math.abs(sum(1 + 4 * from, 1, 4) - 1) < 1e-4)
      end
      assert.truthy(math.abs(sum(33, 1, 4) - 1) < 1e-4)
    end
    local texts = read.texts(text_of(result, "routes%-graph"))
    assert.truthy(table.concat(texts, "|"):find("scenario 2|", 1, true))
    assert.equal(2 * 13, #read.all(text_of(result, "routes%-graph"), "circle"))
    read.read(text_of(result, "heat%-map"))
    read.read(text_of(result, "differences"))
  end)

  it("asks for a preset that has routes", function()
    refused("preset paper/scenario has no routes: its modulation must be soft", run, "routes",
      { preset = "paper/scenario" })
  end)
end)

describe("CSV of points", function()
  it("quotes what would be read otherwise", function()
    assert.equal('a,"b,c","say ""d""",1,0.5\n"x\ny",,\n', point_files.csv { { "a", "b,c",
      'say "d"', 1, 0.5 }, { "x\ny", "", "" } })
    assert.equal("2-a-b-c-x.csv", point_files.file_name(2, "a + b/c", "x.csv"))
  end)
end)
