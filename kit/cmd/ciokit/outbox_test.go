package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/outbox"
)

// beside runs the command outbox while a service uses the directory.
func beside(t *testing.T, want int, args ...string) string {
	t.Helper()
	out := new(syncBuffer)
	if code := run(t.Context(), append([]string{"outbox"}, args...), console.New(strings.NewReader(""), out, out)); code != want {
		t.Fatalf("ciokit outbox %s: %d: %s", strings.Join(args, " "), code, out.String())
	}
	return out.String()
}

// All commands work while a service uses the directory, and the service notices what they do.
func TestOutboxOfARunningService(t *testing.T) {
	t.Parallel()
	var mended atomic.Bool
	srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "not-yet", !mended.Load() && m.UserID == "13" }})
	client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: srv.Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "box")
	box, err := outbox.Open(client, outbox.Config{Dir: dir, Batcher: cio.BatcherConfig{MaxDelay: -1}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for _, who := range []string{"12", "13", "14"} {
		if err := box.Enqueue(t.Context(), cio.Track{UserID: who, Event: cio.Named("Signed Up", nil), MessageID: "m" + who}); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var status outboxStatus
	if err := json.Unmarshal([]byte(beside(t, 0, "status", dir, "--json")), &status); err != nil || status.Owner == nil || status.Owner.PID != os.Getpid() || status.Dead != 1 || status.Queued != 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if said := beside(t, 0, "status", dir); !strings.Contains(said, fmt.Sprintf("process %d on", os.Getpid())) {
		t.Errorf("status says %s", said)
	}
	list := beside(t, 0, "dead", "list", dir)
	if !strings.Contains(list, "m13") || !strings.Contains(list, "not-yet") {
		t.Errorf("dead list says %s", list)
	}
	mended.Store(true)
	if said := beside(t, 0, "dead", "retry", dir, "2"); !strings.Contains(said, "1 of 1 dead letter put back") {
		t.Errorf("dead retry says %s", said)
	}
	file := filepath.Join(t.TempDir(), "more.jsonl")
	if err := os.WriteFile(file, []byte(`{"type":"track","userId":"15","event":"Signed Up","messageId":"m15","timestamp":"2026-01-31T12:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	beside(t, 0, "import", dir, file)
	begun := time.Now()
	for ; ; time.Sleep(10 * time.Millisecond) { // the service checks once a second
		page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey, Verdict: emulator.VerdictAccepted})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range page.Messages {
			ids = append(ids, m.MessageID)
		}
		if slices.Contains(ids, "m13") && slices.Contains(ids, "m15") {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("arrived: %v", ids)
		}
	}
	if said := beside(t, 0, "purge", dir, "--id", "13"); !strings.Contains(said, "removed") {
		t.Errorf("purge says %s", said)
	}
}
