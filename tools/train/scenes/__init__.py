"""Procedural "diorama" scenes: little illustrated landscapes with labels and captions.

Everything is a pure function of an integer seed:

    scene = sample_scene(seed)         # structured labels
    image = render(scene)              # 128x128 PIL image
    text = caption(scene, seed)        # a short lower-case English caption
"""
from .captions import caption, full_prompt
from .painter import SIZE
from .render import render
from .scene import BACKS, COLOURS, GROUNDS, HELD_OUT, OBJECTS, PLACES, SKIES, TIMES, Scene, sample_scene

__all__ = ["BACKS", "COLOURS", "GROUNDS", "HELD_OUT", "OBJECTS", "PLACES", "SIZE", "SKIES", "TIMES", "Scene", "caption",
           "full_prompt", "render", "sample_scene"]
