// Package emulated distinguishes an emulator of Customer.io from a server that may pass calls on to a real workspace.
package emulated

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator"
)

// Answers reports whether an emulator answers the API's calls at the address. Any other server may pass the calls on to a real workspace, as ciokit
// proxy and a tunnel do. It sends the request that a browser sends before a page's own request. That changes nothing on any server. The error means
// that nothing answers. If transport is nil, it uses its own connection, without a proxy.
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
