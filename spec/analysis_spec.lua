-- Principal components, k-means and the adjusted Rand index: against values of scikit-learn on the
-- same points, and against what must hold of every result; and what none of them takes.
local cmml = require "cmml"
local close = require "spec.support.close"
local clouds = require "spec.support.clouds"
local refused = require("spec.support.refused").with_text
local near, near_lists = close.near, close.near_lists
local double = cmml.double
local points = clouds.points

for name, library in pairs { float32 = cmml, float64 = double } do
  local core = library.core
  local bound = name == "float32" and 1e-5 or 1e-9

  describe("principal components in " .. name, function()
    it("are those of scikit-learn", function()
      local p = library.analysis.pca(points(core, 30, 5))
      near_lists({ 0.6883368441531172, 0.22061716256017652 }, p.shares, bound, "shares")
      near_lists({ 0.6209475696741233, -0.28678213133499464, -0.34939722564104836,
        -0.26688432617186914, 0.5821292468351712 }, p.components:totable()[1], bound, "first")
      near_lists({ 0.5011987227006645, 0.5504843779665611, 0.3136271242258546,
        -0.5036883608606226, -0.30610921590398266 }, p.components:totable()[2], bound, "second")
      local y = p.coordinates:totable()
      near_lists({ 0.7713535164576866, -1.7224052704762516 }, y[1], bound, "point 1")
      near_lists({ -3.230836872797935, 0.5661578584422235 }, y[3], bound, "point 3")
    end)

    it("are those of scikit-learn where points are fewer than columns", function()
      local p = library.analysis.pca(points(core, 6, 12), { dims = 3 })
      near_lists({ 0.6899065802889149, 0.1921011577137013, 0.055916636426679135 }, p.shares, bound,
        "shares")
      local first = p.components:totable()[1]
      near_lists({ 0.5094860660511831, -0.19750299184043588, -0.2550094823683393 },
        { first[1], first[2], first[3] }, bound, "first")
    end)

    it("are orthonormal, explain all, and give the points back", function()
      local x = points(core, 40, 24)
      local p = library.analysis.pca(x, { dims = 24 })
      local sum = 0
      for i, share in ipairs(p.shares) do
        sum = sum + share
        assert.truthy(i == 1 or share <= p.shares[i - 1])
      end
      near(1, sum, 1e-9)
      local gram = p.components:matmul(p.components:transpose(1, 2)):totable()
      for i = 1, 24 do
        for j = 1, 24 do
          near(i == j and 1 or 0, gram[i][j], bound)
        end
      end
      local back = (p.coordinates:matmul(p.components) + p.mean - x):abs():max():item()
      assert.truthy(back < 10 * bound)
    end)

    it("have zeros where nothing varies", function()
      local line = core.tensor { { 1, 2 }, { 2, 4 }, { 3, 6 } }
      local p = library.analysis.pca(line)
      near_lists({ 1, 0 }, p.shares, 1e-6, "shares")
      assert.same({ 0, 0 }, p.components:totable()[2])
      local many = library.analysis.pca(core.tensor { { 1, 0, 0, 0 }, { -1, 0, 0, 0 },
        { 3, 0, 0, 0 } }, { dims = 3 })
      near_lists({ 1, 0, 0 }, many.shares, 1e-9, "shares")
      assert.truthy(many.coordinates:isfinite())
    end)
  end)
end

it("principal components are the same whatever the unit", function()
  local x = points(double.core, 30, 5)
  local shares = double.analysis.pca(x).shares
  for _, unit in ipairs { 1e-120, 1e-90, 1e80, 1e98 } do
    near_lists(shares, double.analysis.pca(x * unit).shares, 1e-9, "shares at " .. unit)
  end
end)

for name, library in pairs { float32 = cmml, float64 = double } do
  local core = library.core

  describe("eigenvectors in " .. name, function()
    -- (2 1 1 2) has 3 and 1, along (1 1) and (1 -1).
    it("of small matrices are those by hand", function()
      local vectors, values = core.eigenvectors(core.tensor { { 2, 7 }, { 1, 2 } }) -- 7 is not read
      near_lists({ 3, 1 }, values:totable(), 1e-6, "values")
      local half = math.sqrt(0.5)
      near_lists({ half, half }, vectors:totable()[1], 1e-6, "first")
      near_lists({ half, -half }, vectors:totable()[2], 1e-6, "second")
      assert.same({ 0 }, select(2, core.eigenvectors(core.full({ 0, 0 }, 0))).shape)
    end)

    it("are refused of what has none", function()
      refused("a contiguous square matrix", core.eigenvectors, core.full({ 2, 3 }, 1))
      refused("a contiguous square matrix", core.eigenvectors, core.full({ 4 }, 1))
      refused("the matrix is not finite", core.eigenvectors, core.tensor { { 0 / 0 } })
      refused("eigenvectors are found of at most 4096", core.eigenvectors, core.full({ 4097, 4097 },
        0))
    end)
  end)
end

describe("k-means", function()
  local core = cmml.core

  it("finds the clusters of scikit-learn", function()
    local k = double.analysis.kmeans(points(double.core, 30, 5), { k = 3 })
    near(46.61270673179312, k.inertia, 1e-9)
    local expected = {}
    for i = 1, 30 do
      expected[i] = (i - 1) % 3 + 1
    end
    assert.same(expected, k.clusters:totable())
    near(0, double.analysis.kmeans(points(double.core, 12, 5), { k = 12 }).inertia, 1e-9)
  end)

  it("ends where every point is with its nearest centre, the mean of its points", function()
    local x = points(double.core, 60, 4, 2)
    local k = double.analysis.kmeans(x, { k = 7, restarts = 1 })
    local rows, c, clusters = x:totable(), k.centres:totable(), k.clusters:totable()
    local sums, inertia = {}, 0
    for i, row in ipairs(rows) do
      local best, least
      for j = 1, 7 do
        local d = 0
        for a = 1, 4 do
          d = d + (row[a] - c[j][a]) ^ 2
        end
        if not least or d < least then
          best, least = j, d
        end
      end
      assert.equal(best, clusters[i])
      inertia = inertia + least
      local sum = sums[best] or { n = 0, 0, 0, 0, 0 }
      sums[best], sum.n = sum, sum.n + 1
      for a = 1, 4 do
        sum[a] = sum[a] + row[a]
      end
    end
    near(inertia, k.inertia, 1e-9)
    for j = 1, 7 do
      for a = 1, 4 do
        near(sums[j][a] / sums[j].n, c[j][a], 1e-9)
      end
    end
  end)

  it("depends on the seed alone, and gets better with restarts", function()
    local x = points(core, 60, 4, 2)
    local function run(restarts)
      return cmml.analysis.kmeans(x, { k = 6, restarts = restarts, seed = 5 })
    end
    assert.same(run(3).clusters:totable(), run(3).clusters:totable())
    assert.truthy(run(40).inertia <= run(1).inertia)
  end)

  it("copes with points that are the same", function()
    local x = core.tensor { { 1 }, { 1 }, { 1 }, { 5 }, { 5 } }
    assert.same({ 1, 1, 1, 2, 2 }, cmml.analysis.kmeans(x, { k = 2 }).clusters:totable())
    refused("3 clusters of points of which only 2 are distinct", cmml.analysis.kmeans, x,
      { k = 3 })
  end)
end)

describe("the adjusted Rand index", function()
  it("is that of scikit-learn", function()
    local index = cmml.analysis.adjusted_rand_index
    near(0.5714285714285714, index({ 0, 0, 1, 1 }, { 0, 0, 1, 2 }), 1e-12)
    near(0.1111111111111111, index({ 0, 0, 0, 1, 1, 1, 2, 2, 2 }, { 0, 0, 1, 1, 1, 2, 2, 2, 0 }),
      1e-12)
    near(-0.5, index({ "a", "a", "b", "b" }, { true, false, true, false }), 1e-12)
    assert.equal(1, index({ 1, 1, 1 }, { 2, 2, 2 }))
    assert.equal(1, index({ 1, 2, 3 }, { 3, 2, 1 }))
    assert.equal(0, index({ 1, 1, 1 }, { 1, 2, 3 }))
    assert.equal(1, index({ 7 }, { "x" }))
    assert.equal(1, index(cmml.core.ids { 1, 1, 2 }, { "a", "a", "b" }))
  end)

  it("refuses groupings that cannot be compared", function()
    local index = cmml.analysis.adjusted_rand_index
    refused("groupings of 2 and 1 things", index, { 1, 2 }, { 1 })
    refused("groupings of 0 and 0 things", index, {}, {})
    refused("the second grouping must be a list or Ids, not nil", index, { 1 })
    refused("the first grouping has no group for 2", index, { 1, 0 / 0 }, { 1, 2 })
  end)
end)

describe("points that cannot be looked at", function()
  local core = cmml.core

  it("are refused with what is wrong", function()
    local x = core.tensor { { 1, 2 }, { 3, 0 / 0 }, { 1, 1 } }
    for name, options in pairs { pca = {}, tsne = {}, kmeans = { k = 2 } } do
      refused("number 2 of point 2 is not finite", cmml.analysis[name], x, options)
      refused("must be a matrix [points, width], not one of 1 dims", cmml.analysis[name],
        core.tensor { 1, 2 }, options)
      refused(name .. ": points must be a tensor [points, width], not table", cmml.analysis[name],
        { { 1 } }, options)
      refused("unknown option", cmml.analysis[name], x, { k = 2, nonsense = 1 })
    end
    local same = core.full({ 5, 3 }, 2)
    refused("pca: all 5 points are the same", cmml.analysis.pca, same)
    refused("tsne: all 5 points are the same", cmml.analysis.tsne, same)
    refused("at least 2 are needed", cmml.analysis.pca, core.full({ 1, 3 }, 2))
    refused("at least 2 are needed", cmml.analysis.tsne, core.full({ 0, 3 }, 2))
    refused("count must be from 1 to 2", cmml.analysis.pca, core.tensor { { 1, 2 }, { 3, 4 } },
      { dims = 3 })
    refused("count must be from 1 to 0", cmml.analysis.pca, core.full({ 3, 0 }, 1))
    refused("0 clusters of 5 points", cmml.analysis.kmeans, same, { k = 0 })
    refused("6 clusters of 5 points", cmml.analysis.kmeans, same, { k = 6 })
    refused("perplexity must be above 0", cmml.analysis.tsne, same, { perplexity = -1 })
    refused("perplexity must be a finite number", cmml.analysis.tsne, same, { perplexity = 0 / 0 })
    refused("dims must be from 1 to 3, but is 4", cmml.analysis.tsne, same, { dims = 4 })
    refused("iterations must be at least 1", cmml.analysis.tsne, same, { iterations = 0 })
    refused("restarts must be at least 1", cmml.analysis.kmeans, same, { k = 1, restarts = 0 })
    refused("too large", double.analysis.pca, double.core.tensor { { 1e200 }, { 2 } }, { dims = 1 })
  end)

  it("are refused by the core, too", function()
    local x, y = points(core, 4, 3), core.full({ 4, 2 }, 0)
    refused("perplexity 4 must be at least 1 and below", core.tsne_affinities, x, 4)
    refused("nan must be at least 1", core.tsne_affinities, x, 0 / 0)
    refused("10001 points", core.tsne_affinities, core.full({ 10001, 0 }, 0), 5)
    refused("affinities must be [4, 4]", core.tsne_step, x, y, y, y, {})
    refused("lower the learning rate", core.tsne_step, core.tsne_affinities(x, 2),
      x:slice(2, 1, 2), y, y + 1, { rate = math.huge })
    refused("must all be [points, 1 to 3]", core.tsne_step, x, y, y, x, {})
    refused("must be a matrix", core.principal_axes, x:transpose(1, 2), 1)
    refused("at most 4096", core.principal_axes, core.full({ 4097, 4097 }, 0), 1)
    refused("iterations must be at least 1", core.kmeans_once, x, 2, { iterations = 0 })
  end)
end)
