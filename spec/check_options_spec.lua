-- The gate of options: what it refuses.
local gate = require "spec.support.gate"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

describe("the gate of options", function()
  local function refused(said, path, change)
    gate.refuses("options", said, path, change)
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

  it("finds an option that is declared a second time, in whatever words", function()
    local said = "option hidden is declared in nn.gru ("
    for _, again in ipairs {
      '{ name = "hidden", kind = "integer", required = true, from = 1, help = HELP }',
      'table.pack({ help = HELP,\n  from = 1, ["name"] = "hid" .. "den", required = true, '
        .. 'kind = "integer" })[1]',
    } do
      refused(said, layer, function(text)
        local help = read("lua/cmml/nn/size_options.lua"):match 'name = "hidden".-help = (".-")'
        return (text:gsub("\n}%)", function()
          return "\n  " .. again:gsub("HELP", help) .. ",\n})"
        end, 1))
      end)
    end
  end)

  it("finds an option whose help only says where it is told", function()
    refused("nn.layer_norm: option inp is that of nn.linear: take that declaration", layer,
      function(text)
        return (text:gsub("\n}%)", '\n  { name = "inp", kind = "integer", help = "see nn.linear" },'
          .. "\n})", 1))
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
