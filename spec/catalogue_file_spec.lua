-- What a model file keeps of a catalogue, in either setting: the entries of format 1, so that files
-- of an earlier version load, and are the same when they are saved again.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local core = cmml.core

local function names_of(entries)
  local names = {}
  for i, entry in ipairs(entries) do
    names[i] = entry.name:match "^catalogue%.(.+)$"
  end
  return names
end

local function bytes_of(value)
  return type(value) == "table" and table.concat(value, " ") or type(value) == "string" and value
    or value:tobytes()
end

describe("an exported catalogue", function()
  it("of users has items with fields, and the values that fields of people can have", function()
    local entries, schema = people.data(cmml, { users = 20, items = 8,
      rated = 5 }).catalogue:export()
    assert.same({ "items.bytes", "items.offsets", "values.kind.bytes", "values.kind.offsets",
      "ids.kind", "values.tags.bytes", "values.tags.offsets", "ids.tags", "lengths.tags",
      "values.age.bytes", "values.age.offsets", "titles" }, names_of(entries))
    assert.same({ setting = "users", item = { { name = "kind", multi = false },
      { name = "tags", multi = true } }, user = { { name = "age", multi = false } },
      unknown = "zero", min_count = 1 }, schema)
  end)

  it("of scenarios has ids and vectors of both sides, and counts", function()
    local split = scenario_world.data(cmml):split {}
    local vectors = split:vectors { factors = 2, iterations = 1 }
    local entries, schema = split:catalogue(vectors):export()
    assert.same({ "users.bytes", "users.offsets", "users.vectors", "items.bytes", "items.offsets",
      "items.vectors", "counts" }, names_of(entries))
    assert.same({ "scenarios", "als" }, { schema.setting, schema.vectors })
    assert.same({ "users.bytes", "users.offsets", "items.bytes", "items.offsets", "counts" },
      names_of((split:catalogue():export())))
    local titled = cmml.scenarios.catalogue { vectors = vectors, users = split.data.users,
      items = split.data.items, titles = { "one" } }
    entries = titled:export()
    assert.equal("catalogue.titles", entries[#entries].name)
  end)
end)

describe("a file of format 1", function()
  local listed = dofile "spec/files_of_format_1/truth.lua"

  for name in pairs(listed) do
    it("has the same entries when it was loaded and saved: " .. name, function()
      local path = ("spec/files_of_format_1/%s.safetensors"):format(name)
      local before = assert(core.read_archive(path))
      local copy = os.tmpname()
      local model, found = assert(cmml.load(path))
      assert(cmml.save(model, copy, { notes = found.notes }))
      local after = assert(core.read_archive(copy))
      os.remove(copy)
      assert.equal(before.metadata.format_version, after.metadata.format_version)
      assert.equal(#before.tensors, #after.tensors)
      for i, entry in ipairs(before.tensors) do
        assert.equal(entry.name, after.tensors[i].name)
        assert.equal(bytes_of(entry.value), bytes_of(after.tensors[i].value), entry.name)
      end
      local was = core.json_decode(before.metadata.config)
      local is = core.json_decode(after.metadata.config)
      assert.same(was.options, is.options)
      assert.same(was.notes, is.notes)
      assert.equal(model.kind, is.kind)
      assert.equal(model.setting.name, is.schema.setting)
    end)
  end

  it("of a setting or kind that nobody declared is refused, saying so", function()
    local path = os.tmpname()
    local function loaded(change)
      local archive = assert(core.read_archive "spec/files_of_format_1/users_item_mean.safetensors")
      local config = core.json_decode(archive.metadata.config)
      change(config)
      for i, entry in ipairs(archive.tensors) do
        archive.tensors[i] = { name = entry.name, value = entry.value }
      end
      archive.metadata.config = require("cmml.base.json").encode(config)
      assert(core.write_archive(path, archive.tensors, archive.metadata))
      local model, message = cmml.load(path)
      return assert(model, message)
    end
    refused("the setting sequences is not known", loaded, function(config)
      config.schema.setting = "sequences"
    end)
    refused("no recommender of kind sasrec is known for ratings of users; if it is of your own, "
      .. "register it first (--modules)", loaded, function(config)
      config.kind = "sasrec"
    end)
    refused("no recommender of kind scenario_cmml is known for ratings of users", loaded,
      function(config)
        config.kind = "scenario_cmml" -- a former name, of the other setting
      end)
    os.remove(path)
  end)
end)
