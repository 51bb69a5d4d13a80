package mapping

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// sniff inspects an input and proposes a mapping for it. It returns how many bytes that has allocated.
func sniff(t testing.TB, data []byte) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	src, err := source.New(bytes.NewReader(data), source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if p, err := source.Inspect(t.Context(), src, 0); err == nil && p.Sampled > 0 {
		proposal, err := Propose(p, ProposeConfig{})
		if err == nil && proposal.Open == nil {
			if _, err := Parse("m.yaml", proposal.Mapping); err != nil {
				t.Errorf("the proposal is not a mapping: %v\n%s", err, proposal.Mapping)
			}
		}
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzSniff checks that no input causes a panic, a proposal that is not a mapping, or more than 64 MiB of garbage.
func FuzzSniff(f *testing.F) {
	for _, seed := range []string{proposeIn, "a,b\n1,\"x\n2,3\n", "id;n\n1;1,5\n", `{"a":{"b":[1]}}` + "\n", "\xff\xfea\x00", "a\tb\n\\N\t1\n", "1,2\n3,4\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := sniff(t, data); len(data) <= 2<<20 && n > 64<<20 {
			t.Errorf("%d bytes of input made %d bytes of garbage", len(data), n)
		}
	})
}

// A mebibyte of the input that is hardest to inspect costs only a few times as much as a mebibyte of rows: no step compares everything with
// everything.
func TestSniffHard(t *testing.T) {
	for name, data := range map[string]string{
		"long cells": "id,x\n" + strings.Repeat("1,"+strings.Repeat("9.", 20_000)+"\n", 25),
		"quotes":     "id,x\n" + strings.Repeat(`"`, 1<<20),
		"many dates": "id,x\n" + strings.Repeat("1,01/02/2003 04:05:06 PM +01:00\n", 30_000),
		"members":    strings.Repeat(`{"a":1,"b":[[[[[[[]]]]]]]}`+"\n", 40_000),
	} {
		t.Run(name, func(t *testing.T) {
			n := sniff(t, []byte(data))
			if n > 64<<20 {
				t.Errorf("%d bytes of garbage", n)
			}
		})
	}
}

// hardInputs returns inputs of about that size on which a step that compares everything with everything takes longest.
func hardInputs(size int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	columns := func(n int, row string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "c%d,", i)
		}
		return b.String() + "end\n" + strings.Repeat(strings.Repeat(row+",", n)+row+"\n", 4)
	}
	return map[string]string{
		"one line":            fill("x"),
		"one line of fields":  fill("x,y;"),
		"one cell":            "id,x\n1," + fill("9."),
		"many columns":        columns(size/10, "1"), // from 2 MiB on rejected: the header is longer than a mebibyte
		"columns":             columns(size/20, "1"),
		"one name":            fill("a,") + "a\n1\n",
		"quotes":              fill(`"`),
		"quotes in fields":    "id,x\n" + fill(`1,"a""`),
		"apostrophes":         "id,x\n" + fill("'a','b'\n"),
		"open quotes":         "id,x\n" + fill("1,\"x\n"),
		"commas":              fill(","),
		"all delimiters":      fill(",;\t|\x01\x1f\x1e\x02^~:#!*"),
		"lines of delimiters": fill(",;\t|\n"),
		"backslashes":         "id,x\n" + fill(`1,\"\\`),
		"carriage returns":    fill("\r"),
		"mixed line ends":     "id,x\n" + fill("1,2\r3,4\n5,6\r\n"),
		"lists":               strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"objects":             fill(`{"a":`),
		"deep rows":           fill(`{"a":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + "}\n"),
		"members":             "{" + strings.TrimSuffix(fill(`"a":1,`), ",") + "}\n",
		"escapes in JSON":     `{"a":"` + fill(`\u0022`) + `"}`,
		"long dates":          "id,x\n" + fill("1,01/02/2003 04:05:06 PM +01:00\n"),
		"bytes":               fill("\x00\xff\xfe"),
		"spaces":              "id,x\n" + fill("1, \n"),
	}
}

// Inspecting a long input costs about as much as inspecting parts of the same kind that are together as long, however hostile it is: the cost of a
// mebibyte does not grow with the input. Both are measured alternately, and they take equally long on a machine of any speed and load.
func TestSniffGrowsLinearly(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes some steps slower than others")
	}
	sizes := []int{512 << 10, 2 << 20}
	if os.Getenv("CIOKIT_FULL") == "1" {
		sizes = append(sizes, 8<<20)
	}
	const parts, most = 8, 3 // a quadratic step makes the long input up to 8 times as expensive as the parts
	for _, size := range sizes {
		short := hardInputs(size / parts)
		for name, long := range hardInputs(size) {
			t.Run(fmt.Sprintf("%s of %d KiB", name, size>>10), func(t *testing.T) {
				least := math.Inf(1)
				for try := 0; try < 5 && least > most; try++ { // other processes can interrupt one of the two
					begun := time.Now()
					for range parts {
						sniff(t, []byte(short[name]))
					}
					middle := time.Now()
					sniff(t, []byte(long))
					least = min(least, time.Since(middle).Seconds()/middle.Sub(begun).Seconds())
				}
				if least > most {
					t.Errorf("%d bytes cost %.1f times as much as %d times %d bytes: the cost grows faster than the input", len(long), least, parts, len(short[name]))
				}
			})
		}
	}
}

// BenchmarkSniff inspects 2 MiB of each hard input. On an idle machine, a mebibyte takes less than a second.
func BenchmarkSniff(b *testing.B) {
	for name, data := range hardInputs(2 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				sniff(b, []byte(data))
			}
		})
	}
}
