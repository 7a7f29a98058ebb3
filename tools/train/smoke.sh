#!/usr/bin/env bash
# Runs every step for a few seconds at tiny sizes, to see that the scripts work; the model it makes is worthless.
#
#   PYTHON=.venv/bin/python tools/train/smoke.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
work=${1:-$(mktemp -d)}

step() {
    echo "== $*"
    "$python" "$@" --work "$work"
}

step make_data.py --count 48 --captions 2 --jobs 1
step train_vae.py --precision f32 --steps 1 --batch 2 --save-every 0
step train_vae.py --precision f32 --steps 2 --batch 2 --resume
step prepare.py --precision f32
step train_mmdit.py --precision f32 --steps 1 --batch 2 --save-every 0 --no-preview
step train_mmdit.py --precision f32 --steps 2 --batch 2 --no-preview --resume
step train_mmdit.py --precision f32 --steps 1 --batch 2 --seed 2 --no-preview --continue
step export.py
step evaluate.py judge --precision f32 --seconds 1
step evaluate.py sheet --count 1 --steps 2
step evaluate.py score --precision f32 --count 4 --steps 2
step card.py
echo "every step ran; the folder is $work"
