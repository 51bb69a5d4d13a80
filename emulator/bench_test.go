package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// BenchmarkBatch measures how fast the handler processes batches of the size
// that the SDKs send. It reports messages per second.
func BenchmarkBatch(b *testing.B) {
	message := map[string]func(i int) string{
		"track": func(i int) string {
			return fmt.Sprintf(`{"type":"track","messageId":"%032x","timestamp":"2026-01-02T03:04:05.678Z","userId":"user-%d","event":"Order Completed","properties":{"order_id":"o%d","total":%d.25,"currency":"USD","quantity":2},"context":{"library":{"name":"cio","version":"1.0.0"}}}`, i, i%5000, i, i%100)
		},
		"identify": func(i int) string {
			return fmt.Sprintf(`{"type":"identify","messageId":"%032x","timestamp":"2026-01-02T03:04:05.678Z","userId":"user-%d","traits":{"email":"user-%d@example.com","first_order_at":"2021-01-01","orders":%d,"total":12.50,"plan":"basic"},"context":{"library":{"name":"cio","version":"1.0.0"}}}`, i, i%5000, i%5000, i)
		},
	}
	for _, name := range []string{"track", "identify"} {
		b.Run(name, func(b *testing.B) {
			var text strings.Builder
			n := 0
			for text.WriteString(`{"batch":[`); text.Len() < 470_000; n++ {
				if n > 0 {
					text.WriteByte(',')
				}
				text.WriteString(message[name](n))
			}
			text.WriteString(`]}`)
			srv := emulator.New(emulator.Config{MaxEventsPerPerson: 10})
			b.ReportAllocs()
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(text.String()))
				r.Host = "localhost"
				r.SetBasicAuth("key", "")
				w := httptest.NewRecorder()
				srv.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			stats, err := srv.Stats("key")
			if err != nil || stats.Messages.Accepted != uint64(n*b.N) {
				b.Fatalf("%d messages sent, stats %+v, error %v", n*b.N, stats, err)
			}
		})
	}
}

// BenchmarkSearch measures the page's search among 1,000,000 messages in the
// worst cases: the text occurs once, at the very end, or nowhere.
func BenchmarkSearch(b *testing.B) {
	const messages = 1_000_000
	srv := emulator.New(emulator.Config{MaxMessages: messages, MaxJournalBytes: 1 << 30, MaxEventsPerPerson: 1})
	var batch strings.Builder
	for i := range messages {
		if batch.Len() > 0 {
			batch.WriteByte(',')
		}
		text := fmt.Sprintf(`{"type":"track","messageId":"%032x","timestamp":"2026-01-02T03:04:05.678Z","userId":"user-%d","event":"Order Completed","properties":{"order_id":"o%d","total":%d.25,"currency":"USD"}}`, i, i%5000, i, i%100)
		if i == 0 {
			text = `{"type":"identify","userId":"oldest","traits":{"email":"J\u00fcrgen@x.example","city":"K\u00f6ln"}}`
		}
		batch.WriteString(text)
		if batch.Len() > 470_000 || i == messages-1 {
			r := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(`{"batch":[`+batch.String()+`]}`))
			r.Host = "localhost"
			r.SetBasicAuth("key", "")
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatal(w.Code)
			}
			batch.Reset()
		}
	}
	for _, query := range []string{"", "q=oldest", "q=not-there", "q=k%C3%B6ln", "q=user-77", "q=completed+user-77+o77", "q=order+completed+not-there", "q=-order", "q=user-77+-completed", "event=Order", "event=Order+Completed", "person=oldest", "person=user-77",
		"type=identify", "verdict=dropped", "rule=missing-event", "to=1h", "from=1m&q=not-there"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/messages?"+query, nil)
				r.Host = "localhost"
				w := httptest.NewRecorder()
				srv.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
