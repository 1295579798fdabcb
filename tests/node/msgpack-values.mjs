// Crosses MessagePack values with tests/Shims.Tests/MessagePack/Value.cs, through @msgpack/msgpack: `decode` turns MessagePack
// on standard input into lines of tagged JSON on standard output, `encode` the reverse. Value.cs describes the tags; {"n":bits}
// is any number, since JavaScript does not tell an integer from a float.
import { readFileSync, writeFileSync } from "node:fs";
import { Encoder, ExtData, ExtensionCodec, decodeMulti, decodeTimestampToTimeSpec, encodeTimeSpecToTimestamp } from "@msgpack/msgpack";

class Timestamp {
  constructor(sec, nsec) {
    this.sec = sec;
    this.nsec = nsec;
  }
}

const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: -1,
  encode: (value) => (value instanceof Timestamp ? encodeTimeSpecToTimestamp(value) : null),
  decode: (data) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    return new Timestamp(sec, nsec);
  },
});
const options = { useBigInt64: true, extensionCodec };

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const fromHex = (text) => new Uint8Array(Buffer.from(text, "hex"));

function bits(number) {
  if (Number.isNaN(number)) return "nan";
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(number + 0);
  return buffer.toString("hex");
}

function tag(value) {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return { n: bits(value) };
  if (typeof value === "bigint") return { i: value.toString() };
  if (typeof value === "string") return { s: value };
  if (value instanceof Uint8Array) return { b: hex(value) };
  if (value instanceof Timestamp) return { t: [value.sec, value.nsec] };
  if (value instanceof ExtData) return { x: [value.type, hex(value.data)] };
  if (Array.isArray(value)) return value.map(tag);
  return { m: Object.entries(value).map(([key, content]) => [tag(key), tag(content)]) };
}

function untag(tagged) {
  if (tagged === null || typeof tagged === "boolean") return tagged;
  if (Array.isArray(tagged)) return tagged.map(untag);
  const [[kind, content]] = Object.entries(tagged);
  switch (kind) {
    case "i": {
      const integer = BigInt(content);
      return integer >= -(2n ** 31n) && integer < 2n ** 32n ? Number(integer) : integer;
    }
    case "f":
    case "g":
      return content === "nan" ? NaN : Buffer.from(content, "hex").readDoubleBE();
    case "s":
      return content;
    case "b":
      return fromHex(content);
    case "m":
      return Object.fromEntries(content.map(([key, value]) => [untag(key), untag(value)]));
    case "x":
      return new ExtData(content[0], fromHex(content[1]));
    case "t":
      return new Timestamp(content[0], content[1]);
    default:
      throw new Error(`unknown tag ${kind}`);
  }
}

const input = readFileSync(0);
if (process.argv[2] === "decode") {
  const lines = [];
  for (const value of decodeMulti(input, options)) lines.push(JSON.stringify(tag(value)), "\n");
  writeFileSync(1, lines.join(""));
} else {
  const encoder = new Encoder(options);
  const encoded = input.toString("utf8").split("\n").map((line) => Buffer.from(encoder.encode(untag(JSON.parse(line)))));
  writeFileSync(1, Buffer.concat(encoded));
}
