--- Loading of the core, which needs OpenBLAS: a system that does not find that says so in words of
-- its own.
--
-- @module cmml.base.load_core

local missing = [[
OpenBLAS, the library of linear algebra that cmml computes with, is not
installed here, or not where the system looks. Install its package:
  Debian, Ubuntu   apt install libopenblas0
  Fedora           dnf install openblas
  Arch             pacman -S openblas
  Alpine           apk add openblas
or name its folder in LD_LIBRARY_PATH. The system said: %s]]

--- The core; raises with what to do where it cannot be loaded.
-- @tparam string name cmml.core or cmml.core64
-- @treturn table
return function(name)
  local ok, core = pcall(require, name)
  if ok then
    return core
  end
  local said = tostring(core)
  -- The system names the library first, and then says in its language that it is not there.
  local library = said:match "%f[^\0\n\t ](lib[Oo]pen[Bb][Ll][Aa][Ss][^\n:]*: [^\n]*)"
    or said:match "([^\n]*[Ll]ibrary not loaded[^\n]*[Oo]pen[Bb][Ll][Aa][Ss][^\n]*)"
  error(library and missing:format(library:match "^%s*(.-)%s*$") or said, 0)
end
