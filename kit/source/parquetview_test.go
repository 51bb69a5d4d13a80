package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/lz4"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

type viewRow struct {
	ID    int64    `parquet:"id"`
	Name  string   `parquet:"name,dict"`
	Note  *string  `parquet:"note,optional"`
	Score int64    `parquet:"score,delta"`
	Tags  []string `parquet:"tags,list"`
}

// viewRows makes rows whose text repeats itself to that degree; 0 means not at all.
func viewRows(r *rand.Rand, n int, repeated float64) []viewRow {
	rows := make([]viewRow, n)
	for i := range rows {
		note := make([]byte, r.IntN(60))
		for j := range note {
			if note[j] = 'a'; r.Float64() >= repeated {
				note[j] = byte('a' + r.IntN(26))
			}
		}
		text := string(note)
		rows[i] = viewRow{ID: int64(i), Name: fmt.Sprint("name-", r.IntN(9)), Score: int64(r.IntN(1000))}
		if r.IntN(4) > 0 {
			rows[i].Note = &text
		}
		for range r.IntN(3) {
			rows[i].Tags = append(rows[i].Tags, fmt.Sprint("t", r.IntN(50)))
		}
	}
	return rows
}

func readParquet(t *testing.T, file []byte) (string, error) {
	t.Helper()
	src, err := openParquet(bytes.NewReader(file), nil, int64(len(file)), 1<<20)
	if err != nil {
		return "", err
	}
	defer src.Close()
	return readRaw(t, src)
}

// readRaw returns all rows of a source, a line each.
func readRaw(t *testing.T, src Source) (string, error) {
	columns, err := src.Columns(t.Context())
	if err != nil {
		return "", err
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if err := src.Select(names); err != nil {
		return "", err
	}
	var out bytes.Buffer
	for b := new(Batch); ; {
		switch err := src.Next(t.Context(), b); {
		case errors.Is(err, io.EOF):
			return out.String(), nil
		case err != nil:
			return out.String(), err
		}
		for _, r := range b.Rows {
			fmt.Fprintf(&out, "%s %v\n", r.Raw, r.Err)
		}
	}
}

var viewCodecs = []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &lz4.Codec{Level: lz4.Level1}, &lz4.Codec{Level: lz4.Fastest}}

// Every codec and page version gives the same rows, however well the data compresses.
func TestParquetCodecs(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		for _, repeated := range []float64{0, 0.5, 1} {
			for _, page := range []int{300, 300_000} {
				rows := viewRows(rand.New(rand.NewPCG(uint64(page), uint64(version))), 900, repeated)
				want := ""
				for _, codec := range viewCodecs {
					file := writeParquet(t, rows, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(page), parquet.MaxRowsPerRowGroup(400))
					got, err := readParquet(t, file)
					if want == "" {
						want = got
					}
					if err != nil || got != want || got == "" {
						t.Errorf("%v, pages of version %d and %d bytes, %v repeated: %v, %d bytes of rows in place of %d", codec, version, page, repeated, err, len(got), len(want))
					}
				}
			}
		}
	}
}

// A file may have another codec for each column of each row group. Files with one schema are merged here, as tools do that merge files.
func TestParquetCodecsOfRowGroups(t *testing.T) {
	t.Parallel()
	var body []byte
	var all format.FileMetaData
	var want string
	body = append(body, parquetMagic...)
	for i, codec := range append(viewCodecs, viewCodecs[0]) {
		file := writeParquet(t, viewRows(rand.New(rand.NewPCG(9, uint64(i))), 500, 0.5), parquet.Compression(codec))
		text, err := readParquet(t, file)
		if err != nil {
			t.Fatal(err)
		}
		want += text
		n := int(binary.LittleEndian.Uint32(file[len(file)-8:]))
		var meta format.FileMetaData
		if err := thrift.Unmarshal(new(thrift.CompactProtocol), file[len(file)-8-n:len(file)-8], &meta); err != nil {
			t.Fatal(err)
		}
		shift := int64(len(body) - len(parquetMagic))
		for g := range meta.RowGroups {
			for c := range meta.RowGroups[g].Columns {
				chunk := &meta.RowGroups[g].Columns[c]
				chunk.OffsetIndexOffset, chunk.OffsetIndexLength, chunk.ColumnIndexOffset, chunk.ColumnIndexLength = 0, 0, 0, 0
				m := &chunk.MetaData
				m.DataPageOffset += shift
				if m.DictionaryPageOffset != 0 {
					m.DictionaryPageOffset += shift
				}
			}
			meta.RowGroups[g].FileOffset += shift
		}
		body = append(body, file[len(parquetMagic):len(file)-8-n]...)
		if i == 0 {
			all = meta
			continue
		}
		all.RowGroups = append(all.RowGroups, meta.RowGroups...)
		all.NumRows += meta.NumRows
	}
	text, err := thrift.Marshal(new(thrift.CompactProtocol), &all)
	if err != nil {
		t.Fatal(err)
	}
	body = append(binary.LittleEndian.AppendUint32(append(body, text...), uint32(len(text))), parquetMagic...)
	if got, err := readParquet(t, body); err != nil || got != want {
		t.Errorf("%v: %d bytes of rows in place of %d", err, len(got), len(want))
	}
}

// A damaged page gives an error, and needs no more memory than a page may have.
func TestParquetDamagedPages(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("somebody "), 1000)
	for _, codec := range viewCodecs[1:] {
		packed, err := codec.Encode(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		v := &parquetView{}
		try := func(what string, size int, src []byte) error {
			dst := make([]byte, size)
			err := v.decompress(codec.CompressionCodec(), dst, src)
			if err == nil && !bytes.Equal(dst, plain) {
				t.Errorf("%v, %s: no error", codec, what)
			}
			return err
		}
		if err := try("whole", len(plain), packed); err != nil {
			t.Errorf("%v: %v", codec, err)
		}
		try("too short", len(plain)+1, packed)
		try("too long", len(plain)-1, packed)
		try("nothing", len(plain), nil)
		for cut := 1; cut < len(packed); cut += 1 + len(packed)/50 {
			try(fmt.Sprintf("cut at %d", cut), len(plain), packed[:cut])
		}
		r := rand.New(rand.NewPCG(1, 1))
		for range 300 {
			src := make([]byte, r.IntN(40))
			for i := range src {
				src[i] = byte(r.Uint32())
			}
			try("noise", len(plain), src)
		}
	}
	v := &parquetView{}
	if err := v.decompress(format.Lz4, make([]byte, 9), []byte("x")); err == nil || !bytes.Contains([]byte(err.Error()), []byte("ZSTD")) {
		t.Errorf("an unknown codec: %v", err)
	}
}
