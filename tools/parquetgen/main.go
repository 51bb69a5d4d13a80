// Parquetgen writes the Parquet files of arrow-go for the tests of kit/source: go run . DIRECTORY. With go run . DIRECTORY matrix it writes
// files with every codec, page version and encoding.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		log.Fatal("the directory is missing: go run . DIRECTORY [matrix]")
	}
	all := writeAll
	if len(os.Args) == 3 {
		all = writeMatrix
	}
	if err := all(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// types are the columns of arrow-types, values its rows.
var types = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int32},
	{Name: "u8", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
	{Name: "u32", Type: arrow.PrimitiveTypes.Uint32, Nullable: true},
	{Name: "u64", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
	{Name: "f16", Type: arrow.FixedWidthTypes.Float16, Nullable: true},
	{Name: "nothing", Type: arrow.Null, Nullable: true},
	{Name: "d32", Type: &arrow.Date32Type{}, Nullable: true},
	{Name: "t_ms", Type: arrow.FixedWidthTypes.Time32ms, Nullable: true},
	{Name: "t_ns", Type: arrow.FixedWidthTypes.Time64ns, Nullable: true},
	{Name: "ms", Type: &arrow.TimestampType{Unit: arrow.Millisecond}, Nullable: true},
	{Name: "us_utc", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
	{Name: "ns_berlin", Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Europe/Berlin"}, Nullable: true},
	{Name: "dec", Type: &arrow.Decimal128Type{Precision: 38, Scale: 2}, Nullable: true},
	{Name: "wide", Type: &arrow.Decimal256Type{Precision: 76, Scale: 38}, Nullable: true},
	{Name: "bin", Type: arrow.BinaryTypes.Binary, Nullable: true},
	{Name: "fixed", Type: &arrow.FixedSizeBinaryType{ByteWidth: 3}, Nullable: true},
	{Name: "word", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, Nullable: true},
	{Name: "large", Type: arrow.LargeListOf(arrow.BinaryTypes.LargeString), Nullable: true},
	{Name: "pair", Type: arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int64), Nullable: true},
	{Name: "tree", Type: arrow.StructOf(
		arrow.Field{Name: "required", Type: arrow.PrimitiveTypes.Int64},
		arrow.Field{Name: "leaves", Type: arrow.ListOf(arrow.StructOf(arrow.Field{Name: "x", Type: arrow.BinaryTypes.String, Nullable: true})), Nullable: true},
	), Nullable: true},
	{Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.ListOf(arrow.PrimitiveTypes.Int16)), Nullable: true},
	{Name: "uuid", Type: extensions.NewUUIDType(), Nullable: true},
}, nil)

const values = `[
{"id":1,"u8":255,"u32":4294967295,"u64":18446744073709551615,"f16":0.5,"nothing":null,"d32":"1969-12-31","t_ms":"23:59:59.999","t_ns":"00:00:00.000000001",
 "ms":"2500-01-02 03:04:05.678","us_utc":"1969-12-31T23:59:59.999999Z","ns_berlin":"2021-01-02T03:04:05.123456789Z","dec":"-123456789012345678901234567890123456.78",
 "wide":"12345678901234567890123456789012345678.90123456789012345678901234567890123456","bin":"AP8=","fixed":"YWJj","word":"x",
 "large":["a",null,""],"pair":[1,2],"tree":{"required":7,"leaves":[{"x":"l"},{"x":null}]},"map":[{"key":"k","value":[1,null]},{"key":"l","value":null}],
 "uuid":"0b8f5c1e-0000-4000-8000-000000000001"},
{"id":2,"pair":[4,5]},
{"id":3,"u8":0,"u32":0,"u64":0,"f16":-2,"nothing":null,"d32":"2262-04-12","t_ms":"00:00:00","t_ns":"00:00:00","ms":"1677-01-01 00:00:00","us_utc":"2263-01-01T00:00:00Z",
 "ns_berlin":"1969-12-31T23:59:59.999999999Z","dec":"0.05","wide":"-0.00000000000000000000000000000000000001","bin":"","fixed":"AAAA","word":"x","large":[],"pair":[null,3],
 "tree":{"required":8,"leaves":[]},"map":[],"uuid":"00000000-0000-0000-0000-000000000000"}]`

var many = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "amount", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}},
	{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
}, nil)

// manyRows returns the rows of arrow-many. They repeat, so that there are dictionaries, and have lists that span pages.
func manyRows(n int) string {
	var rows []string
	for i := range n {
		name := "null"
		if i%7 != 0 {
			name = fmt.Sprintf(`"user %d"`, i%100)
		}
		var list []string
		for x := range i % 4 {
			list = append(list, fmt.Sprint(x+i))
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"name":%s,"amount":"%d.%02d","list":[%s]}`, i, name, i/100, i%100, strings.Join(list, ",")))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

func writeAll(dir string) error {
	small := []parquet.WriterProperty{parquet.WithDataPageSize(1000), parquet.WithBatchSize(64), parquet.WithMaxRowGroupLength(2048), parquet.WithCompression(compress.Codecs.Zstd)}
	for _, f := range []struct {
		name    string
		schema  *arrow.Schema
		rows    string
		writer  []parquet.WriterProperty
		special []pqarrow.WriterOption
	}{
		{"arrow-types", types, values, nil, nil},
		{"arrow-types-v2", types, values, []parquet.WriterProperty{parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Gzip)}, nil},
		{"arrow-int96", arrow.NewSchema(types.Fields()[9:12], nil), values, nil, []pqarrow.WriterOption{pqarrow.WithDeprecatedInt96Timestamps(true)}},
		{"arrow-integers", arrow.NewSchema([]arrow.Field{{Name: "d4", Type: &arrow.Decimal128Type{Precision: 9, Scale: 4}}, {Name: "d8", Type: &arrow.Decimal128Type{Precision: 18}}}, nil),
			`[{"d4":"-0.0001","d8":"999999999999999999"},{"d4":"99999.9999","d8":"-1"}]`, []parquet.WriterProperty{parquet.WithStoreDecimalAsInteger(true)}, nil},
		{"arrow-many", many, manyRows(5000), small, nil},
		{"arrow-many-v2", many, manyRows(5000), append([]parquet.WriterProperty{parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDictionaryDefault(false)}, small...), nil},
		{"arrow-many-delta", many, manyRows(5000), append([]parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("id", parquet.Encodings.DeltaBinaryPacked),
			parquet.WithEncodingFor("name", parquet.Encodings.DeltaByteArray)}, small...), nil},
	} {
		if err := write(filepath.Join(dir, f.name+".parquet"), f.schema, f.rows, f.writer, f.special); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func write(name string, schema *arrow.Schema, rows string, properties []parquet.WriterProperty, options []pqarrow.WriterOption) error {
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		return err
	}
	defer record.Release()
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(properties...), pqarrow.NewArrowWriterProperties(options...))
	if err != nil {
		return err
	}
	if err := w.WriteBuffered(record); err != nil {
		return err
	}
	return w.Close() // closes f too
}
