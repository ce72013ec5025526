-- Going on with a run whose files are not what they were: interrupted between two of them, one
-- replaced by another run's, or damaged anywhere.
local cmml = require "cmml"
local json = require "cmml.base.json"
local people = require "spec.support.people"
local refused = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })

local function fresh(seed)
  return cmml.cmml(data.catalogue, people.small(seed))
end

describe("resuming", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function run(options, model)
    model = model or fresh()
    options.out = options.out or folder
    return cmml.train(model, data, people.training(options)), model
  end

  local function read(name)
    return core.read_file(folder .. "/" .. name)
  end

  it("writes the log anew where an interruption left it a line short", function()
    run { epochs = 3 }
    local whole = read "log.csv"
    assert(core.write_file(folder .. "/log.csv", whole:gsub("3,[^\n]*\n$", "")))
    assert.not_equal(whole, read "log.csv")
    run { epochs = 3, resume = true }
    assert.equal(whole, read "log.csv")
    os.remove(folder .. "/log.csv")
    run { epochs = 3, resume = true }
    assert.equal(whole, read "log.csv")
  end)

  it("goes on where it was interrupted between best and last model", function()
    local _, whole = run { epochs = 3, choose = "last", out = folder .. "/whole" }
    run { epochs = 2, choose = "last" }
    local last = read "last.safetensors"
    run { epochs = 3, choose = "last", resume = true }
    assert(core.write_file(folder .. "/last.safetensors", last))
    local _, again = run { epochs = 3, choose = "last", resume = true }
    assert.equal(people.bits(whole), people.bits(again))
  end)

  it("refuses a best model of another run, and leaves everything as it was", function()
    local function other(options)
      options.out, options.epochs = folder .. "/other", 3
      temporary.remove(options.out)
      run(options, options.model)
      options.model = nil
      return assert(core.read_file(options.out .. "/best.safetensors"))
    end
    run { epochs = 3 }
    local own, last, log = read "best.safetensors", read "last.safetensors", read "log.csv"
    for _, best in ipairs { other { seed = 9 }, other { lr = 0.02 }, other { batch = 8 } } do
      assert(core.write_file(folder .. "/best.safetensors", best))
      local model = fresh(5)
      local before = people.bits(model)
      refused.with_text("cannot resume: " .. folder .. "/best.safetensors is not of this run", run,
        { epochs = 4, resume = true }, model)
      assert.equal(before, people.bits(model))
      assert.equal(best, read "best.safetensors")
      assert.equal(last, read "last.safetensors")
      assert.equal(log, read "log.csv")
    end
    os.remove(folder .. "/best.safetensors")
    refused.with_text("cannot resume: cannot open " .. folder .. "/best.safetensors", run,
      { epochs = 4, resume = true })
    assert(core.write_file(folder .. "/best.safetensors", own))
    assert.equal(4, run({ epochs = 4, resume = true }).epoch)
  end)

  it("refuses an older best model of the same run", function()
    run { epochs = 1 }
    local first = read "best.safetensors"
    local result = run { epochs = 4, resume = true, choose = "best" }
    assert.truthy(result.best_epoch > 1)
    assert(core.write_file(folder .. "/best.safetensors", first))
    refused.with_text("is not of this run, whose best epoch was " .. result.best_epoch, run,
      { epochs = 5, resume = true })
  end)

  it("tells what differs as people write it, not as JSON", function()
    run { epochs = 2, schedule = "cosine", clip_norm = 1 }
    local function differs(text, options, model)
      options.epochs, options.schedule = options.epochs or 2, options.schedule or "cosine"
      options.clip_norm, options.resume = options.clip_norm or 1, true
      local ok, message = pcall(run, options, model)
      assert.is_false(ok)
      assert.equal("train: cannot resume: " .. text .. "; give what the run began with, or train "
        .. "anew in another folder", message)
    end
    differs("steps of the schedule was 4, now it is 8 (a schedule is as long as the run, unless "
      .. "its steps are given: epochs, batch and the data decide it)", { epochs = 4 })
    differs("kind of the schedule was cosine, now it is plateau",
      { schedule = { kind = "plateau" } })
    differs("clip_norm was 1, now it is 2", { clip_norm = 2 })
    differs("optimizer was adam, now it is adamw", { optimizer = "adamw" })
    differs("width was 4, now it is 5", {}, cmml.cmml(data.catalogue, { preset = "published-code",
      width = 5, encoder_widths = { 8 }, label_hidden = 4, backbone = { 8, 8 }, hyper = { 8, 8 } }))
    differs("conditions of mine was not given, now it is a list of 9",
      { conditions = { ["conditions of mine"] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } })
    local args = require "cmml.base.args"
    args.spell_options(true)
    local ok, message = pcall(differs, "--clip-norm was 1, now it is 2", { clip_norm = 2 })
    args.spell_options(false)
    assert.is_true(ok, message)
  end)

  -- Every place of plain data below a table, as lists of keys.
  local function places(value, where, list)
    if type(value) == "table" then
      for key, inner in pairs(value) do
        local place = table.move(where, 1, #where, 1, {})
        place[#place + 1] = key
        list[#list + 1] = place
        places(inner, place, list)
      end
    end
    return list
  end

  local gone = {}
  local values = { gone, core.json_null, "x", "1,0.5\n", -1, 0, 0.5, 7, 1e308, 1 << 62, true, {},
    { 1 }, { x = 1 } }

  -- A copy of plain data with another value at a place.
  local function changed(value, where, with, depth)
    local copy = {}
    for key, inner in pairs(value) do
      if key ~= where[depth] then
        copy[key] = inner
      elseif depth == #where then
        copy[key] = with ~= gone and with or nil
      else
        copy[key] = changed(inner, where, with, depth + 1)
      end
    end
    return copy
  end

  local archive, config, good

  local function write(config_text, entries)
    assert(core.write_archive(folder .. "/last.safetensors", entries or archive, {
      format = good.metadata.format, format_version = good.metadata.format_version,
      library_version = good.metadata.library_version, config = config_text }))
  end

  -- Resumes; whether it was refused. Nothing else may come of it.
  local function try(options, what)
    local model = fresh(5)
    local before, last = people.bits(model), read "last.safetensors"
    local ok, message = pcall(run, options, model)
    if not ok then
      assert.truthy(tostring(message):find "^train: cannot resume: ", what .. ": "
        .. tostring(message))
      assert.is_nil(message:find("attempt to", 1, true), what .. ": " .. message)
      assert.equal(before, people.bits(model), what)
      assert.equal(last, read "last.safetensors", what)
    end
    return not ok
  end

  for title, options in pairs {
    ["a warm-up and a cosine"] = { schedule = "cosine", warmup = 2 },
    ["a plateau"] = { schedule = "plateau", optimizer = "adamw" } } do
    it("is refused, or harmless, whatever was done to the state of a run with " .. title,
      function()
        options.epochs = 2
        run(options)
        good = assert(core.read_archive(folder .. "/last.safetensors"))
        archive, config = {}, assert(core.json_decode(good.metadata.config))
        for i, entry in ipairs(good.tensors) do
          archive[i] = { name = entry.name, value = entry.value }
        end
        options.resume = true
        assert.is_false(try(options, "as it was"))
        local refusals, tried = 0, 0
        for _, part in ipairs { "state", "schedule", "steps", "conditions", "epoch", "run" } do
          local where = places(config.notes[part], { "notes", part }, { { "notes", part } })
          for i, place in ipairs(where) do
            for k, value in ipairs(values) do
              if (i + k) % (part == "conditions" and 11 or 4) == 0 then
                local what = table.concat(place, ".") .. " = " .. tostring(value)
                local ok, text = pcall(json.encode, changed(config, place, value, 1))
                if ok then
                  write(text)
                  tried = tried + 1
                  refusals = refusals + (try(options, what) and 1 or 0)
                end
              end
            end
          end
        end
        assert.truthy(refusals > tried / 2 and refusals < tried, ("%d of %d"):format(refusals,
          tried))
        for i, entry in ipairs(archive) do
          local with = { gone, core.full({ 3 }, 1), { 1, 2 }, "text",
            core.full(cmml.is_tensor(entry.value) and entry.value.shape or { 1 }, -1 / 0) }
          local value = with[i % #with + 1]
          local entries = table.move(archive, 1, #archive, 1, {})
          entries[i] = { name = entry.name, value = value }
          if value == gone then
            table.remove(entries, i)
          end
          write(good.metadata.config, entries)
          try(options, entry.name .. " = " .. tostring(value))
        end
      end)
  end
end)
