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

--- A default for people.
-- @param value
-- @treturn string
function text.default(value)
  if type(value) == "table" then
    local parts = {}
    for i, entry in ipairs(value) do
      parts[i] = text.default(entry)
    end
    return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
  end
  return type(value) == "string" and ("%q"):format(value)
    or type(value) == "number" and ("%.14g"):format(value) or tostring(value)
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
  local parts = {}
  for i, option in ipairs(param.options or {}) do
    parts[i] = option.name .. ": " .. option.type:gsub("^cmml%.", "")
      .. (option.default ~= nil and " = " .. text.default(option.default)
        or option.optional and "?" or "")
  end
  if #parts > 0 then
    lines[#lines + 1] = wrapped(6, 8, "{ " .. table.concat(parts, "; ") .. " }")
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

-- What there is, by subject.
local function overview(reference)
  local lines = { wrapped(0, 0, "cmml.help(name) explains a function, a class or a method: "
    .. "cmml.help \"matmul\", cmml.help \"Tensor\", cmml.help \"Recommender:adapt\". A call with a "
    .. "wrong argument raises an error that names it. A function that meets the outside world "
    .. "(files) returns nil and a message when that fails."), "",
    "ops: each is cmml.<op>(..) and, of a tensor, x:<op>(..)" }
  local order, lists = {}, {}
  for _, kind in ipairs { "op", "other" } do
    for _, entry in ipairs(reference.entries) do
      if (entry.kind == "op") == (kind == "op") and not entry.owner and entry.kind ~= "class" then
        local subject = entry.kind == "op" and ops.family(entry) or comments.subject(entry.file)
        if not lists[subject] then
          lists[subject] = {}
          order[#order + 1] = subject
          if entry.kind ~= "op" and not lists[1] then
            lists[1], order[#order] = true, false
            order[#order + 1] = subject
          end
        end
        table.insert(lists[subject], entry.name)
      end
    end
  end
  for _, subject in ipairs(order) do
    if subject then
      lines[#lines + 1] = wrapped(2, 4, subject .. ": " .. table.concat(lists[subject], ", "))
    else
      lines[#lines + 1] = "\nfunctions and values of cmml"
    end
  end
  local names = {}
  for i, class in ipairs(reference.classes) do
    names[i] = class.name
  end
  lines[#lines + 1] = "\n" .. wrapped(0, 2, "classes: " .. table.concat(names, ", "))
  return table.concat(lines, "\n")
end

--- The whole text.
-- @tparam table reference from `entries.build`
-- @treturn string
function text.write(reference)
  local parts = { "## \n" .. overview(reference) }
  local by_text = {}
  for _, entry in ipairs(reference.entries) do
    local names = entry.name
    if entry.kind == "op" and entry.as_method then
      names = names .. " Tensor:" .. entry.name
    end
    -- Several names may share a definition: the methods of the simple predictors do.
    local shared = entry.block and entry.owner and by_text[entry.block]
    if shared then
      parts[shared] = parts[shared]:gsub("^## [^\n]*", "%0 " .. names)
    elseif entry.kind ~= "class" then
      parts[#parts + 1] = ("## %s\n%s"):format(names, block(entry))
      by_text[entry.block or entry] = #parts
    end
  end
  for _, class in ipairs(reference.classes) do
    parts[#parts + 1] = ("## %s\n%s"):format(class.name, class_block(class, reference))
  end
  return table.concat(parts, "\n\n") .. "\n"
end

return text
