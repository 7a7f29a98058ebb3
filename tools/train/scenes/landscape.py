"""Sky, background and ground. Each function paints on `p.im`; `horizon` is a height in drawing pixels."""
import math

from PIL import Image, ImageDraw

from .painter import S, ints, jitter, mix, shade, vertical

SKY = {"day": [(0, (84, 158, 232)), (0.6, (160, 210, 246)), (1, (222, 240, 250))],
       "sunset": [(0, (88, 62, 138)), (0.45, (216, 98, 110)), (0.8, (252, 164, 92)), (1, (255, 212, 130))],
       "night": [(0, (10, 14, 44)), (0.6, (28, 38, 88)), (1, (62, 76, 136))]}


def paint_sky(p, horizon):
    """The sky with its stars, sun or moon, rainbow, clouds and balloon, down to the horizon."""
    r, sc = p.r, p.scene
    shift = [r.uniform(-8, 8) for _ in range(3)]
    stops = [(pos, tuple(a + b for a, b in zip(c, shift))) for pos, c in SKY[p.time]]
    p.im.paste(ints(stops[-1][1]), (0, 0, S, S))       # shows where the land dips below the horizon
    p.im.paste(vertical(stops, int(horizon) + 2), (0, 0))
    d = ImageDraw.Draw(p.im)

    if "stars" in sc.skies:
        for _ in range(r.randint(30, 46)):
            x, y, k = r.uniform(8, S - 8), r.uniform(8, horizon * 0.85), r.choice([2.2, 2.8, 3.6, 5])
            d.ellipse([x - k, y - k, x + k, y + k], fill=(255, 250, 222))

    # the orb stands away from the object so that it is not hidden
    side = {"left": (0.58, 0.86), "centre": r.choice([(0.12, 0.26), (0.74, 0.88)]), "right": (0.14, 0.42)}[sc.place]
    p.orb = None
    ox = r.uniform(*side) * S
    oy = horizon * (r.uniform(0.20, 0.42) if p.time != "sunset" else r.uniform(0.58, 0.86))
    if "orb" in sc.skies:
        p.orb = (ox, oy)
        k = r.uniform(0.055, 0.075) * S
        if p.time == "night":
            p.glow(ox, oy, k * 3.6, (200, 212, 255), 0.55)
            d.ellipse([ox - k, oy - k, ox + k, oy + k], fill=(246, 244, 222))
            for dx, dy, q in ((-.3, -.25, .2), (.3, .1, .26), (-.15, .42, .16)):
                d.ellipse([ox + (dx - q) * k, oy + (dy - q) * k, ox + (dx + q) * k, oy + (dy + q) * k],
                          fill=(222, 220, 200))
        else:
            warm = p.time == "sunset"
            k *= 1.25 if warm else 1.0
            p.glow(ox, oy, k * (5.5 if warm else 4.2), (255, 226, 150) if warm else (255, 250, 214), 0.85)
            d.ellipse([ox - k, oy - k, ox + k, oy + k], fill=(255, 236, 158) if warm else (255, 240, 140))

    if "rainbow" in sc.skies:
        cx, cy, radius = S * r.uniform(0.4, 0.6), horizon + S * 0.04, S * r.uniform(0.44, 0.52)
        layer = p.im.copy()
        ld = ImageDraw.Draw(layer)
        band = S * 0.017
        for i, c in enumerate([(236, 84, 80), (246, 156, 70), (250, 226, 96), (104, 196, 110), (86, 146, 232),
                               (150, 100, 206)]):
            k = radius - i * band
            ld.arc([cx - k, cy - k, cx + k, cy + k], 180, 360, fill=c, width=int(band) + 1)
        p.im.paste(Image.blend(p.im, layer, 0.68))

    if "clouds" in sc.skies:
        light = {"day": (255, 255, 255), "sunset": (255, 196, 170), "night": (98, 110, 160)}[p.time]
        dark = {"day": (212, 226, 242), "sunset": (206, 116, 130), "night": (64, 74, 122)}[p.time]
        for _ in range(r.randint(2, 4)):
            x, y = r.uniform(0.06, 0.94) * S, r.uniform(0.08, 0.55) * horizon
            w = r.uniform(0.07, 0.12) * S
            puffs = [(x + dx * w, y - dy * w, w * k, w * k * 0.8)
                     for dx, dy, k in ((-0.9, 0, .42), (-0.35, .28, .56), (0.3, .36, .62), (0.95, .02, .44))]
            base = [(x, y + w * 0.14, w * 1.36, w * 0.3)]
            p.dots([(a, b + w * 0.12, c, e) for a, b, c, e in puffs] + base, dark)
            p.dots(puffs, light)

    if "balloon" in sc.skies:
        bx = S - ox if abs(ox - S / 2) > S * 0.12 else ox + S * 0.3
        lo, hi = {"left": (0.56, 0.86), "centre": (0.12, 0.24), "right": (0.14, 0.44)}[sc.place]
        if sc.place == "centre" and ox < S / 2:
            lo, hi = 0.76, 0.88
        bx, by, k = r.uniform(lo, hi) * S, horizon * r.uniform(0.26, 0.42), S * r.uniform(0.062, 0.08)
        base = r.choice([(226, 66, 66), (240, 150, 50), (70, 130, 220), (160, 80, 190)])
        d.polygon([(bx - k * .86, by + k * .5), (bx + k * .86, by + k * .5), (bx + k * .2, by + k * 1.45),
                   (bx - k * .2, by + k * 1.45)], fill=p.fill(base, -0.1))
        d.ellipse([bx - k, by - k, bx + k, by + k], fill=p.fill(base))
        d.ellipse([bx - k * .55, by - k, bx + k * .55, by + k], fill=p.fill((252, 240, 214)))
        d.ellipse([bx - k * .2, by - k, bx + k * .2, by + k], fill=p.fill(base))
        d.rectangle([bx - k * .22, by + k * 1.6, bx + k * .22, by + k * 1.95], fill=p.fill((128, 84, 48)))


def ridge(r, base, height, waves):
    """A smooth skyline as a list of points from the left to the right edge."""
    ph = [r.uniform(0, 6.28) for _ in waves]
    return [(x, base - height * (0.55 + sum(a * math.sin(x / S * 6.28 * f + q) for (f, a), q in zip(waves, ph))))
            for x in range(-8, S + 9, 8)]


def paint_back(p, horizon):
    """Mountains or hills on the horizon."""
    r, d, sc = p.r, ImageDraw.Draw(p.im), p.scene
    haze = {"day": (196, 222, 242), "sunset": (246, 160, 112), "night": (52, 64, 122)}[p.time]
    if sc.back == "mountains":
        rock = mix(jitter(r, (112, 122, 160)), haze, 0.22)
        x = -0.1 * S
        peaks = []
        while x < 1.1 * S:
            w = r.uniform(0.26, 0.4) * S
            peaks.append((x + w / 2, r.uniform(0.17, 0.30) * S, w))
            x += w * 0.62
        r.shuffle(peaks)
        for cx, h, w in peaks:
            w *= 0.62
            top = (cx, horizon - h)
            d.polygon([(cx - w, horizon + 6), top, (cx + w, horizon + 6)], fill=p.fill(rock, 0.06))
            d.polygon([top, (cx + w, horizon + 6), (cx + w * 0.12, horizon + 6)], fill=p.fill(rock, -0.2))
            k = 0.34
            d.polygon([(cx - w * k, horizon - h * (1 - k)), top, (cx + w * k, horizon - h * (1 - k)),
                       (cx + w * .14, horizon - h * .76), (cx, horizon - h * .60), (cx - w * .15, horizon - h * .74)],
                      fill=p.fill((246, 248, 252)))
            d.polygon([top, (cx + w * k, horizon - h * (1 - k)), (cx + w * .14, horizon - h * .76),
                       (cx + w * .03, horizon - h * .64)], fill=p.fill((206, 216, 236)))
    elif sc.back == "hills":
        tint = {"meadow": (96, 160, 92), "snow": (206, 220, 238), "desert": (214, 160, 96), "sea": (92, 148, 110)}
        c = jitter(r, tint[sc.ground])
        for i, (h, t) in enumerate(((0.17, 0.42), (0.10, 0.15))):
            pts = ridge(r, horizon, h * S, [(1 + 0.4 * i, .34), (2.3, .18)])
            d.polygon([(-8, horizon + 6)] + pts + [(S + 8, horizon + 6)], fill=p.fill(mix(c, haze, t)))


def paint_land(p, horizon):
    """Meadow, snow or desert, with its details."""
    r, d, sc = p.r, ImageDraw.Draw(p.im), p.scene
    base = jitter(r, {"meadow": (112, 184, 78), "snow": (240, 245, 252), "desert": (238, 202, 130)}[sc.ground], 7)
    top, low = shade(base, 0.04), shade(base, -0.16)
    if sc.ground == "snow":
        low = (198, 214, 238)
    ground = vertical([(0, p.tone(top)), (1, p.tone(low))], S - int(horizon) + 40)
    pts = ridge(r, horizon + 12, 24, [(0.8, .5), (1.7, .3)])
    mask = Image.new("L", (S, ground.height), 0)
    y0 = int(horizon) - 30
    ImageDraw.Draw(mask).polygon([(-8, S)] + [(x, y - y0) for x, y in pts] + [(S + 8, S)], fill=255)
    p.im.paste(ground, (0, y0), mask)

    # one nearer fold of the ground, then details
    y = horizon + S * r.uniform(0.16, 0.22)
    fold = ridge(r, y + 16, 34, [(0.7, .6), (1.9, .25)])
    d.polygon([(-8, S + 8)] + fold + [(S + 8, S + 8)], fill=p.fill(mix(base, low, 0.45), -0.05))
    if sc.ground == "meadow":
        for _ in range(r.randint(16, 26)):
            x, y = r.uniform(0, S), r.uniform(horizon + 50, S - 8)
            if r.random() < 0.55:
                for dx in (-6, 0, 6):
                    d.line([(x, y), (x + dx, y - 13)], fill=p.fill((66, 136, 54)), width=4)
            else:
                c, k = p.fill(r.choice([(255, 255, 255), (252, 222, 90), (240, 120, 150)])), 5
                d.ellipse([x - k, y - k, x + k, y + k], fill=c)
    elif sc.ground == "snow":
        for _ in range(r.randint(3, 5)):      # small fir trees
            x, y = r.uniform(0.03, 0.97) * S, horizon + r.uniform(8, 30)
            k = r.uniform(16, 24)
            for j in range(3):
                w, yy = k * (1 - j * 0.26), y - j * k * 0.72
                d.polygon([(x - w, yy), (x + w, yy), (x, yy - k * 1.25)], fill=p.fill((62, 112, 98), 0.04 * j))
        for _ in range(8):
            x, y, w = r.uniform(0, S), r.uniform(horizon + 60, S), r.uniform(20, 50)
            d.ellipse([x - w, y - 4, x + w, y + 4], fill=p.fill((222, 232, 246)))
    else:
        for _ in range(r.randint(5, 8)):      # ripples on the sand
            x, y, w = r.uniform(0, S), r.uniform(horizon + 50, S), r.uniform(30, 80)
            d.arc([x - w, y, x + w, y + 24], 200, 340, fill=p.fill(base, -0.16), width=5)
        for _ in range(r.randint(1, 3)):      # cacti
            x = r.choice([r.uniform(0.03, 0.14), r.uniform(0.86, 0.97), r.uniform(0.4, 0.6)]) * S
            y = horizon + r.uniform(14, 34)
            k, c = r.uniform(26, 38), p.fill((78, 140, 84))
            d.rounded_rectangle([x - 6, y - k * 1.5, x + 6, y], 6, fill=c)
            for sgn in (-1, 1):
                elbow = x + sgn * k * .5
                d.line([(x, y - k * .55), (elbow, y - k * .55), (elbow, y - k * 1.0)], fill=c, width=8)


def paint_water(p, horizon):
    """The sea, with the sky mirrored in it; it is painted after sky and background."""
    r = p.r
    h = int(horizon)
    # the sky and the background mirrored at the horizon, tinted blue
    mirror = p.im.crop((0, max(0, 2 * h - S), S, h)).transpose(Image.FLIP_TOP_BOTTOM).resize((S, S - h))
    deep = {"day": ((92, 176, 222), (30, 104, 178)), "sunset": ((214, 128, 120), (74, 62, 128)),
            "night": ((44, 62, 122), (12, 22, 62))}[p.time]
    water = vertical([(0, jitter(r, deep[0], 6)), (1, jitter(r, deep[1], 6))], S - h)
    p.im.paste(Image.blend(water, mirror, 0.26), (0, h))
    d = ImageDraw.Draw(p.im)
    light = {"day": (196, 230, 246), "sunset": (255, 196, 150), "night": (92, 112, 176)}[p.time]
    for _ in range(r.randint(18, 26)):
        y = horizon + (r.random() ** 1.3) * (S - horizon)
        k = 0.25 + (y - horizon) / (S - horizon)
        x, w = r.uniform(0, S), r.uniform(20, 46) * k
        d.rounded_rectangle([x - w, y - 2 * k, x + w, y + 2 * k], 2, fill=ints(mix(deep[0], light, 0.65)))
    if p.orb:
        c = {"day": (255, 250, 222), "sunset": (255, 226, 150), "night": (222, 228, 250)}[p.time]
        for i in range(11):
            y = horizon + 8 + i * (S - horizon) / 12
            w = r.uniform(10, 24) * (0.6 + i / 12)
            x = p.orb[0] + r.uniform(-8, 8)
            d.rounded_rectangle([x - w, y - 3, x + w, y + 3], 3, fill=ints(mix(deep[0], c, 0.8)))
