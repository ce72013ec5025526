--- Pages of results: the tables of an experiment as text, of its results or of their records, so
-- that what a page shows is what its file of numbers says.
--
-- A part of a page is {tbl, rows (see `cmml.experiment.summary`), others (list of {tbl, rows}: with
-- differences to further rows), verdicts (see `cmml.experiment.verdict`), rule (words on how tasks
-- were evaluated), left_out (by row why the data refused it)}.
--
-- @module cmml.experiment.page
local args = require "cmml.base.args"
local report = require "cmml.experiment.report"
local records = require "cmml.experiment.records"
local verdict = require "cmml.experiment.verdict"
local wrap = require("cmml.base.text").wrap

local page = {}

--- Where the subjects of tables stand, those first that are not the best; nil without subjects.
-- @tparam table parts
-- @treturn ?string
function page.verdict(parts)
  local texts = {}
  for _, part in ipairs(parts) do
    texts[#texts + 1] = verdict.text(part.tbl, part.verdicts or {})
  end
  return #texts > 0 and table.concat(texts, "\n") or nil
end

-- What the data refused, in words.
local function left_out_text(part)
  local parts = {}
  for _, row in ipairs(args.keys(part.left_out or {})) do
    parts[#parts + 1] = ("%s is left out: %s"):format(row, part.left_out[row])
  end
  return #parts > 0 and wrap(table.concat(parts, "; "), 0, 79) or nil
end

--- The tables as Markdown: means, differences, and behind the tables of the same cells how their
-- rows learnt, and what they tell of it.
-- @tparam table parts
-- @tparam integer n_seeds
-- @tparam ?integer width see `tables.markdown`
-- @treturn string
function page.tables(parts, n_seeds, width)
  local texts = {}
  for i, part in ipairs(parts) do
    texts[#texts + 1] = report.text(part.tbl, part.rows, n_seeds, width, part.rule)
    for _, other in ipairs(part.others) do
      texts[#texts + 1] = report.differences(other.tbl, other.rows, width)
    end
    if not parts[i + 1] or parts[i + 1].tbl.id ~= part.tbl.id then
      texts[#texts + 1] = report.training(part.rows, width)
      texts[#texts + 1] = report.told(part.rows)
      texts[#texts + 1] = left_out_text(part)
    end
  end
  return table.concat(texts, "\n\n")
end

local made_of = { verdict = page.verdict, tables = page.tables }

-- What marks a part of a page that is made: <!-- verdict of users.csv --> .. <!-- end -->
local marked = "(<!%-%- (%a+) of (%S+) %-%->\n)(.-)(<!%-%- end %-%->)"

--- Makes the marked parts of a page anew: `verdict`, which rows are not the best, and `tables`.
-- @tparam string text of a page
-- @tparam function read of a file's name, as it stands in a mark: its text; nil and a message
-- @treturn ?string the page; nil where a file cannot be read or a mark is not known
-- @treturn ?string message
function page.renew(text, read)
  local problem
  local made = text:gsub(marked, function(head, what, name, _, tail)
    local numbers, message = read(name)
    local list
    if numbers then
      list, message = records.read(numbers)
    end
    if list and not made_of[what] then
      message = ("a part is verdict or tables, not %s"):format(what)
    end
    if not list or not made_of[what] then
      problem = problem or ("%s: %s"):format(name, message)
      return nil
    end
    local parts, n_seeds = records.parts(list)
    return ("%s\n%s\n\n%s"):format(head, made_of[what](parts, n_seeds) or "", tail)
  end)
  return not problem and made or nil, problem
end

return page
