-- The gate of options: what it refuses.
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

describe("the gate of options", function()
  local core = assert(package.searchpath("cmml.core", package.cpath))
  local pwd = io.popen "pwd"
  local root = core:sub(1, 1) == "/" and "" or pwd:read "l" .. "/"
  local cpath = root .. core:gsub("cmml/core%.so$", "?.so")
  pwd:close()

  -- What it says of a copy of the sources in which one file is changed.
  local function refused(said, path, change)
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && cp -r lua tools %s"):format(folder, folder)))
    local text = read(path)
    local changed = change(text)
    assert.not_equal(text, changed)
    local file = assert(io.open(folder .. "/" .. path, "wb"))
    file:write(changed)
    file:close()
    local pipe = io.popen(("cd %s && env -u LUA_PATH -u LUA_CPATH -u LUA_PATH_5_4 -u LUA_CPATH_5_4 "
      .. "LUA_CPATH='%s' lua5.4 tools/check_options.lua 2>&1; echo $?; rm -rf %s"):format(folder,
      cpath, folder))
    local output = pipe:read "a"
    pipe:close()
    assert.equal("1", output:match "(%d+)\n$", output)
    assert.truthy(output:find(said, 1, true), output)
  end

  local layer = "lua/cmml/nn/layer_norm.lua"

  it("finds a declaration that is wrong", function()
    refused("nn.layer_norm: declaration of option eps: default must be at least 1, but is 1e-05",
      layer, function(text)
        return (text:gsub('(name = "eps", kind = "number", from =) 0', "%1 1"))
      end)
    refused("nn.layer_norm: declaration of option width: unknown field requird", layer,
      function(text)
        return (text:gsub("required = true", "requird = true"))
      end)
  end)

  it("finds an option that is declared a second time", function()
    refused("option hidden is declared at lua/cmml/nn/", layer, function(text)
      local again = read("lua/cmml/nn/size_options.lua"):match '{ name = "hidden".-}'
      return (text:gsub("\nlocal known", "\nlocal _ = " .. again .. "%0", 1))
    end)
  end)

  it("finds options that are listed in a comment, too", function()
    refused("nn.linear: its options are declared; the comment lists them again (bias, inp, out)",
      "lua/cmml/nn/layers.lua", function(text)
        return (text:gsub("(Initial values: U%(%-1/sqrt%(inp%).-@tparam table options)",
          "%1 inp, out, bias (default true)", 1))
      end)
  end)
end)
