"""Walks one uncompressed log segment given on standard input with python3-msgpack alone, and prints every event with
absolute time, cause and fields, as the segment's own catalogue explains them. Knows docs/format/event-log.md, nothing
of the reader."""
import sys

import msgpack

objects = list(msgpack.Unpacker(sys.stdin.buffer, raw=False, strict_map_key=False))
header, blocks, footer = objects[0], objects[1:-1], objects[-1]
assert header["format"] == "sim.evlog" and footer["footer"] == "sim.evlog" and footer["blocks"] == len(blocks)
kinds = {event["kind"]: event for event in header["catalogue"]}
lines = []
for marker, _, _, first, count, _, _, _, codec, raw_length, _, _, _, payload in blocks:
    assert marker == "evb1" and codec == 1 and raw_length == len(payload)
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(payload)
    sequence, time, groups = first, 0, [0] * 32
    for kind, zigzag, distance, *values in unpacker:
        time += (zigzag >> 1) ^ -(zigzag & 1)
        fields = []
        for field, value in zip(kinds[kind]["fields"], values, strict=True):
            if field["deltaGroup"] >= 0:
                value = groups[field["deltaGroup"]] = groups[field["deltaGroup"]] + value
            fields.append(int(value) if isinstance(value, bool) else value)
        cause = sequence - distance if distance else -1
        lines.append(" ".join(str(v) for v in (sequence, time, cause, kinds[kind]["name"], *fields)))
        sequence += 1
    assert sequence == first + count
sys.stdout.write("\n".join(lines))
