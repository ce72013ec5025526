--- Taobao's cloud themes: who clicked what in which theme.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local files = require "cmml.settings.scenarios.filters"
local filters = require "cmml.settings.scenarios.filter_options"
local shared = require "cmml.settings.scenarios.shared_options"

local known = declare("loaders.taobao_themes", {
  shared.theme_items,
  table.unpack(filters),
})

return function(cmml)
  local core = cmml.core

  local function read(folder, name, columns)
    return args.call(core.read_table, folder .. "/" .. name, { header = "names",
      columns = columns })
  end

  --- Reads a folder in the layout of Taobao's cloud theme click data (Tianchi, data set 9716): an
  -- interaction is a user who clicked an item, a scenario is a theme, called "theme N". Assumed of
  -- the files, which are comma-separated with a header: theme_click_log.csv has at least the
  -- columns user_id, theme_id and item_id (published: user_id, theme_id, item_id, leaf_cate_id,
  -- cate_level1_id, clk_cnt, reach_time), theme_item_pool.csv theme_id and item_id. The columns are
  -- found by their names, in any order; the other files of the set (purchases, vectors) are not
  -- read.
  -- Several clicks of a user on an item are one interaction, whatever the theme.
  -- @tparam string folder
  -- @tparam[opt] table options
  -- @treturn ?ScenarioData nil if a file is missing or malformed, or no theme is a scenario
  -- @treturn ?string message
  function cmml.loaders.taobao_themes(folder, options)
    local opt = known:check(options)
    local name = files.name_of("loaders.taobao_themes", folder)
    local clicks, message = read(folder, "theme_click_log.csv", { { name = "user_id", id = true },
      { name = "theme_id", id = true }, { name = "item_id", id = true } })
    if not clicks then
      return nil, message
    end
    local members = clicks
    if opt.items == "pool" then
      members, message = read(folder, "theme_item_pool.csv", { { name = "theme_id", id = true },
        { name = "item_id", id = true } })
      if not members then
        return nil, message
      end
    end
    local user, item = clicks.columns.user_id, clicks.columns.item_id
    local theme = members.columns.theme_id
    return files.finish(cmml, opt, { name = name, users = user.vocab, items = item.vocab,
      user_ids = user.ids, item_ids = item.ids, groups = files.groups(core, item.vocab,
        members.columns.item_id, theme.ids, files.texts(theme.vocab, "theme ")) })
  end

  cmml.loader {
    name = "taobao_themes", setting = "scenarios",
    title = "Taobao's themes (theme_click_log.csv)", marks = { "theme_click_log.csv" },
    files = { "theme_click_log.csv", "theme_item_pool.csv" }, options = { "items" },
    read = cmml.loaders.taobao_themes,
  }
end
