"""Many pictures with their texts on one sheet."""
from PIL import Image, ImageDraw, ImageFont

MARGIN, TEXT_HEIGHT, LINE_HEIGHT, LINES = 8, 40, 12, 3


def wrap(text, width, measure):
    """`text` cut into lines that `measure` finds no wider than `width` (a single long word is not cut)."""
    lines, line = [], ""
    for word in text.split():
        if line and measure(f"{line} {word}") > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return lines + [line]


def contact_sheet(images, titles, path, columns=6):
    """Writes PIL `images` in rows of `columns`, each with its title under it, as one PNG."""
    width, height = max(i.width for i in images), max(i.height for i in images)
    rows = -(-len(images) // columns)
    label = TEXT_HEIGHT if any(titles) else MARGIN // 2
    size = (columns * (width + MARGIN) + MARGIN, rows * (height + label) + MARGIN)
    sheet, font = Image.new("RGB", size, (250, 250, 250)), ImageFont.load_default(10)
    draw = ImageDraw.Draw(sheet)
    for index, (image, title) in enumerate(zip(images, titles)):
        x = MARGIN + (index % columns) * (width + MARGIN)
        y = MARGIN + (index // columns) * (height + label)
        sheet.paste(image, (x, y))
        lines = wrap(title, width, lambda text: draw.textlength(text, font=font))
        for row, line in enumerate(lines[:LINES]):
            draw.text((x, y + height + 2 + row * LINE_HEIGHT), line, fill=(30, 30, 30), font=font)
    sheet.save(path)
