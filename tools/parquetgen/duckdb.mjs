// Writes the Parquet files of DuckDB that kit/source is tested with: node duckdb.mjs DIRECTORY
import { DuckDBInstance } from "@duckdb/node-api";
import path from "node:path";

const directory = process.argv[2];
if (!directory) throw new Error("say where: node duckdb.mjs DIRECTORY");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run("SET TimeZone = 'UTC'; SET threads = 1");

async function write(name, query, options) {
  const file = path.join(directory, name).replaceAll("'", "''");
  await connection.run(`COPY (${query}) TO '${file}' (FORMAT parquet, ${options})`);
}

// One row of values at the edges, one of nulls, one of ordinary values.
await connection.run(`CREATE TABLE types AS
  SELECT 1::INTEGER AS id, true AS ok, (-128)::TINYINT AS i8, (-32768)::SMALLINT AS i16, (-2147483648)::INTEGER AS i32,
    (-9223372036854775808)::BIGINT AS i64, 9007199254740993::BIGINT AS odd, 255::UTINYINT AS u8, 65535::USMALLINT AS u16,
    4294967295::UINTEGER AS u32, 18446744073709551615::UBIGINT AS u64, 0.1::FLOAT AS f32, 1e308::DOUBLE AS f64, '-0.0'::DOUBLE AS zero,
    (-123.45)::DECIMAL(5,2) AS d4, 1234567890.12345678::DECIMAL(18,8) AS d8,
    (-9999999999999999999999999999.0123456789)::DECIMAL(38,10) AS d16, 0.05::DECIMAL(4,3) AS small,
    'a"b\\' || chr(10) || chr(0) || '\u{1F600}'::VARCHAR AS s, '\\x00\\xFF'::BLOB AS b, '0b8f5c1e-0000-4000-8000-000000000001'::UUID AS u,
    '{"x": [1, 2.50]}'::JSON AS j, 'red'::ENUM('red', 'green') AS e, DATE '1969-12-31' AS day, TIME '23:59:59.123456' AS clock,
    TIMESTAMP '1677-09-21 00:12:43.5' AS at, TIMESTAMP_MS '2500-01-02 03:04:05.678' AS ms, TIMESTAMP_NS '2021-01-02 03:04:05.123456789' AS ns,
    TIMESTAMPTZ '2021-01-02 03:04:05.123456+01' AS tz, INTERVAL '14 months 3 days 4.5 seconds' AS span,
    [1, NULL, 3] AS list, {'a': 1, 'b': {'c': 'x', 'd': [true]}} AS struct, MAP {'k': 1, 'l': NULL} AS map, [[1], [], NULL, [2, 3]] AS lists,
    [{'n': 'x', 'q': 1.50::DECIMAL(9,2)}, {'n': NULL, 'q': 2}] AS items, MAP {1: ['x'], 2: []} AS numbers`);
await connection.run(`INSERT INTO types (id) VALUES (2)`);
await connection.run(`INSERT INTO types VALUES (3, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1.5, -2.5, 0, 1, 2, 3, 4, '', ''::BLOB, '00000000-0000-0000-0000-000000000000', 'null', 'green',
    DATE '2262-04-12', TIME '00:00:00', TIMESTAMP '2263-01-01', '1970-01-01', '1970-01-01', '1969-12-31 23:59:59.999999+00', INTERVAL 0 days,
    [], {'a': NULL, 'b': NULL}, MAP {}, [], [], MAP {})`);

for (const codec of ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"]) {
  await write(`duckdb-types-${codec}.parquet`, "FROM types", `COMPRESSION ${codec}`);
}
// Without u32, which duckdb-wide has.
await write("duckdb-types-v2.parquet", "SELECT * EXCLUDE (u32) FROM types", "COMPRESSION snappy, PARQUET_VERSION v2");

// Several row groups with values that repeat, so that there are dictionaries, and lists across pages.
const many = (rows) => `
  SELECT range AS id, CASE WHEN range % 7 = 0 THEN NULL ELSE 'user ' || (range % 100) END AS name, (range / 100)::DECIMAL(10,2) AS amount,
    list_transform(range(range % 4), x -> x + range) AS list
  FROM range(${rows})`;
await write("duckdb-many.parquet", many(5000), "COMPRESSION zstd, ROW_GROUP_SIZE 2048");
await write("duckdb-many-v2.parquet", many(5000), "COMPRESSION zstd, ROW_GROUP_SIZE 2048, PARQUET_VERSION v2");
await write("duckdb-empty.parquet", "SELECT 1 AS id, 'x' AS name WHERE false", "COMPRESSION snappy");
await write("duckdb-nan.parquet", "SELECT * FROM (VALUES (1, 'nan'::DOUBLE, 1.0::DOUBLE), (2, 1.5, 'infinity'), (3, 2.5, 3.5)) AS t(id, f, unused)", "COMPRESSION snappy");

// Numbers whose differences DuckDB writes with more bits than they have.
const apart = (low, high) => `CASE WHEN range % 2 = 0 THEN ${low} + range ELSE ${high} - range END`;
await write("duckdb-wide.parquet", `SELECT range AS id, ${apart(-2147483648, 2147483647)}::INTEGER AS i32, ${apart(0, 4294967295)}::UINTEGER AS u32, (4294967295 - range)::UINTEGER AS high,
    CASE WHEN range % 3 > 0 THEN (hash(range) % 4294967296)::UINTEGER END AS random, [(hash(range) % 4294967296)::UINTEGER, NULL, range::UINTEGER] AS list FROM range(300)`, "COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1");
await write("duckdb-wide-uncompressed.parquet", `SELECT range AS id, ${apart(-2147483648, 2147483647)}::INTEGER AS i32, ${apart(0, 4294967295)}::UINTEGER AS u32 FROM range(100)`, "COMPRESSION uncompressed, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1");
