"""
Posters drawn from what a title is called and its genres: there are no pictures, and a page needs none to look like one.

The same title always gets the same poster. Everything that goes into the drawing is a number of ours; the title itself
is set by the template, which escapes it.
"""

import textwrap
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 200, 300
# Hues in degrees, of the sky above and of the light below.
PALETTES = {
    "Science Fiction": (225, 185),
    "Horror": (350, 10),
    "Romance": (330, 20),
    "Comedy": (40, 15),
    "Family": (200, 50),
    "Animation": (280, 180),
    "Fantasy": (265, 310),
    "Adventure": (170, 45),
    "Western": (25, 40),
    "War": (90, 35),
    "History": (30, 55),
    "Crime": (215, 0),
    "Mystery": (250, 200),
    "Thriller": (200, 345),
    "Action": (15, 45),
    "Music": (300, 45),
    "Documentary": (150, 190),
    "Drama": (210, 30),
}
# The genre that says most about how a title looks comes first.
TELLING = tuple(PALETTES)
# Letters a line of the title may have, and lines, before the type gets smaller.
WIDEST, MOST_LINES = 13, 4


@dataclass(frozen=True)
class Poster:
    """
    What the template needs to draw one.

    art     shapes in a box of 200 by 300
    lines   (y, text) of the title, from the top down
    size    of its type
    """

    art: SafeString
    lines: tuple[tuple[float, str], ...]
    size: int


def poster(*, title: str, genres: Sequence[str], key: str) -> Poster:
    """Return the poster of a title; key, of letters and digits, is unlike that of any other on the page."""
    if not key.isalnum():
        raise ValueError(f"key must be letters and digits, got {key!r}")
    known = [genre for genre in TELLING if genre in genres] or ["Drama"]
    genre = known[0]
    rng = np.random.default_rng(zlib.crc32(title.encode()))
    sky, light = (hue + int(rng.integers(-28, 29)) for hue in PALETTES[genre])
    defs = (
        f'<defs><linearGradient id="s{key}" x1="0" y1="0" x2="{rng.uniform(-0.3, 0.3):.2f}" y2="1">'
        f'<stop offset="0" stop-color="hsl({sky},55%,13%)"/><stop offset=".62" stop-color="hsl({sky},50%,27%)"/>'
        f'<stop offset="1" stop-color="hsl({light},58%,40%)"/></linearGradient>'
        f'<linearGradient id="v{key}" x1="0" y1="0" x2="0" y2="1"><stop offset=".45" stop-color="#07080c" '
        f'stop-opacity="0"/><stop offset="1" stop-color="#07080c" stop-opacity=".88"/></linearGradient></defs>'
    )
    motifs = [motif for drawn in known[:2] for motif in MOTIFS[drawn]]
    shapes = motifs[int(rng.integers(len(motifs)))](rng, sky, light)
    art = f'{defs}<rect width="200" height="300" fill="url(#s{key})"/>{shapes}'
    art += f'<rect width="200" height="300" fill="url(#v{key})"/>'
    lines, size = _set(title)
    return Poster(mark_safe(art), lines, size)  # noqa: S308 - numbers and names of ours alone


def _set(title: str) -> tuple[tuple[tuple[float, str], ...], int]:
    size, widest = 24, WIDEST
    lines = textwrap.wrap(title, widest) or [title]
    while size > 14 and (len(lines) > MOST_LINES or max(map(len, lines)) > widest):
        size, widest = size - 2, widest + 2
        lines = textwrap.wrap(title, widest)
    lines = lines[: MOST_LINES + 1]
    leading = size * 1.12
    first = HEIGHT - 22 - leading * (len(lines) - 1)
    return tuple((round(first + leading * n, 1), line) for n, line in enumerate(lines)), size


def _circle(x: float, y: float, r: float, fill: str, opacity: float = 1.0) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}" fill-opacity="{opacity:.2f}"/>'


def _shape(points: Sequence[tuple[float, float]], fill: str, opacity: float = 1.0) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{drawn}" fill="{fill}" fill-opacity="{opacity:.2f}"/>'


def _line(points: Sequence[tuple[float, float]], stroke: str, width: float, opacity: float = 1.0) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{drawn}" fill="none" stroke="{stroke}" stroke-width="{width:.1f}" '
        f'stroke-opacity="{opacity:.2f}" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _hsl(hue: int, saturation: int, lightness: int) -> str:
    return f"hsl({hue},{saturation}%,{lightness}%)"


def _stars(rng: np.random.Generator, n: int) -> str:
    return "".join(
        _circle(rng.uniform(0, 200), rng.uniform(0, 190), rng.uniform(0.5, 1.5), "#fff", rng.uniform(0.3, 0.9))
        for _ in range(n)
    )


def _ridge(rng: np.random.Generator, base: float, rise: float, fill: str, opacity: float) -> str:
    tops = [(x, base - rng.uniform(0, rise)) for x in np.linspace(0, 200, int(rng.integers(4, 7)))]
    return _shape([(0, 300), *tops, (200, 300)], fill, opacity)


def _planet(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y, r = rng.uniform(60, 140), rng.uniform(85, 130), rng.uniform(38, 60)
    tilt = rng.uniform(-35, 35)
    ring = (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{r * 1.7:.1f}" ry="{r * 0.28:.1f}" fill="none" stroke="#fff" '
        f'stroke-opacity=".45" stroke-width="2.5" transform="rotate({tilt:.0f} {x:.1f} {y:.1f})"/>'
    )
    lit = _circle(x, y, r, _hsl(light, 60, 58)) + _circle(x + r * 0.28, y + r * 0.2, r * 0.86, _hsl(sky, 55, 22), 0.55)
    return _stars(rng, 40) + lit + (ring if rng.random() < 0.6 else _circle(x - r * 1.3, y - r, r * 0.2, "#fff", 0.7))


def _moonlit(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y = rng.uniform(50, 150), rng.uniform(60, 100)
    trees = ""
    for _ in range(9):
        at, tall = rng.uniform(-10, 210), rng.uniform(70, 170)
        trees += _line([(at, 300), (at + rng.uniform(-9, 9), 300 - tall)], "#050507", rng.uniform(3, 7))
        trees += _line([(at, 300 - tall * 0.6), (at + rng.uniform(-30, 30), 300 - tall)], "#050507", 2.2)
    return _circle(x, y, 60, _hsl(light, 70, 45), 0.18) + _circle(x, y, 36, _hsl(light, 75, 62), 0.92) + trees


def _hearts(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y, r, apart = 100.0, rng.uniform(100, 130), rng.uniform(42, 56), rng.uniform(22, 32)
    return (
        _circle(x - apart, y, r, _hsl(light, 75, 62), 0.75)
        + _circle(x + apart, y, r, _hsl(sky, 75, 62), 0.6)
        + _ridge(rng, 262, 18, "#000", 0.25)
    )


def _rays(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y, turn = rng.uniform(70, 130), rng.uniform(110, 150), rng.uniform(0, 1)
    rays = ""
    for n in range(12):
        a, b = (2 * np.pi * (n + turn) / 12, 2 * np.pi * (n + turn + 0.5) / 12)
        far = [(x + 320 * np.cos(a), y + 320 * np.sin(a)), (x + 320 * np.cos(b), y + 320 * np.sin(b))]
        rays += _shape([(x, y), *far], _hsl(light, 85, 60), 0.28)
    return rays + _circle(x, y, rng.uniform(36, 50), _hsl(sky, 90, 62), 0.95)


def _balloons(rng: np.random.Generator, sky: int, light: int) -> str:
    drawn = ""
    for n in range(6):
        x, y, r = 20 + 32 * n + rng.uniform(-8, 8), rng.uniform(50, 175), rng.uniform(13, 27)
        drawn += _line([(x, y), (x + rng.uniform(-6, 6), y + 90)], "#fff", 1, 0.35)
        drawn += _circle(x, y, r, _hsl((sky + 47 * n) % 360, 68, 62), 0.88)
    return drawn + _ridge(rng, 265, 20, "#000", 0.22)


def _peaks(rng: np.random.Generator, sky: int, light: int) -> str:
    sun = _circle(rng.uniform(50, 150), rng.uniform(70, 110), rng.uniform(22, 36), _hsl(light, 85, 66), 0.95)
    far = _ridge(rng, 205, 90, _hsl(sky, 35, 34), 0.85)
    return sun + far + _ridge(rng, 240, 70, _hsl(sky, 40, 22), 0.95) + _ridge(rng, 275, 45, _hsl(sky, 45, 11), 1)


def _towers(rng: np.random.Generator, sky: int, light: int) -> str:
    x, drawn = 0.0, _circle(rng.uniform(50, 150), rng.uniform(60, 90), rng.uniform(16, 26), _hsl(light, 40, 70), 0.8)
    while x < 200:
        wide, tall = rng.uniform(18, 36), rng.uniform(70, 190)
        drawn += f'<rect x="{x:.1f}" y="{300 - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="#090b11"/>'
        for _ in range(int(tall / 22)):
            left, top = x + rng.uniform(3, wide - 6), 300 - tall + rng.uniform(6, tall)
            lit = _hsl(45, 85, 65)
            drawn += f'<rect x="{left:.1f}" y="{top:.1f}" width="3" height="5" fill="{lit}" fill-opacity=".75"/>'
        x += wide + 1.5
    return drawn


def _keyhole(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y = 100.0, rng.uniform(100, 120)
    rings = "".join(_circle(x, y, r, _hsl(light, 50, 60), 0.10) for r in (95, 74, 54))
    hole = _circle(x, y, 24, "#06070b") + _shape(
        [(x - 11, y), (x + 11, y), (x + 21, y + 72), (x - 21, y + 72)], "#06070b"
    )
    return rings + hole


def _slashes(rng: np.random.Generator, sky: int, light: int) -> str:
    drawn, lean = "", rng.uniform(50, 120)
    for n in range(6):
        x, wide = -70 + 48 * n + rng.uniform(-9, 9), rng.uniform(5, 24)
        points = [(x, 300), (x + wide, 300), (x + wide + lean, 0), (x + lean, 0)]
        drawn += _shape(points, _hsl(light if n % 2 else sky, 75, 58), rng.uniform(0.2, 0.6))
    return drawn + _circle(rng.uniform(60, 140), rng.uniform(90, 140), 30, "#06070b", 0.75)


def _waves(rng: np.random.Generator, sky: int, light: int) -> str:
    drawn, step = "", np.linspace(0, 200, 41)
    for n in range(9):
        phase, high = rng.uniform(0, 6.3), rng.uniform(8, 34)
        y = 70 + 15 * n + high * np.sin(step / rng.uniform(14, 34) + phase) * np.sin(np.pi * step / 200)
        points = list(zip(step.tolist(), y.tolist(), strict=True))
        drawn += _line(points, _hsl((light + 9 * n) % 360, 75, 66), 1.8, 0.75)
    return drawn


def _panes(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y = rng.uniform(55, 105), rng.uniform(60, 90)
    window = ""
    for row in range(2):
        for column in range(2):
            left, top, lit = x + column * 32, y + row * 44, rng.uniform(0.5, 0.95)
            fill = _hsl(light, 75, 66)
            window += (
                f'<rect x="{left:.1f}" y="{top:.1f}" width="29" height="41" fill="{fill}" fill-opacity="{lit:.2f}"/>'
            )
    spill = _shape([(x, y + 88), (x + 62, y + 88), (x + 130, 300), (x - 50, 300)], _hsl(light, 75, 60), 0.16)
    figure = _circle(x + 31, y + 128, 9, "#07080c") + _shape(
        [(x + 21, y + 140), (x + 41, y + 140), (x + 47, 300), (x + 15, 300)], "#07080c"
    )
    return spill + window + figure


def _horizon(rng: np.random.Generator, sky: int, light: int) -> str:
    level = rng.uniform(170, 195)
    drawn = _stars(rng, 22) + _circle(100 + rng.uniform(-25, 25), level, rng.uniform(44, 62), _hsl(light, 85, 62), 0.95)
    drawn += f'<rect y="{level:.1f}" width="200" height="{300 - level:.1f}" fill="{_hsl(sky, 60, 9)}"/>'
    for n in range(-7, 8):
        drawn += _line([(100 + n * 9, level), (100 + n * 70, 300)], _hsl(light, 80, 60), 1, 0.4)
    for n in range(6):
        y = level + (300 - level) * ((n + 0.5) / 6) ** 1.8
        drawn += _line([(0, y), (200, y)], _hsl(light, 80, 60), 1, 0.4)
    return drawn


def _orbits(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y = rng.uniform(70, 130), rng.uniform(90, 130)
    drawn = _stars(rng, 30) + _circle(x, y, 15, _hsl(light, 85, 66))
    for n in range(1, 6):
        r, turn = 15 + 21 * n, rng.uniform(0, 2 * np.pi)
        drawn += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="none" stroke="#fff" stroke-opacity=".22"/>'
        place = (x + r * np.cos(turn), y + r * np.sin(turn))
        drawn += _circle(*place, rng.uniform(3, 8), _hsl((sky + 60 * n) % 360, 65, 66))
    return drawn


def _road(rng: np.random.Generator, sky: int, light: int) -> str:
    top, bend = rng.uniform(130, 160), rng.uniform(-45, 45)
    sun = _circle(100 + bend, top - 22, rng.uniform(26, 38), _hsl(light, 85, 66), 0.95)
    ground = _ridge(rng, top + 8, 26, _hsl(sky, 40, 15), 1)
    way = _shape([(98 + bend, top), (102 + bend, top), (165, 300), (35, 300)], "#07080c", 0.85)
    return sun + ground + way + _line([(100 + bend, top + 8), (100, 300)], _hsl(light, 70, 70), 1.6, 0.7)


def _masks(rng: np.random.Generator, sky: int, light: int) -> str:
    x, y = rng.uniform(85, 115), rng.uniform(95, 120)
    drawn = _circle(x, y, 55, _hsl(light, 80, 62), 0.92) + _circle(x - 20, y - 12, 7, "#15110d")
    drawn += _circle(x + 20, y - 12, 7, "#15110d")
    smile = [(x + 32 * np.cos(a), y + 6 + 27 * np.sin(a)) for a in np.linspace(0.25, np.pi - 0.25, 16)]
    return drawn + _line(smile, "#15110d", 5)


Motif = Callable[[np.random.Generator, int, int], str]
MOTIFS: dict[str, tuple[Motif, ...]] = {
    "Science Fiction": (_planet, _horizon, _orbits),
    "Horror": (_moonlit,),
    "Romance": (_hearts,),
    "Comedy": (_rays, _masks),
    "Family": (_balloons,),
    "Animation": (_balloons, _rays),
    "Fantasy": (_peaks, _moonlit),
    "Adventure": (_peaks, _road),
    "Western": (_road, _peaks),
    "War": (_slashes,),
    "History": (_peaks,),
    "Crime": (_towers,),
    "Mystery": (_keyhole,),
    "Thriller": (_towers, _slashes),
    "Action": (_slashes,),
    "Music": (_waves,),
    "Documentary": (_waves, _orbits),
    "Drama": (_panes, _road),
}
