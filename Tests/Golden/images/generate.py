"""Records what small PNG and JPEG pictures of every kind must decode to.

    python generate.py [PNGSUITE_FOLDER]

writes png.tsv and jpeg.tsv beside itself, one picture a line: name, width, height, FNV-1a of the RGB bytes as displayed,
and the file in hexadecimal. With a folder it writes pngsuite.tsv too, without the files.

PNG answers come from the small decoder below, which shares no code with libpng, and are held against Pillow wherever
Pillow keeps what the rules need. JPEG answers are Pillow's own. Recorded with Pillow 13.0.0, numpy 2.4.6, Python 3.11.
"""

import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


# The rules of the product, in plain numpy.


def over_white(rgb, alpha):
    colour, share = rgb.astype(np.int64), alpha.astype(np.int64)[..., None]
    return ((colour * share + 255 * (255 - share)) * 2 + 255) // 510


def displayed(samples, kind, depth, palette, transparency):
    """samples: [height, width, n] raw values. Returns uint8 RGB."""
    alpha = None
    if kind == 3:
        index = samples[..., 0]
        rgb = palette[index]
        if transparency is not None:
            table = np.full(256, 255)
            table[: len(transparency)] = list(transparency)
            alpha = table[index]
        return (rgb if alpha is None else over_white(rgb, alpha)).astype(np.uint8)
    eight = samples >> 8 if depth == 16 else samples * 255 // ((1 << depth) - 1)
    colours = 1 if kind in (0, 4) else 3
    rgb = np.repeat(eight[..., :1], 3, -1) if colours == 1 else eight[..., :3]
    if kind in (4, 6):
        alpha = eight[..., -1]
    elif transparency is not None:
        key = struct.unpack(f">{colours}H", transparency[: 2 * colours])
        alpha = np.where((samples[..., :colours] == key).all(-1), 0, 255)
    return (rgb if alpha is None else over_white(rgb, alpha)).astype(np.uint8)


def orientation_of(exif):
    if not exif:
        return 1
    order = "<" if exif[:2] == b"II" else ">"
    at = struct.unpack(order + "I", exif[4:8])[0]
    for i in range(struct.unpack(order + "H", exif[at : at + 2])[0]):
        entry = exif[at + 2 + 12 * i : at + 14 + 12 * i]
        if struct.unpack(order + "H", entry[:2])[0] == 274:
            return struct.unpack(order + "H", entry[8:10])[0]
    return 1


def turned(rgb, orientation):
    steps = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1]}
    steps.update({5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, -1), 8: lambda a: np.rot90(a)})
    steps[7] = lambda a: a[::-1, ::-1].transpose(1, 0, 2)
    return np.ascontiguousarray(steps[orientation](rgb))


# A PNG decoder.


def chunks(data):
    at = 8
    while at < len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def unfilter(data, rows, row_bytes, step):
    out, previous, at = [], bytearray(row_bytes), 0
    for _ in range(rows):
        kind, line = data[at], bytearray(data[at + 1 : at + 1 + row_bytes])
        at += 1 + row_bytes
        for i in range(row_bytes):
            a = line[i - step] if i >= step else 0
            b, c = previous[i], previous[i - step] if i >= step else 0
            p = a + b - c
            distances = (abs(p - a), abs(p - b), abs(p - c))
            paeth = (a, b, c)[distances.index(min(distances))]
            line[i] = line[i] + (0, a, b, (a + b) // 2, paeth)[kind] & 255
        out.append(line)
        previous = line
    return out, at


def unpack(line, width, n, depth):
    if depth == 16:
        return np.frombuffer(bytes(line), ">u2").astype(np.int64).reshape(width, n)
    bits = np.unpackbits(np.frombuffer(bytes(line), np.uint8))[: width * n * depth].reshape(width * n, depth)
    return (bits.astype(np.int64) << np.arange(depth)[::-1]).sum(1).reshape(width, n)


def decode_png(data):
    found = {}
    for name, body in chunks(data):
        found[name] = found.get(name, b"") + body if name == b"IDAT" else body
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", found[b"IHDR"])
    n = SAMPLES[kind]
    stream = zlib.decompress(found[b"IDAT"])
    samples = np.zeros((height, width, n), np.int64)
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x0) // dx), -(-(height - y0) // dy)
        if columns <= 0 or rows <= 0:
            continue
        lines, used = unfilter(stream, rows, (columns * n * depth + 7) // 8, max(1, n * depth // 8))
        stream = stream[used:]
        samples[y0::dy, x0::dx] = [unpack(line, columns, n, depth) for line in lines]
    palette = np.zeros((256, 3), np.int64)
    if b"PLTE" in found:
        entries = np.frombuffer(found[b"PLTE"], np.uint8).reshape(-1, 3)
        palette[: len(entries)] = entries
    transparency = found.get(b"tRNS") if kind in (0, 2, 3) else None
    rgb = displayed(samples, kind, depth, palette, transparency)
    return turned(rgb, orientation_of(found.get(b"eXIf"))), (kind, depth, transparency)


def by_pillow(data):
    image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        gray = (np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)
        return np.repeat(gray[..., None], 3, -1)
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, image.convert("RGBA")).convert("RGB"))


def checked_png(name, data):
    ours, (kind, depth, transparency) = decode_png(data)
    # Pillow compares a transparent colour with samples that it has already reduced or stretched, and refuses the bomb.
    if "bomb" not in name and (transparency is None or kind == 3 or depth == 8):
        theirs = by_pillow(data)
        assert ours.shape == theirs.shape and (ours == theirs).all(), f"{name}: Pillow disagrees"
    return ours


# A PNG encoder that takes every liberty of the format.


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pack(samples, depth):
    flat = samples.reshape(-1)
    if depth == 16:
        return flat.astype(">u2").tobytes()
    bits = (flat[:, None] >> np.arange(depth)[::-1] & 1).astype(np.uint8)
    return np.packbits(bits.reshape(-1)).tobytes()


def filtered(lines, step):
    out, previous = b"", None
    for row, line in enumerate(lines):
        kind = row % 5
        previous = previous or bytes(len(line))
        body = bytearray()
        for i, value in enumerate(line):
            a, b, c = line[i - step] if i >= step else 0, previous[i], previous[i - step] if i >= step else 0
            p = a + b - c
            distances = (abs(p - a), abs(p - b), abs(p - c))
            paeth = (a, b, c)[distances.index(min(distances))]
            body.append(value - (0, a, b, (a + b) // 2, paeth)[kind] & 255)
        out += bytes([kind]) + body
        previous = line
    return out


def encode_png(samples, kind, depth, interlaced=0, before=b"", after=b"", pieces=1):
    height, width, n = samples.shape
    stream = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y0::dy, x0::dx]
        if part.size:
            stream += filtered([pack(row, depth) for row in part], max(1, n * depth // 8))
    body = zlib.compress(stream, 9)
    cut = -(-len(body) // pieces)
    data = b"".join(chunk(b"IDAT", body[i : i + cut]) for i in range(0, len(body), cut))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return SIGNATURE + chunk(b"IHDR", header) + before + data + after + chunk(b"IEND", b"")


def exif(orientation, order="<"):
    entry = struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def png_fixtures():
    random = np.random.default_rng(7)

    def noise(width, height, kind, depth, colours=None):
        top = colours or 1 << depth
        flat = random.integers(0, top, (height, width, SAMPLES[kind]))
        smooth = np.add.outer(np.arange(height), np.arange(width))[..., None] * top // (height + width)
        return np.where(random.random((height, width, 1)) < 0.5, flat, np.minimum(smooth, top - 1))

    def palette(count):
        return chunk(b"PLTE", random.integers(0, 256, (count, 3)).astype(np.uint8).tobytes())

    for kind, depths in {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}.items():
        for depth in depths:
            count = min(1 << depth, 40)
            for interlaced in (0, 1):
                before = palette(count) if kind == 3 else b""
                samples = noise(13, 11, kind, depth, count if kind == 3 else None)
                name = f"type{kind}-depth{depth}" + ("-interlaced" if interlaced else "")
                yield name, encode_png(samples, kind, depth, interlaced, before)
            if kind in (0, 2):
                samples = noise(11, 7, kind, depth)
                key = struct.pack(f">{SAMPLES[kind]}H", *samples[3, 4])
                # Differs from the key in the low byte alone: only all 16 bits tell them apart.
                samples[5, 5] = samples[3, 4] ^ 1
                yield f"type{kind}-depth{depth}-transparent", encode_png(samples, kind, depth, 0, chunk(b"tRNS", key))
            if kind == 3:
                before = palette(count) + chunk(b"tRNS", bytes(random.integers(0, 256, count // 2 + 1).astype(np.uint8)))
                yield f"type3-depth{depth}-transparent", encode_png(noise(11, 7, 3, depth, count), 3, depth, 1, before)
    for width, height in [(1, 1), (2, 2), (1, 9), (9, 1), (3, 5), (4, 4), (5, 8), (8, 9)]:
        yield f"interlaced-{width}x{height}", encode_png(noise(width, height, 6, 8), 6, 8, 1)
    ramp = np.stack([np.tile(np.arange(0, 256, 5), (52, 1)), np.zeros((52, 52), int) + 90, 255 - np.tile(np.arange(0, 256, 5), (52, 1))], -1)
    alpha = np.tile(np.arange(0, 256, 5)[:, None], (1, 52))[..., None]
    yield "alpha-ramp", encode_png(np.concatenate([ramp, alpha], -1), 6, 8)
    yield "many-idat", encode_png(noise(13, 11, 2, 8), 2, 8, pieces=40)
    gray = noise(9, 6, 0, 8)
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 3_000_000, 9))
    yield "gamma-is-ignored", encode_png(gray, 0, 8, 0, chunk(b"gAMA", struct.pack(">I", 10000)))
    yield "background-is-ignored", encode_png(noise(9, 6, 4, 8), 4, 8, 0, chunk(b"bKGD", b"\0\x10"))
    yield "broken-profile-is-ignored", encode_png(gray, 0, 8, 0, chunk(b"iCCP", b"bad\0\0notzlib"))
    yield "text-bomb-is-not-unpacked", encode_png(gray, 0, 8, 0, text)
    yield "unknown-ancillary", encode_png(gray, 0, 8, 0, chunk(b"teSt", b"123"))
    yield "bytes-behind-the-end", encode_png(gray, 0, 8) + b"trailing"
    for value in range(1, 9):
        order, place = "<>"[value % 2], ("before", "after")[value // 2 % 2]
        extra = {place: chunk(b"eXIf", exif(value, order))}
        yield f"exif-{value}", encode_png(noise(5, 3, 2, 8), 2, 8, **extra)


# JPEG.


def jpeg_fixtures():
    random = np.random.default_rng(11)
    y, x = np.mgrid[0:21, 0:27]
    waves = np.stack([128 + 100 * np.sin(x / 4.0), 128 + 90 * np.cos(y / 3.0 + 1), 90 + 5 * x], -1)
    photo = Image.fromarray(np.clip(waves + random.normal(0, 6, waves.shape), 0, 255).astype(np.uint8))

    def jpeg(image=photo, **options):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", **{"quality": 80, **options})
        return buffer.getvalue()

    yield "gray", jpeg(photo.convert("L"))
    for name, sampling in [("444", 0), ("422", 1), ("420", 2)]:
        yield f"colour-{name}", jpeg(subsampling=sampling)
    yield "progressive", jpeg(progressive=True, subsampling=2)
    yield "progressive-gray", jpeg(photo.convert("L"), progressive=True)
    yield "optimized", jpeg(optimize=True)
    yield "restarts", jpeg(restart_marker_blocks=1)
    yield "quality-100", jpeg(quality=100, subsampling=0)
    yield "quality-1", jpeg(quality=1)
    yield "stored-as-rgb", jpeg(keep_rgb=True)
    yield "one-pixel", jpeg(photo.crop((0, 0, 1, 1)))
    yield "one-row", jpeg(photo.crop((0, 0, 27, 1)))
    yield "one-column", jpeg(photo.crop((3, 0, 4, 21)))
    # Ink that differs from channel to channel, black included.
    ink = Image.merge("CMYK", [*photo.split(), photo.convert("L").point(lambda v: v // 2)])
    cmyk = jpeg(ink, subsampling=0)
    at = cmyk.index(b"\xff\xee\0\x0eAdobe")
    yield "cmyk", cmyk
    yield "ycck", cmyk[: at + 15] + b"\2" + cmyk[at + 16 :]
    yield "cmyk-without-adobe", cmyk[:at] + cmyk[at + 16 :]
    yield "bytes-behind-the-end", jpeg() + b"trailing"
    yield "comment", jpeg(comment=b"a comment")
    for value in range(1, 9):
        yield f"exif-{value}", jpeg(photo.crop((0, 0, 9, 5)), exif=b"Exif\0\0" + exif(value, "<>"[value % 2]), quality=60)
    yield "exif-9-is-upright", jpeg(photo.crop((0, 0, 9, 5)), exif=b"Exif\0\0" + exif(9))


def decode_jpeg(name, data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode != "CMYK":
        return np.asarray(image.convert("RGB"))
    # Pillow gives the ink; it takes every file for one of Adobe's, which store what is left of the white.
    ink = np.asarray(image).astype(np.int64)
    if "without-adobe" in name:
        ink = 255 - ink
    paper = 255 - ink
    rgb = ((paper[..., :3] * paper[..., 3:] * 2 + 255) // 510).astype(np.uint8)
    if "without-adobe" not in name:
        assert (rgb == np.asarray(image.convert("RGB"))).all(), f"{name}: Pillow disagrees"
    return rgb


def write(name, lines):
    with open(os.path.join(HERE, name), "w", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


def line(name, rgb, *more):
    return "\t".join([name, str(rgb.shape[1]), str(rgb.shape[0]), fnv1a(rgb.tobytes()), *more])


if __name__ == "__main__":
    write("png.tsv", [line(name, checked_png(name, data), data.hex()) for name, data in png_fixtures()])
    write("jpeg.tsv", [line(name, decode_jpeg(name, data), data.hex()) for name, data in jpeg_fixtures()])
    if len(sys.argv) > 1:
        names = sorted(n for n in os.listdir(sys.argv[1]) if n.endswith(".png") and not n.startswith("x"))
        suite = [(name, open(os.path.join(sys.argv[1], name), "rb").read()) for name in names]
        write("pngsuite.tsv", [line(name, checked_png(name, data)) for name, data in suite])
