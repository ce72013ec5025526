-- What is compared as lists on other data sets than MovieLens-1M; see carry-over.md. The rivals
-- have what `cmml tune` found for each set on its validation people; {} is what presets have.
local found = {
  ["ml-100k"] = {
    item_knn_implicit = { weighting = "bm25", nearest = 400, shrink = 50 },
    ease = {},
    ials = { alpha = 3.98, factors = 91, regularization = 24.5 },
    slim = { l1 = 0.334, l2 = 600 },
  },
  ["amazon-hin"] = {
    item_knn_implicit = { weighting = "bm25", nearest = 400, shrink = 50 },
    ease = { ridge = 286 },
    ials = { alpha = 25.6, factors = 93, regularization = 121 },
    slim = { l1 = 1.03, l2 = 98.9 },
  },
  ["yelp-hin"] = {
    item_knn_implicit = { nearest = 100, shrink = 50 },
    ials = { regularization = 100 },
    slim = {},
  },
  ["yelp-s3rec"] = {
    item_knn_implicit = {},
    ials = { alpha = 75.4, factors = 131, regularization = 103 },
    slim = {},
  },
  ["lastfm-hetrec2011"] = {
    item_knn_implicit = { weighting = "bm25", nearest = 400, shrink = 50 },
    ease = { rank = 256, ridge = 200 },
    ials = {},
    slim = {},
  },
}

local titles = { { "item_knn_implicit", "item-kNN on interactions" }, { "ease", "EASE" },
  { "ials", "iALS" }, { "slim", "SLIM" } }

-- The rows of the set in whose folder the data are: one set at a time.
return function(_, _, opt)
  local rows = { { row = "CMML (lists)", kind = "cmml_lists", preset = "recommended/lists" } }
  local path = ("/%s/"):format((opt.data or { "" })[1])
  for name, options in pairs(found) do
    for _, kind in ipairs(path:find(("/%s/"):format(name), 1, true) and titles or {}) do
      rows[#rows + 1] = options[kind[1]] and { row = kind[2], kind = kind[1],
        model = options[kind[1]] } or nil
    end
  end
  rows[#rows + 1] = { row = "popularity", kind = "popularity" }
  return { rows = rows, reference = rows[1].row, subjects = { rows[1].row } }
end
