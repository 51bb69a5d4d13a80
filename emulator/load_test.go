package emulator_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// TestLoad sends 1,000,000 messages with CIOKIT_DEEP=1, otherwise 50,000, in
// batches of 475,000 bytes over two loopback connections. It logs the speed and
// the memory. With CIOKIT_DEEP=1 the last tenth must not take more than a fifth
// longer than the first.
//
//	CIOKIT_DEEP=1 go test ./emulator -run TestLoad -v
func TestLoad(t *testing.T) {
	const batchBytes, senders, tenths = 475_000, 2, 10
	deep := os.Getenv("CIOKIT_DEEP") == "1"
	total := 50_000
	if deep {
		total = 1_000_000
	}
	cio := emulator.Config{MaxMessages: 50_000, MaxEventsPerPerson: 10}.Start(t)
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	perBatch := 0
	for ; ; perBatch++ {
		m := fmt.Sprintf(`{"type":"track","messageId":"%032x","timestamp":"2026-01-02T03:04:05.678Z","userId":"user-%d","event":"Order Completed","properties":{"order_id":"o%d","total":%d.25,"currency":"EUR"},"context":{"library":{"name":"cio","version":"1.0.0"}}}`,
			perBatch, perBatch%5_000, perBatch, perBatch%100)
		if b.Len()+len(m)+3 > batchBytes {
			break
		}
		if perBatch > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m)
	}
	b.WriteString(`]}`)
	body := b.String()
	batches := (total + perBatch - 1) / perBatch

	var peak uint64
	var took [tenths]time.Duration
	var sent atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	start := time.Now()
	for tenth := range tenths {
		from := time.Now()
		last := int64(batches * (tenth + 1) / tenths)
		var sending sync.WaitGroup
		for range senders {
			sending.Go(func() {
				for sent.Add(1) <= last {
					req, err := http.NewRequest(http.MethodPost, cio.URL+"/v1/batch", strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					req.SetBasicAuth(cio.Key, "")
					resp, err := client.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
				}
			})
		}
		sending.Wait()
		sent.Store(last)
		took[tenth] = time.Since(from)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.Sys)
	}
	all := time.Since(start)
	if got := cio.Stats().Messages; got != (emulator.MessageCounts{Accepted: uint64(batches * perBatch)}) {
		t.Errorf("%d sent, %+v", batches*perBatch, got)
	}
	t.Logf("%d messages in %v: %.0f a second; %d MiB from the system; tenths %v", batches*perBatch, all.Round(time.Millisecond),
		float64(batches*perBatch)/all.Seconds(), peak>>20, took)
	if deep && !raceDetector && took[tenths-1] > took[0]*6/5 {
		t.Errorf("the last tenth took %v, the first %v", took[tenths-1], took[0])
	}
}
