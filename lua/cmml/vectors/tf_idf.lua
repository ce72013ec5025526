--- Weights of words in texts, or of values in rows, by TF-IDF.
--
-- @module cmml.vectors.tf_idf

return function(cmml)
  local core = cmml.core
  local tf_idf = {}

  --- The weights of counts: 1 + log count, times log((1 + rows) / (1 + rows that have the column))
  -- + 1, each row scaled to length 1.
  -- @tparam table counts as `core.sparse` gives it: how often each row has each column
  -- @tparam integer n_rows
  -- @tparam integer n_columns
  -- @treturn table the matrix as `directions.of` takes it: by_user, by_item, n_users (rows) and
  -- n_items (columns)
  function tf_idf.of(counts, n_rows, n_columns)
    local columns = counts.columns
    local having = core.scatter_add_rows(core.full({ n_columns }, 0), core.full({ #columns }, 1),
      columns)
    local idf = ((having + 1):reciprocal() * (1 + n_rows)):log() + 1
    local weights = (counts.weights:log() + 1) * idf:gather_rows(columns)
    local norms = core.segment_sum(weights:square():reshape { -1, 1 }, counts.rows):maximum(1e-30)
    weights = weights / norms:sqrt():segment_expand(counts.rows):reshape { -1 }
    local rows = counts.rows:groups()
    return { by_user = core.sparse(rows, columns, weights, n_rows, n_columns),
      by_item = core.sparse(columns, rows, weights, n_columns, n_rows), n_items = n_columns,
      n_users = n_rows }
  end

  return tf_idf
end
