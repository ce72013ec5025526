-- bin/cmml finds its library under the prefix that both were installed to.
local temporary = require "spec.support.temporary"

describe("the command under a prefix", function()
  local root = temporary.folder()

  -- Runs a command in which PREFIX stands for the folder, where nothing else is found.
  local function shell(command)
    local pipe = assert(io.popen("unset LUA_PATH_5_4 LUA_CPATH_5_4; "
      .. "export LUA_PATH=none/?.lua LUA_CPATH=none/?.so; " .. command:gsub("PREFIX", root)))
    local text = pipe:read "a"
    return text, pipe:close()
  end

  setup(function()
    assert(select(2, shell(("mkdir -p PREFIX/bin PREFIX/lib/lua/5.4/cmml PREFIX/share/lua/5.4 && "
      .. "cp bin/cmml PREFIX/bin && ln -s PREFIX/bin/cmml PREFIX/link && cp '%s' "
      .. "PREFIX/lib/lua/5.4/cmml"):format(package.searchpath("cmml.core", package.cpath)))))
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("says where it looked for the library", function()
    local text, ok = shell "PREFIX/bin/cmml --help 2>&1"
    assert.is_nil(ok)
    assert.equal(("cmml: the library is neither in %s/bin/.. nor where Lua looks (LUA_PATH)\n")
      :format(root), text)
  end)

  it("finds it, also by a link and from its own folder", function()
    assert(select(2, shell "cp -r lua/cmml PREFIX/share/lua/5.4"))
    for _, command in ipairs { "PREFIX/bin/cmml", "PREFIX/link", "cd PREFIX/bin && ./cmml" } do
      local text, ok = shell(command .. " --help 2>&1")
      assert.is_true(ok, text)
      assert.truthy(text:find("usage: cmml COMMAND", 1, true), text)
    end
  end)
end)

describe("what is installed", function()
  it("has the license with it", function()
    local root = temporary.folder()
    local pipe = assert(io.popen("make -n install DESTDIR='" .. root .. "' 2>/dev/null"))
    local said = pipe:read "a"
    pipe:close()
    temporary.remove(root)
    assert.truthy(said:find("install -D -m 644 LICENSE", 1, true), said)
  end)
end)
