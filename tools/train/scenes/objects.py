"""The eight objects.

Each draws on the ImageDraw `d` of painter `p`, with its base centre at (x, y), its height h and its colour c.
"""
import math

from PIL import Image, ImageDraw

from .painter import RGB, S, ints, jitter, mix

def window(p, d, x0, y0, x1, y1):
    """A window with a cross, lit at night and, in some scenes, at sunset."""
    lit = p.time == "night" or (p.time == "sunset" and p.lit)
    d.rectangle([x0, y0, x1, y1], fill=(255, 220, 110) if lit else p.fill((150, 204, 236)))
    line = p.fill((250, 250, 245)) if not lit else (168, 116, 60)
    d.line([((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1)], fill=line, width=3)
    d.line([(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2)], fill=line, width=3)


def draw_house(p, d, x, y, h, c):
    """A house with a chimney and two windows."""
    w, wall = h * 0.46, h * 0.52
    roof = (122, 78, 58) if p.scene.colour != "white" else (150, 92, 72)
    cx = x + w * 0.5
    d.rectangle([cx - 12, y - h * 0.98, cx + 14, y - h * 0.66], fill=p.fill((150, 110, 92)))
    d.rectangle([x - w, y - wall, x + w, y], fill=p.fill(c))
    d.rectangle([x + w * 0.45, y - wall, x + w, y], fill=p.fill(c, -0.16))
    d.polygon([(x - w * 1.2, y - wall), (x - w * 0.62, y - h * 0.94), (x + w * 0.62, y - h * 0.94),
               (x + w * 1.2, y - wall)],
              fill=p.fill(roof))
    d.rectangle([x - w * 1.2, y - wall - 6, x + w * 1.2, y - wall + 4], fill=p.fill(roof, -0.25))
    d.rectangle([x - w * 0.15, y - wall * 0.62, x + w * 0.2, y], fill=p.fill((110, 72, 48)))
    k = w * 0.34
    for wx in (x - w * 0.8, x + w * 0.42):
        window(p, d, wx, y - wall * 0.72, wx + k, y - wall * 0.72 + k)


def draw_tree(p, d, x, y, h, c):
    """A tree with a round crown in the colour."""
    t = h * 0.065
    d.polygon([(x - t * 1.5, y), (x - t * 0.8, y - h * 0.5), (x + t * 0.8, y - h * 0.5), (x + t * 1.5, y)],
              fill=p.fill((116, 80, 54)))
    r = p.r
    blobs = [(-.25, .47, .20), (.25, .46, .20), (-.15, .66, .22), (.17, .65, .22), (0, .55, .24), (0, .80, .19)]
    for k, (dx, dy, q) in ((-0.2, (12, 10, 1.0)), (0, (0, 0, 1.0)), (0.2, (-14, -12, 0.55))):
        for bx, by, b in blobs:
            rad = b * h * q
            px, py = x + bx * h + dx, y - by * h + dy
            d.ellipse([px - rad, py - rad, px + rad, py + rad], fill=p.fill(c, k))


def draw_boat(p, d, x, y, h, c):
    """A sailing boat with a hull in the colour."""
    w = h * 0.52
    d.line([(x, y - h * 0.16), (x, y - h)], fill=p.fill((120, 84, 56)), width=8)
    d.polygon([(x + 8, y - h * .95), (x + 8, y - h * .30), (x + w * .86, y - h * .30)],
              fill=p.fill((250, 248, 240)))
    d.polygon([(x - 8, y - h * .84), (x - 8, y - h * .30), (x - w * .62, y - h * .30)],
              fill=p.fill((232, 230, 224)))
    d.polygon([(x, y - h), (x + 34, y - h * .965), (x, y - h * .93)], fill=p.fill(c))
    d.polygon([(x - w, y - h * .24), (x + w, y - h * .24), (x + w * .72, y), (x - w * .72, y)], fill=p.fill(c))
    d.polygon([(x - w * .83, y - h * .10), (x + w * .84, y - h * .10), (x + w * .72, y), (x - w * .72, y)],
              fill=p.fill(c, -0.22))
    d.line([(x - w, y - h * .24), (x + w, y - h * .24)], fill=p.fill((252, 244, 226)), width=7)


def draw_castle(p, d, x, y, h, c):
    """A castle with three towers."""
    w = h * 0.44

    def tower(tx, tw, th, k):
        d.rectangle([tx - tw, y - th, tx + tw, y], fill=p.fill(c, k))
        d.rectangle([tx + tw * 0.35, y - th, tx + tw, y], fill=p.fill(c, k - 0.16))
        n = 3
        step = tw * 2.3 / (2 * n - 1)
        for i in range(n):
            a = tx - tw * 1.15 + 2 * i * step
            d.rectangle([a, y - th - h * 0.07, a + step, y - th], fill=p.fill(c, k - 0.06))
        d.rectangle([tx - tw * 1.15, y - th, tx + tw * 1.15, y - th + h * 0.045], fill=p.fill(c, k - 0.06))

    tower(x, w * 0.42, h * 0.78, -0.08)
    d.line([(x, y - h * 0.82), (x, y - h * 1.02)], fill=p.fill((96, 76, 60)), width=5)
    flag = (236, 70, 70) if p.scene.colour != "red" else (250, 214, 80)
    d.polygon([(x, y - h * 1.02), (x + 32, y - h * .98), (x, y - h * .93)], fill=p.fill(flag))
    d.rectangle([x - w, y - h * 0.40, x + w, y], fill=p.fill(c))
    tower(x - w * 0.86, w * 0.30, h * 0.58, 0.05)
    tower(x + w * 0.86, w * 0.30, h * 0.58, -0.04)
    g = w * 0.26
    d.rectangle([x - g, y - h * 0.16, x + g, y], fill=p.fill((84, 60, 46)))
    d.ellipse([x - g, y - h * 0.16 - g, x + g, y - h * 0.16 + g], fill=p.fill((84, 60, 46)))
    for wx, wy in ((x, .62), (x - w * .86, .42), (x + w * .86, .42)):
        d.rounded_rectangle([wx - 9, y - h * wy - 14, wx + 9, y - h * wy + 14], 8,
                            fill=(255, 220, 110) if p.time == "night" else p.fill((70, 72, 96)))


def draw_windmill(p, d, x, y, h, c):
    """A windmill with four sails."""
    b, t = h * 0.24, h * 0.15
    top = y - h * 0.64
    d.polygon([(x - b, y), (x - t, top), (x + t, top), (x + b, y)], fill=p.fill(c))
    d.polygon([(x + b * 0.3, y), (x + t * 0.3, top), (x + t, top), (x + b, y)], fill=p.fill(c, -0.17))
    d.pieslice([x - t * 1.15, top - t * 1.2, x + t * 1.15, top + t * 1.1], 180, 360, fill=p.fill((112, 76, 60)))
    d.rectangle([x - b * .28, y - h * 0.18, x + b * .28, y], fill=p.fill((96, 66, 46)))
    window(p, d, x - 14, y - h * 0.42, x + 14, y - h * 0.42 + 28)
    a0, L = math.radians(p.r.uniform(20, 70)), h * 0.42
    cy = top - t * 0.1
    for i in range(4):
        a = a0 + i * math.pi / 2
        ca, sa = math.cos(a), math.sin(a)

        def at(u, v, ca=ca, sa=sa):
            return (x + ca * u - sa * v, cy + sa * u + ca * v)

        d.polygon([at(L * .2, 2), at(L, 2), at(L, L * .26), at(L * .2, L * .22)], fill=p.fill((252, 248, 236)))
        d.line([at(0, 0), at(L, 0)], fill=p.fill((104, 76, 58)), width=6)
    d.ellipse([x - 9, cy - 9, x + 9, cy + 9], fill=p.fill((84, 60, 48)))


def draw_tent(p, d, x, y, h, c):
    """A tent with an open entrance."""
    w, t = h * 0.56, h * 0.72
    d.polygon([(x - w, y), (x - w * 0.12, y - t), (x + w * 0.36, y)], fill=p.fill(c))
    d.polygon([(x - w * 0.12, y - t), (x + w * 0.62, y - t * 0.92), (x + w * 1.05, y), (x + w * 0.36, y)],
              fill=p.fill(c, -0.2))
    inside = (255, 214, 120) if p.time == "night" else p.fill((74, 56, 50))
    d.polygon([(x - w * 0.50, y), (x - w * 0.14, y - t * 0.66), (x + w * 0.06, y)], fill=inside)
    d.polygon([(x - w * 0.14, y - t * 0.66), (x - w * 0.02, y - t * 0.2), (x + w * 0.06, y)], fill=p.fill(c, 0.3))
    d.line([(x - w * 0.12, y - t), (x - w * 0.12, y - t * 1.2)], fill=p.fill((110, 80, 56)), width=6)
    d.polygon([(x - w * .12, y - t * 1.2), (x + w * .06, y - t * 1.15), (x - w * .12, y - t * 1.08)],
              fill=p.fill(c, 0.15))


def draw_lighthouse(p, d, x, y, h, c):
    """A striped lighthouse; its lamp is lit after sunset."""
    b, t, n = h * 0.17, h * 0.105, 5
    top = y - h * 0.74
    other = (248, 246, 240) if p.scene.colour != "white" else (206, 212, 222)
    for i in range(n):
        f0, f1 = i / n, (i + 1) / n
        w0, w1 = b + (t - b) * f0, b + (t - b) * f1
        y0, y1 = y + (top - y) * f0, y + (top - y) * f1
        k = c if i % 2 == 0 else other
        d.polygon([(x - w0, y0), (x - w1, y1), (x + w1, y1), (x + w0, y0)], fill=p.fill(k))
        d.polygon([(x + w0 * .35, y0), (x + w1 * .35, y1), (x + w1, y1), (x + w0, y0)], fill=p.fill(k, -0.16))
    d.rectangle([x - t * 1.45, top - h * .03, x + t * 1.45, top], fill=p.fill((80, 78, 88)))
    lamp = (255, 240, 160) if p.time != "day" else p.fill((196, 226, 240))
    d.rectangle([x - t * .75, top - h * .14, x + t * .75, top - h * .03], fill=lamp)
    d.line([(x, top - h * .14), (x, top - h * .03)], fill=p.fill((80, 78, 88)), width=4)
    roof = p.fill(c, -0.08) if p.scene.colour != "white" else p.fill((190, 70, 64))
    d.pieslice([x - t * 1.1, top - h * .25, x + t * 1.1, top - h * .03], 180, 360, fill=roof)
    p.lamp = (x, top - h * .085)


def draw_mushroom(p, d, x, y, h, c):
    """A mushroom with a spotted cap and a door."""
    w = h * 0.46
    d.polygon([(x - h * .15, y), (x - h * .11, y - h * .5), (x + h * .11, y - h * .5), (x + h * .15, y)],
              fill=p.fill((246, 232, 206)))
    d.polygon([(x + h * .05, y), (x + h * .04, y - h * .5), (x + h * .11, y - h * .5), (x + h * .15, y)],
              fill=p.fill((222, 202, 172)))
    d.ellipse([x - w, y - h * .53, x + w, y - h * .33], fill=p.fill((236, 216, 184), -0.12))
    d.pieslice([x - w, y - h * .92, x + w, y + h * .06], 180, 360, fill=p.fill(c))
    d.pieslice([x - w * .4, y - h * .92, x + w, y + h * .06], 285, 360, fill=p.fill(c, -0.12))
    spot = p.fill((255, 252, 244)) if p.scene.colour != "white" else p.fill((214, 168, 150))
    spots = ((-.55, .56, .075), (-.12, .76, .09), (.42, .62, .08), (.02, .52, .055), (.74, .50, .045), (-.8, .47, .04))
    for dx, dy, k in spots:
        d.ellipse([x + dx * w - k * h, y - dy * h - k * h * .9, x + dx * w + k * h, y - dy * h + k * h * .9],
                  fill=spot)
    door = (255, 220, 110) if p.time == "night" else p.fill((120, 82, 56))
    d.rounded_rectangle([x - h * .055, y - h * .2, x + h * .05, y], 10, fill=door)


DRAW = {"house": draw_house, "tree": draw_tree, "boat": draw_boat, "castle": draw_castle,
        "windmill": draw_windmill, "tent": draw_tent, "lighthouse": draw_lighthouse, "mushroom": draw_mushroom}


def paint_object(p, horizon):
    """The object of the scene: on land with its shadow, on the sea with its island and reflection."""
    r, sc = p.r, p.scene
    x = {"left": 0.25, "centre": 0.5, "right": 0.75}[sc.place] * S + r.uniform(-0.045, 0.045) * S
    h = S * r.uniform(0.42, 0.50)
    h *= {"lighthouse": 1.14, "tent": 0.9, "windmill": 1.1, "boat": 0.95}.get(sc.obj, 1.0)
    y = horizon + S * r.uniform(0.13, 0.19)
    c = jitter(r, RGB[sc.colour], 9)
    p.lit, p.lamp = r.random() < 0.5, None

    if sc.ground == "sea":
        layer = Image.new("RGBA", (S, S), (0, 0, 0, 0))
        d = ImageDraw.Draw(layer)
        if sc.obj != "boat":
            w = S * r.uniform(0.25, 0.29)
            d.chord([x - w, y - 30, x + w, y + 46], 180, 360, fill=p.fill((146, 126, 104)) + (255,))
            d.chord([x - w * .92, y - 34, x + w * .92, y + 22], 180, 360, fill=p.fill((112, 172, 84)) + (255,))
        DRAW[sc.obj](p, d, x, y - (0 if sc.obj == "boat" else 14), h, c)
        edge = int(y + (0 if sc.obj == "boat" else 8))
        flipped = layer.crop((0, max(0, 2 * edge - S), S, edge)).transpose(Image.FLIP_TOP_BOTTOM)
        flipped = flipped.crop((0, 0, S, S - edge))
        p.im.paste(flipped, (0, edge), flipped.getchannel("A").point(lambda v: int(v * 0.34)))
        d2 = ImageDraw.Draw(p.im)
        p.im.paste(layer, (0, 0), layer)
        foam = {"day": (220, 240, 250), "sunset": (255, 206, 170), "night": (112, 132, 190)}[p.time]
        w = h * 0.5 if sc.obj == "boat" else w
        d2.rounded_rectangle([x - w * 0.9, edge - 3, x + w * 0.9, edge + 3], 3, fill=foam)
    else:
        d = ImageDraw.Draw(p.im)
        dark = p.im.getpixel((int(x), min(S - 1, int(y) + 10)))
        w = h * {"tree": 0.4, "lighthouse": 0.3, "windmill": 0.38, "mushroom": 0.38}.get(sc.obj, 0.58)
        d.ellipse([x - w * .9, y - 12, x + w * 1.15, y + 14], fill=ints(mix(dark, (20, 30, 60), 0.28)))
        DRAW[sc.obj](p, d, x, y, h, c)
    if p.lamp and p.time != "day":
        p.glow(*p.lamp, S * 0.13, (255, 236, 150), 0.7)
        d = ImageDraw.Draw(p.im)
        k = 9
        d.ellipse([p.lamp[0] - k, p.lamp[1] - k, p.lamp[0] + k, p.lamp[1] + k], fill=(255, 252, 220))
