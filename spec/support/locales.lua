--- Scripts under the locales of other countries, which are made here from the C library's sources.
local child = require "spec.support.child"

local locales = {
  --- A decimal comma.
  german = "de_DE.UTF-8",
  --- A decimal comma, and i is not the small letter of I.
  turkish = "tr_TR.UTF-8",
  --- A decimal comma, and bytes above 127 that are letters, points and control characters.
  german_latin1 = "de_DE.ISO-8859-1",
}

local made = { C = true }

local function environment(name)
  if not made[name] then
    -- where all is missing that they are made of, nothing here can pass
    assert(os.execute("sh tools/locales.sh build/locales " .. name))
    made[name] = true
  end
  return "LOCPATH=build/locales"
end

--- Runs a script that calls os.setlocale by itself.
-- @tparam string name of the locale
-- @tparam string script in it, LOCALE is the name
-- @treturn string what it wrote, errors included
-- @treturn boolean whether it ended well
function locales.run(name, script)
  return child.run(("local LOCALE = %q\n"):format(name) .. script, environment(name))
end

--- Runs a script with each process that it starts under a locale from the first line on.
-- @tparam string name
-- @tparam string script
-- @treturn string what it wrote, errors included
-- @treturn boolean whether it ended well
function locales.all(name, script)
  return child.run(script .. "\n", environment(name)
    .. (" LUA_INIT='assert(os.setlocale %q)'"):format(name))
end

return locales
