"""The region's part of the view: where it ran, why there, and what each region would have cost."""

from decimal import Decimal

from maestro.model.region import Placement, RegionAssessment
from maestro.render import people
from maestro.render.untrusted import Shown, line, name
from maestro.render.view import Bar, Pair, PlaceView, RegionRow, Tone


def place_view(placement: Placement) -> PlaceView:
    """The view of a placement: the chosen region first, then the allowed ones from cheap to dear, then the refused."""
    dearest = max((assessment.total_usd for assessment in placement.assessments), default=Decimal(0))
    ranked = sorted(placement.assessments, key=lambda assessment: _rank(assessment, placement.region))
    return PlaceView(
        chosen=name(placement.region) if placement.region else None,
        reason=line(placement.reason),
        residency=line(placement.residency),
        assumed=people.seconds(placement.expected_seconds),
        rows=tuple(_row(assessment, placement.region, dearest) for assessment in ranked),
    )


def _rank(assessment: RegionAssessment, chosen: str | None) -> tuple[bool, bool, Decimal, str]:
    usable = assessment.allowed and assessment.healthy
    return (assessment.region != chosen, not usable, assessment.total_usd, assessment.region)


def _row(assessment: RegionAssessment, chosen: str | None, dearest: Decimal) -> RegionRow:
    state, tone = _state(assessment, chosen)
    return RegionRow(
        region=name(assessment.region),
        state=Shown(state),
        tone=tone,
        reasons=tuple(line(reason) for reason in assessment.reasons),
        costs=tuple(Pair(Shown(term.name.capitalize()), people.money(term.amount_usd)) for term in assessment.terms),
        how=tuple(Pair(Shown(term.name.capitalize()), line(term.how)) for term in assessment.terms),
        total=people.money(assessment.total_usd) if assessment.terms else Shown("not reckoned"),
        carbon=people.carbon(assessment.carbon_g),
        bars=_bars(assessment, dearest),
    )


def _state(assessment: RegionAssessment, chosen: str | None) -> tuple[str, Tone]:
    if assessment.region == chosen:
        return "chosen", "green"
    if not assessment.allowed:
        return "refused by policy", "red"
    return ("possible", "grey") if assessment.healthy else ("not healthy", "amber")


def _bars(assessment: RegionAssessment, dearest: Decimal) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    start = 0.0
    for term in assessment.terms:
        width = round(float(term.amount_usd / dearest) * 100, 2) if dearest > 0 else 0.0
        bars.append(Bar(term.name, round(start, 2), max(0.0, width)))
        start += width
    return tuple(bars)
