// Package emulated tells an emulator of Customer.io from what may pass calls on to a real workspace.
package emulated

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator"
)

// Answers reports whether an emulator answers the API's calls at the address. Anything else there may pass them on to a real workspace, as
// ciokit proxy and a tunnel do. It asks as a browser does before it sends something from a page, which changes nothing wherever it arrives.
// The error says that nothing answers. transport nil: a connection of its own, without a proxy.
func Answers(ctx context.Context, base string, transport http.RoundTripper) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodOptions, strings.TrimSuffix(base, "/")+"/v1/batch", nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Origin", "http://localhost")
	req.Header.Set("Access-Control-Request-Method", http.MethodPost)
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true}
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	return resp.Header.Get(emulator.Header) == "1", nil
}
