--- The rows of a comparison that leaves no kind out: what the registry has for a setting.
--
-- A kind that learns has a row of what was published of it (presets whose names begin with
-- `published` or `paper`), and one of the preset `tuned`, or where there is none its default; kinds
-- without presets, and baselines, have a row of their defaults. The kind that a setting takes where
-- none is named keeps the row of its default preset beside `tuned`: that is what people get.
-- A preset with a / in its name is a variant of another, and has a row where variants are asked
-- for; the name of a setting behind a / (`paper/scenario`) is none.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local models = use "pipeline.models"
  local rows_of_kinds = {}

  --- The options of an experiment over such rows.
  rows_of_kinds.options = {
    { name = "kinds", list = "string", group = "rows", short = true, tunable = false,
      default_text = "all of the setting", help = "some of the kinds" },
    { name = "variants", kind = "boolean", default = false, group = "rows", tunable = false,
      help = "whether presets that vary the default one of a kind, such as without-context, have "
        .. "rows, too" },
  }

  -- The name of a preset without that of its setting, in words.
  local function title_of(class, name)
    local noun = "/" .. class.setting.noun[1]
    if name:sub(-#noun) == noun then
      return name:sub(1, -#noun - 1)
    end
    local first, last = name:find(noun .. "/", 1, true)
    return first and name:sub(1, first - 1) .. name:sub(last) or name
  end

  -- The presets of a kind that have rows, in order: names and titles.
  local function presets_of(class, variants)
    local default, list, seen = class.default_preset, {}, {}
    local function add(name)
      list[#list + 1] = not seen[name] and { name, (title_of(class, name):gsub("/", " ")) } or nil
      seen[name] = true
    end
    local tuned = class.presets.tuned ~= nil
    if default and (not tuned or class == models.default_kind(class.setting)) then
      add(default)
    end
    if tuned then
      add "tuned"
    end
    for _, name in ipairs(args.keys(class.presets)) do
      local title = title_of(class, name)
      local is_published = title:find "^published" or title:find "^paper"
      if is_published and not title:find("/", 1, true) then
        add(name)
      elseif variants and default and title:find(title_of(class, default) .. "/", 1, true) == 1 then
        add(name)
      end
    end
    return list
  end

  -- The rows of a kind.
  local function add_rows(rows, class, variants)
    local presets = presets_of(class, variants)
    if not class.default_preset and (class.learns ~= "none" or class.baseline) then
      rows[#rows + 1] = { row = class.title, kind = class.kind, optional = true }
    end
    for _, preset in ipairs(presets) do
      rows[#rows + 1] = { row = ("%s (%s)"):format(class.title, preset[2]), kind = class.kind,
        preset = preset[1], optional = true }
    end
  end

  -- Whether a kind has a row where predicted ratings are compared: one that predicts none is in
  -- place only where lists are.
  local function takes_part(class, setting, ranks)
    return ranks or setting.predicts ~= "ratings" or class.predicts == "ratings"
  end

  -- The kinds of a setting: those that learn by gradients first, then those that are fitted or
  -- learn nothing, baselines in the order of their places.
  local function kinds_of(where, setting, names, ranks)
    local chosen, list, others = {}, {}, {}
    for _, name in ipairs(names or {}) do
      local class = models.kind(where .. ": kinds", setting, name)
      if not takes_part(class, setting, ranks) then
        raise(("%s: kinds: %s ranks items and predicts no ratings"):format(where, name), 0)
      end
      chosen[class] = true
    end
    for _, class in ipairs(cmml.kinds.list(setting.name)) do
      if takes_part(class, setting, ranks) and (names == nil or chosen[class])
        and not class.part then
        local part = class.learns == "gradient" and list or not class.baseline and others or {}
        part[#part + 1] = class
      end
    end
    for _, class in ipairs(cmml.kinds.baselines(setting.name, ranks)) do
      others[#others + 1] = (names == nil or chosen[class]) and class or nil
    end
    return table.move(others, 1, #others, #list + 1, list)
  end

  --- The rows of an experiment.
  -- @tparam string where prefix of messages
  -- @tparam Setting setting
  -- @tparam table opt kinds, variants; rank (whether lists are compared, so that kinds have rows
  -- that predict no ratings)
  -- @treturn table rows, reference, references and subjects; see experiment/rows.lua
  function rows_of_kinds.all(where, setting, opt)
    local rows, subjects = {}, {}
    local first = models.default_kind(setting, opt.rank ~= nil)
    for _, class in ipairs(kinds_of(where, setting, opt.kinds, opt.rank ~= nil)) do
      add_rows(rows, class, opt.variants)
      if class == first then
        for _, row in ipairs(rows) do
          if row.preset == class.default_preset or row.preset == "tuned" then
            subjects[#subjects + 1] = row.row
          end
        end
      end
    end
    return { rows = rows, reference = "best", references = { subjects[1] }, subjects = subjects }
  end

  return rows_of_kinds
end
