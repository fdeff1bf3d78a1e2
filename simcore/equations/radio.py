"""Sending: what a radio takes for a payload, how fast a channel can be, and how far light gets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]

LIGHT = 299_792_458.0
"""In vacuum; exact by the SI. [m/s]"""
LIGHT_IN_FIBRE = 2.0e8
"""Two thirds of that: a group index of 1.468 at 1550 nm (ITU-T G.652) gives 2.04e8. [m/s]"""


class Sending(NamedTuple):
    """One payload on the air, each of shape (n,)."""

    time: Array
    """[s]"""
    energy: Array
    """[J]"""


def transmission(
    payload: ArrayLike, *, rate: ArrayLike, power: ArrayLike, wake_time: ArrayLike = 0.0
) -> Sending:
    """Return the time and energy of sending a payload.

    Parameters
    ----------
    payload : array_like, shape (n,)
        What is sent, headers and retransmissions included. [byte]
    rate : array_like, shape (n,)
        That the radio really reaches. [byte/s]
    power : array_like, shape (n,)
        Of the radio when on. [W]
    wake_time : array_like, shape (n,)
        On without sending: start, association, the tail in which it waits for more. [s]

    Returns
    -------
    Sending
        Time and energy. [any]

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    N. Balasubramanian et al., "Energy consumption in mobile phones", IMC 2009 (ramp, transfer and
    tail). doi:10.1145/1644893.1644927
    """
    sending = not_negative(payload, "payload") / positive(rate, "rate")
    time = np.asarray(sending + not_negative(wake_time, "wake_time"))
    return Sending(time=time, energy=np.asarray(time * not_negative(power, "power")))


def channel_capacity(bandwidth: ArrayLike, *, signal_to_noise: ArrayLike) -> Array:
    """Return the most that a noisy channel carries without error.

    Parameters
    ----------
    bandwidth : array_like, shape (n,)
        Of the channel. [1/s]
    signal_to_noise : array_like, shape (n,)
        Power over power, no decibels: 20 dB is 100. [1]

    Returns
    -------
    ndarray, shape (n,)
        Capacity: B log2(1 + S/N) bit in a second. [byte/s]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    C. Shannon, "Communication in the presence of noise", Proc. IRE 37(1), 1949.
    doi:10.1109/JRPROC.1949.232969
    """
    bits = np.log2(1.0 + not_negative(signal_to_noise, "signal_to_noise"))
    return np.asarray(not_negative(bandwidth, "bandwidth") * bits / 8.0)


def free_space_gain(
    distance: ArrayLike, *, frequency: ArrayLike, speed: ArrayLike = LIGHT
) -> Array:
    """Return received over sent power between two plain antennas in free space.

    (c / (4 pi d f))^2: four times the distance takes 12 dB. Walls and ground take more.

    Parameters
    ----------
    distance : array_like, shape (n,)
        Between the antennas. [m]
    frequency : array_like, shape (n,)
        Of the carrier. [1/s]
    speed : array_like, shape (n,)
        Of light between them. [m/s]

    Returns
    -------
    ndarray, shape (n,)
        Power over power. [1]

    Raises
    ------
    ValueError
        If a number is not positive, or the speed above that of light in vacuum.

    References
    ----------
    H. Friis, "A note on a simple transmission formula", Proc. IRE 34(5), 1946.
    doi:10.1109/JRPROC.1946.234568
    """
    way = 4.0 * np.pi * positive(distance, "distance") * positive(frequency, "frequency")
    return np.asarray((_speed(speed) / way) ** 2)


def round_trip(distance: ArrayLike, *, speed: ArrayLike = LIGHT_IN_FIBRE) -> Array:
    """Return the light barrier: the least time from a question to its answer at a distance.

    Parameters
    ----------
    distance : array_like, shape (n,)
        Of cable, one way. [m]
    speed : array_like, shape (n,)
        Of light in it, at most that in vacuum. [m/s]

    Returns
    -------
    ndarray, shape (n,)
        There and back. [s]

    Raises
    ------
    ValueError
        If the distance is negative, or the speed not positive or above that of light.

    References
    ----------
    ITU-T G.652 (fibre); A. Einstein, 1905 (nothing carries an answer faster).
    doi:10.1002/andp.19053221004
    """
    return np.asarray(2.0 * not_negative(distance, "distance") / _speed(speed))


def reach(deadline: ArrayLike, *, delays: ArrayLike = 0.0, speed: ArrayLike = LIGHT_IN_FIBRE
          ) -> Array:  # fmt: skip
    """Return how far a server may be for its answer to meet a deadline.

    Parameters
    ----------
    deadline : array_like, shape (n,)
        For the answer. [s]
    delays : array_like, shape (n,)
        Everything but the way: radio, routers, queue, compute. [s]
    speed : array_like, shape (n,)
        Of light in the cable. [m/s]

    Returns
    -------
    ndarray, shape (n,)
        Length of cable, one way; negative where the delays alone are too long. [m]

    Raises
    ------
    ValueError
        If a time is negative, or the speed not positive or above that of light.

    References
    ----------
    ITU-T G.652 (fibre); A. Einstein, 1905. doi:10.1002/andp.19053221004
    """
    left = not_negative(deadline, "deadline") - not_negative(delays, "delays")
    return np.asarray(left * _speed(speed) / 2.0)


def duty_cycled_power(active: ArrayLike, *, sleep: ArrayLike, duty: ArrayLike) -> Array:
    """Return the mean power of a device that wakes for a share of the time.

    Parameters
    ----------
    active : array_like, shape (n,)
        Power when awake. [W]
    sleep : array_like, shape (n,)
        Power when asleep. [W]
    duty : array_like, shape (n,)
        Share of the time awake. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean power; a battery of E joule lasts E over it. [W]

    Raises
    ------
    ValueError
        If a power is negative, or the share outside 0 to 1.

    References
    ----------
    J. Polastre, J. Hill, D. Culler, "Versatile low power media access for wireless sensor
    networks", SenSys 2004. doi:10.1145/1031495.1031508
    """
    awake = share(duty, "duty")
    return np.asarray(
        awake * not_negative(active, "active") + (1.0 - awake) * not_negative(sleep, "sleep")
    )


def _speed(speed: ArrayLike) -> Array:
    found = positive(speed, "speed")
    if np.any(found > LIGHT):
        raise ValueError(f"speed must be at most that of light, {LIGHT:g} m/s, got {found.max():g}")
    return found
