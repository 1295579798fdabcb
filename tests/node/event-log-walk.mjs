// Walks one log segment given on standard input with @msgpack/msgpack alone, and prints every event with absolute time,
// cause and fields, as the segment's own catalogue explains them. Knows docs/format/event-log.md, nothing of the reader.
import { readFileSync } from "node:fs";
import { decodeMulti } from "@msgpack/msgpack";
import { snappyUncompress } from "hyparquet";

const [header, ...rest] = decodeMulti(readFileSync(0), { useBigInt64: true });
const footer = rest.pop();
if (header.format !== "sim.evlog" || footer.footer !== "sim.evlog" || Number(footer.blocks) !== rest.length) {
  throw new Error("not a sealed segment");
}

const kinds = new Map(header.catalogue.map((e) => [Number(e.kind), e]));
const lines = [];
for (const [marker, , , first, count, , , , codec, rawLength, , , , stored] of rest) {
  if (marker !== "evb1") {
    throw new Error(`block marker ${marker}`);
  }
  let raw = stored;
  if (Number(codec) === 2) {
    raw = new Uint8Array(Number(rawLength));
    snappyUncompress(stored, raw);
  }
  let sequence = BigInt(first);
  let time = 0n;
  const groups = new Array(32).fill(0n);
  for (const [kind, zigzag, distance, ...values] of decodeMulti(raw, { useBigInt64: true })) {
    const z = BigInt(zigzag);
    time += (z >> 1n) ^ -(z & 1n);
    const event = kinds.get(Number(kind));
    const fields = values.map((value, i) => {
      const group = Number(event.fields[i].deltaGroup);
      if (group >= 0) {
        groups[group] = BigInt.asIntN(64, groups[group] + BigInt(value));
        return groups[group];
      }
      return typeof value === "boolean" ? Number(value) : value;
    });
    const cause = BigInt(distance) === 0n ? -1n : sequence - BigInt(distance);
    lines.push([sequence, time, cause, event.name, ...fields].join(" "));
    sequence += 1n;
  }
  if (sequence - BigInt(first) !== BigInt(count)) {
    throw new Error(`the block at sequence ${first} holds another number of events than ${count}`);
  }
}
process.stdout.write(lines.join("\n"));
