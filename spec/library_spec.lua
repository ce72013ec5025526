local cmml = require "cmml"

describe("the library", function()
  it("says what it is", function()
    local info = cmml.info()
    assert.equal("float32", info.dtype)
    assert.equal("float64", cmml.double.info().dtype)
    assert.equal(6, info.max_dims)
    assert.matches("^%d+%.%d+%.%d+$", info.version)
    assert.equal("cmml " .. info.version, cmml._VERSION)
    assert.is_nil(cmml.double.double)
  end)

  it("is opened once: who loads it again gets the same core", function()
    for _, name in ipairs { "cmml.core", "cmml.core64" } do
      local core = require(name)
      local x = core.full({ 1000 }, 1)
      package.loaded[name] = nil
      assert.is_true(core == require(name), name)
      local live = core.memory().live
      x:free()
      assert.is_true(core.memory().live <= live - 1000 * 4)
    end
  end)

  it("loads a floor as a whole, again where that failed", function()
    local library, name = require "cmml.library"(require "cmml.core"), "cmml.train.team"
    local loaded = package.loaded[name]
    package.loaded[name], package.preload[name] = nil, function()
      error "nothing is left"
    end
    local ok, problem = pcall(function()
      return library.train
    end)
    package.loaded[name], package.preload[name] = loaded, nil
    assert.is_false(ok)
    assert.matches("nothing is left", problem)
    assert.is_function(library.train)
    assert.is_function(library.team)
  end)

  it("makes nothing global", function()
    local before = {}
    for name in pairs(_G) do
      before[name] = true
    end
    for name in pairs(package.loaded) do
      if name:match "^cmml" then
        package.loaded[name] = nil
      end
    end
    require "cmml"
    for name in pairs(_G) do
      assert.is_true(before[name], name)
    end
  end)
end)
