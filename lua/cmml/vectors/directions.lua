--- Principal directions of sparse matrices, by a randomised SVD.
--
-- @module cmml
return function(cmml)
  local core = cmml.core
  local directions = {}

  -- Columns more than are asked for, and how often both sides are multiplied: the directions of
  -- interactions fall off slowly, and few rounds would mix the last ones with those behind them.
  local more, rounds = 16, 5

  --- The right singular vectors of the largest singular values of X, and the squares of these: by
  -- subspace iteration from random columns (Halko, Martinsson and Tropp, SIAM Review 2011). The
  -- same seed gives the same bits on the same kernels.
  -- @tparam table x by_user and by_item: X and its transpose, sparse matrices as `core.sparse`
  -- gives them; n_items, n_users
  -- @tparam integer rank how many; fewer where the matrix has fewer columns or rows
  -- @tparam integer seed
  -- @treturn Tensor [n_items, rank] orthonormal columns; zeros where X has no further direction
  -- @treturn Tensor [rank] descending
  function directions.of(x, rank, seed)
    local most = math.min(x.n_items, x.n_users)
    local q = core.normal({ x.n_items, math.min(rank + more, most) }, 0, 1, { seed = seed,
      stream = core.streams.init })
    for _ = 1, rounds do
      q = core.orthonormal(core.sparse_product(x.by_user, q))
      q = core.orthonormal(core.sparse_product(x.by_item, q))
    end
    local image = core.sparse_product(x.by_user, q)
    local axes, values = core.eigenvectors(image:transpose():matmul(image))
    rank = math.min(rank, most)
    return q:matmul(axes:slice(1, 1, rank):transpose()), values:slice(1, 1, rank):relu()
  end

  return directions
end
