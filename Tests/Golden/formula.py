"""What the generators share: numbers by formula, and goldens as JSON. `Tests/TestSupport` has the same in Swift."""

import hashlib
import json
import pathlib
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
LIMIT = 50_000  # bytes of a golden
SAMPLES = 64
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)


def numbers(count, seed):
    """The first numbers of SplitMix64 with that seed."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + GOLDEN_RATIO * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def seed_of(name):
    """64-bit FNV-1a."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def units(count, seed):
    """Numbers in [0, 1) with 24 bits, exact in fp32."""
    return (numbers(count, seed) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def image(width, height):
    """`Synthetic.image`: a slope and noise, half each."""
    noise = (numbers(width * height * 3, 1) >> np.uint64(56)).astype(np.int64).reshape(height, width, 3)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((noise + ((x * 3 + y * 2 + c * 64) & 255)) // 2).astype(np.uint8)


def network_input(width, height):
    """`Synthetic.input`: `[1, height, width, 3]` in -1 ... 1."""
    scale = np.float32(2) / np.float32(255)
    return (image(width, height).astype(np.float32) * scale - np.float32(1))[None]


def torch_values(name, shape):
    """A tensor's numbers: a uniform range by the inputs for weights, batch norm away from 0 in variance and scale.

    He's range, 6 / inputs, makes such a network chaotic: PyTorch in fp32 then differs from itself in fp64 by 8e-4. With
    3.5 it is 2e-5, pixels still differ and ReLU6 still cuts.
    """
    u = units(int(np.prod(shape)), seed_of(name)).reshape(shape)
    one, two = np.float32(1), np.float32(2)
    signed = u * two - one
    if len(shape) > 1:
        inputs = int(np.prod(shape[1:]))
        gain = 3.5 if len(shape) == 4 else 3
        return signed * np.float32(np.sqrt(gain / inputs))
    if name.endswith("running_var"):
        return u + np.float32(0.5)
    if name.endswith("weight"):
        return u * np.float32(0.8) + np.float32(0.6)
    return signed * np.float32(0.3)


def short(value):
    """The shortest decimal that reads back as the same fp32."""
    return json.loads(str(np.float32(value)))


def tensor_golden(name, array, samples=SAMPLES):
    """What a golden keeps of a tensor `[height, width, channels]`."""
    array = np.asarray(array, np.float32)
    flat = array.reshape(-1)
    wide = flat.astype(np.float64)
    places = numbers(samples, seed_of(name)) % np.uint64(flat.size)
    return {
        "name": name,
        "shape": list(array.shape),
        "mean": short(wide.mean()),
        "deviation": short(wide.std()),
        "peak": short(np.abs(flat).max()),
        "samples": [short(flat[int(i)]) for i in places],
    }


def pixel_digest(pixels):
    """SHA-256 of decoded RGB bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()


def write(name, golden):
    """Writes a golden, unless it is there and the switch `--record` is not."""
    path = FOLDER / name
    text = json.dumps(golden, separators=(",", ":")).replace('},{', '},\n{') + "\n"
    if len(text) > LIMIT:
        sys.exit(f"{name}: {len(text)} bytes, more than {LIMIT}; store less")
    if "--record" in sys.argv:
        path.write_text(text)
        print(f"{name}: recorded, {len(text)} bytes")
    elif not path.exists():
        print(f"{name}: does not exist; --record writes it")
    elif path.read_text() == text:
        print(f"{name}: the same")
    else:
        difference = largest_difference(json.loads(path.read_text()), golden)
        print(f"{name}: DIFFERS, by at most {difference}; --record replaces it")


def largest_difference(old, new):
    """The largest absolute difference between the numbers of two goldens, or what differs besides."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        parts = [largest_difference(old[key], new[key]) for key in old]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        parts = [largest_difference(a, b) for a, b in zip(old, new)]
    elif isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return abs(old - new)
    else:
        return 0.0 if old == new else "in structure or text"
    texts = [part for part in parts if isinstance(part, str)]
    return texts[0] if texts else max(parts, default=0.0)
