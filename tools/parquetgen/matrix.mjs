// Writes Parquet files of every kind that DuckDB, hyparquet-writer and parquetjs make: node matrix.mjs DIRECTORY
import { DuckDBInstance } from "@duckdb/node-api";
import parquetjs from "@dsnp/parquetjs";
import { parquetWriteBuffer } from "hyparquet-writer";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

const directory = process.argv[2];
if (!directory) throw new Error("say where: node matrix.mjs DIRECTORY");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run("SET TimeZone = 'UTC'; SET threads = 1");

const tables = {
  numbers: `SELECT range::INTEGER AS id, (range % 256 - 128)::TINYINT AS i8, (range * 7 - 10000)::SMALLINT AS i16, (range * 1000003 - 2000000000)::INTEGER AS i32,
    (range * 7777777777777 - 9000000000000000)::BIGINT AS i64, (range % 256)::UTINYINT AS u8, (65535 - range)::USMALLINT AS u16,
    (4294967295 - range * 1001)::UINTEGER AS u32, (18446744073709551615 - range::UBIGINT * 1001)::UBIGINT AS u64, (2147483646 + range)::UINTEGER AS u32_middle,
    (9223372036854775806::UBIGINT + range::UBIGINT) AS u64_middle, (range / 7)::FLOAT AS f32, sin(range) AS f64, (range / 100 - 12)::DECIMAL(4,2) AS d4,
    (range * 1234567.89)::DECIMAL(18,3) AS d8, (range * 1234567890123.456789 - 99)::DECIMAL(38,12) AS d16, range % 3 = 0 AS ok, 7 AS same,
    CASE WHEN range % 5 = 0 THEN (4000000000 + range)::UINTEGER END AS u32_some FROM range(3000)`,
  texts: `SELECT range AS id, 'user ' || (range % 20) AS word, md5(range::VARCHAR) AS hash, 'prefix that all have ' || range AS prefixed, CASE WHEN range % 2 = 0 THEN repeat('\u00e9\u{1F600}', (range % 9)::INTEGER) END AS letters,
    ('b' || range)::BLOB AS bytes, CASE WHEN range % 50 = 0 THEN repeat('long ', 2000) ELSE '' END AS long, uuid_extract_timestamp('0197a1b2-0000-7000-8000-000000000001'::UUID)::VARCHAR AS s,
    ('0b8f5c1e-0000-4000-8000-' || lpad(range::VARCHAR, 12, '0'))::UUID AS u, CASE range % 3 WHEN 0 THEN 'red' WHEN 1 THEN 'green' END::ENUM('red', 'green') AS e, ('{"n": ' || range || '.50}')::JSON AS j FROM range(3000)`,
  times: `SELECT range AS id, DATE '1960-01-01' + (range * 20)::INTEGER AS day, TIME '00:00:00' + to_microseconds(range * 28799999) AS clock,
    TIMESTAMP '1677-09-22 00:00:00.5' + to_hours((range * 1600)::INTEGER) AS us, (TIMESTAMP '1900-01-01 00:00:00.123' + to_hours((range * 700)::INTEGER))::TIMESTAMP_MS AS ms, (TIMESTAMP '1900-01-01' + to_hours((range * 700)::INTEGER))::TIMESTAMP_S AS s,
    make_timestamp_ns(range * 1234567890123456 - 99) AS ns, TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' + to_seconds(range * 86399) AS tz, to_days((range % 40)::INTEGER) + to_months((range % 30)::INTEGER) + to_milliseconds(range * 1001) AS span FROM range(3000)`,
  nested: `SELECT range AS id, CASE WHEN range % 11 > 0 THEN list_transform(range(range % 5), x -> CASE WHEN x % 3 > 0 THEN x + range END) END AS list,
    {'a': range, 'b': CASE WHEN range % 3 > 0 THEN {'c': 'x' || range, 'd': [range % 2 = 0, NULL]} END} AS struct,
    CASE WHEN range % 7 > 0 THEN map(range(range % 4), list_transform(range(range % 4), x -> 'v' || x)) END AS map,
    list_transform(range(range % 3), x -> {'n': 'i' || x, 'q': CASE WHEN x > 0 THEN [x, NULL, range] ELSE [] END, 'm': MAP {'k' || x: x}}) AS items,
    list_transform(range(range % 3), x -> list_transform(range(x), y -> list_transform(range(y + 1), z -> z + range))) AS deep FROM range(3000)`,
  nothing: `SELECT range AS id, NULL::INTEGER AS i, NULL::VARCHAR AS s, NULL::DOUBLE[] AS list, NULL::STRUCT(a INTEGER, b VARCHAR[]) AS struct, NULL::MAP(VARCHAR, INTEGER) AS map, [NULL]::INTEGER[] AS one,
    []::VARCHAR[] AS none, {'a': NULL::INTEGER} AS inner, NULL::DECIMAL(30,2) AS d, NULL::BOOLEAN AS ok FROM range(2100)`,
  empty: `SELECT 1 AS id, 'x' AS s, [1] AS list, {'a': 1} AS struct WHERE false`,
  floats: `SELECT * FROM (VALUES (1, 'nan'::DOUBLE, 1::FLOAT), (2, 1.5, 'infinity'), (3, '-0.0', 1e-45), (4, 5e-324, 3.4028235e38), (5, 1.7976931348623157e308, '-inf'), (6, NULL, 'nan')) AS t(id, f, g)`,
};

for (const [table, query] of Object.entries(tables)) {
  await connection.run(`CREATE TABLE ${table} AS ${query}`);
  for (const codec of ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4_raw", "lz4"]) {
    for (const version of ["v1", "v2"]) {
      for (const [how, options] of Object.entries({ groups: "ROW_GROUP_SIZE 1024", plain: "DICTIONARY_SIZE_LIMIT 1" })) {
        if (how === "plain" && codec !== "snappy") continue;
        const file = path.join(directory, `duckdb-${table}-${codec}-${version}-${how}.parquet`);
        await connection.run(`COPY ${table} TO '${file.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION ${codec}, PARQUET_VERSION ${version}, ${options})`);
      }
    }
  }
}

// hyparquet-writer takes an encoding for each column.
const rows = [...Array(2500).keys()];
const of = (make) => rows.map(make);
const column = (name, type, data, encoding, nullable = data.includes(null)) => ({ name, type, data, ...(encoding ? { encoding } : {}), nullable });
const whole = of((i) => (i * 7919) % 100003 - 50000), text = of((i) => "prefix " + i % 400), bytes = of((i) => new Uint8Array([i & 255, 0, 255, i >> 8]));
const sets = {
  plain: [column("i", "INT32", whole, "PLAIN"), column("s", "STRING", text, "PLAIN"), column("d", "DOUBLE", of((i) => i / 3), "PLAIN"), column("b", "BOOLEAN", of((i) => i % 3 === 0), "PLAIN"), column("some", "STRING", of((i) => (i % 3 ? null : "x" + i)), "PLAIN")],
  dictionary: [column("i", "INT32", of((i) => i % 50), "RLE_DICTIONARY"), column("s", "STRING", text, "RLE_DICTIONARY"), column("one", "STRING", of(() => "same"), "RLE_DICTIONARY")],
  delta: [column("i", "INT32", whole, "DELTA_BINARY_PACKED"), column("l", "INT64", of((i) => BigInt(i) * 9_000_000_000_000n - 5n), "DELTA_BINARY_PACKED"), column("some", "INT32", of((i) => (i % 4 ? i : null)), "DELTA_BINARY_PACKED")],
  lengths: [column("s", "STRING", text, "DELTA_LENGTH_BYTE_ARRAY"), column("y", "BYTE_ARRAY", bytes, "DELTA_LENGTH_BYTE_ARRAY")],
  prefixes: [column("s", "STRING", text, "DELTA_BYTE_ARRAY"), column("y", "BYTE_ARRAY", bytes, "DELTA_BYTE_ARRAY")],
  streams: [column("f", "FLOAT", of((i) => i / 8), "BYTE_STREAM_SPLIT"), column("d", "DOUBLE", of((i) => Math.sin(i)), "BYTE_STREAM_SPLIT"), column("i", "INT32", whole, "BYTE_STREAM_SPLIT"), column("l", "INT64", of((i) => BigInt(i) ** 5n), "BYTE_STREAM_SPLIT")],
  guessed: [column("i", undefined, whole), column("s", undefined, text), column("at", "TIMESTAMP", of((i) => new Date(i * 1e9))), column("j", "JSON", of((i) => ({ n: i, list: [i, null] }))), column("nothing", "STRING", of(() => null)), column("u", "UUID", of((i) => `0b8f5c1e-0000-4000-8000-${String(i).padStart(12, "0")}`)), column("h", "FLOAT16", of((i) => i / 4))],
};
const compressors = { GZIP: (b) => new Uint8Array(zlib.gzipSync(b)), BROTLI: (b) => new Uint8Array(zlib.brotliCompressSync(b)), ZSTD: zlib.zstdCompressSync && ((b) => new Uint8Array(zlib.zstdCompressSync(b))) };
for (const [name, columnData] of Object.entries(sets)) {
  for (const codec of ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors).filter((c) => compressors[c])]) {
    const data = parquetWriteBuffer({ columnData, codec, compressors, rowGroupSize: 1000, pageSize: 2000 });
    fs.writeFileSync(path.join(directory, `hyparquet-${name}-${codec.toLowerCase()}.parquet`), Buffer.from(data));
  }
}

for (const compression of ["UNCOMPRESSED", "GZIP", "SNAPPY", "BROTLI"]) {
  for (const useDataPageV2 of [false, true]) {
    const schema = new parquetjs.ParquetSchema({
      id: { type: "INT64", compression }, name: { type: "UTF8", optional: true, compression }, score: { type: "DOUBLE", compression }, ok: { type: "BOOLEAN", compression }, f: { type: "FLOAT", compression },
      i8: { type: "INT_8", compression }, u16: { type: "UINT_16", compression }, u32: { type: "UINT_32", compression }, at: { type: "TIMESTAMP_MILLIS", compression }, us: { type: "TIMESTAMP_MICROS", compression }, day: { type: "DATE", compression }, clock: { type: "TIME_MILLIS", compression },
      doc: { type: "JSON", compression }, raw: { type: "BYTE_ARRAY", optional: true, compression }, tags: { type: "UTF8", repeated: true, compression },
      lines: { repeated: true, fields: { sku: { type: "UTF8", compression }, qty: { type: "INT32", optional: true, compression } } },
    });
    const writer = await parquetjs.ParquetWriter.openFile(schema, path.join(directory, `parquetjs-${compression.toLowerCase()}-${useDataPageV2 ? "v2" : "v1"}.parquet`), { useDataPageV2, rowGroupSize: 300, pageSize: 1000 });
    for (let i = 0; i < 1000; i++) {
      await writer.appendRow({ id: i, ...(i % 3 ? { name: "n\u00e9 " + i } : {}), score: i / 7, ok: i % 2 === 0, f: i / 4, i8: i % 100 - 50, u16: i * 60, u32: i, at: new Date(i * 86_399_999), us: i * 1_000_003, day: new Date(i * 86_400_000), clock: i * 1000, doc: { n: i },
        ...(i % 2 ? { raw: Buffer.from([i & 255, 0]) } : {}), tags: [...Array(i % 4).keys()].map((t) => "t" + t), lines: [...Array(i % 3).keys()].map((q) => ({ sku: "s" + q, ...(q ? { qty: q } : {}) })) });
    }
    await writer.close();
  }
}
