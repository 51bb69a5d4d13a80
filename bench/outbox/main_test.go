package main

import (
	"log/slog"
	"os"
	"testing"
)

// TestBothDrain drains a small backlog with each of the two: at the end nothing is left.
func TestBothDrain(t *testing.T) {
	b := bench{url: os.Getenv("CIOKIT_POSTGRES_URL"), messages: 3000, workers: 2}
	if b.url == "" {
		t.Skip("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ours, err := b.ours(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rivers, err := b.river(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f and %.0f a second", ours, rivers)
}
