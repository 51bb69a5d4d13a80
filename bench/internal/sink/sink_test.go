package sink

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The sink counts each message by its id, in the batches of every client, and counts nothing that only looks like one.
func TestSinkCounts(t *testing.T) {
	for _, c := range []struct {
		name, body         string
		messages, distinct int64
	}{
		{"ours", `{"batch":[{"type":"track","messageId":"a"},{"type":"track","messageId":"b"}]}`, 2, 2},
		{"one alone", `{"type":"track","messageId":"a"}`, 1, 1},
		{"segmentio: the batch has an id too", `{"messageId":"x","sentAt":"t","batch":[{"messageId":"a"},{"messageId":"a"}],"context":{}}`, 2, 1},
		{"posthog", `{"api_key":"k","batch":[{"type":"capture","uuid":"1"},{"uuid":"2"},{"uuid":"2"}]}`, 3, 2},
		{"cut off", `{"batch":[{"messageId":"a`, 0, 0},
		{"empty", ``, 0, 0},
	} {
		for _, compressed := range []bool{false, true} {
			s := New()
			req := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(c.body))
			if compressed {
				var z bytes.Buffer
				w := gzip.NewWriter(&z)
				io.WriteString(w, c.body)
				w.Close()
				req = httptest.NewRequest(http.MethodPost, "/v1/batch", &z)
				req.Header.Set("Content-Encoding", "gzip")
			}
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			got := s.Counts()
			if rec.Code != http.StatusOK || got.Messages != c.messages || got.Distinct != c.distinct || got.Requests != 1 || got.Bytes != int64(len(c.body)) {
				t.Errorf("%s, gzip %t: %d, %+v", c.name, compressed, rec.Code, got)
			}
			if s.Reset(); s.Counts() != (Counts{}) {
				t.Errorf("after Reset: %+v", s.Counts())
			}
		}
	}
}

func TestSinkRefusesWhatIsNotGzip(t *testing.T) {
	req := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader("{}"))
	req.Header.Set("Content-Encoding", "gzip")
	rec := httptest.NewRecorder()
	New().ServeHTTP(rec, req)
	if rec.Code != http.StatusBadRequest {
		t.Errorf("answered %d", rec.Code)
	}
}

// A process gets its commands over its standard input. Over TLS it speaks both protocols to clients that trust its certificate.
func TestServe(t *testing.T) {
	in, commands := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(in, out) }()
	read := json.NewDecoder(answers)
	var a Addresses
	if err := read.Decode(&a); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, protocol string
		http2, reuse  bool
		connections   int64
	}{{a.Plain, "1.1", false, true, 1}, {a.Plain, "1.1", false, false, 3}, {a.TLS, "1.1", false, true, 1}, {a.TLS, "2.0", true, true, 1}} {
		io.WriteString(commands, "reset\n")
		var got Counts
		if err := read.Decode(&got); err != nil {
			t.Fatal(err)
		}
		client := Client(a.CA, c.http2, c.reuse)
		for range 3 {
			resp, err := client.Post(c.url+"/v1/batch", "application/json", strings.NewReader(`{"batch":[{"messageId":"a"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		client.CloseIdleConnections()
		io.WriteString(commands, "counts\n")
		if err := read.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Requests != 3 || got.Connections != c.connections || got.Protocol != c.protocol {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	commands.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSinkDelay(t *testing.T) {
	s := New()
	s.SetDelay(20 * time.Millisecond)
	start := time.Now()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader("{}")))
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}
