-- Files that are no model, or a model made to do harm: refused with the reason, at no great cost.
local cmml = require "cmml"
local json = require "cmml.base.json"
local people = require "spec.support.people"
local told = require "spec.support.refused"
local core = cmml.core

local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

describe("a file that is no such model", function()
  local path, archive

  before_each(function()
    path = os.tmpname()
    assert(cmml.cmml(data.catalogue, people.small(4)):save(path))
    archive = assert(core.read_archive(path))
    for i, entry in ipairs(archive.tensors) do
      archive.tensors[i] = { name = entry.name, value = entry.value }
    end
  end)

  after_each(function()
    os.remove(path)
  end)

  local function refused(text)
    told.with_message(text, cmml.load, path)
  end

  -- The file with another configuration.
  local function with(change)
    local metadata = {}
    for key, value in pairs(archive.metadata) do
      metadata[key] = value
    end
    local config = core.json_decode(metadata.config)
    local whole = change(config, metadata)
    metadata.config = metadata.config and (whole or json.encode(config))
    assert(core.write_archive(path, archive.tensors, metadata))
  end

  it("is refused with the reason: missing, foreign, of another format or a newer one", function()
    local model, message = cmml.load "/no/such/file"
    assert.is_nil(model)
    assert.truthy(message:find("cannot open /no/such/file", 1, true), message)
    assert(core.write_file(path, "#!/bin/sh\n"))
    refused "is not a safetensors file"
    assert(core.write_archive(path, {}, {}))
    refused(path .. ": a safetensors file, but not a cmml model")
    with(function(_, metadata)
      metadata.format_version = "3"
    end)
    refused "model format 3; this library reads up to 2: update it"
    for _, version in ipairs { "1.5", "", "x", "99999999999999999999" } do
      with(function(_, metadata)
        metadata.format_version = version
      end)
      refused("model format " .. version)
    end
    with(function(_, metadata)
      metadata.format_version = nil
    end)
    refused "model format nil"
  end)

  it("is refused with the version that wrote it, and what to do", function()
    with(function(config, metadata)
      config.options.width, metadata.library_version = 5, "cmml 0.0.7\27"
    end)
    refused("train the model again, or use the version that wrote it (written by "
      .. "cmml 0.0.7\\27; this is " .. cmml._VERSION .. ")")
    with(function(config, metadata)
      config.options.width, metadata.library_version = 5, nil
    end)
    refused "(written by no known version; this is "
  end)

  it("is refused when its configuration is no configuration", function()
    for _, text in ipairs { "", "{", "[1", '"x"', "17", "null", "[]", "{}", '{"kind":"cmml"}',
      '{"kind":"cmml","options":[],"schema":17}', '{"kind":["cmml"],"options":{},"schema":{}}' } do
      with(function()
        return text
      end)
      local model, message = cmml.load(path)
      assert.is_nil(model)
      assert.equal("string", type(message))
      assert.falsy(message:find("attempt to", 1, true), message)
    end
    with(function(_, metadata)
      metadata.config = nil
    end)
    refused(path)
  end)

  local hostile = {
    { "unknown kind", "no recommender of kind magic is known", function(config)
      config.kind = "magic"
    end },
    { "a width that the weights do not have", "ask for a parameter of shape", function(config)
      config.options.width = 5
    end },
    { "an enormous width", "ask for a parameter of shape", function(config)
      config.options.width = 1 << 40
    end },
    { "an enormous layer", "ask for a parameter of shape", function(config)
      config.options.backbone = { 2000000000, 2000000000 }
    end },
    { "very many layers", "", function(config)
      for i = 1, 100000 do
        config.options.encoder_widths[i] = 8
      end
    end },
    { "a negative width", "", function(config)
      config.options.width = -4
    end },
    { "text for a number", 'option width must be an integer, not "4"', function(config)
      config.options.width = "4"
    end },
    { "a fraction", "option label_hidden must be an integer", function(config)
      config.options.label_hidden = 4.5
    end },
    { "a number for a list", "option backbone must be a list", function(config)
      config.options.backbone = 8
    end },
    { "null", "", function()
      return '{"kind":"cmml","options":{"width":null},"schema":{"item":[],"user":[]}}'
    end },
    { "an unknown option", "unknown option __gc", function(config)
      config.options.__gc = 1
    end },
    { "an encoder that is none", 'encoder "__index" is not known', function(config)
      config.options.encoder = "__index"
    end },
    { "an activation that is none", 'activation "system" is not known', function(config)
      config.options.activation = "system"
    end },
    { "modules beyond all bounds", "option modules must be an integer", function(config)
      config.options.modulation, config.options.modulation_options = "soft", { modules = 1e300 }
    end },
    { "more modules than weights", "ask for a parameter of shape", function(config)
      config.options.modulation, config.options.modulation_options = "soft", { modules = 1 << 40 }
    end },
    { "a generator without width", "hidden entry 1 must be at least 1", function(config)
      config.options.hybrid = "generator"
      config.options.hybrid_options = { hidden = { 0, 1 << 40 } }
    end },
    { "sizes that the network gives", "widths is given by the network", function(config)
      config.options.encoder_options = { widths = { 1 << 40 } }
    end },
    { "no fields", "", function(config)
      config.schema.item, config.schema.user = {}, {}
    end },
    { "a field that is not in the file", "catalogue.values.zip.bytes is missing", function(config)
      config.schema.user[1].name = "zip"
    end },
    { "a field without a name", "schema: field 1 of item must be", function(config)
      config.schema.item[1].name = nil
    end },
    { "a field with the name of a method", "", function(config)
      config.schema.user[1].name = "forward"
    end },
    { "unknown values learned, which were not", "ask for a parameter of shape", function(config)
      config.schema.unknown, config.schema.min_count = "learned", 2
    end },
    { "the kind of another model", "", function(config)
      config.kind = "item_mean"
    end },
  }
  for _, case in ipairs(hostile) do
    it("is refused with " .. case[1], function()
      with(case[3])
      collectgarbage()
      local before = core.memory()
      local began = core.clock()
      refused(case[2])
      assert.truthy(core.clock() - began < 5)
      assert.truthy(core.memory().total - before.total < 50e6)
    end)
  end

  it("is refused when a tensor is missing, of another shape or kind, or not finite", function()
    local original = archive.tensors
    local function replaced(name, value)
      archive.tensors = {}
      for _, entry in ipairs(original) do
        if entry.name ~= name then
          table.insert(archive.tensors, entry)
        elseif value then
          table.insert(archive.tensors, { name = name, value = value })
        end
      end
      with(function() end)
    end
    local name = "model.backbone.0.weight"
    replaced(name, nil)
    refused "ask for a parameter of shape 8x12, but the file holds"
    replaced(name, core.full({ 8, 11 }, 0))
    refused "ask for a parameter of shape 8x12"
    replaced(name, "bytes")
    refused(name .. " is not an array of floating-point numbers")
    replaced(name, core.full({ 8, 12 }, 1 / 0))
    refused(name .. " holds numbers that are not finite")
    replaced("model.backbone.0.bias", core.full({ 8 }, 0 / 0))
    refused "holds numbers that are not finite"
    replaced("catalogue.ids.kind", { 1, 2 })
    refused "field kind does not fit the 12 items"
    replaced("catalogue.items.offsets", { 0, 1 })
    refused(path)
  end)

  it("is refused by the command evaluate for notes that are none", function()
    local run = cmml.commands:get("evaluate").run
    for key, value in pairs { test_users = "/dev/zero", cap = "many", valid = {} } do
      with(function(config)
        config.notes = { [key] = value }
      end)
      local ok, message = pcall(run, { model = { path }, data = "/no/such/folder" })
      assert.is_false(ok)
      assert.truthy(message:find(("%s: notes: option %s must be"):format(path, key), 1, true),
        message)
    end
  end)
end)
