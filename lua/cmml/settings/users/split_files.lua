--- Files of a split: lists of people, ratings to learn from, and which ratings of whom are support
-- and query. Another program that reads them learns from and is judged by the same ratings.
--
--    train.txt, valid.txt, test.txt    people, a raw id a line
--    ratings.tsv                       user, item, rating: what may be learnt from
--    tasks-NAME.tsv                    user, item, part (support or query), rating: an evaluation
--    split.json                        what the split was made by
--
-- The tables have tabs between fields and a line of names above.
--
-- @module cmml.settings.users.split_files
local digest = require "cmml.base.digest"
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

return function(cmml)
  local core, files = cmml.core, {}
  local lists = { "train", "valid", "test" }

  -- The line on which a row of a table stands: empty ones do not count.
  local function line_of(path, row)
    local line = 0
    for words in io.lines(path, "l") do
      line = line + 1
      row = words:find "[^\r]" and row - 1 or row
      if row == 0 then
        return line
      end
    end
    return line
  end

  local function at(path, row, message, ...)
    return nil, ("%s, line %d: %s"):format(path, line_of(path, row), message:format(...))
  end

  --- Reads a list of people, a raw id a line.
  -- @tparam Dataset dataset
  -- @tparam string path
  -- @treturn ?{integer,...} rows of users; nil if one is not in the data or stands there twice
  -- @treturn ?string message with file, line and id
  function files.read_people(dataset, path)
    local found, message = core.read_table(path, { delimiter = "\t", columns = {
      { name = "user", vocab = dataset.users, lookup = true, id = true } } })
    if not found then
      return nil, message
    end
    local rows, seen = found.columns.user.ids:totable(), {}
    for i, row in ipairs(rows) do
      if row == 0 then
        local word = files.word_at(path, line_of(path, i))
        return at(path, i, "there is no user %s in %s", word, dataset.name)
      elseif seen[row] then
        return at(path, i, "user %s stands in this list already, on line %d",
          dataset.users:text(row), line_of(path, seen[row]))
      end
      seen[row] = i
    end
    return rows
  end

  --- What stands on a line of a file, or in one of its fields.
  -- @tparam string path
  -- @tparam integer wanted line
  -- @tparam[opt] integer field number of it, between tabs
  -- @treturn string
  function files.word_at(path, wanted, field)
    local line = 0
    for words in io.lines(path, "l") do
      line = line + 1
      if line == wanted then
        local parts = {}
        for part in (words:gsub("\r$", "") .. "\t"):gmatch "([^\t]*)\t" do
          parts[#parts + 1] = part
        end
        return text.one_line((field and parts[field] or words):match "^%s*(.-)%s*$")
      end
    end
    return "?"
  end

  -- Where the fields of a table with a line of names above stand; nil and a message if one of
  -- those that are needed lacks.
  local function places(path, needed)
    local file, message = io.open(path, "rb")
    if not file then
      return nil, message
    end
    local first = file:read "l" or ""
    file:close()
    local found, n = {}, 0
    for name in (first:gsub("\r$", ""):gsub("^\u{feff}", "") .. "\t"):gmatch "([^\t]*)\t" do
      n = n + 1
      found[name:match "^%s*(.-)%s*$"] = n
    end
    for _, name in ipairs(needed) do
      if not found[name] then
        return nil, ("%s, line 1: there is no column %s: tabs between %s are expected"):format(path,
          name, table.concat(needed, ", "))
      end
    end
    return found
  end

  --- Reads a table of users and items, and of what else is known of them. Both must be in the data,
  -- and the user must have rated the item.
  -- @tparam Dataset dataset
  -- @tparam string path
  -- @tparam table wanted names of columns that must be there, beside user and item: part is a text,
  -- others are numbers
  -- @tparam[opt] table optional names of columns that may be there
  -- @treturn ?table user, item (lists of rows), the other columns by name, place (list of places
  -- behind `line`), and line (function of a row's number giving its line)
  -- @treturn ?string message with file, line and value
  function files.read_pairs(dataset, path, wanted, optional)
    local needed = table.move(wanted, 1, #wanted, 3, { "user", "item" })
    local found, message = places(path, needed)
    if not found then
      return nil, message
    end
    local columns = { { name = "user", vocab = dataset.users, lookup = true, id = true },
      { name = "item", vocab = dataset.items, lookup = true, id = true } }
    for _, name in ipairs(table.move(optional or {}, 1, #(optional or {}), #wanted + 1,
      table.move(wanted, 1, #wanted, 1, {}))) do
      columns[#columns + 1] = found[name]
        and { name = name, kind = name == "part" and "text" or "number" } or nil
    end
    local read
    read, message = core.read_table(path, { delimiter = "\t", header = "names", columns = columns })
    if not read then
      return nil, message
    end
    local pairs_ = { user = read.columns.user.ids:totable(),
      item = read.columns.item.ids:totable() }
    for k = 3, #columns do
      local column = read.columns[columns[k].name]
      local values = column.ids and column.ids:totable()
        or column.values.count > 0 and column.values:totable() or {}
      for i, id in ipairs(column.ids and values or {}) do
        values[i] = column.vocab:text(id)
      end
      pairs_[columns[k].name] = values
    end
    function pairs_.line(row)
      return line_of(path, row + 1)
    end
    for _, side in ipairs { "user", "item" } do
      for i, row in ipairs(pairs_[side]) do
        if row == 0 then
          return at(path, i + 1, "there is no %s %s in %s", side, files.word_at(path,
            pairs_.line(i), found[side]), dataset.name)
        end
      end
    end
    return pairs_
  end

  -- A text of lines to a file; nil and a message where it cannot be written.
  local function write_lines(path, lines)
    return core.write_file(path, table.concat(lines, "\n") .. (#lines > 0 and "\n" or ""))
  end

  -- The raw ids of a vocabulary by row; nil and a message where one does not fit a line.
  local function names_of(vocab)
    local names = {}
    for row = 1, #vocab do
      names[row] = vocab:text(row)
      if names[row]:find "[\t\r\n]" then
        return nil, ("the id %s has a tab or a line break: it cannot stand in a file of a split")
          :format(text.one_line(names[row]))
      end
    end
    return names
  end

  -- Adds the rows of drawn tasks, a line each.
  local function add_rows(lines, names, people, rows, part)
    local items, row = rows.items:totable(), 0
    local values = #items > 0 and rows.labels:totable() or {}
    for k, n in ipairs(rows.segments:totable()) do
      for i = row + 1, row + n do
        lines[#lines + 1] = table.concat({ names.user[people[k]], names.item[items[i]], part,
          plain.number(values[i]) }, "\t")
      end
      row = row + n
    end
  end

  -- The ratings that may be learnt from, a line each.
  local function ratings_of(data, names)
    local lengths, wanted = data.ratings.users:totable(), {}
    for _, part in ipairs { data.train, data.valid } do
      for _, user in ipairs(part) do
        wanted[user] = true
      end
    end
    local lines = { "user\titem\trating" }
    local items, row = data.ratings.items:totable(), 0
    local values = #items > 0 and data.ratings.ratings:totable() or {}
    for user, n in ipairs(lengths) do
      for i = row + 1, wanted[user] and row + n or row do
        lines[#lines + 1] = table.concat({ names.user[user], names.item[items[i]],
          plain.number(values[i]) }, "\t")
      end
      row = row + n
    end
    return lines
  end

  -- The tasks of an evaluation, as they are drawn first.
  local function tasks_of(tasks, names)
    local lines = { "user\titem\tpart\trating" }
    for people in tasks:people(1) do
      local drawn = tasks:draw(1, people)
      for _, part in ipairs { "support", "query" } do
        add_rows(lines, names, people, drawn[part], part)
      end
    end
    return lines
  end

  --- Writes a split: see the head of this file. The tasks are those of the first draw.
  -- @tparam table data see `users.protocol`
  -- @tparam table evaluations list of {name, leaky, tasks}: of several with one name the one with
  -- the largest support is written
  -- @tparam string folder new, or without files of a split
  -- @treturn ?boolean true; nil where a file is there already or cannot be written
  -- @treturn ?string message
  function files.write(data, evaluations, folder)
    local names = {}
    for key, vocab in pairs { user = data.dataset.users, item = data.catalogue.items } do
      local found, message = names_of(vocab)
      if not found then
        return nil, message
      end
      names[key] = found
    end
    local contents, order, noted, digests = {}, {}, {}, nil
    local function add(name, lines)
      order[#order + 1], contents[name] = name, lines
    end
    for _, part in ipairs(lists) do
      local lines = {}
      for i, row in ipairs(data[part]) do
        lines[i] = names.user[row]
      end
      add(part .. ".txt", lines)
    end
    add("ratings.tsv", ratings_of(data, names))
    local largest, in_order = {}, {}
    for _, evaluation in ipairs(evaluations) do
      local name = evaluation.name
      in_order[#in_order + 1] = not largest[name] and name or nil
      if not largest[name] or largest[name].tasks.support < evaluation.tasks.support then
        largest[name] = evaluation
      end
    end
    for i, name in ipairs(in_order) do
      local file = ("tasks-%s.tsv"):format(name:gsub("[^0-9A-Za-z]+", "-"):gsub("%-$", ""))
      add(file, tasks_of(largest[name].tasks, names))
      noted[i] = { name = name, file = file, leaky = largest[name].leaky or nil }
      digests = digest(table.concat(contents[file], "\n"), digests)
    end
    add("split.json", { json.encode { protocol = data.conditions.protocol,
      conditions = data.conditions, evaluations = noted, data = data.dataset.name,
      digest = digests or "" } })
    local ok, message
    ok, message = core.mkdir(folder)
    for _, name in ipairs(order) do
      if ok and core.exists(folder .. "/" .. name) then
        return nil, ("%s holds a split already (%s): give another folder"):format(folder, name)
      end
    end
    for _, name in ipairs(order) do
      if ok then
        ok, message = write_lines(folder .. "/" .. name, contents[name])
      end
    end
    return ok, message
  end

  -- What split.json says, as far as it is of the form that `write` gives; else nothing.
  local function noted_in(folder)
    local words = core.exists(folder .. "/split.json") and core.read_file(folder .. "/split.json")
    local noted = words and core.json_decode(words)
    local is_right = type(noted) == "table" and type(noted.evaluations) == "table"
      and type(noted.conditions) == "table" and type(noted.protocol) == "string"
    return is_right and noted or nil
  end

  --- The files of a folder that `write` made, or that has some of them.
  -- @tparam string folder
  -- @treturn ?table paths: train, valid, test, ratings (each may be nil), tasks (list of {name,
  -- path, leaky}); protocol and conditions, if the tasks are those that were written
  -- @treturn ?string message
  function files.find(folder)
    local found, noted = { tasks = {} }, noted_in(folder)
    for _, name in ipairs { "train.txt", "valid.txt", "test.txt", "ratings.tsv" } do
      local path = folder .. "/" .. name
      found[name:match "^[A-Za-z]+"] = core.exists(path) and path or nil
    end
    local digests
    for _, entry in ipairs(noted and noted.evaluations or {}) do
      local file = type(entry) == "table" and type(entry.file) == "string"
        and not entry.file:find "[/\\]" and folder .. "/" .. entry.file
      local words, message
      if file then
        words, message = core.read_file(file)
      end
      if not words then
        return nil, message or folder .. "/split.json: an evaluation has no file"
      end
      digests = digest(words:gsub("\n$", ""), digests)
      found.tasks[#found.tasks + 1] = { name = plain.tostring(entry.name), path = file,
        leaky = entry.leaky == true }
    end
    if #found.tasks == 0 and core.exists(folder .. "/tasks.tsv") then
      found.tasks[1] = { name = "tasks", path = folder .. "/tasks.tsv", leaky = false }
    end
    if #found.tasks == 0 and not found.test then
      return nil, folder .. " holds no split: neither split.json nor tasks.tsv nor test.txt"
    end
    if noted and noted.digest == (digests or "") then
      found.protocol, found.conditions = noted.protocol, noted.conditions
    end
    return found
  end

  return files
end
