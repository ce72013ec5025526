-- The benchmark runs without a peer, its numbers are those of what it ran, and its tables come from
-- them.
local child = require "spec.support.child"
local core = require "cmml.core"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"

-- A script of the benchmark with words behind it, in a process of its own.
local function run(script, ...)
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = ("%q"):format(word)
  end
  return child(([[
    arg = { [0] = %q, %s }
    dofile(arg[0])
  ]]):format("bench/" .. script, table.concat(words, ", ")))
end

local function write(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

describe("the benchmark", function()
  it("times the cases that were asked for and counts their work", function()
    local output, ok = run("run.lua", "--no-peer", "--csv", "--rounds", "1", "--cases",
      "chain,gemm")
    assert.is_true(ok, output)
    local head, gemm, chain =
      output:match "\n(case,[^\n]*)\nsgemm[^\n]*\n(gemm[^\n]*)\n(chain[^\n]*)\n$"
    assert.equal("case,peer,seconds,peer_seconds,ratio,mflop,gflops,peak_mb_first,peak_mb_last",
      head)
    local seconds, mflop, gflops = gemm:match "^gemm,,([%d.e-]+),,,([%d.]+),([%d.]+),,$"
    assert.near(2 * 1024 ^ 3 / 1e6, tonumber(mflop), 0.01)
    assert.near(mflop / 1e3 / seconds, gflops, 1e-3 * gflops)
    assert.truthy(chain:find "^chain,,[%d.e-]+,,,0,0,,$")
  end)

  it("counts the work of a step of the scenario setting", function()
    local output, ok = run("run.lua", "--no-peer", "--csv", "--rounds", "1", "--cases",
      "scenario_one")
    assert.is_true(ok, output)
    local mflop = tonumber(output:match "\nscenario_one,,[%d.e-]+,,,([%d.]+),[%d.]+,,\n$")
    -- the recurrent part of the GRU alone (the first step multiplies nothing), and every row
    -- through every layer
    local recurrent, rows = 2 * 256 * 768, 2 * (128 * 64 + 64 * 64 * 2) * 2 + 2 * 3 * 64 * 128
    local least = 127 * 2 * recurrent + 128 * recurrent
    local most = 3 * (128 * (recurrent + 2 * 130 * 768) + 256 * (rows + 128)
      + 2 * (256 * 256 + 256 * 128))
    assert.is_true(mflop and mflop > least / 1e6 and mflop < most / 1e6, output)
  end)

  it("counts the work of a step of SASRec, which has no padding", function()
    local output, ok = run("run.lua", "--no-peer", "--csv", "--rounds", "1", "--cases", "sasrec")
    assert.is_true(ok, output)
    local mflop = tonumber(output:match "\nsasrec,,[%d.e-]+,,,([%d.]+),[%d.]+,,\n$")
    local path = write ""
    output, ok = child(([[
      package.path = "bench/?.lua;" .. package.path
      assert(require("sasrec").export(require "cmml", nil, %q))
    ]]):format(path))
    assert.is_true(ok, output)
    local lengths
    for _, entry in ipairs(assert(core.read_archive(path)).tensors) do
      lengths = entry.name == "batch.6.lengths" and entry.value or lengths
    end
    os.remove(path)
    local rows, pairs_of = 0, 0
    for _, n in ipairs(lengths) do
      rows, pairs_of = rows + n, pairs_of + n * n
    end
    -- maps of two layers and the softmax over 256 items, three times: forward, and backward to both
    -- factors; attention at most that of whole vectors of keys, for each
    local maps = 3 * rows * 2 * (2 * (4 * 64 ^ 2 + 2 * 64 * 256) + 256 * 64)
    local most = maps + 2 * 6 * 2 * 64 * (pairs_of + 16 * rows)
    assert.is_true(mflop * 1e6 > maps and mflop * 1e6 < most, ("%g %g"):format(mflop, maps / 1e6))
  end)

  it("serves the presets for ratings and for lists, and tells the sizes of their files", function()
    local folder = temporary.folder()
    people.write(core, folder, { users = 40, items = 30, rated = 12 })
    local output, ok = run("run.lua", "--no-peer", "--csv", "--rounds", "1", "--data", folder,
      "--cases", "served_adapt,served_top,lists_adapt,lists_top")
    temporary.remove(folder)
    assert.is_true(ok, output)
    for _, case in ipairs { "served_adapt", "served_top", "lists_adapt", "lists_top" } do
      assert.is_true(tonumber(output:match("\n" .. case .. ",,([%d.e-]+),")) > 0, output)
    end
    local items, a, b, both = output:match("# served: (%d+) items; file of recommended ([%d.]+) "
      .. "MB, of recommended/lists ([%d.]+) MB, of both ([%d.]+) MB\n")
    assert.equal("30", items)
    assert.is_true(tonumber(a) > 0 and tonumber(both) > tonumber(b), output)
  end)

  it("serves frozen models, and counts what is left of their products", function()
    local folder = temporary.folder()
    people.write(core, folder, { users = 40, items = 30, rated = 12 })
    local output, ok = run("run.lua", "--no-peer", "--csv", "--rounds", "1", "--data", folder,
      "--cases", "frozen_score,frozen_start_lua,frozen_ids,frozen_observe,frozen_adapt,"
      .. "frozen_lists_adapt,frozen_observe_factors,frozen_top,frozen_lists_top")
    temporary.remove(folder)
    assert.is_true(ok, output)
    for case in ("frozen_start_lua frozen_ids frozen_observe frozen_adapt frozen_lists_adapt "
      .. "frozen_observe_factors frozen_top frozen_lists_top"):gmatch "%S+" do
      assert.is_true(tonumber(output:match("\n" .. case .. ",,([%d.e-]+),")) > 0, case)
    end
    -- the hypernetwork's first map by the item, its second, the heads; of the backbone what follows
    -- the first map (doc/performance.md)
    local left = 2 * 128 * 256 + 2 * 256 ^ 2 + 2 * 2 * 256 * 128 + 2 * (64 ^ 2 + 64)
    local mflop = tonumber(output:match "\nfrozen_score,,[%d.e-]+,,,([%d.]+),")
    assert.near(1000 * left / 1e6, mflop, 1e-3)
    for _, name in ipairs { "published%-code", "ratings", "lists", "factors" } do
      assert.truthy(output:find("# frozen " .. name .. ": %d+ items, [%d.]+ MB beside the weights; "
        .. "%d+ scores [%d.]+ ms, .- leave 0 bytes of Lua\n"), output)
    end
  end)

  it("compares lists of a frozen model with those of the live one, and of candidates", function()
    local folder = temporary.folder()
    people.write(core, folder, { users = 40, items = 30, rated = 12 })
    local cmml = require "cmml"
    local data = assert(cmml.cold_users(assert(cmml.movielens(folder))))
    local path = folder .. "/model.safetensors"
    assert(cmml.freeze(cmml.cmml(data.catalogue, people.small(1)), { retrieval = true }):save(path))
    local output, ok = run("agreement.lua", "--model", path, "--data", folder, "--people", "5")
    local missing, found = run("agreement.lua", "--model", folder .. "/no", "--data", folder)
    temporary.remove(folder)
    assert.is_true(ok, output)
    assert.matches("^5 cold people: the frozen model's ten best are the live one's for 5, scores",
      output)
    assert.matches("\n500 candidates of 30: the ten best of all items for 5\n", output)
    assert.is_false(found)
    assert.matches("bench: cannot open .*/no: No such file", missing)
  end)

  it("solves ALS and judges it, without the peer where there is none", function()
    local folder = temporary.folder()
    people.write(core, folder, { users = 40, items = 30, rated = 12 })
    local output, ok = run("cf.lua", "--data", folder, "--python", "false", "--rounds", "1",
      "--factors", "4")
    temporary.remove(folder)
    assert.is_true(ok, output)
    local recall = output:match "\ncmml +[%d.]+ s  recall@20 ([%d.]+)\nno peer: [^\n]+\n$"
    assert.truthy(recall and tonumber(recall) > 0.5 and tonumber(recall) <= 1, output)
  end)

  it("measures loading, recommending and item-kNN on made ratings", function()
    local output, ok = run("scale.lua", "--ratings", "6000", "--items", "3000,5000", "--rounds",
      "1", "--times")
    assert.is_true(ok, output)
    local count, times = output:match "^load +(%S+) ratings, [%d.]+ MB: [%d.]+ s, ([%d.e+]+) times"
    assert.is_true(tonumber(count) > 2000 and tonumber(count) < 12000 and tonumber(times) > 0,
      output)
    assert.matches("peak of anonymous memory [%d.]+ MB", output)
    assert.matches("recommend  10 of 3000 items: [%d.]+ ms, extra memory [%d.]+ MB\n", output)
    assert.matches("recommend  10 of 5000 items: ", output)
    for _, preset in ipairs { "recommended", "recommended/lists" } do
      assert.matches("frozen     " .. preset .. ", a click and 10 of 5000 items: [%d.]+ ms; ",
        output)
    end
    assert.matches("item%-kNN +%d+ ratings, %S+ pairs: [%d.]+ s, [%d.]+ ns a pair", output)
    assert.matches("the larger takes [%d.]+ times as long a pair\n$", output)
  end)

  it("trains MeLU on real ratings and writes what a peer needs to do the same", function()
    local folder = temporary.folder()
    people.write(core, folder, { users = 60, items = 30, rated = 12 })
    local out = folder .. "/out"
    local output, ok = run("melu_ratings.lua", "--data", folder, "--out", out, "--seeds", "2",
      "--epochs", "1")
    assert.is_true(ok, output)
    local function read(name)
      return assert(core.json_decode(assert(core.read_file(out .. "/" .. name))))
    end
    local settings = read "settings.json"
    assert.same({ 5, 0.01, 1 }, { settings.inner_steps, settings.inner_rate, settings.epochs })
    local function by_name(name)
      local found = {}
      for _, entry in ipairs(assert(core.read_archive(out .. "/" .. name)).tensors) do
        found[entry.name] = entry.value
      end
      return found
    end
    local data, check = by_name "data.safetensors", by_name "check.safetensors"
    local learnt = {}
    for _, person in ipairs(data.train) do
      learnt[person] = true
    end
    for draw = 1, settings.draws do
      local here = ("test.%d."):format(draw)
      for t, person in ipairs(data[here .. "people"]) do
        assert.is_nil(learnt[person])
        assert.same({ 6, 6 }, { data[here .. "support_lengths"][t],
          data[here .. "query_lengths"][t] })
      end
    end
    assert.equal("1", output:match "\n2\t(%d+)\t[%d.]+\t[%d.]+\t[%d.]+\n")
    for seed = 1, 2 do
      local found, sum = read(("cmml-%d.json"):format(seed)), 0
      for _, value in ipairs(found.mae) do
        sum = sum + value
      end
      assert.equal(#data["test.1.people"], #found.mae)
      assert.near(sum / #found.mae, tonumber(output:match(
        ("# seed %d: mae ([%%d.]+)\n"):format(seed))), 6e-5)
      assert.is_true(#data[("valid.%d.2.people"):format(seed)] > 0)
    end
    -- the losses are those of weights that learn
    local losses = check.losses:totable()
    assert.is_true(#losses == 10 and losses[10] < losses[1], output)
    for name in pairs(check) do
      local parameter = name:match "^param%.(.*)"
      assert.is_true(not parameter or check["grad." .. parameter] ~= nil, parameter)
    end
    for preset, what in pairs { published = "order first", ["recommended/base"] = "loss absolute",
      none = "there is no preset none" } do
      output, ok = run("melu_ratings.lua", "--data", folder, "--out", folder .. "/refused",
        "--preset", preset)
      assert.is_false(ok)
      assert.truthy(output:find(what, 1, true), output)
    end
    assert.is_false(core.exists(folder .. "/refused"))
    temporary.remove(folder)
  end)

  it("shows its options, whatever is missing, and refuses what it does not know", function()
    for _, script in ipairs { "cf", "fold_in", "melu_ratings", "run", "scale", "training" } do
      local output, ok = run(script .. ".lua", "--help")
      assert.is_true(ok, output)
      assert.truthy(output:find(("usage: lua5.4 bench/%s.lua "):format(script), 1, true), output)
      assert.truthy(output:find("--help", 1, true), output)
      output, ok = run(script .. ".lua", "--halp")
      assert.is_false(ok)
      assert.truthy(output:find("bench: unknown option --halp", 1, true), output)
    end
  end)

  it("names the cases when one is unknown", function()
    local output, ok = run("run.lua", "--cases", "gem")
    assert.is_false(ok)
    assert.truthy(output:find("there is no case gem; there are gemm,", 1, true), output)
  end)

  it("renews the tables of a document and leaves the rest", function()
    local results = write("# one machine\ncase,peer,seconds,peer_seconds,ratio,mflop,gflops,"
      .. "peak_mb_first,peak_mb_last\nstep,,0.002,,,10.0,5.0,,\nstep,step,0.002,0.008,4.0,,,,\n"
      .. "training,,3.5,,,,,50.5,51.5\n")
    local document = write("before\n<!-- figures: x -->\nold\n<!-- end of figures -->\nafter\n")
    for _ = 1, 2 do -- twice: what it wrote it can replace
      local output, ok = run("figures.lua", results, document)
      assert.is_true(ok, output)
    end
    local file = assert(io.open(document))
    local text = file:read "a"
    file:close()
    os.remove(results)
    os.remove(document)
    assert.truthy(text:find "^before\n<!%-%- figures: x %-%->\n\none machine%.\n")
    assert.truthy(text:find("| `step` | 2.00 ms | 10.0 | 5.0 |", 1, true))
    assert.truthy(text:find("| `step` | `step` | 2.00 ms | 8.00 ms | 4.00 |", 1, true))
    assert.truthy(text:find("| cmml | 3.500 s | 50.5 | 51.5 |", 1, true))
    assert.truthy(text:find "\n<!%-%- end of figures %-%->\nafter\n$")
    assert.is_nil(text:find "old")
  end)
end)
