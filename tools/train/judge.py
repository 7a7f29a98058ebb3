"""A small classifier of the drawn scenes; it tells what a generated picture shows."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import scenes
from training import Budget, autocast, held_back

HEADS = {"time": scenes.TIMES, "ground": scenes.GROUNDS, "object": scenes.OBJECTS, "colour": scenes.COLOURS,
         "place": scenes.PLACES, "background": scenes.BACKS}
HELD_BACK = 512
ALL_RIGHT = "all of time, ground, object, colour, place"


class Judge(nn.Module):
    """Convolutions to one distribution for each attribute of `HEADS`."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for width, stride in ((32, 2), (64, 2), (96, 1), (96, 2), (128, 1)):
            layers += [nn.Conv2d(channels, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.2),
                                  nn.Linear(channels * 16, 256), nn.ReLU())
        self.heads = nn.ModuleList([nn.Linear(256, len(values)) for values in HEADS.values()])

    def forward(self, pictures):
        """Logits, one [N, values] for each attribute, of pictures [N, H, W, 3] in 0...255."""
        x = F.avg_pool2d(pictures.permute(0, 3, 1, 2).float() / 127.5 - 1, 2)
        x = self.body(x)
        return [head(x) for head in self.heads]


def train_judge(options, device, steps=None):
    """Trains a judge for `options.seconds`, or so many steps, on all scenes but the held-back ones; writes data/judge.pt."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    data = options.work / "data"
    images = np.load(data / "images.npy", mmap_mode="r")
    labels = torch.from_numpy(np.load(data / "labels.npy")).long()
    count, judge = len(images) - held_back(len(images), HELD_BACK), Judge().to(device)
    budget = Budget(options.seconds / 60, steps)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.01)
    while (done := budget.progress) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - done) + 1e-5
        indices = np.sort(rng.integers(0, count, 64))
        x = torch.from_numpy(images[indices]).float()
        # blur and noise now and then, so that the softness of decoded pictures is not a surprise
        if rng.random() < 0.5:
            x = F.avg_pool2d(x.permute(0, 3, 1, 2), 3, 1, 1).permute(0, 2, 3, 1)
        x = x + torch.randn_like(x) * rng.uniform(0, 12) + rng.uniform(-10, 10)
        with autocast(options, device):
            out = judge(x.to(device))
        loss = sum(F.cross_entropy(o.float(), labels[indices, i].to(device)) for i, o in enumerate(out))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        budget.step += 1
        if budget.step % 100 == 0:
            print(f"judge: step {budget.step}, loss {loss.item():.3f}", flush=True)
    torch.save(judge.state_dict(), data / "judge.pt")


def load_judge(work, device):
    """The judge that `train_judge` wrote."""
    judge = Judge()
    judge.load_state_dict(torch.load(work / "data/judge.pt", map_location="cpu"))
    return judge.to(device).eval()


@torch.no_grad()
def accuracy(judge, pictures, labels, device):
    """The share of pictures [N, H, W, 3] whose label the judge finds, by attribute."""
    pictures, labels = torch.as_tensor(np.array(pictures)), torch.as_tensor(np.array(labels)).long()
    right = [[] for _ in HEADS]
    for x, y in zip(pictures.split(64), labels.split(64)):
        for i, out in enumerate(judge(x.to(device))):
            right[i].append(out.argmax(1).cpu() == y[:, i])
    right = torch.stack([torch.cat(r) for r in right], 1).float()
    result = {key: round(value, 4) for key, value in zip(HEADS, right.mean(0).tolist())}
    result[ALL_RIGHT] = round(right[:, :5].prod(1).mean().item(), 4)
    result["images"] = len(right)
    return result
