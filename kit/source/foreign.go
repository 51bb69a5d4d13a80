package source

import (
	"bytes"
	"strconv"
	"strings"
)

// kindOfFile is a kind of file that this package does not read, recognized by its first bytes.
type kindOfFile struct {
	begins string
	is     string
	hint   string
}

const (
	saveAsCSV = "save it as CSV in UTF-8"
	unpackIt  = "unpack it, and load the file in it"
	writeCSV  = "write it as Parquet or CSV, for example with DuckDB or pandas"
)

var kindsOfFile = []kindOfFile{
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", unpackIt},
	{"Rar!\x1a\x07", "a RAR archive", unpackIt},
	{"MSCF\x00", "a cabinet archive", unpackIt},
	{"\x1f\x9d", "compressed by compress (.Z)", "unpack it: gzip -dc FILE"},
	{"\x1f\xa0", "compressed by compress (.Z)", "unpack it: gzip -dc FILE"},
	{"\x1f\x1e", "compressed by pack (.z)", "unpack it: gzip -dc FILE"},
	{"\x04\x22\x4d\x18", "compressed by lz4", "unpack it: lz4 -dc FILE"},
	{"\x02\x21\x4c\x18", "compressed by lz4", "unpack it: lz4 -dc FILE"},
	{"\xff\x06\x00\x00sNaPpY", "compressed by Snappy", "unpack it: snzip -dc FILE"},
	{"LZIP\x01", "compressed by lzip", "unpack it: lzip -dc FILE"},
	{"\x89LZO\x00\r\n\x1a\n", "compressed by lzop", "unpack it: lzop -dc FILE"},
	{"\x5d\x00\x00\x80\x00", "compressed by lzma", "unpack it: xz -dc --format=lzma FILE"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or another document of Office", "open it and " + saveAsCSV},
	{"%PDF-", "a PDF document", "export the data as CSV"},
	{"{\\rtf", "a document in rich text", "export the data as CSV"},
	{sqliteMagic, "an SQLite database, not text", "give it as a database, with a query: sqlite:FILE --query 'SELECT ...'"},
	{"Obj\x01", "an Avro file", writeCSV},
	{"ARROW1\x00\x00", "an Arrow file (Feather)", writeCSV},
	{"FEA1\x00\x00\x00\x00", "an old Feather file", writeCSV},
	{"\xff\xff\xff\xff", "an Arrow stream", writeCSV},
	{"PARE", "an encrypted Parquet file", "decrypt it first"},
	{"\x93NUMPY", "an array of NumPy", writeCSV},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file", writeCSV},
	{"<stata_dta>", "a file of Stata", writeCSV},
	{"$FL2@(#)", "a file of SPSS", writeCSV},
	{"RDX2\nX\n", "a file of R", writeCSV},
	{"RDX3\nX\n", "a file of R", writeCSV},
	{"\x89PNG\r\n\x1a\n", "a picture", "export the data as CSV"},
	{"\xff\xd8\xff", "a picture", "export the data as CSV"},
	{"GIF87a", "a picture", "export the data as CSV"},
	{"GIF89a", "a picture", "export the data as CSV"},
	{"\x7fELF", "a program", "name the file with the data"},
	{"bplist00", "a property list", "export the data as CSV"},
	{"-----BEGIN PGP MESSAGE", "encrypted by PGP", "decrypt it: gpg -d FILE"},
	{"version https://git-lfs.github.com/spec/", "a pointer of Git LFS, without the file itself", "fetch the file: git lfs pull"},
}

// foreign returns why an input with these first bytes cannot be read here, nil if there is no reason.
func foreign(head []byte) error {
	for _, k := range kindsOfFile {
		if bytes.HasPrefix(head, []byte(k.begins)) {
			return notText(k.is, k.hint)
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipRefused(head)
	case isTar(head):
		return notText("a tar archive", "unpack it, or give - for the file, and pipe into the command what this prints: tar -xOf FILE")
	case bytes.HasPrefix(head, []byte("ORC")) && hasControls(head):
		return notText("an ORC file", writeCSV)
	case len(head) > 12 && string(head[8:12]) == "DUCK" && hasControls(head):
		return notText("a database of DuckDB", "write the table as Parquet: duckdb FILE \"COPY tbl TO 'tbl.parquet'\"")
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return notText("a pickle of Python", writeCSV)
	case len(head) > 2 && head[0] == 'x' && strings.IndexByte("\x01\x9c\xda", head[1]) >= 0 && hasControls(head[2:]):
		return notText("compressed by zlib", "unpack it: zlib-flate -uncompress < FILE")
	}
	return foreignText(head)
}

func notText(is, hint string) error {
	return &FormatError{Problem: "the input is " + is, Hint: hint}
}

// hasControls reports whether the first bytes contain characters that text does not have.
func hasControls(head []byte) bool {
	for _, c := range head[:min(len(head), 64)] {
		if c < 0x20 && !isBlank(c) {
			return true
		}
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// zipRefused names the kind of a ZIP archive that cannot be read.
func zipRefused(head []byte) error {
	first := head[min(len(head), 30):]
	switch {
	case bytes.Contains(head, []byte("application/vnd.oasis.opendocument")):
		return notText("a spreadsheet (.ods)", "open it and "+saveAsCSV)
	case bytes.HasPrefix(first, []byte("[Content_Types].xml")), bytes.HasPrefix(first, []byte("_rels/")), bytes.HasPrefix(first, []byte("xl/")), bytes.HasPrefix(first, []byte("docProps/")):
		return notText("a spreadsheet (.xlsx)", "open it and "+saveAsCSV)
	case bytes.HasPrefix(first, []byte("Index/")):
		return notText("a spreadsheet (.numbers)", "open it and "+saveAsCSV)
	}
	return notText("a ZIP archive or a spreadsheet", "save it as CSV if it is a spreadsheet; otherwise unpack it, or give - for the file, and pipe into the command what this prints: unzip -p FILE")
}

// isTar reports whether a file begins with the header of a tar archive with a correct checksum.
func isTar(head []byte) bool {
	const size, sumAt, sumBytes = 512, 148, 8
	if len(head) < size {
		return false
	}
	said, err := strconv.ParseInt(strings.Trim(string(head[sumAt:sumAt+sumBytes]), " \x00"), 8, 64)
	if err != nil {
		return false
	}
	sum := int64(sumBytes * ' ')
	for i, c := range head[:size] {
		if i < sumAt || i >= sumAt+sumBytes {
			sum += int64(c)
		}
	}
	return sum == said
}

// foreignText returns why text with this beginning does not contain rows.
func foreignText(head []byte) error {
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<meta", "<script", "<table", "<title"} {
		rest, ok := bytes.CutPrefix(text, []byte(tag))
		if ok && (len(rest) == 0 || isBlank(rest[0]) || rest[0] == '>') {
			return &FormatError{Line: 1, Problem: "the input is a web page (HTML), not rows", Hint: "open it in a browser: it may be a sign-in page, an error, or a table to be saved as CSV"}
		}
	}
	if bytes.HasPrefix(text, []byte("<?xml")) || bytes.HasPrefix(text, []byte("<!--")) {
		return &FormatError{Line: 1, Problem: "the input is XML, not rows", Hint: "read it: it may be an error of the server, or data to be exported as CSV"}
	}
	return nil
}
