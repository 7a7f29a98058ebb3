"""Short lower-case English captions of scenes, in several wordings and orders."""
import random

WORDS = {
    "day": ["by day", "on a sunny day", "in daylight", "during the day", "on a bright day"],
    "sunset": ["at sunset", "at sunset", "at dusk", "at sundown", "in the evening"],
    "night": ["at night", "at night", "by night", "at midnight", "under the night sky"],
    "meadow": ["on a green meadow", "in a meadow", "on the grass", "in a green field", "on a grassy meadow"],
    "snow": ["in a snowy field", "in the snow", "on the snow", "on a snowy field", "in winter snow"],
    "desert": ["in a sandy desert", "in the desert", "on the sand", "in the sand dunes", "in a desert"],
    "boat@sea": ["on the sea", "on a blue lake", "on the water", "on a lake", "on the blue sea", "on the ocean"],
    "sea": ["on an island in the sea", "on a small island", "on an island in a lake", "by the sea", "on an island"],
    "left": ["on the left", "on the left side", "to the left"],
    "centre": ["in the centre", "in the middle", "in the center"],
    "right": ["on the right", "on the right side", "to the right"],
    "mountains": ["mountains behind", "mountains in the background", "snowy mountains behind", "tall mountains"],
    "hills": ["hills behind", "rolling hills", "hills in the background", "rolling hills behind"],
    "sun": ["the sun", "a glowing sun", "sun in the sky"],
    "moon": ["the moon", "a full moon", "moon in the sky"],
    "clouds": ["clouds", "clouds in the sky", "a cloudy sky", "fluffy clouds"],
    "stars": ["stars", "stars in the sky", "a starry sky"],
    "rainbow": ["a rainbow", "a rainbow in the sky"],
    "balloon": ["a hot-air balloon", "a hot air balloon in the sky", "a balloon in the sky"],
}
OBJECT_WORDS = {
    "house": ["house", "house", "cottage"], "tree": ["tree"], "boat": ["boat", "boat", "sailboat", "sailing boat"],
    "castle": ["castle"], "windmill": ["windmill"], "tent": ["tent"], "lighthouse": ["lighthouse"],
    "mushroom": ["mushroom", "mushroom", "toadstool"],
}


def caption(scene, seed):
    """A caption; attributes are sometimes left out and the word order varies."""
    r = random.Random(seed * 31337 + scene.seed)
    noun = r.choice(OBJECT_WORDS[scene.obj])

    def keep(prob):
        return r.random() < prob

    what = f"{scene.colour} {noun}" if keep(0.92) else noun
    what = (("an " if what[0] in "aeiou" else "a ") if keep(0.85) else "") + what
    ground = r.choice(WORDS["boat@sea" if scene.obj == "boat" else scene.ground]) if keep(0.9) else ""
    time = r.choice(WORDS[scene.time]) if keep(0.85) else ""
    place = r.choice(WORDS[scene.place]) if keep(0.6) else ""
    extras = []
    if scene.back != "none" and keep(0.8):
        extras.append(r.choice(WORDS[scene.back]))
    for s in scene.skies:
        if keep({"orb": 0.6, "clouds": 0.6, "stars": 0.75}.get(s, 0.92)):
            extras.append(r.choice(WORDS[("moon" if scene.time == "night" else "sun") if s == "orb" else s]))
    r.shuffle(extras)
    extras = extras[:3]
    style = r.random()
    if style < 0.62:                     # a red boat on the sea at sunset, mountains behind
        mid = [ground, place, time]
        if keep(0.4):
            r.shuffle(mid)
        head = " ".join(x for x in [what] + mid if x)
        parts = [head] + extras
        text = ", ".join(parts)
        if len(parts) > 1 and keep(0.35):
            text = head + " with " + " and ".join(extras)
    elif style < 0.85:                   # a red boat, on the sea, sunset, mountains behind
        plain = {"meadow": "green meadow", "snow": "snowy field", "desert": "sandy desert", "sea": "sea"}[scene.ground]
        bare = {"day": "day", "sunset": "sunset", "night": "night"}[scene.time]
        mid = [ground and (plain if keep(0.6) else ground), place, time and (bare if keep(0.7) else time)]
        mid += extras
        r.shuffle(mid)
        text = ", ".join(x for x in [what] + mid if x)
    else:                                # at sunset, a red boat on the sea
        lead = time or place
        rest = " ".join(x for x in [what, ground, place if time else ""] if x)
        text = ", ".join(x for x in [lead, rest] + extras if x)
    return " ".join(text.split())


def full_prompt(scene, r):
    """A prompt that states every attribute the judge scores (`r` chooses among the wordings)."""
    parts = [("an " if scene.colour[0] in "aeiou" else "a ") + f"{scene.colour} {scene.obj}",
             r.choice(WORDS["boat@sea" if scene.obj == "boat" else scene.ground]),
             r.choice(WORDS[scene.place]), r.choice(WORDS[scene.time])]
    text = " ".join(parts)
    return text if scene.back == "none" else text + ", " + r.choice(WORDS[scene.back])
