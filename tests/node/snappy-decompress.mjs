// node snappy-decompress.mjs LENGTH < BLOCK > BYTES: decompresses a Snappy block with hyparquet's decoder.
import { readFileSync, writeFileSync } from 'node:fs';
import { snappyUncompress } from 'hyparquet';

const output = new Uint8Array(Number(process.argv[2]));
snappyUncompress(new Uint8Array(readFileSync(0)), output);
writeFileSync(1, output);
