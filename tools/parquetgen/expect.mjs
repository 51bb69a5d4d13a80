// Writes beside each Parquet file of a directory what DuckDB reads in it, for kit/source to be compared with: node expect.mjs DIRECTORY
//
// NAME.parquet.expected has a row a line, as JSON by the rules of docs/load.md. A floating point number is "~32:" or "~64:" and the number, because
// languages write them in different ways; a time that DuckDB knows to the microsecond only ends in "~us". A file that DuckDB does not read has one line, "!" and why.
import { DuckDBInstance } from "@duckdb/node-api";
import fs from "node:fs";
import path from "node:path";

const directory = process.argv[2];
if (!directory) throw new Error("say where: node expect.mjs DIRECTORY");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run("SET TimeZone = 'UTC'; SET threads = 1");

const pad = (n, width) => String(n).padStart(width, "0");

// split divides as mathematicians do: the rest is never below 0.
function split(n, by) {
  const rest = ((n % by) + by) % by;
  return [(n - rest) / by, rest];
}

function fraction(n, digits) {
  const text = pad(n, digits).replace(/0+$/, "");
  return text ? "." + text : "";
}

// day is the date so many days from 1970 on, by the proleptic Gregorian calendar.
function day(days) {
  const d = new Date(Number(days) * 86_400_000);
  const year = d.getUTCFullYear();
  return `${pad(year, 4)}-${pad(d.getUTCMonth() + 1, 2)}-${pad(d.getUTCDate(), 2)}`;
}

function clock(n, digits) {
  const second = 10n ** BigInt(digits);
  const [all, rest] = split(n, second);
  return `${pad(all / 3600n, 2)}:${pad((all / 60n) % 60n, 2)}:${pad(all % 60n, 2)}${fraction(rest, digits)}`;
}

function time(n, digits) {
  const [days, rest] = split(n, 86_400n * 10n ** BigInt(digits));
  return `${day(days)}T${clock(rest, digits)}`;
}

function decimal(value, scale) {
  const sign = value < 0n ? "-" : "";
  const digits = pad(value < 0n ? -value : value, scale + 1);
  return sign + (scale ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits);
}

const text = JSON.stringify;
const number = (n) => (Object.is(n, -0) ? "-0" : String(n));

function json(value, type) {
  if (value === null || value === undefined) return "null";
  const name = type.toString();
  if (type.alias === "JSON") return value;
  switch (name.replace(/\(.*/s, "")) {
    case "FLOAT": return text("~32:" + number(value));
    case "DOUBLE": return text("~64:" + number(value));
    case "DECIMAL": return decimal(value.value, value.scale);
    case "BLOB": return text(Buffer.from(value.bytes).toString("base64"));
    case "DATE": return text(day(value.days));
    case "TIME": return text(clock(value.micros, 6) + "~us");
    case "TIME_NS": return text(clock(value.nanos, 9));
    case "TIMESTAMP": return text(time(value.micros, 6) + "~us");
    case "TIMESTAMP_MS": return text(time(value.milliseconds ?? value.millis, 3));
    case "TIMESTAMP_S": return text(time(value.seconds, 0));
    case "TIMESTAMP_NS": return text(time(value.nanos ?? value.nanoseconds, 9));
    case "TIMESTAMP WITH TIME ZONE": return text(time(value.micros, 6) + "Z~us");
    case "TIME WITH TIME ZONE": return text(clock(value.micros, 6) + "Z~us");
    case "INTERVAL": return text(`P${value.months}M${value.days}DT${value.micros / 1_000_000n}.${pad((value.micros / 1000n) % 1000n, 3)}S`);
    case "UUID": return text(value.toString());
  }
  if (type.valueType && type.keyType) {
    return "{" + value.entries.map(({ key, value: v }) => {
      const k = json(key, type.keyType);
      return (k[0] === '"' ? k : text(k)) + ":" + json(v, type.valueType);
    }).join(",") + "}";
  }
  if (type.valueType) return "[" + value.items.map((v) => json(v, type.valueType)).join(",") + "]";
  if (type.entryNames) return "{" + type.entryNames.map((n, i) => text(n) + ":" + json(value.entries[n], type.entryTypes[i])).join(",") + "}";
  if (typeof value === "object") throw new Error("a value of the type " + name + " is not known here");
  return typeof value === "string" ? text(value) : String(value);
}

for (const file of fs.readdirSync(directory).filter((f) => f.endsWith(".parquet")).sort()) {
  const name = path.join(directory, file);
  let lines;
  try {
    const read = await connection.runAndReadAll(`FROM read_parquet('${name.replaceAll("'", "''")}')`);
    const names = read.columnNames(), types = read.columnTypes();
    lines = read.getRows().map((row) => "{" + row.map((v, i) => text(names[i]) + ":" + json(v, types[i])).join(",") + "}");
  } catch (error) {
    if (String(error).includes("not known here")) throw error;
    lines = ["!" + String(error).split("\n")[0]];
  }
  fs.writeFileSync(name + ".expected", lines.map((l) => l + "\n").join(""));
}
