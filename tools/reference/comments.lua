--- Reads documentation comments: `---` blocks of Lua files and `/*** .. */` blocks of C files, with
-- the tags of ldoc.
local gate = require "gate"
local comments = {}

local tags = { tparam = true, param = true, treturn = true, ["return"] = true, tfield = true,
  field = true, ["function"] = true, type = true, module = true, classmod = true, usage = true }

-- "opt" or "opt=3" behind a tag.
local function modifiers(text)
  local opt = text and text:match "opt"
  return opt ~= nil, text and text:match "^%[opt=(.*)%]$"
end

-- One entry of a comment: a tag, what stands in brackets behind it, and the text.
local function take(result, tag, brackets, text)
  local optional, default = modifiers(brackets)
  if tag == "tparam" or tag == "tfield" then
    local kind, name, rest = text:match "^(%S+)%s+(%S+)%s*(.*)$"
    local list = tag == "tparam" and result.params or result.fields
    list[#list + 1] = { type = kind, name = name, text = rest, default = default,
      optional = optional or kind:sub(1, 1) == "?" }
  elseif tag == "param" then
    local name, rest = text:match "^(%S+)%s*(.*)$"
    result.params[#result.params + 1] = { type = "any", name = name, text = rest,
      optional = optional, default = default }
  elseif tag == "treturn" then
    local kind, rest = text:match "^(%S*[^%s;,])[;,]?%s*(.*)$"
    result.returns[#result.returns + 1] = { type = kind, text = rest }
  elseif tag == "return" then
    result.returns[#result.returns + 1] = { type = "any", text = text }
  elseif tag == "usage" then
    result.usage[#result.usage + 1] = text:gsub("^\n+", "")
  else
    result[tag] = text
  end
end

--- What a comment says.
-- @tparam table lines without comment signs
-- @treturn table text, params, returns, fields (lists of {type, name, text, optional, default}),
-- usage (list of examples, their lines as they are), and by its name what any other tag says
function comments.parse(lines)
  local result = { text = "", params = {}, returns = {}, fields = {}, usage = {} }
  local tag, brackets, words = nil, nil, {}
  local function finish()
    local text = table.concat(words, tag and tag ~= "usage" and " " or "\n")
    if tag then
      take(result, tag, brackets, (text:gsub("%s+$", "")))
    else
      result.text = text:gsub("^%s+", ""):gsub("%s+$", "")
    end
  end
  for _, line in ipairs(lines) do
    local name, mods, rest = line:match "^%s*@(%w+)(%b[])%s*(.*)$"
    if not name then
      name, rest = line:match "^%s*@(%w+)%s*(.*)$"
    end
    if name and tags[name] then
      finish()
      tag, brackets, words = name, mods, { rest }
    else
      words[#words + 1] = tag and tag ~= "usage" and line:match "^%s*(.*)$" or line
    end
  end
  finish()
  return result
end

--- The `---` blocks of a Lua file.
-- @tparam string path
-- @treturn table by the number of the line behind the block: what `parse` gives, with path, line
-- and code (that line)
function comments.lua(path)
  local blocks, lines, current = {}, gate.lines(path), nil
  for number, line in ipairs(lines) do
    local text = line:match "^%s*%-%-%- ?(.*)$"
    local more = line:match "^%s*%-%- ?(.*)$"
    if text and not current then
      current = { text }
    elseif current and more then
      current[#current + 1] = more
    elseif current then
      local block = comments.parse(current)
      block.path, block.line, block.code = path, number, line
      blocks[number] = block
      current = nil
    end
  end
  return blocks
end

--- The `/*** .. */` blocks of a C file.
-- @tparam string path
-- @treturn table list of what `parse` gives, with path and line
function comments.c(path)
  local blocks, current = {}, nil
  for number, line in ipairs(gate.lines(path)) do
    local text = line:match "^%s*/%*%*%* ?(.*)$"
    if text then
      current = {}
    elseif current then
      text = line:match "^%s*%*? ?(.*)$"
    end
    if current then
      local last = text:match "^(.-)%s*%*?/$"
      current[#current + 1] = (last or text):gsub("%s*%*$", "")
      if line:find("*/", 1, true) then
        local block = comments.parse(current)
        block.path, block.line = path, number
        blocks[#blocks + 1] = block
        current = nil
      end
    end
  end
  return blocks
end

local subjects = {}

--- The subject of a file: of a C file the words behind its name in the first comment, of a Lua file
-- the first sentence of the first one; what stands in parentheses or behind a colon is left out.
-- @tparam string path
-- @treturn string without a full stop
function comments.subject(path)
  if not subjects[path] then
    local text = gate.read(path):match(path:find "%.c$" and "^/%*.- %- (.-)%*/"
      or "^%-%-%- (.-)\n[^-]")
    text = (text or path):gsub("\n%s*%*? ?", " "):gsub("\n?%-%- ?", " "):gsub("%s*@.*", "")
    text = text:gsub("%s*%b()", ""):gsub(",? in Lua", ""):gsub("%s+", " ")
    text = (text .. " "):match "^(.-)[.:;] " or text
    subjects[path] = text:sub(1, 1):upper() .. text:sub(2)
  end
  return subjects[path]
end

return comments
