"""Bayesian logistic regression: a Gaussian posterior by Laplace's method, and its uncertainty in every prediction.

MacKay, "The evidence framework applied to classification networks" (1992), for the moderated probability.
"""

from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from maestro.errors import BadInput
from maestro.model.base import Config

Floats = NDArray[np.float64]

MOST_STEPS: Final = 25
CONVERGED: Final = 1e-5


class Gaussian(Config):
    """A normal distribution over the weights of ``features``; the prior of a fit and its result."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, features: tuple[str, ...], mean: Floats, covariance: Floats) -> Self:
        """Of arrays."""
        return cls(features=features, mean=tuple(mean.tolist()), covariance=tuple(map(tuple, covariance.tolist())))

    def check(self, features: tuple[str, ...]) -> None:
        """Raises BadInput where the distribution is of other features, or no distribution at all."""
        if self.features != features:
            raise BadInput(
                "the model was fitted on other features than this version computes",
                field="features",
                fix="run maestro tests calibrate; until then everything runs",
            )
        wide = len(features)
        if len(self.mean) != wide or {len(self.covariance), *map(len, self.covariance)} != {wide}:
            raise BadInput(
                "the model's mean and covariance do not go with its features",
                field="covariance",
                fix="run maestro tests calibrate",
            )
        covariance = np.array(self.covariance)
        if not np.allclose(covariance, covariance.T) or np.linalg.eigvalsh(covariance)[0] <= 0:
            raise BadInput(
                "the model's covariance is that of no distribution",
                field="covariance",
                fix="run maestro tests calibrate",
            )


class Posterior:
    """A Gaussian over weights as arrays, ready to predict."""

    def __init__(self, weights: Gaussian) -> None:
        self.mean = np.array(weights.mean)
        self.covariance = np.array(weights.covariance)
        # With a factor of the covariance, the variance of a row is the square of one product.
        self._root = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(self.mean.size))

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """The moderated probability of each row, and the standard deviation of its log-odds."""
        spread = features @ self._root
        variance = np.einsum("ij,ij->i", spread, spread)
        return expit(features @ self.mean / np.sqrt(1 + np.pi * variance / 8)), np.sqrt(variance)


def fit(
    features: Floats, happened: Floats, *, weights: Floats, prior: Gaussian, start: Gaussian | None = None
) -> Gaussian:
    """The posterior of the weights: Newton's steps to its mode, the inverse curvature there as the covariance.

    ``weights`` counts how often each row stands for; ``happened`` is 0 or 1. Without rows the answer is the prior.
    ``start`` is where the steps begin, such as an earlier fit: the mode is the same, and found sooner.
    """
    mean, precision = np.array(prior.mean), np.linalg.inv(np.array(prior.covariance))
    mode, curvature = np.array((start or prior).mean), precision
    loss = _loss(mode, features, happened, weights, mean, precision)
    for _ in range(MOST_STEPS):
        p = expit(features @ mode)
        slope = features.T @ (weights * (p - happened)) + precision @ (mode - mean)
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features + precision
        step = np.linalg.solve(curvature, slope)
        scale = 1.0
        while scale > 1e-4:
            moved = mode - scale * step
            reached = _loss(moved, features, happened, weights, mean, precision)
            if reached <= loss:
                break
            scale /= 2
        else:
            break
        done = float(np.abs(scale * step).max()) < CONVERGED
        mode, loss = moved, reached
        if done:
            break
    return Gaussian.of(prior.features, mode, np.linalg.inv(curvature))


def _loss(mode: Floats, features: Floats, happened: Floats, weights: Floats, mean: Floats, precision: Floats) -> float:
    """The negative log posterior, up to a constant: what every step must not raise."""
    z = features @ mode
    away = mode - mean
    return float(weights @ (np.logaddexp(0, z) - happened * z) + 0.5 * away @ precision @ away)
