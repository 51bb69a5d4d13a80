package otel_test

import (
	"net/http"

	"github.com/ciokit/cio/emulator"
)

// emulated returns a client whose requests go to an emulator, whatever their host is.
func emulated() *http.Client {
	return &http.Client{Transport: emulator.New(emulator.Config{}).Transport()}
}
