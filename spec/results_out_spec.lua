-- What commands find, as text, CSV and JSON, on the standard output and in files.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local people = require "spec.support.people"
local records_of = require "spec.support.csv_records"
local scenario_cli = require "spec.support.scenario_cli"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function runs(...)
  local output, errors, code = cli(...)
  assert.equal(0, code, errors)
  return output, errors
end

local function fails(text, ...)
  local _, errors, code = cli(...)
  assert.truthy(code == 1 or code == 2, errors)
  assert.truthy(errors:find(text, 1, true), errors)
end

describe("cmml", function()
  local root, data, model

  setup(function()
    root = temporary.folder()
    data, model = root .. "/data", root .. "/m/best.safetensors"
    assert(core.mkdir(data))
    people.write(core, data, { users = 40, items = 49, rated = 20, extra = true })
    runs("train", "--data", data, "--out", root .. "/m", "--epochs=2", "--quiet")
  end)

  teardown(function()
    temporary.remove(root)
  end)

  local function evaluate(...)
    return "evaluate", "--data", data, "--model", model, "--draws=1", "--quiet", ...
  end

  it("evaluate gives the same numbers in every format", function()
    local text = runs(evaluate())
    local list = records_of((runs(evaluate "--format=csv")))
    local decoded = core.json_decode((runs(evaluate "--format=json")))
    assert.equal(#list, #decoded.results)
    assert.equal((1 + #cmml.kinds.baselines "users") * 4, #list) -- 4 metrics
    for i, row in ipairs(list) do
      local other = decoded.results[i]
      assert.equal(row.metric, other.metric)
      assert.equal(tonumber(row.mean), other.mean)
      assert.equal(tonumber(row.tasks), other.tasks)
      assert.truthy(text:find(("%.4f ± %.4f"):format(row.mean, row.interval), 1, true))
      assert.equal(row.simple == "true", row.rival == "")
    end
    assert.equal("users", decoded.setting)
    assert.equal("full", decoded.protocol)
  end)

  it("evaluate compares with the best simple rival of each metric, and says who wins", function()
    local text = runs(evaluate())
    local list = records_of((runs(evaluate "--format=csv")))
    local best, own = {}, {}
    for _, row in ipairs(list) do
      if row.simple == "true" then
        local mean = row.metric:find "^ndcg" and -row.mean or tonumber(row.mean)
        if not best[row.metric] or mean < best[row.metric].mean then
          best[row.metric] = { mean = mean, row = row }
        end
      else
        own[row.metric] = row
      end
    end
    local losses = {}
    for metric, row in pairs(own) do
      local rival = best[metric].row
      assert.equal(rival.model, row.rival)
      assert.near(row.mean - rival.mean, row.difference, 1e-12)
      assert.truthy(tonumber(row.difference_low) <= tonumber(row.difference)
        and tonumber(row.difference) <= tonumber(row.difference_high))
      local sign = metric:find "^ndcg" and 1 or -1
      local verdict = row.difference_low * row.difference_high <= 0 and "level"
        or row.difference * sign > 0 and "model wins" or "rival wins"
      assert.equal(verdict, row.verdict)
      losses[#losses + 1] = verdict == "rival wins" and metric or nil
      assert.truthy(text:find(("%+.4f [%+.4f, %+.4f]"):format(row.difference, row.difference_low,
        row.difference_high), 1, true), text)
    end
    assert.equal(#losses > 0, text:find("A simple rival wins", 1, true) ~= nil)
    assert.falsy(runs(evaluate "--baselines=none"):find("rival", 1, true))
  end)

  it("evaluate says first where a simple rival wins", function()
    -- ratings that follow from the item alone, but not for a model that was hardly trained
    runs("train", "--data", data, "--out", root .. "/raw", "--epochs=1", "--lr=1e-9", "--quiet",
      "--preset=paper")
    local text = runs("evaluate", "--data", data, "--model", root .. "/raw/best.safetensors",
      "--draws=1", "--quiet", "--metrics=mae,rmse")
    local losing = text:match "A simple rival wins: ([^\n]+)"
    assert.truthy(losing and losing:find("is better than CMML, seed 1", 1, true), text)
    assert.truthy(text:find("rival wins |", 1, true), text)
    local verdicts = {}
    for verdict in text:gmatch "%] | ([^|]-) +|" do
      verdicts[#verdicts + 1] = verdict
    end
    assert.equal("verdict", verdicts[1])
    assert.equal("rival wins", verdicts[2])
  end)

  it("evaluate tells of a model whose scores are not finite, and compares the others", function()
    local wild = assert(cmml.load(model))
    for _, pair in ipairs(wild:tensors()) do
      if cmml.is_tensor(pair[2]) then
        cmml.no_grad(function()
          pair[2]:copy_(core.full(pair[2].shape, 1e30))
        end)
      end
    end
    local path = root .. "/wild.safetensors"
    assert(wild:save(path))
    local output, errors, code = cli("evaluate", "--data", data, "--model", path .. "," .. model,
      "--draws=1", "--quiet", "--format=csv")
    assert.equal(1, code, errors)
    assert.truthy(errors:find("CMML: its scores of 8 of 8 users are not finite numbers", 1, true),
      errors)
    local list = records_of(output)
    local seen = 0
    for _, row in ipairs(list) do
      assert.equal(row.model == "CMML", tonumber(row.not_finite) > 0)
      assert.equal(row.model == "CMML", row.mean == "")
      assert.falsy(row.mean:find "n" or row.difference:find "n")
      seen = seen + (row.mean == "" and 1 or 0)
    end
    assert.truthy(seen > 0)
  end)

  it("recommend gives one list, and many, in every format", function()
    local loaded = assert(cmml.load(model))
    local dataset = assert(cmml.movielens(data))
    local function given(user)
      local row, at, support = dataset.users:id(user), 0, {}
      local lengths = dataset.ratings.users:totable()
      for i = 1, row - 1 do
        at = at + lengths[i]
      end
      local items, labels = dataset.ratings.items:totable(), dataset.ratings.ratings:totable()
      for i = at + 1, at + lengths[row] do
        support[#support + 1] = { dataset.items:text(items[i]), labels[i] }
      end
      support.user = {}
      for _, name in ipairs(loaded.catalogue.users:field_names()) do
        support.user[name] = dataset.user_records[row][name]
      end
      return support
    end
    local list = records_of((runs("recommend", "--model", model, "--data", data, "--users=all",
      "--n=3", "--quiet", "--format=csv")))
    assert.equal(3 * #dataset.users, #list)
    for i = 1, 15, 3 do
      local expected = loaded:adapt(given(list[i].user)):recommend { n = 3 }
      for k = 1, 3 do
        local row = list[i + k - 1]
        assert.same({ list[i].user, tostring(k), expected[k].item, expected[k].title },
          { row.user, row.rank, row.item, row.title })
        assert.near(expected[k].score, tonumber(row.score), 1e-5)
      end
    end
    local file = root .. "/ids"
    assert(core.write_file(file, ("%s\nnobody\n%s\n"):format(list[4].user, list[1].user)))
    local out = root .. "/lists.json"
    local output, errors = runs("recommend", "--model", model, "--data", data, "--users", file,
      "--n=3", "--out", out)
    assert.equal("", output)
    assert.truthy(errors:find("--users: left out 1 of 3, of whom there is nothing: nobody", 1,
      true), errors)
    local decoded = core.json_decode(core.read_file(out))
    assert.equal(6, #decoded.recommendations)
    assert.equal(2, decoded.people)
    assert.equal(1, decoded.unknown)
    assert.equal(list[4].user, decoded.recommendations[1].user)
    assert.equal(list[4].item, decoded.recommendations[1].item)
    fails("--users: nobody is not known", "recommend", "--model", model, "--data", data, "--users",
      file, "--unknown=error")
    local text = runs("recommend", "--model", model, "--data", data, "--users", file, "--n=1",
      "--quiet")
    assert.truthy(text:find("^" .. list[4].user .. "\n  1 "), text)
  end)

  it("recommend takes supports of many people from a file", function()
    local loaded = assert(cmml.load(model))
    local items, file = loaded.catalogue.items, root .. "/supports"
    assert(core.write_file(file, ("b,%s,5\na,%s,1\nb,%s,2\na,nothing,3\nc,nothing,3\n"):format(
      items:text(1), items:text(2), items:text(3))))
    local output, errors = runs("recommend", "--model", model, "--support", file, "--users=all",
      "--n=2", "--format=json")
    local decoded = core.json_decode(output)
    local expected = loaded:adapt({ { items:text(1), 5 }, { items:text(3), 2 } }):recommend {
      n = 2 }
    assert.equal("b", decoded.recommendations[1].user)
    assert.equal(expected[2].item, decoded.recommendations[2].item)
    assert.equal(6, #decoded.recommendations)
    assert.same({ 3, 0, 2, 1 }, { decoded.people, decoded.unknown, decoded.support_left_out,
      decoded.without_support })
    assert.truthy(errors:find("support: left out 2 of 5 entries", 1, true), errors)
    assert.truthy(errors:find("1 of 3 people have no support left", 1, true), errors)
    output, errors = runs("recommend", "--model", model, "--support", file, "--users=all",
      "--items", ("nothing,%s,nowhere"):format(items:text(4)), "--format=json")
    decoded = core.json_decode(output)
    assert.same({ 2, 3 }, { decoded.items_left_out, #decoded.recommendations })
    assert.truthy(errors:find("--items: left out 2 of 3, unknown to the model: nothing, nowhere", 1,
      true), errors)
    fails("--items: item nothing is not among the 49", "recommend", "--model", model, "--support",
      file, "--users=all", "--items=nothing", "--unknown=error")
    fails("user a: item nothing is not among the 49", "recommend", "--model", model, "--support",
      file, "--users=all", "--unknown=error")
    fails("--users needs --data", "recommend", "--model", model, "--users=all")
    fails("--data is for --users", "recommend", "--model", model, "--data", data)
    fails("--users and --user exclude each other", "recommend", "--model", model, "--data", data,
      "--users=all", "--user=age=1")
    fails("--users: ", "recommend", "--model", model, "--data", data, "--users", root .. "/no")
  end)

  it("recommend reads people, items and supports as every command reads files", function()
    local items = assert(cmml.load(model)).catalogue.items
    local one, two = items:text(1), items:text(2)
    local function written(name, text)
      return temporary.write(root, name, text)
    end
    local function lists(support, ...)
      return (runs("recommend", "--model", model, "--n=1", "--support", support, ...))
    end
    local plain = written("plain", ("b,%s,5\na,%s,1\n"):format(one, two))
    local expected = lists(plain, "--users=all")
    for name, text in pairs {
      tabs = ("user\titem\trating\nb\t%s\t5\na\t%s\t1\n"):format(one, two),
      bom = ("\xEF\xBB\xBFb;%s;5\r\na;%s;1\r\n"):format(one, two) } do
      assert.equal(expected, lists(written(name, text), "--users=all"))
    end
    expected = lists(plain, "--users=all", "--items", written("items", two .. "\n"))
    assert.truthy(expected:find("  " .. two .. " ", 1, true), expected)
    assert.equal(expected, lists(plain, "--users=all", "--items", written("bom",
      "\xEF\xBB\xBFitem\r\n" .. two .. "\r\n")))
    expected = lists(plain, "--users", written("people", "a\n"))
    assert.matches("^a\n", expected)
    assert.equal(expected, lists(plain, "--users", written("utf16", "\xFF\xFEa\0\n\0")))
    fails("--users: none of the 1 people is known", "recommend", "--model", model, "--support",
      plain, "--users", written("comma", "a, b\n"))
  end)

  it("info gives everything as JSON and CSV, and the parameters as records", function()
    local decoded = core.json_decode((runs("info", "--model", model, "--format=json")))
    local loaded = assert(cmml.load(model))
    assert.equal("cmml", decoded.kind)
    assert.equal(49, decoded.items)
    assert.equal(loaded.options.encoder, decoded.options.encoder)
    assert.equal(loaded.options.encoder_detach, decoded.options.encoder_detach)
    local sum = 0
    for _, row in ipairs(records_of((runs("info", "--model", model, "--format=csv",
      "--parameters")))) do
      sum = sum + tonumber(row.count)
    end
    assert.equal(decoded.parameters, sum)
    local facts = {}
    for _, row in ipairs(records_of((runs("info", "--model", model, "--format=csv")))) do
      facts[row.name] = row.value
    end
    assert.equal("49", facts.items)
    assert.equal(loaded.options.encoder, core.json_decode(facts.options).encoder)
  end)

  it("writes files whole or not at all, in the format of their end", function()
    local out = root .. "/table.csv"
    local _, errors = runs("evaluate", "--data", data, "--model", model, "--draws=1",
      "--baselines=none", "--out", out)
    assert.truthy(errors:find("evaluation written to " .. out, 1, true), errors)
    assert.equal(4, #records_of(core.read_file(out)))
    runs("info", "--model", model, "--out", root .. "/info.txt", "--quiet")
    assert.truthy(core.read_file(root .. "/info.txt"):find "^kind +cmml")
    fails("--out: ", "info", "--model", model, "--out", root .. "/none/info.txt")
    fails("format", "info", "--model", model, "--format=xml")
  end)
end)

describe("cmml on scenarios", function()
  local root, tags, model

  setup(function()
    root = temporary.folder()
    tags = scenario_cli.folder(core, root .. "/tags", "lastfm")
    scenario_cli.runs(scenario_cli.train(tags, root .. "/out", "--quiet"))
    model = root .. "/out/best.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("evaluate compares with the best simple rival, by scenarios", function()
    local text = scenario_cli.runs("evaluate", "--data", tags, "--model", model)
    assert.truthy(text:find "paired%s+bootstrap%s+over%s+scenarios", text)
    assert.truthy(text:find("is better than", 1, true) or text:find("is ahead of", 1, true)
      or text:find("have the same mean", 1, true), text)
    local decoded = core.json_decode((runs("evaluate", "--data", tags, "--model", model,
      "--format=json", "--quiet")))
    local of = {}
    for _, row in ipairs(decoded.results) do
      of[row.model .. row.metric] = row
      assert.equal(0, row.not_finite)
    end
    local own = of["CMML, seed 1recall@10"]
    assert.near(own.mean - of[own.rival .. "recall@10"].mean, own.difference, 1e-12)
  end)

  it("recommend ranks for many users after one support", function()
    local loaded = assert(cmml.load(model))
    local adapted = loaded:adapt { { "1", "5", 1 }, { "2", "6", 1 } }
    local list = records_of((runs("recommend", "--model", model, "--users=all",
      "--liked=1=5,2=6", "--n=2", "--format=csv", "--quiet")))
    assert.equal(2 * #loaded.catalogue.users, #list)
    for i = 1, #list, 2 do
      local expected = adapted:recommend { user = list[i].user, n = 2 }
      assert.equal(expected[1].item, list[i].item)
      assert.equal(expected[2].item, list[i + 1].item)
    end
  end)
end)
