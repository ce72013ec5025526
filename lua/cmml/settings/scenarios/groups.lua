--- Groups of items: from a function, or from a file that says which item is in which group.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local files = require "cmml.settings.scenarios.filters"
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local raise = args.error

local known = sets.declare("data.read_groups", {
  sets.changed(shared.unknown, {
    help = "what happens to items that have no interaction; skip: they are left out and counted" }),
  { name = "prefix", kind = "string", default = "", help = "text in front of each name" },
  { name = "delimiter", kind = "string", default = "\t", help = "delimiter of lines" },
  { name = "encoding", kind = "string", choices = { "utf-8", "latin-1" }, default = "utf-8",
    help = "encoding of lines" },
  { name = "header", kind = "string", choices = { "none", "skip", "names" }, default = "none",
    help = "what the first line is; names: item and group name their columns" },
  { name = "item", kind = "string", default = "item", help = "name of the column of items" },
  { name = "group", kind = "string", default = "group", help = "name of the column of groups" },
})

return function(cmml)
  local core = cmml.core

  -- Collects {name, item row} as columns.
  local function collector()
    local names, groups, rows = core.vocab(), {}, {}
    return {
      add = function(name, row)
        groups[#groups + 1], rows[#rows + 1] = names:add(name), row
      end,
      finish = function(unknown_items)
        local list = {}
        for g = 1, #names do
          list[g] = names:text(g)
        end
        return { names = list, group_ids = core.ids(groups), item_ids = core.ids(rows),
          unknown_items = unknown_items }
      end,
    }
  end

  --- Groups of items by what a function says of each.
  -- @tparam Vocab items raw ids
  -- @tparam function how of an item's row and raw id: the name of its group (a text or number), a
  -- list of names, or nil
  -- @treturn table names (list), group_ids, item_ids (Ids: the pairs), for `scenarios.data`
  function cmml.data.group_by(items, how)
    if not args.describe(items):find "^cmml%d*%.Vocab$" then
      raise("data.group_by: items must be a Vocab, not " .. args.describe(items), 2)
    elseif type(how) ~= "function" then
      raise("data.group_by: how must be a function, not " .. args.describe(how), 2)
    end
    local all = collector()
    for row = 1, #items do
      local given = how(row, items:text(row))
      for _, name in ipairs(type(given) == "table" and given or { given }) do
        if type(name) ~= "string" and math.type(name) ~= "integer" then
          raise(("data.group_by: the group of item %s must be a text, a whole number or a list of "
            .. "them, not %s"):format(args.quote(items:text(row)), type(name)), 2)
        end
        all.add(name, row)
      end
    end
    return all.finish(0)
  end

  -- Items of a JSON object in a fixed order: numbers by size, then texts.
  local function sorted(object)
    local keys = {}
    for key in pairs(object) do
      keys[#keys + 1] = key
    end
    plain.sort(keys, function(a, b)
      local x, y = plain.tonumber(a), plain.tonumber(b)
      if x and y and x ~= y then
        return x < y
      elseif (x == nil) ~= (y == nil) then
        return x ~= nil
      end
      return a < b
    end)
    return keys
  end

  local function unknown_item(path, item)
    return nil, ("data.read_groups: %s: item %s is unknown; %s leaves such out"):format(path,
      args.quote(item), args.option("unknown", "skip"))
  end

  -- An object: item to the name of its group or a list of names.
  local function read_object(path, items, opt)
    local text, message = core.read_file(path, true)
    if not text then
      return nil, message
    end
    local object
    object, message = core.json_decode(text, path)
    if object == nil then
      return nil, message
    elseif type(object) ~= "table" or object[1] ~= nil then
      return nil, ("data.read_groups: %s: an object was expected: item to its groups"):format(path)
    end
    local all, unknown = collector(), 0
    for _, item in ipairs(sorted(object)) do
      local row = items:id(item)
      if not row and opt.unknown == "error" then
        return unknown_item(path, item)
      end
      unknown = unknown + (row and 0 or 1)
      local given = object[item]
      local list = type(given) == "table" and given or { given }
      for _, name in ipairs(list[1] == nil and next(list) and { list } or list) do
        if type(name) ~= "string" and math.type(name) ~= "integer" then
          return nil, ("data.read_groups: %s: item %s has a group that is %s, not a text or a "
            .. "whole number"):format(path, args.quote(item), args.describe(name))
        elseif row then
          all.add(opt.prefix .. name, row)
        end
      end
    end
    return all.finish(unknown)
  end

  -- Lines of item and group.
  local function read_lines(path, items, opt)
    local strict = opt.unknown == "error"
    local data, message = args.call(core.read_table, path, {
      delimiter = opt.delimiter, header = opt.header, encoding = opt.encoding,
      columns = { { name = opt.item, known = strict, vocab = strict and items or nil },
        { name = opt.group } } })
    if not data then
      return nil, message
    end
    local item, group = data.columns[opt.item], data.columns[opt.group]
    return files.groups(core, items, item, group.ids, files.texts(group.vocab, opt.prefix))
  end

  --- Reads which items are in which groups: from a .json file, an object of item to the name of its
  -- group or a list of names; from any other file, lines of item and group, as often as an item is
  -- in groups.
  -- @tparam string path
  -- @tparam Vocab items of the interactions
  -- @tparam[opt] table options see below
  -- @treturn ?table for `scenarios.data`: names, group_ids, item_ids, unknown_items; nil if the
  -- file is missing, malformed or names unknown items
  -- @treturn ?string message with the line, or the item of an object
  function cmml.data.read_groups(path, items, options)
    local opt = known:check(options)
    if type(path) ~= "string" then
      raise("data.read_groups: the path of a file was expected, not " .. type(path), 2)
    elseif opt.item == opt.group then
      raise(("data.read_groups: item and group are both the column %s"):format(
        args.quote(opt.item)), 2)
    end
    if path:find "%.json$" then
      return read_object(path, items, opt)
    end
    return read_lines(path, items, opt)
  end
end
