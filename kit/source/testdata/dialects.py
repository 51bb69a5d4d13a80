"""Writes tables in the dialects of Python's csv module into a directory, each so many-th of them, and prints as JSON what was written."""
import csv, itertools, json, os, sys

directory, every = sys.argv[1], int(sys.argv[2])

TABLES = {
    "people": [
        ["id", "email", "name", "note", "score"],
        ["1", "ann@example.com", 'Ann "The Boss" Lee', "one, two; three", 3.5],
        ["2", "bob@example.com", "O'Brien", "C:\\dir\\file", -1],
        ["3", "", "plain", "two\nlines", 0],
        ["4", "dee@example.com", " spaces ", "a\ttab | bar", 12],
        ["5", "eve@example.com", "Müller", "ends with \\", 7],
        ["6", "fay@example.com", '"quoted"', "", 1],
    ],
    "plain": [["id", "name", "city"], ["1", "Ann", "Berlin"], ["2", "Bob", "Paris"], ["3", "Cid", ""]],
    "empty": [["id", "name", "city"], ["1", "", ""], ["2", "", ""], ["3", "", "x"]],
    "quotes": [["id", "size", "note"], ["1", '5" pipe', 'say "hi"'], ["2", '7"', ""], ["3", '"', '""'], ["4", "x", 'a "b", "c"']],
    "lines": [["id", "note", "n"], ["1", "a\r\nb", 1], ["2", "a\nb\nc", 2], ["3", "a\rb", 3], ["4", "a,b\nc,d", 4]],
    "slashes": [["id", "path", "n"], ["1", "C:\\x", 1], ["2", "\\\\host\\share", 2], ["3", "a\\", 3], ["4", "a\\nb", 4]],
    "prose": [["id", "said", "by"], ["1", "It's a dog's life, isn't it?", "Ann"], ["2", "'Tis, 'twas", "Bob"], ["3", "the '90s", "Cid, Jr."]],
    "one": [["id", "note"], ["1", 'He said "no", and left']],
}

styles = [n for n in ("QUOTE_ALL", "QUOTE_MINIMAL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "QUOTE_STRINGS", "QUOTE_NOTNULL") if hasattr(csv, n)]
written, n = [], 0
for style, delimiter, escape, double, quote, end, (name, table) in itertools.product(
    styles, ",;\t|", (None, "\\"), (True, False), "\"'", ("\r\n", "\n", "\r"), TABLES.items()
):
    n += 1
    if n % every:
        continue
    options = dict(quoting=getattr(csv, style), delimiter=delimiter, escapechar=escape, doublequote=double, quotechar=quote, lineterminator=end)
    file = f"{n}.{'tsv' if delimiter == chr(9) else 'csv'}"
    try:
        with open(os.path.join(directory, file), "w", newline="", encoding="utf-8") as f:
            csv.writer(f, **options).writerows(table)
    except csv.Error:
        continue  # what cannot be written so
    # What Python itself does not read back is no table. Releases before 3.12 leave escape characters as they are.
    with open(os.path.join(directory, file), newline="", encoding="utf-8") as f:
        options["quoting"] = csv.QUOTE_NONE if style == "QUOTE_NONE" else csv.QUOTE_MINIMAL
        try:
            back = list(csv.reader(f, **options))
        except csv.Error:
            continue
    rows = [[str(c) for c in row] for row in table]
    if back != rows:
        continue
    written.append(dict(file=file, dialect=repr((style, delimiter, escape, double, quote, end, name)), rows=rows))
json.dump(written, sys.stdout)
