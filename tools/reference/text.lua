--- The reference as text, for `cmml.help`: a block a name, ready to be printed.
--
-- A block begins with a line "## " and the names that it answers to; what follows is printed.
local plain = require "cmml.base.text"
local ops = require "reference.ops"
local comments = require "reference.comments"
local text = {}

local width = 79

-- Words in lines with an indent, the second and later lines with another.
local function wrapped(first, indent, words)
  return (" "):rep(first) .. plain.wrap(words, indent, width):gsub("\n%s+$", "")
end

-- Paragraphs and indented lines stay; the rest is filled.
local function paragraphs(lines, body)
  for paragraph in (body .. "\n\n"):gmatch "(.-)\n%s*\n" do
    if paragraph:find "^ %s+" then
      lines[#lines + 1] = (paragraph:gsub("^", "  "):gsub("\n", "\n  "))
    elseif paragraph ~= "" then
      lines[#lines + 1] = wrapped(2, 2, paragraph)
    end
  end
end

--- A call of an entry, as in "cmml.sum(x, dim?, keep?) -> Tensor".
-- @tparam table entry
-- @treturn string
function text.signature(entry)
  local prefix = entry.owner and "" or "cmml."
  if entry.kind ~= "function" and entry.kind ~= "op" then
    return prefix .. entry.name
  end
  local params, returns = {}, {}
  for i, param in ipairs(entry.params) do
    params[i] = param.name .. (param.optional and "?" or "")
  end
  for i, result in ipairs(entry.returns) do
    returns[i] = result.type
  end
  return ("%s%s(%s)%s"):format(prefix, entry.name, table.concat(params, ", "),
    #returns > 0 and " -> " .. table.concat(returns, ", ") or "")
end

local function add_parameter(lines, param)
  local default = param.default and " = " .. tostring(param.default) or ""
  local words = param.name .. ": " .. param.type:gsub("^%?", "") .. default
  if param.text ~= "" then
    words = words .. ", " .. param.text
  end
  lines[#lines + 1] = wrapped(4, 6, words)
  for _, one in ipairs(param.sets or {}) do
    lines[#lines + 1] = one.where and ("      %s:"):format(one.where)
    for _, line in ipairs(one.set:lines(width - 5)) do
      lines[#lines + 1] = "      " .. line
    end
  end
end

local function block(entry)
  local lines = { text.signature(entry) }
  paragraphs(lines, entry.text)
  if #entry.params > 0 and (entry.kind ~= "class") then
    lines[#lines + 1] = "  takes"
    for _, param in ipairs(entry.params) do
      add_parameter(lines, param)
    end
  end
  for i, result in ipairs(entry.returns) do
    if result.text ~= "" then
      lines[#lines + 1] = wrapped(2, 10, (i == 1 and "gives   " or "        ") .. " "
        .. result.type .. " " .. result.text)
    end
  end
  for _, example in ipairs(entry.block and entry.block.usage or {}) do
    lines[#lines + 1] = "  example\n    " .. example:gsub("\n", "\n    ")
  end
  if entry.kind == "op" then
    lines[#lines + 1] = ("  (%s op%s)"):format(entry.form, not entry.as_method and ""
      or ("; also x:%s(..)"):format(entry.name))
  end
  return table.concat(lines, "\n")
end

local function class_block(class, reference)
  local lines = { "class " .. class.name .. (class.super and ", a " .. class.super or "") }
  paragraphs(lines, class.text)
  for i, field in ipairs(class.fields) do
    lines[#lines + 1] = i == 1 and "  fields" or nil
    add_parameter(lines, { name = field.name, type = field.type, text = field.text })
  end
  local methods = {}
  for _, entry in ipairs(reference.entries) do
    if entry.owner == class.name then
      methods[#methods + 1] = entry.name:match "[:.](.*)$"
    end
  end
  if class.name == "Tensor" then
    methods[#methods + 1] = "and every op"
  end
  if #methods > 0 then
    lines[#lines + 1] = wrapped(2, 4, "methods: " .. table.concat(methods, ", "))
  end
  return table.concat(lines, "\n")
end

-- Names under the subjects of their files, in the order of the first ones.
local function by_subject(entries, subject_of)
  local order, lists, lines = {}, {}, {}
  for _, entry in ipairs(entries) do
    local subject = subject_of(entry)
    if not lists[subject] then
      order[#order + 1], lists[subject] = subject, {}
    end
    table.insert(lists[subject], entry.name)
  end
  for i, subject in ipairs(order) do
    lines[i] = wrapped(2, 4, subject .. ": " .. table.concat(lists[subject], ", "))
  end
  return table.concat(lines, "\n")
end

local function subject_of_file(entry)
  return comments.subject(entry.file)
end

-- Whether a name is for the library's own parts: they come behind all that is public.
local function is_inner(entry)
  return entry.name:find "^core%." ~= nil
end

-- What is used most, since an example says how, in the order of the alphabet.
local function shown(reference)
  local names = {}
  for _, entry in ipairs(reference.entries) do
    if entry.block and #(entry.block.usage or {}) > 0 then
      names[#names + 1] = entry.name
    end
  end
  return names
end

-- What there is, by subject: ops, public functions, classes, and then what the core has besides.
local function overview(reference)
  local list, classes = { op = {}, public = {}, core = {} }, {}
  for _, entry in ipairs(reference.entries) do
    if not entry.owner and entry.kind ~= "class" then
      table.insert(list[entry.kind == "op" and "op" or is_inner(entry) and "core" or "public"],
        entry)
    end
  end
  for i, class in ipairs(reference.classes) do
    classes[i] = class.name
  end
  return table.concat({ wrapped(0, 0, "cmml.help(name) explains a function, a class or a method: "
      .. "cmml.help \"matmul\", cmml.help \"Tensor\", cmml.help \"Recommender:adapt\". A call with "
      .. "a wrong argument raises an error that names it. A function that meets the outside world "
      .. "(files) returns nil and a message when that fails."),
    wrapped(0, 2, "to begin with, each with an example: " .. table.concat(shown(reference), ", ")),
    "functions and values of cmml\n" .. by_subject(list.public, subject_of_file),
    "ops: each is cmml.<op>(..) and, of a tensor, x:<op>(..)\n" .. by_subject(list.op, ops.family),
    wrapped(0, 2, "classes: " .. table.concat(classes, ", ")),
    "functions of the core alone, for parts of the library\n"
      .. by_subject(list.core, subject_of_file) }, "\n\n")
end

--- The whole text.
-- @tparam table reference from `entries.build`
-- @treturn string
function text.write(reference)
  local parts, inner = { "## \n" .. overview(reference) }, {}
  local by_text = {}
  local function add(entry, list)
    local names = entry.name
    if entry.kind == "op" and entry.as_method then
      names = names .. " Tensor:" .. entry.name
    end
    -- Several names may share a definition: the methods of the simple predictors do.
    local shared = entry.block and entry.owner and by_text[entry.block]
    if shared then
      list[shared] = list[shared]:gsub("^## [^\n]*", "%0 " .. names)
    elseif entry.kind ~= "class" then
      list[#list + 1] = ("## %s\n%s"):format(names, block(entry))
      by_text[entry.block or entry] = #list
    end
  end
  for _, entry in ipairs(reference.entries) do
    add(entry, is_inner(entry) and inner or parts)
  end
  for _, class in ipairs(reference.classes) do
    parts[#parts + 1] = ("## %s\n%s"):format(class.name, class_block(class, reference))
  end
  table.move(inner, 1, #inner, #parts + 1, parts)
  return table.concat(parts, "\n\n") .. "\n"
end

return text
