--- Which column of a file is what: from what the user says, or from the names in its header.
--
-- @module cmml.data.column_names
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local columns = {}

--- The roles of columns of a file of ratings.
columns.roles = { "user", "item", "items", "rating", "weight", "time", "title", "skip" }

-- Names that public data sets give them, in small letters without _, - and blanks.
local usual = {
  user = "user userid uid reviewerid customer customerid member memberid person personid player "
    .. "playerid visitorid authorid",
  item = "item itemid iid movie movieid film filmid asin parentasin product productid businessid "
    .. "isbn book bookid artist artistid song songid track trackid game gameid newsid gmapid",
  title = "title itemname itemtitle movietitle productname producttitle booktitle songtitle",
  rating = "rating ratings stars star score overall bookrating",
  weight = "weight weights plays playcount count counts clicks quantity hours",
  time = "time timestamp date datetime when unixreviewtime reviewtime ratedat createdat",
}

local role_of = {}
for role, names in pairs(usual) do
  for name in names:gmatch "%S+" do
    role_of[name] = role
  end
end

local types = { token = true, token_seq = true, float = true, float_seq = true }

--- The name and the type of a column in the header of one of RecBole's atomic files.
-- @tparam string field of a header
-- @treturn string its name; the field where there is no type
-- @treturn ?string token, token_seq, float or float_seq
function columns.typed(field)
  local name, kind = field:match "^(.+):([a-z_]+)$"
  if types[kind] then
    return name, kind
  end
  return field, nil
end

--- A name in small letters without _, - and blanks, and without a type.
-- @tparam string name
-- @treturn string
function columns.folded(name)
  return (plain.lower((columns.typed(name))):gsub("[%s_%-]", ""))
end

--- The role that a column of that name has in public data sets.
-- @tparam string name
-- @treturn ?string
function columns.role(name)
  return role_of[columns.folded(name)]
end

--- The place of a column in a header.
-- @tparam {string,...} header
-- @tparam string name with or without the type behind it
-- @treturn ?integer
-- @treturn ?integer that of another column of the same name
function columns.place(header, name)
  local places = {}
  for i, own in ipairs(header) do
    if own == name or columns.typed(own) == name then
      places[#places + 1] = i
    end
  end
  return places[1], places[2]
end

--- Reads "user=customer,item=product" or "user,item,skip".
-- @tparam string given
-- @tparam ?{string,...} roles that may be named; nil: any name
-- @treturn ?table list of {role, name (of a column, or nil where it is by position), kind (behind a
-- colon)}
-- @treturn ?string what is wrong
function columns.parse(given, roles)
  local list, named = {}, nil
  for _, part in ipairs(text.split(given)) do
    local role, name = part:match "^([^=]-)%s*=%s*(.+)$"
    if named ~= nil and named ~= (role ~= nil) then
      return nil, ("%s: name all columns (user=customer) or none (user,item,skip)"):format(
        args.shown(given))
    end
    named = role ~= nil
    role = role or part
    local target = named and name or role
    local before, kind = target:match "^(.-):([A-Za-z]+)$"
    if kind == "category" or kind == "list" or kind == "number" or kind == "text" then
      target = before
    else
      kind = nil
    end
    if named then
      name = target
    else
      role = target
    end
    local known = not roles
    for _, one in ipairs(roles or {}) do
      known = known or one == role
    end
    if not known then
      return nil, ("%s is not what a column can be; %s"):format(args.quote(role),
        args.suggest(role, roles))
    end
    list[#list + 1] = { role = role, name = name, kind = kind }
  end
  if #list == 0 then
    return nil, "no column is named"
  end
  local seen = {}
  for _, entry in ipairs(list) do
    if entry.role ~= "skip" and seen[entry.role] then
      return nil, ("%s is there twice"):format(args.shown(entry.role))
    end
    seen[entry.role] = true
  end
  return list
end

return columns
