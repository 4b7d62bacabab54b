"""Two pictures in one file: what the diversity dial costs, and algorithms by what is known of a viewer. Plain SVG."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from recommendations.evaluation.comparison import Estimate
from recommendations.evaluation.judging import NDCG, OVERALL, SPREAD
from recommendations.evaluation.run import Result

WIDTH, HEIGHT = 1080, 470
TOP, BOTTOM = 84, 400
# Okabe and Ito's colours: told apart by who sees few colours, too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK, FAINT = "#222222", "#d8d8d8"


@dataclass(frozen=True)
class _Axis:
    """Values from low to high onto pixels from start to end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values within the axis, about five."""
        step = _round_step((self.high - self.low) / 4)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def draw(result: Result) -> str:
    """Return the chart as an SVG document; the dial's half says so where it was not measured."""
    body = [*_dial(result), *_maturity(result)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' font-family="system-ui, sans-serif" font-size="13" fill="{INK}">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _dial(result: Result) -> Iterator[str]:
    left, right = 76, 470
    yield _text(left, 30, "What the diversity dial costs", size=17, weight="600")
    yield _text(left, 52, f"hybrid: {NDCG} by genre spread of the first ten; 95 % over viewers")
    points = [
        (at, judged.estimates[OVERALL][SPREAD], judged.estimates[OVERALL][NDCG]) for at, judged in result.dial.items()
    ]
    points = [point for point in points if not (math.isnan(point[1].value) or math.isnan(point[2].value))]
    if not points:
        yield _text((left + right) / 2, (TOP + BOTTOM) / 2, "not measured", anchor="middle")
        return
    x = _axis([e.value for _, e, _ in points], left, right)
    y = _axis([v for _, _, e in points for v in (e.low, e.value, e.high)], BOTTOM, TOP)
    yield from _frame(x, y, left, right)
    yield _text((left + right) / 2, BOTTOM + 44, "genre spread (more varied to the right)", anchor="middle")
    line = " ".join(f"{x(s.value):.1f},{y(n.value):.1f}" for _, s, n in points)
    yield f'<polyline points="{line}" fill="none" stroke="{COLOURS[0]}" stroke-width="2"/>'
    for at, spread, ndcg in points:
        px, py = x(spread.value), y(ndcg.value)
        yield _bar(px, y(ndcg.low), px, y(ndcg.high), COLOURS[0])
        yield f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4.5" fill="{COLOURS[0]}"/>'
        yield _text(px + 8, py - 8, f"{at:g}", weight="600", colour=COLOURS[0])


def _maturity(result: Result) -> Iterator[str]:
    left, right = 570, 900
    yield _text(left, 30, "Algorithms by what is known of a viewer", size=17, weight="600")
    yield _text(left, 52, f"{NDCG}, 95 % over viewers")
    names = list(result.algorithms)
    groups = [g for g in next(iter(result.algorithms.values())).estimates if g != OVERALL]
    found = {(n, g): result.algorithms[n].estimates[g][NDCG] for n in names for g in groups}
    y = _axis([0.0, *(v for e in found.values() for v in (e.value, e.high))], BOTTOM, TOP, from_zero=True)
    yield from _rules(y, left, right)
    width = (right - left) / len(groups)
    for place, group in enumerate(groups):
        middle = left + width * (place + 0.5)
        viewers = found[names[0], group].viewers
        yield _text(middle, BOTTOM + 20, f"{group} titles", anchor="middle")
        yield _text(middle, BOTTOM + 37, f"{viewers:,} viewer{'' if viewers == 1 else 's'}", anchor="middle", size=11)
        yield from _bars([found[name, group] for name in names], middle, width * 0.8, y)
    for place, name in enumerate(names):
        yield _key(right + 24, TOP + 12 + place * 22, name, COLOURS[place % len(COLOURS)])


def _bars(estimates: Sequence[Estimate], middle: float, width: float, y: _Axis) -> Iterator[str]:
    each = width / len(estimates)
    for place, e in enumerate(estimates):
        if math.isnan(e.value):
            continue
        colour, px = COLOURS[place % len(COLOURS)], middle - width / 2 + each * (place + 0.5)
        height = y(0.0) - y(e.value)
        yield (
            f'<rect x="{px - each * 0.4:.1f}" y="{y(e.value):.1f}" width="{each * 0.8:.1f}" height="{height:.1f}"'
            f' fill="{colour}"/>'
        )
        yield _bar(px, y(e.low), px, y(e.high), INK)


def _frame(x: _Axis, y: _Axis, left: float, right: float) -> Iterator[str]:
    yield from _rules(y, left, right)
    for value in x.ticks():
        yield f'<path d="M{x(value):.1f} {BOTTOM}v5" stroke="{INK}"/>'
        yield _text(x(value), BOTTOM + 20, _number(value, x), anchor="middle")


def _rules(y: _Axis, left: float, right: float) -> Iterator[str]:
    for value in y.ticks():
        yield f'<path d="M{left} {y(value):.1f}H{right}" stroke="{FAINT}"/>'
        yield _text(left - 8, y(value) + 4, _number(value, y), anchor="end")
    yield f'<path d="M{left} {BOTTOM}H{right}" stroke="{INK}"/>'


def _key(px: float, py: float, name: str, colour: str) -> str:
    return f'<rect x="{px}" y="{py - 11}" width="13" height="13" fill="{colour}"/>' + _text(px + 20, py, name)


def _bar(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    if any(math.isnan(value) for value in (x1, y1, x2, y2)):
        return ""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" stroke-width="1.3" opacity="0.7"/>'


def _text(
    px: float, py: float, said: str, *, anchor: str = "start", size: int = 13, weight: str = "400", colour: str = INK
) -> str:
    return (
        f'<text x="{px:.1f}" y="{py:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
        f' fill="{colour}">{escape(said)}</text>'
    )


def _axis(values: Sequence[float], start: float, end: float, *, from_zero: bool = False) -> _Axis:
    """Return an axis that holds the values with some room; never of no length."""
    known = [value for value in values if not math.isnan(value)] or [0.0]
    low, high = min(known), max(known)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return _Axis(0.0 if from_zero else low - room, high + room, start, end)


def _round_step(about: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest above."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= about * (1 - 1e-9))


def _number(value: float, axis: _Axis) -> str:
    decimals = max(0, -math.floor(math.log10(_round_step((axis.high - axis.low) / 4)) + 1e-9))
    return f"{value:.{decimals}f}"
