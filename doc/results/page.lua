-- Makes the marked parts of pages of results anew from their numbers, which `cmml experiment NAME
-- .. --format csv` gives: a part is what stands between <!-- verdict of users.csv --> (or tables)
-- and <!-- end -->, the file beside the page.
--
--     lua5.4 doc/results/page.lua doc/results/users.md ..
local core = require("cmml").core
local page = require "cmml.experiment.page"

if not arg[1] then
  error("usage: page.lua PAGE ..", 0)
end
for _, path in ipairs(arg) do
  local folder = path:match "^(.*/)" or ""
  local made, message = page.renew(assert(core.read_file(path)), function(name)
    return core.read_file(folder .. name)
  end)
  if not made then
    error(("%s: %s"):format(path, message), 0)
  end
  assert(core.write_file(path, made))
end
