"""Tails of queues whose service is neither exponential nor fixed, through their transforms.

The stay in an M/G/1 station is known exactly, but only as a Laplace transform; it is inverted
numerically here. For several servers the conditional wait is that of one server c times as fast,
which is exact for exponential service. Service times follow a gamma law with the given squared
coefficient of variation: 0 is fixed, 1 exponential, above 1 heavier.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, below_one, not_negative, positive, whole
from simcore.equations.queueing import erlang_c

Complex = NDArray[np.complex128]

# Abate and Whitt's choice: a discretisation error of exp(-18.4) = 1e-8, and an alternating
# series of 15 plain terms averaged over 11 more.
_DAMPING = 18.4
_PLAIN_TERMS = 15
_AVERAGED_TERMS = 11
_BINOMIAL = np.array([1, 11, 55, 165, 330, 462, 462, 330, 165, 55, 11, 1]) / 2.0**11


def laplace_inverse(transform: Callable[[Complex], Complex], time: Floats) -> Floats:
    """Return the function behind a Laplace transform at some times, by Euler summation.

    Parameters
    ----------
    transform : callable
        From complex frequencies, shape (terms, n) [1/s], to the transform there.
    time : ndarray, shape (n,)
        Times above zero. [s]

    Returns
    -------
    ndarray, shape (n,)
        The function's values, to about 1e-7 where it is smooth. [1]

    Raises
    ------
    ValueError
        If a time is not positive.

    References
    ----------
    J. Abate, W. Whitt, "Numerical inversion of Laplace transforms of probability distributions",
    ORSA Journal on Computing 7(1), 1995. doi:10.1287/ijoc.7.1.36
    """
    t = positive(time, "time")
    k = np.arange(_PLAIN_TERMS + _AVERAGED_TERMS + 1)
    frequency = (_DAMPING + 2j * np.pi * k[:, None]) / (2.0 * t[None, :])
    terms = (
        np.real(transform(frequency.astype(np.complex128))) * np.where(k % 2, -1.0, 1.0)[:, None]
    )
    terms[0] *= 0.5
    sums = np.cumsum(terms, axis=0)
    weight = np.exp(_DAMPING / 2.0) / t
    inverse: Floats = weight * (_BINOMIAL @ sums[_PLAIN_TERMS:])
    return inverse


def mgc_sojourn_tail(
    time: ArrayLike,
    mean_service: ArrayLike,
    utilisation: ArrayLike,
    servers: ArrayLike,
    service_scv: ArrayLike,
) -> Floats:
    """Return the share of M/G/c requests that stay longer than `time`, gamma service.

    Exact for one server (to 1e-7, with fixed service to 2e-3, since its density has steps) and for
    exponential service; elsewhere a good approximation (p99 within 5% at loads of 0.5 to 0.9).

    Parameters
    ----------
    time : array_like, shape (n,)
        Time in the system asked about. [s]
    mean_service : array_like, shape (n,)
        Mean service time at one server. [s]
    utilisation : array_like, shape (n,)
        Share of the capacity of all servers in use, above 0. [1]
    servers : array_like, shape (n,)
        Number of servers, whole. [1]
    service_scv : array_like, shape (n,)
        Squared coefficient of variation of the service time. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability of a longer stay; 1 from full utilisation on. [1]

    Raises
    ------
    ValueError
        If a time, service time or utilisation is not positive, or a variation negative.

    References
    ----------
    H. C. Tijms, A First Course in Stochastic Models, Wiley, 2003, sections 9.2 and 9.6.
    """
    station = _Station(mean_service, utilisation, servers, service_scv, time)
    x = station.extra / station.service
    tail = np.ones(x.shape)
    stable = station.rho < 1.0
    tail[stable] = station.tail(x[stable], stable)
    return tail.reshape(station.shape)


def mgc_sojourn_quantile(
    mean_service: ArrayLike,
    utilisation: ArrayLike,
    servers: ArrayLike,
    service_scv: ArrayLike,
    probability: ArrayLike,
) -> Floats:
    """Return the time that a share `probability` of M/G/c requests stay below, gamma service.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean service time at one server. [s]
    utilisation : array_like, shape (n,)
        Share of the capacity of all servers in use, above 0. [1]
    servers : array_like, shape (n,)
        Number of servers, whole. [1]
    service_scv : array_like, shape (n,)
        Squared coefficient of variation of the service time. [1]
    probability : array_like, shape (n,)
        Share of requests at or below the answer, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Quantile of the time in the system; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time or utilisation is not positive, a variation negative, or a probability
        outside [0, 1).

    References
    ----------
    H. C. Tijms, A First Course in Stochastic Models, Wiley, 2003, sections 9.2 and 9.6.
    """
    below = below_one(probability, "probability")
    station = _Station(mean_service, utilisation, servers, service_scv, np.ones(below.shape))
    late = 1.0 - np.broadcast_to(below, station.shape).ravel()
    found = np.full(late.shape, np.inf)
    stable = station.rho < 1.0
    if stable.any():
        found[stable] = station.quantile(late[stable], stable) * station.service[stable]
    return found.reshape(station.shape)


class _Station:
    """Flat arrays of one call, with time counted in mean service times."""

    def __init__(
        self,
        mean_service: ArrayLike,
        utilisation: ArrayLike,
        servers: ArrayLike,
        service_scv: ArrayLike,
        extra: ArrayLike,
    ) -> None:
        arrays = np.broadcast_arrays(
            positive(mean_service, "mean_service"),
            positive(utilisation, "utilisation"),
            whole(servers, "servers"),
            not_negative(service_scv, "service_scv"),
            positive(extra, "time"),
        )
        self.shape = arrays[0].shape
        self.service, self.rho, self.servers, self.scv, self.extra = (a.ravel() for a in arrays)
        self.waits = erlang_c(self.servers, self.rho)

    def tail(self, x: Floats, pick: NDArray[np.bool_]) -> Floats:
        """P(stay > x): fixed service is split off, since its jump would blur the inversion."""
        fixed = self.scv[pick] == 0
        waits = self.waits[pick]
        rest = np.where(fixed, x - 1.0, x)
        found = np.where(fixed, np.where(rest < 0, 1.0, waits), 0.0)
        solve = rest > 0
        if solve.any():
            chosen = np.flatnonzero(pick)[solve]
            found[solve] = self._inverted(rest[solve], chosen)
        return np.clip(found, 0.0, 1.0)

    def quantile(self, late: Floats, pick: NDArray[np.bool_]) -> Floats:
        """Where the tail equals `late`, found on its logarithm, which is nearly straight.

        Where service is fixed and few enough wait, the answer is the service itself.
        """
        fixed = self.scv[pick] == 0
        at_service = np.where(fixed, self.waits[pick], 1.0)
        known = fixed & (at_service <= late)

        def gap(x: Floats) -> Floats:
            tail = np.log(np.maximum(self.tail(x, pick), 1e-300)) - np.log(late)
            return np.where(known, -1.0, tail)

        low = _End(np.where(fixed, 1.0, 0.0), np.where(known, 0.0, np.log(at_service / late)))
        return _crossing(gap, low, self._guess(late, pick))

    def _guess(self, late: Floats, pick: NDArray[np.bool_]) -> Floats:
        rho, servers, scv = self.rho[pick], self.servers[pick], self.scv[pick]
        wait = (1.0 + scv) / (2.0 * servers * (1.0 - rho))
        service = 1.0 + np.sqrt(scv) * (1.0 - np.log(late))
        queue = np.log(np.maximum(self.waits[pick], late) / late)
        return np.asarray(service + wait * queue, dtype=float)

    def _inverted(self, x: Floats, chosen: NDArray[np.intp]) -> Floats:
        """P(stay > x), or P(wait > x) where service is fixed, by the Pollaczek-Khinchine transform.

        The wait of those who wait is that of one server c times as fast.
        """
        rho, servers = self.rho[chosen], self.servers[chosen]
        scv, waits = self.scv[chosen], self.waits[chosen]

        def transform(s: Complex) -> Complex:
            fast = _gamma_transform(s / servers, scv)
            station = (1.0 - rho) * s / (s - servers * rho * (1.0 - fast))
            conditional = (station - (1.0 - rho)) / rho
            stay = (1.0 - waits) + waits * conditional
            stay = np.where(scv == 0, stay, stay * _gamma_transform(s, scv))
            result: Complex = (1.0 - stay) / s
            return result

        return laplace_inverse(transform, x)


class _End(NamedTuple):
    """One end of a bracket: where, and how far the falling function is above zero there."""

    x: Floats
    gap: Floats


def _crossing(gap: Callable[[Floats], Floats], low: _End, guess: Floats) -> Floats:
    """Where a falling function crosses zero, at each of n places: false position (Illinois)."""
    high = _End(guess, gap(guess))
    for _ in range(60):
        short = high.gap > 0
        if not short.any():
            break
        low = _End(np.where(short, high.x, low.x), np.where(short, high.gap, low.gap))
        further = np.where(short, 1.5 * high.x, high.x)
        high = _End(further, np.where(short, gap(further), high.gap))
    x, done = low.x, low.gap == 0
    for _ in range(60):
        # A place that is done stays as it is: its answer must not depend on its neighbours.
        x = np.where(done, x, low.x + low.gap * (high.x - low.x) / (low.gap - high.gap))
        here = gap(x)
        done = done | (np.abs(here) < 1e-9)
        if done.all():
            break
        above = here > 0
        # An end that stays has its gap halved, so that both ends close in.
        low, high = (
            _End(np.where(above, x, low.x), np.where(above, here, low.gap / 2.0)),
            _End(np.where(above, high.x, x), np.where(above, high.gap / 2.0, here)),
        )
    return x


def _gamma_transform(s: Complex, scv: Floats) -> Complex:
    """Laplace transform of a gamma law of mean 1; of a fixed time where the variation is 0."""
    safe = np.where(scv == 0, 1.0, scv)
    result: Complex = np.where(scv == 0, np.exp(-s), np.exp(-np.log1p(safe * s) / safe))
    return result
