"""FID, precision and recall of features by NumPy and SciPy, straight from their definitions: the judge's judge.

usage: fid.py REAL GENERATED WIDTH

Both files hold float32 features, little-endian, row after row of WIDTH numbers. Prints a JSON object.
"""

import json
import sys

import numpy as np
from scipy.linalg import sqrtm

NEIGHBOURS = 3
# Rows of distances held at a time.
BLOCK = 500


def frechet_distance(a, b):
    """Heusel et al. 2017, with SciPy's general matrix root (Schur's method) of the product of the covariances."""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # A feature that no picture of a set wakes makes the product singular, which the general root does not bear.
    ridge = np.eye(len(cov_a)) * 1e-9 * np.trace(cov_a) / len(cov_a)
    root = sqrtm((cov_a + ridge) @ (cov_b + ridge))
    apart = a.mean(axis=0) - b.mean(axis=0)
    return float(apart @ apart + np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(root).real)


def distances(a, b):
    """Blocks of rows of Euclidean distances between the rows of a and those of b."""
    for start in range(0, len(a), BLOCK):
        rows = a[start : start + BLOCK]
        squares = (rows**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * rows @ b.T
        yield np.sqrt(np.maximum(squares, 0))


def radii(features):
    # The nearest of all is the picture itself.
    return np.concatenate([np.sort(np.partition(d, NEIGHBOURS, axis=1)[:, : NEIGHBOURS + 1], axis=1)[:, -1]
                           for d in distances(features, features)])


def share_inside(a, b):
    """Share of the rows of a in the union of the balls round the rows of b (Kynkäänniemi et al. 2019)."""
    reach = radii(b)
    return float(np.mean(np.concatenate([(d <= reach[None]).any(axis=1) for d in distances(a, b)])))


def main():
    real, generated = (np.fromfile(path, dtype="<f4").astype(float).reshape(-1, int(sys.argv[3])) for path in sys.argv[1:3])
    print(json.dumps({
        "fid": frechet_distance(real, generated),
        "precision": share_inside(generated, real),
        "recall": share_inside(real, generated),
    }))


main()
