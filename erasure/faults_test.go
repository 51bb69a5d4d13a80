package erasure_test

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/ciokit/cio/emulator"
)

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// lossy is a connection to the emulator on which request n arrives, but its answer does not.
func lossy(srv *emulator.Server, n int64) *http.Client {
	var asked atomic.Int64
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := srv.Transport().RoundTrip(r)
		if asked.Add(1) == n && err == nil {
			_ = resp.Body.Close()
			return nil, errors.New("the connection was lost")
		}
		return resp, err
	})}
}

// clientBeside is a connection to the emulator that does something before each request.
func clientBeside(srv *emulator.Server, do func()) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		do()
		return srv.Transport().RoundTrip(r)
	})}
}
