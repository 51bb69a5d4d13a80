package otel_test

import (
	"net/http"

	"github.com/ciokit/cio/emulator"
)

// emulated returns a client whose requests end in an emulator, whatever their host.
func emulated() *http.Client {
	return &http.Client{Transport: emulator.New(emulator.Config{}).Transport()}
}
