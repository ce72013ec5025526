"""Scores of people who are folded in, by numpy and `implicit`, beside those that bench/fold_in.lua
wrote: prints for each how far they are apart at most, relative to the largest score.

    fold_in.py FOLDER USERS PEOPLE ITEMS RIDGE ALPHA REGULARIZATION FACTORS
"""

import sys

import numpy
import scipy.sparse
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import bm25_weight, normalize, tfidf_weight


def main():
    folder = sys.argv[1]
    users, people, items, factors = (int(sys.argv[i]) for i in (2, 3, 4, 8))
    ridge, alpha, regularization = (float(text) for text in sys.argv[5:8])

    def read(name):
        return numpy.fromfile(f"{folder}/{name}", dtype=numpy.float32)

    def matrix(name, rows):
        row, column = read(name).astype(int).reshape(2, -1)
        return scipy.sparse.csr_matrix((numpy.ones(len(row)), (row, column)), shape=(rows, items))

    def tell(name, expected):
        found = read(name).reshape(people, items)
        apart = numpy.abs(expected - found).max() / numpy.abs(expected).max()
        print(f"{name:8} scores are at most {apart:.1e} of the largest apart", flush=True)

    x, support = matrix("train", users), matrix("support", people)

    gram = (x.T @ x).toarray()
    gram[numpy.diag_indices(items)] += ridge
    inverse = numpy.linalg.inv(gram)
    weights = inverse / -numpy.diag(inverse)
    weights[numpy.diag_indices(items)] = 0
    tell("ease", support @ weights)

    vectors = read("vectors").reshape(items, factors)
    model = AlternatingLeastSquares(factors=factors, regularization=regularization, alpha=1,
                                    num_threads=1)
    model.item_factors = vectors
    model.user_factors = numpy.zeros((people, factors), dtype=numpy.float32)
    confidence = (support * (1 + alpha)).tocsr().astype(numpy.float32)
    tell("ials", model.recalculate_user(numpy.arange(people), confidence) @ vectors.T)

    for name, weighted in (("cosine", normalize(x.T)), ("tfidf", normalize(tfidf_weight(x.T))),
                           ("bm25", bm25_weight(x.T, 1.2, 0.75))):
        similar = (weighted.tocsr() @ weighted.T.tocsr()).toarray()
        similar[numpy.diag_indices(items)] = 0
        tell(name, support @ similar.clip(min=0))


if __name__ == "__main__":
    main()
