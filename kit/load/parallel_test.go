package load

import (
	"flag"
	"runtime"
	"strconv"
	"testing"
)

// Most of the tests wait for disks.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	m.Run()
}
