"""Painting of a whole scene."""
from PIL import Image

from .landscape import paint_back, paint_land, paint_sky, paint_water
from .objects import paint_object
from .painter import SS, S, Painter


def render(scene):
    """The scene as a 128x128 PIL image: drawn at four times the size, then reduced."""
    p = Painter(scene)
    p.im = Image.new("RGB", (S, S))
    horizon = S * (p.r.uniform(0.58, 0.64) if scene.ground != "sea" else p.r.uniform(0.56, 0.61))
    paint_sky(p, horizon)
    paint_back(p, horizon)
    if scene.ground == "sea":
        paint_water(p, horizon)
    else:
        paint_land(p, horizon)
    paint_object(p, horizon)
    return p.im.reduce(SS)
