"""Colours, gradients and the state that the drawing functions of one scene share."""
import random

import numpy as np
from PIL import Image, ImageDraw

SIZE = 128          # final size in pixels
SS = 4              # supersampling factor
S = SIZE * SS       # drawing size

RGB = {"red": (214, 48, 44), "blue": (52, 104, 214), "yellow": (246, 205, 56), "green": (62, 158, 74),
       "purple": (138, 66, 176), "white": (240, 240, 236), "orange": (240, 134, 36)}


def mix(a, b, t):
    """The colour at t (0...1) between a and b."""
    return tuple(a[i] + (b[i] - a[i]) * t for i in range(3))


def ints(c):
    """A colour as the 8-bit integers PIL takes."""
    return tuple(max(0, min(255, int(round(v)))) for v in c)


def shade(c, k):
    """Darker for k < 0, lighter for k > 0."""
    return mix(c, (0, 0, 0), -k) if k < 0 else mix(c, (255, 255, 255), k)


def jitter(r, c, amount=10):
    """The colour c, each channel moved by up to `amount` at random."""
    return tuple(v + r.uniform(-amount, amount) for v in c)


def vertical(stops, height, width=S):
    """A vertical gradient image through [(position 0..1, colour), ...]."""
    ys = np.linspace(0, 1, height)
    pos = [p for p, _ in stops]
    col = np.stack([np.interp(ys, pos, [c[i] for _, c in stops]) for i in range(3)], 1)
    strip = np.clip(col + 0.5, 0, 255).astype(np.uint8).reshape(height, 1, 3)
    return Image.fromarray(strip).resize((width, height), Image.NEAREST)


def glow_mask(n=128):
    """A disc that fades from white in its middle to black at its rim."""
    radius = np.hypot(*(np.mgrid[0:n, 0:n] - (n - 1) / 2)) / (n / 2)
    return Image.fromarray((np.clip(1 - radius, 0, 1) ** 2 * 255).astype(np.uint8))


GLOW = glow_mask()


class Painter:
    """The state shared by the drawing functions of one scene."""

    def __init__(self, scene):
        self.scene = scene
        self.r = random.Random(scene.seed * 104729 + 7)
        self.time = scene.time
        self.im = None

    def tone(self, c):
        """The light of the hour on a surface colour."""
        if self.time == "sunset":
            c = mix(tuple(a * b for a, b in zip(c, (1.0, 0.86, 0.80))), (255, 140, 80), 0.10)
        elif self.time == "night":
            c = mix(tuple(a * b for a, b in zip(c, (0.72, 0.74, 0.84))), (24, 30, 80), 0.10)
        return c

    def fill(self, c, k=0.0):
        """A surface colour, shaded by k, in the light of the hour, for PIL."""
        return ints(self.tone(shade(c, k)))

    def glow(self, x, y, radius, colour, strength):
        """A soft light around (x, y)."""
        size = int(radius * 2)
        mask = GLOW.resize((size, size), Image.BILINEAR).point(lambda v: int(v * strength))
        self.im.paste(ints(colour), (int(x - radius), int(y - radius)), mask)

    def dots(self, points, colour, strength=1.0):
        """A soft shape made of the union of ellipses (x, y, rx, ry)."""
        mask = Image.new("L", (S, S), 0)
        d = ImageDraw.Draw(mask)
        for x, y, rx, ry in points:
            d.ellipse([x - rx, y - ry, x + rx, y + ry], fill=int(255 * strength))
        self.im.paste(ints(colour), (0, 0), mask)
