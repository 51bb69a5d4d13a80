package mapping

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

func mustMapping(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := Parse("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustSource(t testing.TB, text string, cfg source.Config) source.Source {
	t.Helper()
	src, err := source.New(strings.NewReader(text), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}
