"""Models of one random operator that moves values, and of functions of single values."""

from collections.abc import Callable, Mapping

import numpy as np

from support.flatbuffer_models import T, integers, one, options
from support.random_scales import Random, random_scale, random_shape, random_tensor, random_zero

_TYPES = ("INT8", "INT8", "INT8", "INT16", "INT32")


def _of_type(random: Random, shape: tuple[int, ...], kind: str = "") -> T:
    kind = kind or str(random.choice(_TYPES))
    return T(shape, kind, zero_point=random_zero(random) if kind == "INT8" else 0)


def _same(tensor: T, shape: tuple[int, ...]) -> T:
    return T(shape, tensor.type, scale=tensor.scale, zero_point=tensor.zero_point)


def _axis(random: Random, rank: int, place: int) -> int:
    return place - rank if random.random() < 0.3 else place


def _with(shape: tuple[int, ...], axis: int, extent: int) -> tuple[int, ...]:
    return (*shape[:axis], extent, *shape[axis + 1 :])


def _sizes(random: Random, count: int, most: int = 5) -> list[int]:
    return random.integers(1, most, count, endpoint=True).tolist()


def concatenation(random: Random) -> bytes:
    shape = random_shape(random)
    axis = int(random.integers(len(shape)))
    extents = _sizes(random, int(random.integers(1, 5)))
    whole = _of_type(random, _with(shape, axis, sum(extents)))
    parts = [_same(whole, _with(shape, axis, extent)) for extent in extents]
    settings = options("ConcatenationOptions", axis=_axis(random, len(shape), axis))
    return one("CONCATENATION", parts, [whole], settings)


def pack(random: Random) -> bytes:
    shape = random_shape(random)
    count, axis = int(random.integers(1, 5)), int(random.integers(len(shape) + 1))
    part = _of_type(random, shape)
    whole = _same(part, (*shape[:axis], count, *shape[axis:]))
    axis = _axis(random, len(shape) + 1, axis)
    if random.random() < 0.5:
        return one("PACK", [part] * count, [whole],
                   options("PackOptions", valuesCount=count, axis=axis))  # fmt: skip
    return one("UNPACK", [whole], [part] * count, options("UnpackOptions", num=count, axis=axis))


def split(random: Random) -> bytes:
    shape = random_shape(random)
    axis, count = int(random.integers(len(shape))), int(random.integers(1, 5))
    is_even = random.random() < 0.5
    extents = _sizes(random, 1) * count if is_even else _sizes(random, count)
    whole = _of_type(random, _with(shape, axis, sum(extents)))
    parts = [_same(whole, _with(shape, axis, extent)) for extent in extents]
    along = integers(_axis(random, len(shape), axis))
    if is_even:
        return one("SPLIT", [along, whole], parts, options("SplitOptions", numSplits=count))
    return one("SPLIT_V", [whole, integers(*extents), along], parts,
               options("SplitVOptions", numSplits=count))  # fmt: skip


def sliced(random: Random) -> bytes:
    shape = random_shape(random, most=8)
    begins = [int(random.integers(n)) for n in shape]
    sizes = [int(random.integers(1, n - b + 1)) for n, b in zip(shape, begins, strict=True)]
    whole = _of_type(random, shape)
    asked = [-1 if b + s == n and random.random() < 0.5 else s
             for n, b, s in zip(shape, begins, sizes, strict=True)]  # fmt: skip
    return one("SLICE", [whole, integers(*begins), integers(*asked)], [_same(whole, tuple(sizes))])


def strided_slice(random: Random) -> bytes:
    shape = random_shape(random, most=8)
    left, ends_of = [], ([], [], [])
    masks = {"beginMask": 0, "endMask": 0, "shrinkAxisMask": 0}
    for axis, n in enumerate(shape):
        step = int(random.choice([1, 1, 2, 3, -1, -2]))
        begin, end = sorted(random.choice(n + 1, 2, replace=False).tolist())
        if step < 0:
            begin, end = end - 1, begin - 1 if begin else -n - 1
        open_masks = [name for name in ("beginMask", "endMask") if random.random() < 0.2]
        if random.random() < 0.15:
            begin, end, step, open_masks = begin % n, begin % n + 1, 1, ["shrinkAxisMask"]
        elif random.random() < 0.3 and end > 0 and step > 0:
            begin, end = begin - n if begin else 0, end + 5 if end == n else end
        places = range(n)[slice(None if "beginMask" in open_masks else begin,
                                None if "endMask" in open_masks else end, step)]  # fmt: skip
        left += [] if "shrinkAxisMask" in open_masks else [len(places)]
        for values, value in zip(ends_of, (begin, end, step), strict=True):
            values.append(value)
        for name in open_masks:
            masks[name] |= 1 << axis
    whole = _of_type(random, shape)
    constants = [integers(*values) for values in ends_of]
    settings = options("StridedSliceOptions", **masks)
    return one("STRIDED_SLICE", [whole, *constants], [_same(whole, tuple(left))], settings)


def reshaped(random: Random) -> bytes:
    shape = random_shape(random, 3)
    kind = int(random.integers(3))
    whole = _of_type(random, shape, "INT8" if kind == 2 else "")  # of EXPAND_DIMS, no INT32
    if kind == 0:
        to = (shape[0], shape[1] * shape[2])
        return one("RESHAPE", [whole, integers(*to)], [_same(whole, to)],
                   options("ReshapeOptions", newShape=list(to)))  # fmt: skip
    if kind == 1:
        return one("SQUEEZE", [whole], [_same(whole, shape[1:])],
                   options("SqueezeOptions", squeezeDims=[0]))  # fmt: skip
    axis = int(random.integers(4))
    to = (*shape[:axis], 1, *shape[axis:])
    return one("EXPAND_DIMS", [whole, integers(axis)], [_same(whole, to)])


def mirrored(random: Random) -> bytes:
    shape = tuple(_sizes(random, int(random.integers(1, 5)), 5))
    mode = int(random.integers(2))
    most = [n if mode == 1 else n - 1 for n in shape]
    paddings = np.array([random.integers(0, m + 1, 2) for m in most], np.int32)
    to = tuple((np.array(shape) + paddings.sum(1)).tolist())
    return one("MIRROR_PAD", [T(shape), T(paddings.shape, "INT32", paddings, scale=None)], [T(to)],
               options("MirrorPadOptions", mode=mode))  # fmt: skip


def padded(random: Random) -> bytes:
    whole = _of_type(random, random_shape(random), str(random.choice(["INT8", "INT16"])))
    paddings = random.integers(0, 3, (len(whole.shape), 2)).astype(np.int32)
    to = tuple((np.array(whole.shape) + paddings.sum(1)).tolist())
    ends = [whole, T(paddings.shape, "INT32", paddings, scale=None)]
    if random.random() < 0.5:
        dtype = np.int8 if whole.type == "INT8" else np.int16
        value = T((1,), whole.type, np.array([random.integers(-128, 128)], dtype),
                  scale=whole.scale, zero_point=whole.zero_point)  # fmt: skip
        return one("PADV2", [*ends, value], [_same(whole, to)])
    return one("PAD", ends, [_same(whole, to)])


def turned(random: Random) -> bytes:
    shape = random_shape(random)
    if random.random() < 0.5:
        axis = int(random.integers(len(shape)))
        whole = _of_type(random, shape)
        return one("REVERSE_V2", [whole, integers(axis)], [whole])
    whole = _of_type(random, tuple(n if random.random() < 0.5 else 1 for n in shape))
    return one("BROADCAST_TO", [whole, integers(*shape)], [_same(whole, shape)])


def blocks(random: Random) -> bytes:
    block, batch, height, width, channels = _sizes(random, 5, 3)
    wide = (batch, height * block, width * block, channels)
    deep = (batch, height, width, channels * block**2)
    if random.random() < 0.5:
        return one("SPACE_TO_DEPTH", [T(wide)], [T(deep)],
                   options("SpaceToDepthOptions", blockSize=block))  # fmt: skip
    return one("DEPTH_TO_SPACE", [T(deep)], [T(wide)],
               options("DepthToSpaceOptions", blockSize=block))  # fmt: skip


def function(random: Random) -> bytes:
    """ABS, RSQRT and EXP of int8; RSQRT is of positive values only."""
    shape = random_shape(random)
    op = str(random.choice(["ABS", "RSQRT"]))
    value = random_tensor(random, shape, zero_point=-128) if op == "RSQRT" else random_tensor(
        random, shape
    )  # fmt: skip
    return one(op, [value], [random_tensor(random, shape, scale=random_scale(random))])


MOVERS: Mapping[str, Callable[[Random], bytes]] = {
    "concatenation": concatenation, "pack": pack, "split": split, "slice": sliced,
    "strided_slice": strided_slice, "reshape": reshaped, "mirror_pad": mirrored, "pad": padded,
    "turned": turned, "blocks": blocks, "function": function,
}  # fmt: skip
