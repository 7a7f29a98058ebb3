"""Writes Tests/Golden/nodes/latents.safetensors: what ComfyUI's nodes on latents must give, and latent files to read.

Each node is written here as its definition says, in plain PyTorch, on small odd shapes; nothing of ComfyUI is needed.
Two things are on purpose not as ComfyUI 0.33 computes them: LatentInterpolate measures lengths per latent of a batch
(ComfyUI's broadcasting fails there, or mixes latents up), and the feathered edges of LatentComposite end where the part ends.

    python tools/golden/latent_nodes.py      (needs torch and safetensors)

Seed 23. The metadata holds versions and, under `cases`, a record a run: the class, its literals, the tensors given to its
inputs, the places in the noise and the masks that come with them, and what must come out.
"""

import json
from pathlib import Path

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

SEED = 23
FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "nodes"

torch.manual_seed(SEED)
TENSORS: dict[str, torch.Tensor] = {}
CASES: list[dict] = []


def keep(x: torch.Tensor) -> str:
    """The key of a tensor, which is stored once."""
    for key, other in TENSORS.items():
        if other.shape == x.shape and torch.equal(other, x):
            return key
    key = f"t{len(TENSORS):03}"
    TENSORS[key] = x.contiguous().clone()
    return key


def latent(x: torch.Tensor, places=None, mask=None) -> dict:
    record = {"samples": keep(x), "places": places, "mask": None if mask is None else keep(mask)}
    return {key: value for key, value in record.items() if value is not None}


def case(node: str, literals: dict, given: dict, out: dict, mask: torch.Tensor | None = None) -> None:
    record = {"node": node, "literals": literals, "given": given, "out": out}
    if mask is not None:
        record["given_mask"] = keep(mask)
    CASES.append(record)


def fit(x: torch.Tensor, like: torch.Tensor, mode: str = "bilinear") -> torch.Tensor:
    """x at the size of another latent: its middle of that aspect, scaled."""
    (h, w), (H, W) = x.shape[-2:], like.shape[-2:]
    if (h, w) == (H, W):
        return x
    left = round((w - h * W / H) / 2) if w / h > W / H else 0
    top = round((h - w * H / W) / 2) if w / h < W / H else 0
    return F.interpolate(x[:, :, top : h - top, left : w - left], size=(H, W), mode=mode)


def as_many(x: torch.Tensor, count: int) -> torch.Tensor:
    return x[torch.arange(count) % x.shape[0]]


A = torch.randn(2, 3, 5, 7)
B = torch.randn(2, 3, 5, 7)
OTHER = torch.randn(3, 3, 4, 9)
ONE = torch.randn(1, 3, 5, 7)
A[0, :, 1, 2] = 0
B[0, :, 1, 2] = 0
A[1, :, 3, 3] = 0
MASKS = torch.rand(2, 6, 4)


def arithmetic() -> None:
    given = latent(A, places=[4, 9], mask=MASKS)
    for second in (B, OTHER, ONE):
        two = as_many(fit(second, A), 2)
        inputs = {"samples1": given, "samples2": latent(second)}
        case("LatentAdd", {}, inputs, latent(A + two, [4, 9], MASKS))
        case("LatentSubtract", {}, inputs, latent(A - two, [4, 9], MASKS))
        for ratio in (0.0, 0.3, 1.0):
            lengths = A.norm(dim=1, keepdim=True), two.norm(dim=1, keepdim=True)
            mixed = ratio * F.normalize(A, dim=1, eps=1e-30) + (1 - ratio) * F.normalize(two, dim=1, eps=1e-30)
            out = F.normalize(mixed, dim=1, eps=1e-30) * (ratio * lengths[0] + (1 - ratio) * lengths[1])
            case("LatentInterpolate", {"ratio": ratio}, inputs, latent(out, [4, 9], MASKS))
    case("LatentMultiply", {"multiplier": -2.5}, {"samples": given}, latent(A * -2.5, [4, 9], MASKS))
    for first, second in ((A, B), (A, ONE), (ONE, A), (A, OTHER[:2])):
        out = torch.lerp(fit(second, first, "bicubic").expand(*torch.broadcast_shapes(first.shape[:1], second.shape[:1]), -1, -1, -1), first, 0.3)
        case("LatentBlend", {"blend_factor": 0.3}, {"samples1": latent(first), "samples2": latent(second)}, latent(out))


def batches() -> None:
    five = torch.randn(5, 2, 3, 2)
    for masks in (None, torch.rand(1, 4, 3), torch.rand(2, 4, 3), torch.rand(5, 4, 3)):
        for places in (None, [7, 3, 3, 0, 8]):
            given = {"samples": latent(five, places, masks)}
            own = places or [0, 1, 2, 3, 4]
            for index, length in ((0, 1), (1, 3), (3, 64), (99, 2), (-1, 4), (-3, 2), (-99, 1)):
                start = min(max(index + 5 if index < 0 else index, 0), 4)
                chosen = [i for i in range(start, start + length) if i < 5]
                mask = masks
                if masks is not None and len(masks) > 1:
                    mask = masks[[i % len(masks) for i in chosen]]
                out = latent(five[chosen], [own[i] for i in chosen], mask)
                case("LatentFromBatch", {"batch_index": index, "length": length}, given, out)
            for amount in (1, 3):
                mask = torch.cat([masks] * amount) if masks is not None and len(masks) > 1 else masks
                moved = places and [p + 9 * n for n in range(amount) for p in places]
                case("RepeatLatentBatch", {"amount": amount}, given, latent(torch.cat([five] * amount), moved, mask))
            for behavior, noise in (("random", None), ("fixed", [own[0] if places else 0] * 5)):
                case("LatentBatchSeedBehavior", {"seed_behavior": behavior}, given, latent(five, noise, masks))
    for first, second in (([4, 9], None), (None, [1, 1, 6]), (None, None)):
        inputs = {"samples1": latent(A, first, MASKS), "samples2": latent(OTHER, second)}
        out = torch.cat([A, fit(OTHER, A)])
        case("LatentBatch", {}, inputs, latent(out, (first or [0, 1]) + (second or [0, 1, 2]), MASKS))


def cuts() -> None:
    axes = {"x": 3, "y": 2, "t": 1}
    for dim, axis in axes.items():
        wide = torch.randn([2 if i == axis else n for i, n in enumerate((3, 3, 5, 7))])
        for sign in ("", "-"):
            parts = [A, as_many(wide, 2)]
            inputs = {"samples1": latent(A, [4, 9], MASKS), "samples2": latent(wide)}
            out = torch.cat(parts[::-1] if sign else parts, dim=axis)
            case("LatentConcat", {"dim": sign + dim}, inputs, latent(out, [4, 9], MASKS))
        size = A.shape[axis]
        for index, amount in ((0, 1), (1, 2), (99, 3), (2, 99), (-1, 1), (-1, 5), (-2, 1), (-99, 2)):
            start = min(index, size - 1) if index >= 0 else max(size + index, 0)
            out = A.index_select(axis, torch.arange(start, min(size, start + amount)))
            literals = {"dim": dim, "index": index, "amount": amount}
            case("LatentCut", literals, {"samples": latent(A, [4, 9], MASKS)}, latent(out, [4, 9], MASKS))
        for amount in (1, 2, 3, 99):
            bands = [band for item in A for band in item.split(amount, dim=axis - 1)]
            bands = torch.stack([band for band in bands if band.shape == bands[0].shape])
            out = A if dim == "t" else bands
            literals = {"dim": dim, "slice_size": amount}
            places = [4, 9] if len(out) == 2 else None
            case("LatentCutToBatch", literals, {"samples": latent(A, [4, 9], MASKS)}, latent(out, places, MASKS))


def composites() -> None:
    below = torch.randn(2, 2, 6, 7)
    above = torch.randn(2, 2, 3, 4)
    for part in (above, above[:1]):
        for x, y, feather in (
            (0, 0, 0), (24, 16, 0), (39, 31, 0), (48, 40, 0), (56, 0, 0), (0, 999, 0),
            (0, 0, 16), (16, 16, 16), (16, 8, 24), (24, 24, 16), (40, 0, 16), (24, 0, 8), (56, 0, 16),
        ):  # fmt: skip
            out = below.clone()
            column, row, fade = x // 8, y // 8, feather // 8
            end_row, end_column = min(6, row + 3), min(7, column + 4)
            for r in range(row, end_row):
                for c in range(column, end_column):
                    share = 1.0
                    # Cells from an edge of the part that does not lie on an edge of the latent below.
                    for open_edge, distance in (
                        (row > 0, r - row), (end_row < 6, end_row - 1 - r),
                        (column > 0, c - column), (end_column < 7, end_column - 1 - c),
                    ):  # fmt: skip
                        if open_edge and distance < fade:
                            share *= (distance + 1) / fade
                    out[:, :, r, c] = share * part[:, :, r - row, c - column] + (1 - share) * below[:, :, r, c]
            inputs = {"samples_to": latent(below, [4, 9], MASKS), "samples_from": latent(part)}
            case("LatentComposite", {"x": x, "y": y, "feather": feather}, inputs, latent(out, [4, 9], MASKS))
    for part in (above, above[:1], torch.randn(3, 2, 8, 2)):
        for mask in (None, torch.rand(1, 7, 3), torch.rand(3, 5, 4)):
            for x, y, whole in ((0, 0, False), (24, 32, False), (56, 8, False), (24, 8, True)):
                source = F.interpolate(part, size=(6, 7), mode="bilinear") if whole else part
                source = as_many(source, 2)
                weights = torch.ones(1, 1, *source.shape[2:])
                if mask is not None:
                    weights = F.interpolate(mask[:, None], size=source.shape[2:], mode="bilinear")
                weights = as_many(weights, 2)
                # The part on an endless plane, of which the latent below is the upper left corner.
                plane = F.pad(below, (0, 99, 0, 99))
                row, column = y // 8, x // 8
                rows, columns = slice(row, row + source.shape[2]), slice(column, column + source.shape[3])
                plane[:, :, rows, columns] = weights * source + (1 - weights) * plane[:, :, rows, columns]
                inputs = {"destination": latent(below, [4, 9], MASKS), "source": latent(part)}
                out = latent(plane[:, :, :6, :7], [4, 9], MASKS)
                case("LatentCompositeMasked", {"x": x, "y": y, "resize_source": whole}, inputs, out, mask)


def transforms() -> None:
    given = {"samples": latent(A, [4, 9], MASKS)}
    case("LatentFlip", {"flip_method": "x-axis: vertically"}, given, latent(A[:, :, [4, 3, 2, 1, 0]], [4, 9], MASKS))
    flipped = latent(A[..., [6, 5, 4, 3, 2, 1, 0]], [4, 9], MASKS)
    case("LatentFlip", {"flip_method": "y-axis: horizontally"}, given, flipped)
    for degrees in (0, 90, 180, 270):
        # Clockwise, looking at the picture.
        turned = torch.rot90(A, k=-degrees // 90, dims=(2, 3))
        literals = {"rotation": f"{degrees} degrees" if degrees else "none"}
        case("LatentRotate", literals, given, latent(turned, [4, 9], MASKS))
    large = torch.randn(1, 1, 12, 20)
    for x, y, width, height in ((0, 0, 64, 64), (16, 8, 72, 64), (24, 24, 512, 512), (999, 999, 64, 80), (96, 32, 80, 71)):
        column, row = min(x // 8, 12), min(y // 8, 4)
        out = large[:, :, row : row + height // 8, column : column + width // 8]
        case("LatentCrop", {"x": x, "y": y, "width": width, "height": height}, {"samples": latent(large)}, latent(out))
    for method in ("nearest-exact", "bilinear", "area", "bicubic"):
        # Python rounds halves to even: 2.5 to 2 and 3.5 to 4.
        for factor, size in ((0.5, (2, 4)), (1.5, (8, 10)), (2.0, (10, 14)), (0.3, (2, 2))):
            out = F.interpolate(A, size=size, mode=method)
            case("LatentUpscaleBy", {"upscale_method": method, "scale_by": factor}, given, latent(out, [4, 9], MASKS))


def operations() -> None:
    x = torch.randn(2, 3, 9, 7)
    lengths = x.norm(dim=1, keepdim=True)
    for multiplier in (0.1, 1.0, 3.0):
        top = multiplier * (5 * lengths.std(dim=(1, 2, 3), keepdim=True) + lengths.mean(dim=(1, 2, 3), keepdim=True))
        # Reinhard: l / (l + 1), with l measured in tops.
        out = x / lengths * (top * (lengths / top) / (lengths / top + 1))
        case("LatentOperationTonemapReinhard", {"multiplier": multiplier}, {"samples": latent(x)}, latent(out))
    for radius, sigma, alpha in ((1, 1.0, 0.1), (3, 0.5, 2.0), (6, 10.0, 0.0)):
        side = torch.linspace(-1, 1, 2 * radius + 1, dtype=torch.float64)
        bell = torch.exp(-(side[:, None] ** 2 + side[None, :] ** 2) / (2 * sigma**2))
        bell = (bell / bell.sum()).float()
        directions = x / (lengths + 1e-6)
        around = F.pad(directions, (radius,) * 4, mode="reflect").flatten(0, 1)[:, None]
        blurred = F.conv2d(around, bell[None, None]).view_as(x)
        out = (lengths + 1e-6) * (directions + 10 * alpha * (directions - blurred))
        literals = {"sharpen_radius": radius, "sigma": sigma, "alpha": alpha}
        case("LatentOperationSharpen", literals, {"samples": latent(x)}, latent(out))


def files() -> None:
    """Latent files as ComfyUI saves them now, and as its first version did."""
    x = torch.randn(1, 4, 2, 3)
    metadata = {"prompt": json.dumps({"1": {"class_type": "SaveLatent", "inputs": {}}})}
    now = {"latent_tensor": x, "latent_format_version_0": torch.tensor([])}
    save_file(now, FOLDER / "now.latent", metadata=metadata)
    save_file({"latent_tensor": x.half()}, FOLDER / "first.latent")
    TENSORS["file"], TENSORS["file.first"] = x, x.half().float() / 0.18215


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part in (arithmetic, batches, cuts, composites, transforms, operations, files):
        part()
    about = {
        "script": "tools/golden/latent_nodes.py", "seed": str(SEED), "torch": torch.__version__,
        "safetensors": safetensors.__version__, "cases": json.dumps(CASES, separators=(",", ":")),
    }  # fmt: skip
    save_file(TENSORS, FOLDER / "latents.safetensors", metadata=about)


if __name__ == "__main__":
    main()
