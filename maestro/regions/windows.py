"""How fast each probe of a region spends its error budget, over several windows and as seen by several probers.

What counts is the share of time, not of results: a probe that runs into its timeout comes more rarely just when it
matters. A result stands for the time since the one before it by the same prober, but for twice its cadence at most, so
that one bad result alone never fills a window. Older gaps in which a prober was away count neither way.

Probers of one region may disagree: any of them may be cut off itself. A rate is what most of them agree on. Where they
are split evenly, the region's own view decides: it came by way of the ledger, so the region is alive and can commit.
Where the region itself is silent, the worse half decides. A prober that has been silent for a short window has no say.
"""

from collections.abc import Iterable, Sequence

from maestro.config.slo import BurnWindow, Slo
from maestro.model.base import Model
from maestro.regions.probes import Probe, ProbeResult

COVERED_CADENCES = 2.0
"""The time that one result can stand for, in cadences of its probe: the next one may be late by its timeout."""


class WindowBurn(Model):
    """The burn of one pair of windows: times the error budget, and the ``limit`` that both must pass to burn."""

    long_seconds: float
    short_seconds: float
    limit: float
    long_rate: float
    short_rate: float

    @property
    def burning(self) -> bool:
        return self.long_rate > self.limit and self.short_rate > self.limit


class ProbeBurn(Model):
    """The burn of one probe of a region, the windows in the order of the settings.

    ``probers`` are those that have a say now, sorted (empty: nobody knows), ``burning_for`` those that see it burn.
    ``seen_at`` is the time of the newest result, or since when one has been waited for. ``detail`` is the newest
    complaint within the windows.
    """

    probe: Probe
    windows: tuple[WindowBurn, ...]
    probers: tuple[str, ...] = ()
    burning_for: tuple[str, ...] = ()
    seen_at: float
    detail: str = ""

    @property
    def worst(self) -> WindowBurn:
        """The pair of windows that is furthest beyond its limit, or nearest to it."""
        return max(self.windows, key=lambda window: min(window.long_rate, window.short_rate) / window.limit)

    @property
    def burning(self) -> bool:
        return any(window.burning for window in self.windows)

    @property
    def short_rate(self) -> float:
        """The rate over the shortest window: whether it is bad just now."""
        return min(self.windows, key=lambda window: window.short_seconds).short_rate


class _Tally:
    """The bad seconds of one probe by one prober, in each window (long, short, long, short, ...)."""

    __slots__ = ("bad_at", "bad_seconds", "cadence", "detail", "last_at", "starts")

    def __init__(self, cadence: float, lengths: Sequence[float], now: float) -> None:
        self.cadence = cadence
        self.starts = [now - length for length in lengths]
        self.bad_seconds = [0.0] * len(lengths)
        self.last_at: float | None = None
        self.bad_at = 0.0
        self.detail = ""

    def add(self, result: ProbeResult, at: float) -> None:
        before, self.last_at = self.last_at, at
        if result.good:
            return
        self.bad_at, self.detail = at, result.detail
        begin = at - self.cadence if before is None else max(before, at - COVERED_CADENCES * self.cadence)
        for index, start in enumerate(self.starts):
            if at > start:
                self.bad_seconds[index] += at - max(begin, start)


def cadence_seconds(slo: Slo, probe: Probe) -> float:
    """How often the probe is made, in seconds."""
    return float(getattr(slo.cadence, probe.value))


def window_seconds(slo: Slo, probe: Probe) -> tuple[float, ...]:
    """The lengths of the probe's windows: long, short, long, short, ... in the order of the settings."""
    scale = max(1.0, cadence_seconds(slo, probe))
    return tuple(length * scale for window in slo.windows for length in (window.long_seconds, window.short_seconds))


def silence_limit_seconds(slo: Slo, probe: Probe) -> float:
    """How long nobody may have measured before that itself is bad: the probe's shortest window."""
    return min(window_seconds(slo, probe))


def burns(
    results: Iterable[ProbeResult], *, region: str, slo: Slo, now: float, waited_for: dict[Probe, float]
) -> tuple[ProbeBurn, ...]:
    """The burn of each probe that has results or is ``waited_for`` (since when, in seconds since the epoch), by name.

    One pass over the results, which may be of several regions and in any order; sorted ones cost the least. Results
    from further ahead than a short window are passed over: a clock that was wrong must not vouch for the future.
    """
    tallies: dict[Probe, dict[str, _Tally]] = {probe: {} for probe in waited_for}
    ahead = _ahead(slo, now)
    for result in sorted(results, key=_time):
        if result.region != region or result.at > ahead:
            continue
        of_probe = tallies.setdefault(result.probe, {})
        tally = of_probe.get(result.prober)
        if tally is None:
            lengths = window_seconds(slo, result.probe)
            tally = of_probe[result.prober] = _Tally(cadence_seconds(slo, result.probe), lengths, now)
        tally.add(result, min(result.at, now))
    return tuple(
        _burn(probe, tallies[probe], region=region, slo=slo, now=now, since=waited_for.get(probe, now))
        for probe in sorted(tallies)
    )


def still_needed(results: Sequence[ProbeResult], *, slo: Slo, now: float) -> tuple[ProbeResult, ...]:
    """The results without those that no later judgement depends on, in order of time: what is older than every window,
    what claims to be from the future, and good ones between good ones. Judging what is left gives the same burns, as
    long as each prober's results come in their order.
    """
    kept: list[ProbeResult] = []
    before_a_bad_one: dict[tuple[str, Probe, str], bool] = {}
    ahead = _ahead(slo, now)
    in_order = sorted((result for result in results if result.at <= ahead), key=_time)
    for result in reversed(in_order):
        key = (result.region, result.probe, result.prober)
        bad = not result.good and result.at >= now - max(window_seconds(slo, result.probe))
        # The newest says that its prober is there; the one before a bad one, how long that one stands for.
        if bad or before_a_bad_one.get(key, True):
            kept.append(result)
        before_a_bad_one[key] = bad
    return tuple(reversed(kept))


def _ahead(slo: Slo, now: float) -> float:
    return now + min(window.short_seconds for window in slo.windows)


def _time(result: ProbeResult) -> float:
    return result.at


def _burn(probe: Probe, tallies: dict[str, _Tally], *, region: str, slo: Slo, now: float, since: float) -> ProbeBurn:
    lengths = window_seconds(slo, probe)
    limit = silence_limit_seconds(slo, probe)
    last = {prober: tally.last_at for prober, tally in tallies.items() if tally.last_at is not None}
    seen_at = max([*last.values(), *([] if last else [min(since, now)])])
    voters = sorted(prober for prober, at in last.items() if now - at <= limit)
    rates = {
        prober: [seconds / length / slo.budget for seconds, length in zip(tally.bad_seconds, lengths, strict=True)]
        for prober, tally in tallies.items()
        if prober in voters or not voters
    }
    silent = 0.0 if voters else now - seen_at
    agreed = []
    for index, length in enumerate(lengths):
        rate = agreed_rate({prober: of_prober[index] for prober, of_prober in rates.items()}, own=region)
        agreed.append(min(rate + silent / length / slo.budget, 1.0 / slo.budget))
    newest = max(tallies.values(), key=lambda tally: tally.bad_at, default=None)
    return ProbeBurn(
        probe=probe,
        windows=_windows(slo.windows, lengths, agreed),
        probers=tuple(voters),
        burning_for=tuple(
            prober for prober in voters if any(one.burning for one in _windows(slo.windows, lengths, rates[prober]))
        ),
        seen_at=seen_at,
        detail=newest.detail if newest and newest.bad_at >= now - max(lengths) else "",
    )


def agreed_rate(rates: dict[str, float], *, own: str) -> float:
    """The rate that most probers agree on; an even split goes by the view of ``own``, else to the worse half."""
    ordered = sorted(rates.values())
    if not ordered:
        return 0.0
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return min(max(rates[own], lower), upper) if own in rates else upper


def _windows(
    settings: Sequence[BurnWindow], lengths: Sequence[float], rates: Sequence[float]
) -> tuple[WindowBurn, ...]:
    return tuple(
        WindowBurn(
            long_seconds=lengths[2 * index],
            short_seconds=lengths[2 * index + 1],
            limit=window.rate,
            long_rate=rates[2 * index],
            short_rate=rates[2 * index + 1],
        )
        for index, window in enumerate(settings)
    )
