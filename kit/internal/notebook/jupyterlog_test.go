package notebook

import (
	"testing"
)

// The log shows which cell begins, however it is split into pieces, and keeps warnings and the last messages of Python. A cell that prints the same
// words does not count as another cell.
func TestJupyterLog(t *testing.T) {
	t.Parallel()
	const said = record + "DEBUG Loaded config:\nExecuting cell:\n" + record + "DEBUG Executing cell:\nfmt.Println(1)\n" + record + "WARNING slow\nand so on\n" +
		record + "DEBUG content: {}\nExecuting cell:\n" + record + "DEBUG Executing cell:\n" + record + "DEBUG Traceback\nTraceback (most recent call last):\n  File x\nError: why"
	const want = "slow\nand so on\nTraceback (most recent call last):\n  File x\nError: why"
	for name, chunk := range map[string]int{"whole": len(said), "bytes": 1, "pieces": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cells := 0
			l := &jupyterLog{began: func() { cells++ }}
			for rest := said; rest != ""; {
				n := min(chunk, len(rest))
				if _, err := l.Write([]byte(rest[:n])); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if got := l.text(); cells != 2 || got != want {
				t.Errorf("%d cells, %q\nwant %q", cells, got, want)
			}
		})
	}
}
