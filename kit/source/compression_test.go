package source

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func xzed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipOf returns an archive of files. The arguments are a name and a content, in turns.
func zipOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		method := zip.Deflate
		if files[i] == "mimetype" { // which must be readable
			method = zip.Store
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarOf(t testing.TB, format tar.Format) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "a.csv", Mode: 0o644, Size: 9, Format: format}); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "id,n\n1,2\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bzip2ed is "id,n\n1,2\n" and, as a second stream, "3,4\n".
const bzip2ed = "QlpoOTFBWSZTWfWPiVYAAAPZAAAQAAQwAAQhIAAiGT0QhgKEJW/F3JFOFCQ9Y+JVgEJaaDkxQVkmU1ktn+c2AAABWAAAEAAEDAAgACGaaDNNFzxdyRThQkC2f5zY"

func bzip2Sample(t testing.TB) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(bzip2ed)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func skippable(text string) string {
	return "\x5a\x2a\x4d\x18" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(text)))) + text
}

// A compressed input is read whatever its name is, from a file and from a pipe, however the data arrives.
func TestCompressions(t *testing.T) {
	t.Parallel()
	const table = "id,n\n1,2\n3,4\n"
	gz, zst := func(s string) string { return string(gzipped(t, s)) }, func(s string) string { return string(zstandard(t, s)) }
	for _, tt := range []struct{ name, in, by string }{
		{"gzip", gz(table), "gzip"},
		{"gzip of several members", gz(table[:3]) + gz("") + gz(table[3:]), "gzip"},
		{"gzip with zeros after it", gz(table) + strings.Repeat("\x00", 5000), "gzip"},
		{"gzip with one zero after it", gz(table) + "\x00", "gzip"},
		{"zstd", zst(table), "zstd"},
		{"zstd of several frames", zst(table[:4]) + zst(table[4:]), "zstd"},
		{"zstd with frames to be skipped", skippable("x") + zst(table[:4]) + skippable("") + zst(table[4:]) + skippable("yz"), "zstd"},
		{"bzip2 of two streams", bzip2Sample(t), "bzip2"},
		{"xz", xzed(t, table), "xz"},
		{"xz of several streams, with padding", xzed(t, table[:4]) + "\x00\x00\x00\x00" + xzed(t, table[4:]), "xz"},
		{"gzip in gzip", gz(gz(table)), "gzip, gzip"},
		{"zstd in gzip in xz", xzed(t, gz(zst(table))), "xz, gzip, zstd"},
		{"a ZIP archive", zipOf(t, "export/", "", "export/people.csv", table, "__MACOSX/export/._people.csv", "x", ".DS_Store", "y"), "zip"},
		{"gzip in a ZIP archive", zipOf(t, "people.csv.gz", gz(table)), "zip, gzip"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := putFiles(t, "odd name (1).csv.gz.1", tt.in)[0]
			src, err := Open(name, Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			rows, err := allRows(t, src)
			if err != nil || rows != "1 2;3 4;" {
				t.Errorf("%v: %q", err, rows)
			}
			if by := src.Info().Compression; by != tt.by {
				t.Errorf("compressed by %q", by)
			}
			if why, err := src.Changed(t.Context()); why != "" || err != nil {
				t.Errorf("it has changed: %s, %v", why, err)
			}
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(name, later, later); err != nil { // so that it is read again and compared
				t.Fatal(err)
			}
			if why, err := src.Changed(t.Context()); why != "" || err != nil {
				t.Errorf("touched, it has changed: %s, %v", why, err)
			}
			if strings.HasPrefix(tt.in, "PK") {
				return
			}
			for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in)), iotest.DataErrReader(strings.NewReader(tt.in))} {
				piped, err := New(r, Config{})
				if err != nil {
					t.Fatal(err)
				}
				defer piped.Close()
				if rows, err := allRows(t, piped); err != nil || rows != "1 2;3 4;" {
					t.Errorf("from a pipe: %v: %q", err, rows)
				}
			}
		})
	}
}

// allRows returns the columns id and n of all rows.
func allRows(t *testing.T, src Source) (string, error) {
	t.Helper()
	var got strings.Builder
	err := each(t, src, []string{"id", "n"}, func(r *Row) {
		if r.Err != nil {
			fmt.Fprintf(&got, "%d %s;", r.Line, r.Err.Rule)
			return
		}
		fmt.Fprintf(&got, "%s %s;", r.Cells[0].Bytes, r.Cells[1].Bytes)
	})
	return got.String(), err
}

// An input that is cut off anywhere, has data after its end, or has a wrong bit, is an error. The rows before that are never treated as all rows.
func TestCutOffOrDamaged(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("id,n\n")
	for i := range 500 {
		fmt.Fprintf(&table, "%d,%d\n", i, i*7919%1000)
	}
	inputs := map[string]string{"gzip": string(gzipped(t, table.String())), "zstd": string(zstandard(t, table.String())), "xz": xzed(t, table.String()), "bzip2": bzip2Sample(t),
		"zip": zipOf(t, "a.csv", table.String())}
	read := func(in string) (string, error) {
		src, err := Open(putFiles(t, "a.csv", in)[0], Config{})
		if err != nil {
			return "", err
		}
		defer src.Close()
		return allRows(t, src)
	}
	for name, in := range inputs {
		whole, err := read(in)
		if err != nil {
			t.Fatal(name, err)
		}
		for at := 1; at < 20; at++ {
			n := len(in) * at / 20
			if name == "bzip2" && n == len(in)/2 {
				continue // the end of its first stream
			}
			if rows, err := read(in[:n]); err == nil {
				t.Errorf("%s cut to %d of %d bytes: no error, %d bytes of rows", name, n, len(in), len(rows))
			}
		}
		if name != "zip" {
			for _, more := range []string{"x", "id,n\n1,2\n", "\x00\x00x", in[:2], in[:len(in)-1]} {
				if _, err := read(in + more); err == nil {
					t.Errorf("%s with %.5q behind it: no error", name, more)
				}
			}
		}
		for at := 1; at < 20; at++ {
			damaged := []byte(in)
			damaged[len(in)*at/20] ^= 0x10
			if rows, err := read(string(damaged)); err == nil && rows != whole {
				t.Errorf("%s with byte %d damaged: no error", name, len(in)*at/20)
			}
		}
	}
}

// A file that does not contain rows of text is rejected, whatever its name is. The error says what the file is and what to do.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	sheet := zipOf(t, "[Content_Types].xml", "<x/>", "xl/workbook.xml", "<x/>")
	pad := strings.Repeat("\x00", 600)
	for _, tt := range []struct{ in, says string }{
		{sheet, "spreadsheet (.xlsx)"},
		{zipOf(t, "_rels/.rels", "<x/>", "[Content_Types].xml", "<x/>"), "spreadsheet (.xlsx)"},
		{zipOf(t, "customXml/item1.xml", "<x/>", "[Content_Types].xml", "<x/>"), "spreadsheet (.xlsx)"},
		{zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"), "spreadsheet"},
		{zipOf(t, "a.csv", "id,n\n", "b.csv", "id,n\n"), "ZIP archive of 2 files"},
		{zipOf(t), "ZIP archive"},
		{zipOf(t, "a/", ""), "without a file"},
		{"PK\x03\x04 and no more", "ZIP archive"},
		{tarOf(t, tar.FormatUSTAR), "tar archive"},
		{tarOf(t, tar.FormatGNU), "tar archive"},
		{string(gzipped(t, tarOf(t, tar.FormatPAX))), "tar archive"},
		{xzed(t, tarOf(t, tar.FormatUSTAR)), "tar archive"},
		{string(gzipped(t, sheet)), "spreadsheet"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + pad, ".xls"},
		{"%PDF-1.7\n%\xe2\xe3\n", "PDF"},
		{"{\\rtf1\\ansi a}", "rich text"},
		{"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a web page"},
		{"\xef\xbb\xbf\r\n <HTML lang=en>", "a web page"},
		{"<table border=1><tr><td>id</td></tr></table>", "a web page"},
		{"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML"},
		{sqliteMagic + pad, "SQLite"},
		{"12345678DUCK" + pad, "DuckDB"},
		{"Obj\x01\x04\x16avro.codec", "Avro"},
		{"ORC\x0a\x05\x12" + pad, "ORC"},
		{"ARROW1\x00\x00\xff\xff\xff\xff", "Arrow"},
		{"\xff\xff\xff\xff\x10\x01\x00\x00", "Arrow"},
		{"FEA1\x00\x00\x00\x00", "Feather"},
		{"\x80\x04\x95\x10\x00", "pickle"},
		{"\xff\x06\x00\x00sNaPpY\x01", "Snappy"},
		{"\x04\x22\x4d\x18\x64\x40", "lz4"},
		{"\x1f\x9d\x90ab", "compress"},
		{"7z\xbc\xaf\x27\x1c\x00\x04", "7-Zip"},
		{"Rar!\x1a\x07\x01\x00", "RAR"},
		{"x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15", "zlib"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"},
		{"-----BEGIN PGP MESSAGE-----\n", "PGP"},
		{"i\x00d\x00,\x00n\x00\n\x00", "UTF-16"},
		{"\x00i\x00d\x00,\x00n", "UTF-16"},
		{"\x00{\x00\"", "UTF-16"},
		{strings.Repeat("x", 0) + string(gzipped(t, string(gzipped(t, string(gzipped(t, string(gzipped(t, "id,n\n1,2\n")))))))), "more than 3 times"},
	} {
		for _, file := range []string{"a.csv", "a.jsonl", "a"} {
			src, err := Open(putFiles(t, file, tt.in)[0], Config{})
			var rows string
			if err == nil {
				rows, err = allRows(t, src)
				src.Close()
			}
			var format *FormatError
			if !errors.As(err, &format) || !strings.Contains(format.Problem, tt.says) || format.Hint == "" {
				t.Errorf("%s that begins %.20q: %v, rows %q", file, tt.in, err, rows)
			}
		}
	}
	// Text that only resembles such a file is accepted.
	for _, in := range []string{"ORC,id,n\nx,1,2\n", "BZh1,id,n\nx,1,2\n", "PKW,id,n\nx,1,2\n", "Obj,id,n\nx,1,2\n", "x\xdaac,id,n\nx,1,2\n", "x\x9cdy,id,n\n", "7z,id,n\nx,1,2\n", "FEA1,id,n\nx,1,2\n", "<id>,id,n\nx,1,2\n", "R,id,n\nx,1,2\n",
		"Pa,id,n\nx,1,2\n", "\xfdx,id,n\nx,1,2\n", "(\xb5,id,n\nx,1,2\n"} {
		if head := []byte(in); foreign(head) != nil {
			t.Errorf("%q is refused: %v", in, foreign(head))
		}
	}
}

// A decompression bomb is unpacked in bounded memory.
func TestBombs(t *testing.T) {
	const size, most = 40 << 20, 30 << 20
	var gz, zst, xzd bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), must(zstd.NewWriter(&zst))} {
		io.Copy(w, io.LimitReader(endless{}, size))
		w.Close()
	}
	inputs := map[string][]byte{"gzip": gz.Bytes(), "zstd": zst.Bytes(), "zip": []byte(zipOf(t, "a.csv", strings.Repeat("x", size)))}
	if os.Getenv("CIOKIT_FULL") != "" { // packing it takes longest
		w := must(xz.NewWriter(&xzd))
		io.Copy(w, io.LimitReader(endless{}, size))
		w.Close()
		inputs["xz"] = xzd.Bytes()
	}
	for name, in := range inputs {
		file := filepath.Join(t.TempDir(), name)
		put(t, file, in)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		src, err := Open(file, Config{Format: FormatJSONLines})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := allRows(t, src)
		runtime.ReadMemStats(&after)
		src.Close()
		if used := after.TotalAlloc - before.TotalAlloc; err != nil || rows != "1 row-too-long;" || used > most {
			t.Errorf("%s: %v, %q, %d MiB allocated", name, err, rows, used>>20)
		}
	}
}

// xzBlocks returns an xz file with streams of blocks. Each block has its text and the code of its dictionary size.
func xzBlocks(streams ...[]xzBlock) string {
	var out []byte
	word := func(b []byte, n uint32) []byte { return binary.LittleEndian.AppendUint32(b, n) }
	sealed := func(b []byte) []byte { return word(b, crc32.ChecksumIEEE(b)) }
	padded := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
	flags := []byte{0, 1} // each block has a CRC32
	for _, blocks := range streams {
		out = append(out, "\xfd7zXZ\x00"...)
		out = append(out, sealed(flags[:len(flags):len(flags)])...)
		index := []byte{0, byte(len(blocks))}
		for _, block := range blocks {
			header := sealed([]byte{2, 0, 0x21, 1, block.dictionary, 0, 0, 0})
			chunk := append([]byte{1, byte((len(block.text) - 1) >> 8), byte(len(block.text) - 1)}, block.text...)
			chunk = append(chunk, 0)
			out = append(append(out, header...), padded(chunk)...)
			out = word(out, crc32.ChecksumIEEE([]byte(block.text)))
			index = binary.AppendUvarint(index, uint64(len(header)+len(chunk)+4))
			index = binary.AppendUvarint(index, uint64(len(block.text)))
		}
		index = sealed(padded(index))
		out = append(out, index...)
		footer := append(word(nil, uint32(len(index)/4-1)), flags...)
		out = append(append(word(out, crc32.ChecksumIEEE(footer)), footer...), "YZ"...)
	}
	return string(out)
}

type xzBlock struct {
	dictionary byte // 28 is 64 MiB, 30 is 128 MiB, 40 is 4 GiB
	text       string
}

// No block of an xz file gets more memory than the bound, wherever it is: the size in its header is not trusted.
func TestDictionariesOfXz(t *testing.T) {
	const mostCode, most = 30, 2 * maxWindow // the reader of a larger block replaces that of a smaller one
	rows := func(n int) string { return fmt.Sprintf("%d,2\n", n) }
	for _, code := range []byte{0, 20, mostCode, mostCode + 1, 36, 40, 41} {
		for name, in := range map[string]string{
			"first":            xzBlocks([]xzBlock{{code, "id,n\n1,2\n"}, {0, rows(2)}}),
			"second":           xzBlocks([]xzBlock{{8, "id,n\n1,2\n"}, {code, rows(2)}}),
			"growing":          xzBlocks([]xzBlock{{code - min(code, 1), "id,n\n1,2\n"}, {code, rows(2)}}),
			"second stream":    xzBlocks([]xzBlock{{8, "id,n\n1,2\n"}}, []xzBlock{{code, rows(2)}}),
			"after padding":    xzBlocks([]xzBlock{{8, "id,n\n1,2\n"}}) + "\x00\x00\x00\x00" + xzBlocks([]xzBlock{{code, rows(2)}}),
			"xz within gzip":   string(gzipped(t, xzBlocks([]xzBlock{{8, "id,n\n1,2\n"}, {code, rows(2)}}))),
			"after a real one": xzed(t, "id,n\n1,2\n") + xzBlocks([]xzBlock{{code, rows(2)}}),
		} {
			if code == mostCode && name != "growing" {
				continue // so much memory takes time
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := unpacked(in)
			runtime.ReadMemStats(&after)
			switch {
			case code <= mostCode && (err != nil || got != "id,n\n1,2\n2,2\n"):
				t.Errorf("%s, code %d: %q, %v", name, code, got, err)
			case code > mostCode && err == nil, code > mostCode && code <= 40 && !strings.Contains(err.Error(), "128 MiB of memory to be unpacked; unpack it first, with xz -d"):
				t.Errorf("%s, code %d: %q, %v", name, code, got, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > most {
				t.Errorf("%s, code %d: %d MiB allocated", name, code, used>>20)
			}
		}
	}
}

func unpacked(in string) (string, error) {
	r, _, err := unpack(bufio.NewReader(strings.NewReader(in)))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// FuzzUnpack reads any bytes as what they seem to be: without a panic, and in bounded memory.
func FuzzUnpack(f *testing.F) {
	for _, in := range []string{string(gzipped(f, "id,n\n1,2\n")), string(zstandard(f, "id,n\n")), xzed(f, "id,n\n"), bzip2Sample(f), tarOf(f, tar.FormatUSTAR), zipOf(f, "a.csv", "id,n\n"), skippable("") + "x", "\x1f", "B", "ORC"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, _, err := unpack(bufio.NewReader(bytes.NewReader(in)))
		if err == nil {
			io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		}
		zipEntry(bytes.NewReader(in), int64(len(in)))
	})
}
