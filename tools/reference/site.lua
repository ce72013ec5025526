--- The reference as sources for ldoc: one file a page, of comments alone.
local comments = require "reference.comments"
local option = require "cmml.base.option"
local ops = require "reference.ops"
local topics = require "reference.topics"

local basic = { any = true, boolean = true, integer = true, number = true, string = true,
  table = true, ["function"] = true, ["nil"] = true, ["true"] = true, userdata = true }

-- Classes by the names of their pages, so that ldoc makes links of them.
local function type_of(kind)
  return (kind:gsub("%w+", function(name)
    return not basic[name] and name:find "^%u" and "cmml." .. name or nil
  end))
end

local escapes = { ["<"] = "&lt;", ["*"] = "&#42;", ["_"] = "&#95;", ["["] = "&#91;",
  ["^"] = "&#94;" }

-- Text with what Markdown would take for markup escaped; in backquotes it does that by itself.
local function plain(words)
  return (("``" .. words):gsub("(`[^`]*`)([^`]*)", function(code, rest)
    return code .. rest:gsub("[<*_^%[]", escapes)
  end):sub(3))
end

local function add(lines, words)
  local prefix = #lines > 0 and lines[#lines] ~= "" and "-- " or "--- "
  for line in (words .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = (prefix .. line):gsub("%s+$", "")
    prefix = "-- "
  end
end

-- What stands in parentheses behind the name of a declared option.
local function facts_of(declared)
  local facts, choices = { option.kind(declared) }, option.choices(declared)
  facts[#facts + 1] = choices and "one of " .. table.concat(choices, ", ") or option.range(declared)
  local default = option.default(declared)
  facts[#facts + 1] = declared.required and "required" or default and "default " .. default
    or declared.unit and "in " .. declared.unit or nil
  return plain(table.concat(facts, ", "))
end

-- Declared options as a list, an item an option.
local function add_declared(lines, entry)
  for _, param in ipairs(entry.params) do
    for _, one in ipairs(param.sets or {}) do
      add(lines, ("\nOptions%s:\n"):format(one.where and " (" .. one.where .. ")" or ""))
      for declared in one.set:each() do
        add(lines, ("* **%s** (%s): %s"):format(plain(declared.name), facts_of(declared),
          plain(declared.help)))
      end
    end
  end
end

local function add_entry(lines, entry, name)
  add(lines, plain(entry.text))
  if entry.kind == "op" then
    add(lines, ("\nA %s op%s."):format(entry.form,
      entry.as_method and (", also `x:%s(..)`"):format(entry.name) or ""))
  end
  add_declared(lines, entry)
  local value = entry.kind ~= "op" and entry.kind ~= "function"
  add(lines, (value and "@field " or "@function ") .. name)
  for _, param in ipairs(entry.params) do
    if param.name == "..." then
      add(lines, "@param ... " .. plain(param.text))
    else
      local modifier = param.optional and (param.default and ("[opt=%s]"):format(param.default)
        or "[opt]") or ""
      add(lines, ("@tparam%s %s %s %s"):format(modifier, type_of(param.type:gsub("^%?", "")),
        param.name, plain(param.text)))
    end
  end
  for _, result in ipairs(entry.returns) do
    add(lines, ("@treturn %s %s"):format(type_of(result.type), plain(result.text)))
  end
  for _, example in ipairs(entry.block and entry.block.usage or {}) do
    add(lines, "@usage\n" .. example)
  end
  lines[#lines + 1] = ""
end

local function section(lines, title)
  add(lines, title .. ".\n@section " .. title:gsub("%W+", "_"))
  lines[#lines + 1] = ""
end

-- A page of functions in sections by the subjects of their files, which are what it is about where
-- no title says so. What the core has besides the library is no public page.
local function page(title, name, list, subject_of)
  local lines, order, by_subject = {}, {}, {}
  for _, entry in ipairs(list) do
    local subject = subject_of(entry)
    if not by_subject[subject] then
      by_subject[subject] = {}
      order[#order + 1] = subject
    end
    table.insert(by_subject[subject], entry)
  end
  table.sort(order)
  add(lines, ("%s\n@%s %s"):format(title or table.concat(order, "; ") .. ".",
    name == "cmml.core" and "inner" or "module", name))
  lines[#lines + 1] = ""
  for _, subject in ipairs(order) do
    section(lines, subject)
    for _, entry in ipairs(by_subject[subject]) do
      add_entry(lines, entry, entry.name:match "[^.]+$")
    end
  end
  return table.concat(lines, "\n")
end

local function class_page(class, reference)
  local lines = {}
  add(lines, plain(class.text))
  if class.super then
    add(lines, ("\nA `cmml.%s`, with all of its methods."):format(class.super))
  end
  if class.name == "Tensor" then
    add(lines, "\nEvery op of the page `ops` whose first argument is a tensor is a method, too.")
  end
  add(lines, "@classmod cmml." .. class.name)
  lines[#lines + 1] = ""
  for _, field in ipairs(class.fields) do
    add(lines, ("%s\n@tfield %s %s"):format(field.text ~= "" and plain(field.text) or field.name,
      type_of(field.type), field.name))
    lines[#lines + 1] = ""
  end
  for _, entry in ipairs(reference.entries) do
    if entry.owner == class.name and entry.kind == "function" then
      add_entry(lines, entry, entry.name)
    end
  end
  return table.concat(lines, "\n")
end

-- A module that is no part of the library: its file's comments as they are.
local function inner_page(path)
  local name = path:match "^lua/(.*)%.lua$":gsub("/", "."):gsub("%.init$", "")
  local lines, blocks, places = {}, comments.lua(path), {}
  for place in pairs(blocks) do
    places[#places + 1] = place
  end
  table.sort(places)
  add(lines, comments.subject(path) .. ".\n@inner " .. name)
  lines[#lines + 1] = ""
  local before = #lines
  for _, place in ipairs(places) do
    local block = blocks[place]
    local called = block.code:match "^%s*function [%w_]+[.:]([%w_]+)"
    if called then
      add_entry(lines, { kind = "function", text = block.text, params = block.params,
        returns = block.returns }, called)
    end
  end
  return #lines > before and table.concat(lines, "\n") or nil, name
end

local titles = {
  cmml = "Everything that `require \"cmml\"` gives, but for ops (page `ops`) and layers (page "
    .. "`cmml.nn`). A call with a wrong argument raises an error that names the function, the "
    .. "argument and the value. A function that meets the outside world returns nil and a message "
    .. "when that fails.",
  ops = "Ops: each is `cmml.<op>(..)` and, where its first argument is a tensor, a method "
    .. "`x:<op>(..)`. Dims and rows count from 1, -1 is the last dim. Shapes that do not fit raise "
    .. "an error that names them. Derivatives of any order exist unless an op says otherwise.",
  ["cmml.core"] = "What the core has besides ops and what is public: functions that parts of the "
    .. "library are made with.",
  ["cmml.nn"] = "Layers, and what they are made with.",
}

--- The pages.
-- @tparam table reference from `entries.build`
-- @tparam string folder that exists, with folders public, classes, inside and topics
-- @treturn table contents by path
return function(reference, folder)
  local pages, lists = {}, {}
  for _, entry in ipairs(reference.entries) do
    if not entry.owner and entry.kind ~= "class" then
      local table_name = entry.name:match "^([%w_]+)%."
      local name = entry.kind == "op" and "ops" or table_name and "cmml." .. table_name or "cmml"
      lists[name] = lists[name] or {}
      table.insert(lists[name], entry)
    end
  end
  for name, list in pairs(lists) do
    local part = name == "cmml.core" and "inside" or "public"
    pages[("%s/%s/%s.lua"):format(folder, part, name)] = page(titles[name], name, list,
      function(entry)
        return entry.kind == "op" and ops.family(entry) or comments.subject(entry.file)
      end)
  end
  for _, class in ipairs(reference.classes) do
    pages[("%s/classes/%s.lua"):format(folder, class.name)] = class_page(class, reference)
  end
  for path in pairs(reference.inner) do
    local contents, name = inner_page(path)
    if contents and name ~= "cmml" and name ~= "cmml.library" then
      pages[("%s/inside/%s.lua"):format(folder, name)] = contents
    end
  end
  for path, contents in pairs(topics(folder)) do
    pages[path] = contents
  end
  return pages
end
