"""Crosses MessagePack values with Value.cs, through python3-msgpack: `decode` turns MessagePack on standard
input into lines of tagged JSON on standard output, `encode` the reverse. Value.cs describes the tags."""

import json
import struct
import sys

import msgpack


class Pairs(list):
    """A map as its pairs, in their order, whatever its keys are."""


def bits(number):
    return "nan" if number != number else struct.pack(">d", number).hex()


def from_bits(text):
    # The NaN of .NET, so that even its bytes come out alike.
    return struct.unpack(">d", bytes.fromhex("fff8000000000000" if text == "nan" else text))[0]


def tag(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": bits(value)}
    if isinstance(value, str):
        return {"s": value}
    if isinstance(value, bytes):
        return {"b": value.hex()}
    if isinstance(value, Pairs):
        return {"m": [[tag(key), tag(content)] for key, content in value]}
    if isinstance(value, list):
        return [tag(item) for item in value]
    if isinstance(value, tuple):
        return {"x": [value[0], value[1].hex()]}
    if isinstance(value, msgpack.Timestamp):
        return {"t": [value.seconds, value.nanoseconds]}
    raise TypeError(type(value))


def pack(tagged, packer, single_packer):
    """The bytes of one value; composed ones are put together from their headers and items."""
    if tagged is None or isinstance(tagged, bool):
        return packer.pack(tagged)
    if isinstance(tagged, list):
        return packer.pack_array_header(len(tagged)) + b"".join(pack(item, packer, single_packer) for item in tagged)
    ((kind, content),) = tagged.items()
    if kind == "i":
        return packer.pack(int(content))
    if kind == "f":
        return packer.pack(from_bits(content))
    if kind == "g":
        return single_packer.pack(from_bits(content))
    if kind == "s":
        return packer.pack(content)
    if kind == "b":
        return packer.pack(bytes.fromhex(content))
    if kind == "m":
        return packer.pack_map_header(len(content)) + b"".join(pack(item, packer, single_packer) for pair in content for item in pair)
    if kind == "x":
        # ExtType refuses the negative types that the format has.
        packer.pack_ext_type(content[0], bytes.fromhex(content[1]))
        packed = packer.bytes()
        packer.reset()
        return packed
    if kind == "t":
        return packer.pack(msgpack.Timestamp(content[0], content[1]))
    raise ValueError(kind)


def decode():
    unpacker = msgpack.Unpacker(
        sys.stdin.buffer, raw=False, strict_map_key=False, object_pairs_hook=Pairs, ext_hook=lambda code, data: (code, bytes(data)), timestamp=0
    )
    for value in unpacker:
        print(json.dumps(tag(value)))


def encode():
    packer = msgpack.Packer(use_bin_type=True)
    single_packer = msgpack.Packer(use_single_float=True)
    for line in sys.stdin.buffer.read().decode("utf-8").split("\n"):
        sys.stdout.buffer.write(pack(json.loads(line), packer, single_packer))


{"decode": decode, "encode": encode}[sys.argv[1]]()
