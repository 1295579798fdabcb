// node parquet-duckdb.mjs write FILE: a Parquet file of some thousand rows by DuckDB's writer with its default settings.
// node parquet-duckdb.mjs copy IN OUT: the rows of a Parquet file, written again by DuckDB in their order.
import { DuckDBInstance } from '@duckdb/node-api';

const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const [what, ...files] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const rows = what === 'copy'
  ? `SELECT * FROM read_parquet(${quote(files[0])})`
  : `SELECT i::BIGINT AS seq, (i * 37 % 11)::INTEGER AS cpu, (i::HUGEINT * 11400714819323198485 % 1000000007)::BIGINT AS noise,
       i / 8.0::DOUBLE AS ratio, i % 3 = 0 AS is_free, 'node-' || (i % 17) AS name, 'unique-' || (i * 7919) AS label,
       CASE WHEN i % 5 = 0 THEN NULL ELSE i END AS maybe, CASE WHEN i % 7 < 3 THEN NULL ELSE 'ž🐎' || (i % 4) END AS maybe_name
     FROM range(5000) numbers(i)`;
await connection.run('SET threads = 1');
await connection.run(`COPY (${rows}) TO ${quote(files.at(-1))} (FORMAT parquet)`);
