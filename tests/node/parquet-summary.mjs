// node parquet-summary.mjs duckdb|hyparquet|parquet-wasm FILE…
// What one independent reader finds in Parquet files, as JSON, a line for each file: { rows, columns: { name: { nulls, min, max, sum, sha256 } }, metadata }.
// Integers are decimal strings, doubles the hexadecimal bits of the IEEE 754 value, strings as they are; sha256 covers all values in order.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

const bits = new DataView(new ArrayBuffer(8));

function doubleText(value) {
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16).padStart(16, '0');
}

// Of values in one column: null, boolean, number (doubles), bigint (integers) or string.
function summarise(values) {
  const hash = createHash('sha256');
  let nulls = 0, min, max, sum = null;
  for (const value of values) {
    if (value === null) {
      nulls++;
      hash.update('null\n');
      continue;
    }
    const form = typeof value === 'number' ? doubleText(value) : String(value);
    hash.update(`${Buffer.byteLength(form)}:${form}\n`);
    const key = typeof value === 'string' ? Buffer.from(value) : value;
    const less = (a, b) => (Buffer.isBuffer(a) ? Buffer.compare(a, b) < 0 : a < b);
    if (min === undefined || less(key, min)) min = key;
    if (max === undefined || less(max, key)) max = key;
    if (typeof value === 'bigint') sum = (sum ?? 0n) + value;
    if (typeof value === 'number') sum = (sum ?? 0) + value;
  }
  const show = (v) => v === undefined || v === null ? null : typeof v === 'number' ? doubleText(v) : v.toString();
  return { nulls, min: show(min), max: show(max), sum: show(sum), sha256: hash.digest('hex') };
}

async function withDuckDb(file) {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const quoted = `'${file.replaceAll("'", "''")}'`;
  const rows = await connection.runAndReadAll(`SELECT * FROM read_parquet(${quoted})`);
  const types = rows.columnTypes().map(String);
  const columns = rows.getColumnsJS();
  const names = rows.columnNames();
  const kv = await connection.runAndReadAll(`SELECT decode(key), decode(value) FROM parquet_kv_metadata(${quoted})`);

  // The engine's own aggregates may come from the file's statistics; they must agree with the values.
  const aggregates = await connection.runAndReadAll(
    `SELECT count(*)${names.map((n) => `, min("${n}"), max("${n}")`).join('')} FROM read_parquet(${quoted})`);
  const [counted, ...bounds] = aggregates.getRowsJS()[0];
  const result = { rows: Number(counted), columns: {}, metadata: Object.fromEntries(kv.getRowsJS()) };
  names.forEach((name, i) => {
    const integer = types[i] === 'INTEGER' || types[i] === 'BIGINT';
    const values = (columns[i] ?? []).map((v) => (v !== null && integer ? BigInt(v) : v));
    result.columns[name] = summarise(values);
    const same = summarise(bounds.slice(2 * i, 2 * i + 2).map((v) => (v !== null && integer ? BigInt(v) : v)));
    if (same.min !== result.columns[name].min || same.max !== result.columns[name].max) {
      throw new Error(`column ${name}: DuckDB's min and max are ${bounds[2 * i]} and ${bounds[2 * i + 1]}, its values say otherwise`);
    }
  });
  return result;
}

async function withHyparquet(file) {
  const { parquetMetadata, parquetReadObjects } = await import('hyparquet');
  const bytes = await readFile(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const metadata = parquetMetadata(buffer);
  const compressors = { GZIP: (input) => new Uint8Array(gunzipSync(input)) };
  const rows = await parquetReadObjects({ file: buffer, compressors });
  const result = {
    rows: Number(metadata.num_rows),
    columns: {},
    metadata: Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value])),
  };
  if (rows.length !== result.rows) throw new Error(`${rows.length} rows read, ${result.rows} stated`);
  for (const { name, type } of metadata.schema.slice(1)) {
    const integer = type === 'INT32' || type === 'INT64';
    result.columns[name] = summarise(rows.map((row) => row[name] ?? null).map((v) => (v !== null && integer ? BigInt(v) : v)));
  }
  return result;
}

async function withParquetWasm(file) {
  const { readParquet } = await import('parquet-wasm');
  const { tableFromIPC } = await import('apache-arrow');
  const table = tableFromIPC(readParquet(new Uint8Array(await readFile(file))).intoIPCStream());
  const result = { rows: table.numRows, columns: {}, metadata: Object.fromEntries(table.schema.metadata) };
  for (const { name, type } of table.schema.fields) {
    const integer = String(type).startsWith('Int');
    const values = [];
    for (const value of table.getChild(name) ?? []) values.push(value !== null && integer ? BigInt(value) : value);
    result.columns[name] = summarise(values);
  }
  return result;
}

const readers = { duckdb: withDuckDb, hyparquet: withHyparquet, 'parquet-wasm': withParquetWasm };
const [reader, ...files] = process.argv.slice(2);
for (const file of files) console.log(JSON.stringify(await readers[reader](file)));
