--- The options that say what files of one's own hold and how they are written.
--
-- @module cmml.data.file_options

--- How a file is written: what nobody says is guessed from its beginning, and told.
local dialect = {
  { name = "delimiter", kind = "string", group = "files", tunable = false,
    default_text = "guessed of tab :: ; , | and blank",
    help = "text between the fields of the files, or tab" },
  { name = "quotes", kind = "string", choices = { "on", "off" }, default_text = "guessed",
    group = "files", tunable = false,
    help = "whether fields may stand in double quotes, with delimiters and line ends in them" },
  { name = "header", kind = "string", choices = { "on", "off" }, default_text = "guessed",
    group = "files", tunable = false, help = "whether the first line names the columns" },
  { name = "encoding", kind = "string", choices = { "utf-8", "latin-1", "utf-16" },
    default_text = "guessed", group = "files", tunable = false, help = "encoding of the files" },
  { name = "decimal", kind = "string", choices = { ".", "," }, default_text = "guessed",
    group = "files", tunable = false, help = "what stands before the decimals of numbers" },
}

--- Which files, and which columns of them.
local files = {
  { name = "ratings", kind = "string", arg = "FILE", group = "data", short = true,
    tunable = false, help = "file of ratings of your own, read by its columns" },
  { name = "columns", kind = "string", arg = "LIST", group = "files", tunable = false,
    default_text = "guessed from the header",
    help = "its columns, by the header's names (user=customer,item=product,rating=stars,time=when) "
      .. "or by position (user,item,rating,time,skip); weight in place of rating for counts, "
      .. "neither for interactions; items for all that is left of a line" },
  { name = "items", list = "string", apart = true, arg = "FILE", group = "files", tunable = false,
    default_text = "none", help = "file of what is known of items: a record a line, a value a "
      .. "line (id and value; FIELD=FILE names the field), or vectors by id (.safetensors); may be "
      .. "given several times" },
  { name = "item_columns", kind = "string", arg = "LIST", group = "files", tunable = false,
    default_text = "all, their kinds guessed", help = "columns of records of items: "
      .. "id=asin,title=name,genre=categories:list,price:number; kinds are category, list, number "
      .. "and text" },
  { name = "users", list = "string", apart = true, arg = "FILE", group = "files", tunable = false,
    default_text = "none", help = "file of what is known of users, as for items" },
  { name = "user_columns", kind = "string", arg = "LIST", group = "files", tunable = false,
    default_text = "all, their kinds guessed", help = "columns of records of users, as for items" },
}

local all = table.move(dialect, 1, #dialect, #files + 1, table.move(files, 1, #files, 1, {}))

--- Those of a file of ratings alone, without what is known of items and users.
all.of_ratings = table.move(dialect, 1, #dialect, 3, { files[1], files[2] })

return all
