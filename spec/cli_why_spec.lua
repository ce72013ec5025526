-- What recommend --why shows of lists: the library's explanations, as lines and as data.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local csv_records = require "spec.support.csv_records"
local people = require "spec.support.people"
local plain = require "cmml.base.plain"
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function runs(...)
  local output, said, code = cli(...)
  assert.equal(0, code, output .. said)
  return output, said
end

-- Items with titles of many lengths, and characters of two bytes.
local world = people.world { users = 60, items = 12, rated = 6 }
for i, item in ipairs(world.items) do
  item.title = "Film " .. i .. (" né"):rep(3 * (i % 5)) .. "."
end
world.schema, world.name = cmml.data.schema { user = { { "age" } } }, "films"
local data = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.2, valid = 0 }))
local rated = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f7", 4.5 }, { "f9", 3 } }

describe("recommend --why", function()
  local root, models

  local function recommend(name, ...)
    return runs("recommend", "--model", root .. "/" .. name, "--rate=f1=5,f2=1,f4=2,f7=4.5,f9=3",
      "--why", ...)
  end

  setup(function()
    root, models = temporary.folder(), {}
    for _, name in ipairs { "ease", "matrix_factorization", "user_knn", "popularity" } do
      local model = cmml.recommenders[name](data.catalogue)
      model:fit(model.setting.learnable(data))
      assert(model:save(root .. "/" .. name))
      models[name] = model
    end
    models.diverging = cmml.recommenders.melu(data.catalogue, { inner_rate = { 100 },
      inner_steps = 50 })
    assert(models.diverging:save(root .. "/diverging"))
  end)

  teardown(function()
    temporary.remove(root)
  end)

  -- What a line tells of an entry, with the title cut at 26 columns.
  local function told(entry, rating)
    local title = entry.title
    if utf8.len(title) > 26 then
      title = title:sub(1, utf8.offset(title, 26) - 1) .. "\u{2026}"
    end
    return title .. (rating and plain.format(", rated %g", entry.label) or "")
      .. plain.format(" (%.0f %%)", 100 * entry.share)
  end

  it("shows below each item a line of at most 79 columns, of what speaks most for it", function()
    local seen = {}
    for name, rating in pairs { ease = false, matrix_factorization = true, user_knn = true } do
      local person, lines = models[name]:adapt(rated), {}
      for line in recommend(name, "--n=12"):gmatch "[^\n]+" do
        lines[#lines + 1] = line
      end
      local list = person:recommend { n = 12 }
      assert.equal(2 * #list, #lines)
      for i, entry in ipairs(list) do
        local why, line = person:explain({ entry.item })[1], lines[2 * i]
        assert.matches("^ +" .. i .. " .*" .. entry.item, lines[2 * i - 1])
        assert.is_true(utf8.len(line) <= 79, line)
        local before = "     " .. (rating and plain.format("%+.2f ", why.score - why.empty) or "")
        local form = why[1].share == 0 and "nothing" or why.score < why.empty and "against" or "for"
        seen[form] = true
        if form == "for" then
          local expected, shown = before .. (rating and "by " or "because of "), 0
          for k, each in ipairs(why) do
            local more = (k > 1 and "; " or "") .. told(each, rating)
            if each.share < 0.005 or k > 1 and utf8.len(expected .. more) > 79 then
              break
            end
            expected, shown = expected .. more, k
          end
          assert.equal(expected, line)
          seen.several, seen.one = seen.several or shown > 1, seen.one or shown == 1
        else
          assert.equal(before .. (form == "nothing" and "nothing of the support speaks for it"
            or "by the support: it is listed in spite of it"), line)
        end
      end
    end
    assert.same({ ["for"] = true, against = true, nothing = true, several = true, one = true },
      seen)
    assert.equal(3, select(2, recommend("popularity", "--n=3")
      :gsub("\n     nothing of the support speaks for it", "")))
  end)

  it("writes all of it as data", function()
    for name, model in pairs(models) do
      local person = model:adapt(rated)
      local found = core.json_decode((recommend(name, "--format=json", "--n=4"))).recommendations
      local csv = csv_records((recommend(name, "--format=csv", "--n=4")))
      for i, entry in ipairs(person:recommend { n = 4 }) do
        local why, row = person:explain({ entry.item })[1], found[i]
        assert.same({ entry.item, why.method, why.empty, #why }, { row.item, row.method, row.empty,
          #row.why })
        for k, each in ipairs(why) do
          assert.same({ item = each.item, title = each.title, label = each.label,
            contribution = each.contribution, share = each.share }, row.why[k])
        end
        assert.same(row.why, core.json_decode(csv[i].why))
        assert.equal(row.method, csv[i].method)
      end
    end
    local plain_rows = runs("recommend", "--model", root .. "/ease", "--rate=f1=5", "--format=csv")
    assert.equal("rank,item,title,score\r\n", plain_rows:match "^[^\n]*\n")
  end)

  it("does so for many people", function()
    local file = root .. "/people"
    assert(core.write_file(file, "ann,f1,5\nann,f2,1\nbob,f3,4\nbob,nope,1\ncy,nope,3\n"))
    local function many(...)
      return runs("recommend", "--model", root .. "/user_knn", "--users=all", "--support", file,
        "--why", "--n=2", "--quiet", ...)
    end
    local rows = core.json_decode((many "--format=json")).recommendations
    assert.equal(6, #rows)
    for i, support in ipairs { { { "f1", 5 }, { "f2", 1 } }, { { "f3", 4 } }, {} } do
      local person = models.user_knn:adapt(support)
      for k, entry in ipairs(person:recommend { n = 2 }) do
        local row, why = rows[2 * i - 2 + k], person:explain({ entry.item })[1]
        assert.same({ entry.item, why.empty, #why }, { row.item, row.empty, #row.why })
        for place, each in ipairs(why) do
          assert.near(each.contribution, row.why[place].contribution, 1e-5)
        end
      end
    end
    local text = many()
    assert.matches("^ann\n  1 [^\n]*\n     [^\n]*\n  2 [^\n]*\n     [^\n]*\nbob\n", text)
    assert.matches("\ncy\n  1 [^\n]*\n  2 [^\n]*\n?$", text)
  end)

  it("tells where there is nothing to say, and where steps diverged", function()
    local text, said = runs("recommend", "--model", root .. "/matrix_factorization", "--why",
      "--n=2")
    assert.equal("--why: nothing of the support is known to the model: this is the list of "
      .. "somebody new\n", said)
    assert.equal(text, (runs("recommend", "--model", root .. "/matrix_factorization", "--n=2")))
    text, said = recommend("diverging", "--n=1")
    assert.matches("\n     %+0.00 nothing of the support speaks for it\n?$", text)
    assert.truthy(said:find("--why, without an entry of the support: MeLU: its steps diverged on 5 "
      .. "of 5 supports", 1, true), said)
  end)

  it("names users in scenarios", function()
    local split = scenario_world.data(cmml):split { seed = 2 }
    local model = cmml.recommenders.support_popularity(split:catalogue(split:vectors { factors = 4,
      iterations = 2 }))
    assert(model:save(root .. "/scenarios"))
    local text = runs("recommend", "--user=u1", "--model", root .. "/scenarios",
      "--liked=u2=i2,u3=i2,u2=i5", "--why", "--n=1", "--quiet")
    local best = model:adapt({ { "u2", "i2", 1 }, { "u3", "i2", 1 }, { "u2", "i5", 1 } })
    local why = best:explain({ "i2" }, { user = "u1" })[1]
    assert.equal(2, select(2, text:gsub("taken by u[23] %(50 %%%)", "")), text)
    assert.same({ "u2", "u3" }, { why[1].user, why[2].user })
  end)
end)
