package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// matrix is the schema of the files of writeMatrix.
var matrix = arrow.NewSchema([]arrow.Field{
	{Name: "i32", Type: arrow.PrimitiveTypes.Int32},
	{Name: "some32", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "u32", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "i64", Type: arrow.PrimitiveTypes.Int64},
	{Name: "some64", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "f32", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
	{Name: "f64", Type: arrow.PrimitiveTypes.Float64},
	{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "bin", Type: arrow.BinaryTypes.Binary},
	{Name: "fixed", Type: &arrow.FixedSizeBinaryType{ByteWidth: 4}},
	{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32), Nullable: true},
	{Name: "nothing", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
}, nil)

func matrixRows(n int) string {
	or := func(is bool, text string) string {
		if is {
			return text
		}
		return "null"
	}
	var rows []string
	for i := range n {
		wide := int64(i%2*2-1) * int64(1<<31-1-i) // with alternating signs
		var list []string
		for x := range i % 3 {
			list = append(list, or(x != 1, fmt.Sprint(x*i)))
		}
		rows = append(rows, fmt.Sprintf(`{"i32":%d,"some32":%s,"u32":%d,"i64":%d,"some64":%s,"f32":%s,"f64":%g,"s":%s,"bin":"%s","fixed":"%s","ok":%s,"list":%s}`,
			wide, or(i%3 > 0, fmt.Sprint(-wide)), uint32(i*1_000_003), wide<<31, or(i%5 > 0, fmt.Sprint(i)), or(i%4 > 0, fmt.Sprint(float32(i)/8)), float64(i)/7,
			or(i%6 > 0, fmt.Sprintf(`"text %d"`, i%300)), [...]string{"AP8=", "", "YWJj"}[i%3], [...]string{"AAECAw==", "/////w=="}[i%2], or(i%7 > 0, fmt.Sprint(i%2 == 0)), or(i%8 > 0, "["+strings.Join(list, ",")+"]")))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// writeMatrix writes a file for each codec, page version and encoding.
func writeMatrix(dir string) error {
	texts, numbers, reals := []string{"s", "bin"}, []string{"i32", "some32", "i64", "some64", "list.list.element"}, []string{"f32", "f64"}
	encodings := []struct {
		name       string
		dictionary bool
		encoding   parquet.Encoding
		columns    []string
	}{
		{"plain", false, parquet.Encodings.Plain, nil},
		{"dictionary", true, parquet.Encodings.Plain, nil},
		{"delta", false, parquet.Encodings.DeltaBinaryPacked, numbers},
		{"lengths", false, parquet.Encodings.DeltaLengthByteArray, texts},
		{"prefixes", false, parquet.Encodings.DeltaByteArray, texts},
		{"streams", false, parquet.Encodings.ByteStreamSplit, append(append([]string{"fixed"}, numbers...), reals...)},
		{"runs", false, parquet.Encodings.RLE, []string{"ok"}},
	}
	rows := matrixRows(2500)
	for codec, name := range map[compress.Compression]string{compress.Codecs.Uncompressed: "uncompressed", compress.Codecs.Snappy: "snappy", compress.Codecs.Gzip: "gzip", compress.Codecs.Brotli: "brotli", compress.Codecs.Zstd: "zstd", compress.Codecs.Lz4Raw: "lz4_raw"} {
		for version, pages := range map[string]parquet.DataPageVersion{"v1": parquet.DataPageV1, "v2": parquet.DataPageV2} {
			for _, e := range encodings {
				properties := []parquet.WriterProperty{parquet.WithDataPageSize(2000), parquet.WithBatchSize(128), parquet.WithMaxRowGroupLength(1024), parquet.WithCompression(codec), parquet.WithDataPageVersion(pages), parquet.WithDictionaryDefault(e.dictionary)}
				for _, column := range e.columns {
					properties = append(properties, parquet.WithEncodingFor(column, e.encoding))
				}
				file := filepath.Join(dir, fmt.Sprintf("arrow-matrix-%s-%s-%s.parquet", name, version, e.name))
				if err := write(file, matrix, rows, properties, nil); err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
			}
		}
	}
	return nil
}
