"""What a scene can hold, and the drawing of one by lot from an integer seed."""
import random
from dataclasses import dataclass

TIMES = ["day", "sunset", "night"]
GROUNDS = ["meadow", "snow", "desert", "sea"]
OBJECTS = ["house", "tree", "boat", "castle", "windmill", "tent", "lighthouse", "mushroom"]
COLOURS = ["red", "blue", "yellow", "green", "purple", "white", "orange"]
PLACES = ["left", "centre", "right"]
BACKS = ["none", "hills", "mountains"]
SKIES = ["orb", "clouds", "stars", "rainbow", "balloon"]     # independent flags; orb = sun or moon

# Never drawn for training; used to measure composition of known words into new pairs.
HELD_OUT = {("lighthouse", "purple"), ("castle", "orange"), ("mushroom", "blue"),
            ("tent", "green"), ("boat", "yellow")}


@dataclass
class Scene:
    """What a picture shows; `seed` also decides every detail of the drawing."""

    seed: int
    time: str
    ground: str
    obj: str
    colour: str
    place: str
    back: str
    skies: tuple

    def labels(self):
        """The label indices, in the order time, ground, object, colour, place, background, sky bits."""
        bits = sum(1 << i for i, s in enumerate(SKIES) if s in self.skies)
        return [TIMES.index(self.time), GROUNDS.index(self.ground), OBJECTS.index(self.obj),
                COLOURS.index(self.colour), PLACES.index(self.place), BACKS.index(self.back), bits]


def sample_scene(seed, allow_held_out=False):
    """A random scene; the held-out (object, colour) pairs are skipped unless asked for."""
    r = random.Random(seed * 7919 + 13)
    while True:
        time = r.choice(TIMES)
        ground = r.choice(GROUNDS)
        others = [o for o in OBJECTS if o != "boat"]
        # Half of the water scenes have a boat, the others an object on an island.
        obj = r.choice(["boat"] * len(others) + others) if ground == "sea" else r.choice(others)
        colour = r.choice(COLOURS)
        if allow_held_out or (obj, colour) not in HELD_OUT:
            break
    skies = []
    if r.random() < 0.55:
        skies.append("orb")
    if r.random() < 0.45:
        skies.append("clouds")
    if time == "night" and r.random() < 0.6:
        skies.append("stars")
    if time == "day" and r.random() < 0.18:
        skies.append("rainbow")
    if time != "night" and r.random() < 0.2:
        skies.append("balloon")
    return Scene(seed, time, ground, obj, colour, r.choice(PLACES), r.choice(BACKS), tuple(skies))
