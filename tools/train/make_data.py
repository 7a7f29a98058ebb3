"""Step 1: draws the scenes and writes data/images.npy, labels.npy and captions.json.

    python make_data.py --count 30000                  the training set (seeds 0 to 29999)
    python make_data.py --sheet sheet.png --count 48   a contact sheet instead, to look at
"""
import argparse
import json
from multiprocessing import Pool

import numpy as np

import scenes
from contact_sheet import contact_sheet
from training import add_work_option


def draw(job):
    """One scene: pixels, label indices and captions."""
    seed, captions = job
    scene = scenes.sample_scene(seed)
    return np.asarray(scenes.render(scene)), scene.labels(), [scenes.caption(scene, k) for k in range(captions)]


def write_dataset(folder, first, count, captions, jobs):
    """Draws scenes `first` to `first + count - 1` in `jobs` processes."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, scenes.SIZE, scenes.SIZE, 3)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    labels, texts = np.zeros((count, 7), np.int16), []
    with Pool(jobs) as pool:
        work = ((first + i, captions) for i in range(count))
        for i, (image, label, text) in enumerate(pool.imap(draw, work, chunksize=16)):
            images[i], labels[i] = image, label
            texts.append(text)
            if (i + 1) % 1000 == 0:
                print(f"{i + 1} of {count} scenes", flush=True)
    images.flush()
    np.save(folder / "labels.npy", labels)
    (folder / "captions.json").write_text(json.dumps(texts))


def main():
    parser = argparse.ArgumentParser(description="Draws the training set, or a sheet of it.")
    add_work_option(parser)
    parser.add_argument("--count", type=int, default=30000, help="number of scenes")
    parser.add_argument("--first", type=int, default=0, help="seed of the first scene")
    parser.add_argument("--captions", type=int, default=8, help="captions of each scene")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw")
    parser.add_argument("--sheet", metavar="PNG", help="write a contact sheet and no data")
    options = parser.parse_args()
    if options.sheet:
        drawn = [scenes.sample_scene(seed) for seed in range(options.first, options.first + options.count)]
        captions = [scenes.caption(scene, 0) for scene in drawn]
        contact_sheet([scenes.render(scene) for scene in drawn], captions, options.sheet, columns=8)
    else:
        write_dataset(options.work / "data", options.first, options.count, options.captions, options.jobs)


if __name__ == "__main__":
    main()
