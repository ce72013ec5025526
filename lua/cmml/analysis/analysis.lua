--- Analysis of points: principal components, t-SNE, clusters, and the agreement of two groupings.
--
-- @module cmml
local plain = require "cmml.base.plain"
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local declare, raise = sets.declare, require("cmml.base.args").error

local known = {
  pca = declare("analysis.pca", {
    { name = "dims", kind = "integer", default = 2, help = "number of components" },
  }),
  tsne = declare("analysis.tsne", {
    { name = "dims", kind = "integer", from = 1, to = 3, default = 2,
      help = "dimension of the embedding" },
    { name = "perplexity", kind = "number", above = 0, default = 30,
      help = "about the number of neighbours of a point; lowered to a third of the other points "
        .. "where there are few" },
    { name = "iterations", kind = "integer", from = 1, default = 1000,
      help = "number of iterations" },
    { name = "exaggeration", kind = "number", above = 0, default = 12,
      help = "factor of the attraction in the early iterations" },
    { name = "rate", kind = "number", above = 0,
      default_text = "points / exaggeration / 4, at least 50", help = "learning rate" },
    { name = "init", kind = "string", choices = { "pca", "random" }, default = "pca",
      help = "initial places: principal components or small normal numbers" },
    sets.changed(shared.seed, { help = "seed of the normal numbers" }),
    { name = "on_iteration", kind = "function",
      help = "called after each iteration with {iteration, iterations, divergence}" },
  }),
  kmeans = declare("analysis.kmeans", {
    { name = "k", kind = "integer", required = true, help = "number of clusters" },
    { name = "restarts", kind = "integer", from = 1, default = 10,
      help = "number of initialisations, of which the best result is taken" },
    { name = "iterations", kind = "integer", default = 300,
      help = "maximum number of iterations of each" },
    sets.changed(shared.seed, { help = "seed of the initialisations" }),
  }),
}

return function(cmml)
  local core = cmml.core
  --- Principal components, t-SNE, k-means.
  cmml.analysis = {}

  -- A contiguous constant [points, width].
  local function points_of(name, x)
    local meta = getmetatable(x)
    name = "analysis." .. name
    if type(meta) ~= "table" or meta.__name ~= getmetatable(core.full({}, 0)).__name then
      raise(("%s: points must be a tensor [points, width], not %s"):format(name, type(x)), 3)
    elseif #x.shape ~= 2 then
      raise(("%s: points must be a matrix [points, width], not one of %d dims"):format(name,
        #x.shape), 3)
    end
    return x:clone()
  end

  -- Errors of the core point at the caller.
  local function call(f, ...)
    local results = table.pack(pcall(f, ...))
    if not results[1] then
      raise(results[2], 3)
    end
    return table.unpack(results, 2, results.n)
  end

  --- Principal component analysis, exact: eigenvectors of the covariance, in double precision. Of
  -- each component the number of largest magnitude is positive, so that the same points always give
  -- the same picture.
  -- @tparam Tensor x [points, width], at least 2 points that are not all the same; of points and
  -- width the fewer may be at most 4096
  -- @tparam[opt] table options
  -- @treturn table coordinates (Tensor [points, dims]), shares (list: the fraction of the variance
  -- that each component explains), components (Tensor [dims, width]), mean (Tensor [width])
  function cmml.analysis.pca(x, options)
    local opt = known.pca:check(options)
    x = points_of("pca", x)
    local axes, mean, variances = call(core.principal_axes, x, opt.dims)
    local total, shares = 0, {}
    for _, variance in ipairs(variances) do
      total = total + variance
    end
    if total <= 0 then
      raise(("analysis.pca: all %d points are the same"):format(x.shape[1]), 2)
    end
    for i = 1, opt.dims do
      shares[i] = variances[i] / total
    end
    mean = core.tensor(mean)
    return { coordinates = (x - mean):matmul(axes:transpose(1, 2)), shares = shares,
      components = axes, mean = mean }
  end

  -- Where t-SNE begins: principal components, of which the first has a standard deviation of 1e-4.
  local function first_places(x, dims)
    local count = math.min(dims, x.shape[1], x.shape[2])
    local axes, mean, variances = call(core.principal_axes, x, count)
    if variances[1] <= 0 then
      raise(("analysis.tsne: all %d points are the same"):format(x.shape[1]), 3)
    end
    local y = (x - core.tensor(mean)):matmul(axes:transpose(1, 2)) * (1e-4 / variances[1] ^ 0.5)
    if count < dims then
      y = core.concat({ y, core.full({ x.shape[1], dims - count }, 0) }, 2)
    end
    return y
  end

  -- The perplexity for so many points, and a note if it is not the one asked for.
  local function perplexity_of(opt, n)
    if n < 2 then
      raise(("analysis.tsne: %d points; at least 2 are needed"):format(n), 3)
    end
    local most = math.max(1, (n - 1) / 3)
    if opt.perplexity > most then
      return most, plain.format("perplexity lowered from %g to %.3g: there are only %d points",
        opt.perplexity, most, n)
    end
    return math.max(1, opt.perplexity)
  end

  --- t-SNE, exact (van der Maaten and Hinton, 2008): places in a plane such that points that were
  -- near one another stay near. The same points and options give the same picture. The first 250
  -- iterations (a quarter, of fewer than 1000) exaggerate the attraction, with a momentum of 0.5;
  -- the others have 0.8. An iteration looks at every pair of points.
  -- @tparam Tensor x [points, width], 2 to 10000 points that are not all the same
  -- @tparam[opt] table options
  -- @treturn table coordinates (Tensor [points, dims]), divergence (of Kullback and Leibler),
  -- perplexity (that was used), note (text, if that is not the one asked for)
  function cmml.analysis.tsne(x, options)
    local opt = known.tsne:check(options)
    x = points_of("tsne", x)
    local n = x.shape[1]
    local perplexity, note = perplexity_of(opt, n)
    local y = first_places(x, opt.dims)
    if opt.init == "random" then
      y = core.normal({ n, opt.dims }, 0, 1e-4, { seed = opt.seed })
    end
    local affinities = call(core.tsne_affinities, x, perplexity)
    local rate = opt.rate or math.max(n / opt.exaggeration / 4, 50)
    local early = math.min(250, opt.iterations // 4)
    local still, one = core.full({ n, opt.dims }, 0), core.full({ n, opt.dims }, 1)
    local velocity, gains = still, one
    for iteration = 1, opt.iterations do
      local first = iteration <= early
      if iteration == early + 1 then
        velocity, gains = still, one
      end
      local divergence
      y, velocity, gains, divergence = call(core.tsne_step, affinities, y, velocity, gains,
        { rate = rate, momentum = first and 0.5 or 0.8,
          exaggeration = first and opt.exaggeration or 1, measure = opt.on_iteration ~= nil })
      if opt.on_iteration then
        opt.on_iteration { iteration = iteration, iterations = opt.iterations,
          divergence = divergence }
      end
    end
    local divergence = select(4, call(core.tsne_step, affinities, y, velocity, gains, { rate = 0 }))
    return { coordinates = y, divergence = divergence, perplexity = perplexity, note = note }
  end

  --- Clusters by k-means: the best of several initialisations by k-means++ (Arthur and
  -- Vassilvitskii, 2007). The same seed gives the same clusters, numbered by their first points.
  -- @tparam Tensor x [points, width], at least k different points
  -- @tparam table options
  -- @treturn table clusters (Ids [points]: the cluster of each), centres (Tensor [k, width]),
  -- inertia (sum of squared distances of points to their centres), iterations (of the best)
  function cmml.analysis.kmeans(x, options)
    local opt = known.kmeans:check(options)
    x = points_of("kmeans", x)
    local best
    for restart = 1, opt.restarts do
      local clusters, centres, inertia, iterations = call(core.kmeans_once, x, opt.k,
        { iterations = opt.iterations, seed = opt.seed, restart = restart })
      if not best or inertia < best.inertia then
        best = { clusters = clusters, centres = centres, inertia = inertia,
          iterations = iterations }
      end
    end
    return best
  end

  local function groups_of(which, list)
    local meta = getmetatable(list)
    if type(meta) == "table" and tostring(meta.__name):find "Ids$" then
      return list:totable()
    elseif type(list) ~= "table" then
      raise(("analysis.adjusted_rand_index: the %s grouping must be a list or Ids, not %s")
        :format(which, type(list)), 3)
    end
    for i = 1, #list do
      if list[i] == nil or list[i] ~= list[i] then
        raise(("analysis.adjusted_rand_index: the %s grouping has no group for %d"):format(which,
          i), 3)
      end
    end
    return list
  end

  -- The sum of pairs within groups of these sizes.
  local function pairs_within(sizes)
    local sum = 0
    for _, size in pairs(sizes) do
      sum = sum + size * (size - 1) / 2
    end
    return sum
  end

  --- The agreement of two groupings of the same things (Hubert and Arabie, 1985): 1 where they are
  -- the same, whatever the groups are called; about 0 for random groupings.
  -- @tparam table|Ids a the group of each thing: any values
  -- @tparam table|Ids b the same, as many
  -- @treturn number at most 1
  function cmml.analysis.adjusted_rand_index(a, b)
    a, b = groups_of("first", a), groups_of("second", b)
    if #a ~= #b or #a == 0 then
      raise(("analysis.adjusted_rand_index: groupings of %d and %d things; both must have the same "
        .. "number, at least one"):format(#a, #b), 2)
    end
    local of_a, of_b, both, sizes = {}, {}, {}, {}
    for i = 1, #a do
      local row = both[a[i]] or {}
      both[a[i]] = row
      row[b[i]] = (row[b[i]] or 0) + 1
      of_a[a[i]], of_b[b[i]] = (of_a[a[i]] or 0) + 1, (of_b[b[i]] or 0) + 1
    end
    for _, row in pairs(both) do
      for _, size in pairs(row) do
        sizes[#sizes + 1] = size
      end
    end
    local within_a, within_b, all = pairs_within(of_a), pairs_within(of_b), #a * (#a - 1) / 2
    local expected = all > 0 and within_a * within_b / all or 0
    local most = (within_a + within_b) / 2
    return most == expected and 1 or (pairs_within(sizes) - expected) / (most - expected)
  end
end
