package emulator_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestMemoryIsBounded sends many more messages than the journal and the people
// can keep, and checks the heap. With CIOKIT_DEEP=1 it sends ten million, or
// one million under the race detector.
func TestMemoryIsBounded(t *testing.T) {
	const perBatch = 1500
	messages := 150_000
	if os.Getenv("CIOKIT_DEEP") == "1" {
		messages = 10_000_000
		if raceDetector {
			messages = 1_000_000
		}
	}
	c := newClient(t, emulator.Config{MaxMessages: 10_000, MaxEventsPerPerson: 5})
	var batch strings.Builder
	batch.WriteString(`{"batch":[`)
	for i := range perBatch {
		if i > 0 {
			batch.WriteByte(',')
		}
		fmt.Fprintf(&batch, `{"type":"track","messageId":"%032x","userId":"u%d","event":"Order Completed","properties":{"order_id":"o%d","total":12.30},"context":{"library":{"name":"cio","version":"1.0.0"}}}`, i, i%1000, i)
	}
	batch.WriteString(`]}`)
	text := batch.String()
	sent := 0
	send := func(n int) {
		for ; sent < n; sent += perBatch {
			c.post("/v1/batch", text, http.StatusOK)
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	send(messages / 5)
	early := heap()
	send(messages)
	late := heap()
	if late > early+early/4 {
		t.Errorf("the heap grew from %d bytes after a fifth to %d after %d messages", early, late, sent)
	}
	if s := c.stats(); s.Events != sent || s.Messages.Accepted != uint64(sent) || s.People != 1000 {
		t.Errorf("%d sent, %+v", sent, s)
	}
	t.Logf("heap %d KB after %d messages, %d KB after %d", early>>10, messages/5, late>>10, sent)
}
