package cio_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  cio.Config
		want string // in the error
	}{
		{"no key", cio.Config{Region: cio.RegionUS}, "CUSTOMERIO_API_KEY"},
		{"a key with a newline", cio.Config{APIKey: "k\n", Region: cio.RegionUS}, "CUSTOMERIO_API_KEY"},
		{"a pair of id and key", cio.Config{APIKey: "site:k", Region: cio.RegionUS}, "colon"},
		{"no region", cio.Config{APIKey: "k"}, "wrong country"},
		{"an unknown region", cio.Config{APIKey: "k", Region: "asia"}, "us or eu"},
		{"no scheme", cio.Config{APIKey: "k", BaseURL: "localhost:8110"}, "scheme and a host"},
		{"another scheme", cio.Config{APIKey: "k", BaseURL: "ftp://host"}, "scheme and a host"},
		{"a key in the URL", cio.Config{APIKey: "k", BaseURL: "http://s3cret@host"}, "must not contain credentials"},
		{"no URL", cio.Config{APIKey: "k", BaseURL: "http://s3cret\x7f"}, "is not a URL"},
		{"a query", cio.Config{APIKey: "k", BaseURL: "http://host/?a=s3cret"}, "no query"},
		{"a negative timeout", cio.Config{APIKey: "k", Region: cio.RegionUS, Timeout: -1}, "Config.Timeout"},
		{"a negative size", cio.Config{APIKey: "k", Region: cio.RegionUS, MaxBatchBytes: -1}, "Config.MaxBatchBytes"},
		{"messages over the batch", cio.Config{APIKey: "k", Region: cio.RegionUS, MaxBatchBytes: 32_000}, "does not fit"},
		{"a context in a list", cio.Config{APIKey: "k", Region: cio.RegionUS, Context: []int{1}}, "Config.Context"},
		{"a context that is not UTF-8", cio.Config{APIKey: "k", Region: cio.RegionUS, Context: map[string]string{"a": "\xff"}}, "context.a"},
		{"a context that is not JSON", cio.Config{APIKey: "k", Region: cio.RegionUS, Context: make(chan int)}, "Config.Context"},
	} {
		_, err := cio.NewClient(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, base, want string }{
		{"us", "", "https://cdp.customer.io"},
		{"eu", "", "https://cdp-eu.customer.io"},
		{"", "http://127.0.0.1:8110", "http://127.0.0.1:8110"},
		{"", "http://127.0.0.1:8110/v1", "http://127.0.0.1:8110"},
		{"us", "https://proxy.example/cio/v1/", "https://proxy.example/cio"},
	} {
		client, err := cio.NewClient(cio.Config{APIKey: "k", Region: cio.Region(c.region), BaseURL: c.base})
		if err != nil || client.Target() != c.want {
			t.Errorf("%q, %q: got %v, %v, want %s", c.region, c.base, client, err, c.want)
		}
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Setenv("CUSTOMERIO_API_KEY", testKey)
	t.Setenv("CUSTOMERIO_REGION", "EU")
	t.Setenv("CUSTOMERIO_BASE_URL", "")
	c, err := cio.NewClient(cio.ConfigFromEnv())
	if err != nil || c.Target() != "https://cdp-eu.customer.io" {
		t.Errorf("got %v, %v", c, err)
	}
	t.Setenv("CUSTOMERIO_BASE_URL", "http://127.0.0.1:1/v1")
	if c, err = cio.NewClient(cio.ConfigFromEnv()); err != nil || c.Target() != "http://127.0.0.1:1" {
		t.Errorf("got %v, %v", c, err)
	}
}

// The key never appears when values are printed or logged, neither plain nor in the form that is sent.
func TestTheKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	basic := base64.StdEncoding.EncodeToString([]byte(testKey + ":"))
	echo := &server{answer: func(n int, c call) (*http.Response, error) {
		if n == 0 {
			return status(500, "internal error for "+c.header.Get("Authorization")), nil
		}
		return status(401, `{"meta":{"error":"bad key `+testKey+`"}}`), nil
	}}
	cfg := cio.Config{APIKey: testKey, Region: cio.RegionUS, HTTPClient: &http.Client{Transport: echo}, MaxElapsed: time.Minute}
	cfg.Logger = slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	sendErr := client.Send(t.Context(), cio.Page{UserID: "u1"})
	for _, v := range []any{cfg, &cfg, client, []any{cfg, client}, struct{ Config cio.Config }{cfg}, map[string]any{"c": cfg}, sendErr} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("configured", "config", cfg, "pointer", &cfg, "client", client, "group", slog.GroupValue(slog.Any("c", cfg)), "error", sendErr)
	}
	b, _ := json.Marshal(cfg)
	shown = append(shown, string(b), logged.String())
	for _, s := range shown {
		for _, secret := range []string{testKey, basic, fmt.Sprintf("%x", testKey)} {
			if strings.Contains(s, secret) {
				t.Errorf("the key shows in %s", s)
			}
		}
	}
	if !strings.Contains(logged.String(), "configured") || !strings.Contains(sendErr.Error(), "[key]") {
		t.Errorf("nothing was masked: %v\n%s", sendErr, logged.String())
	}
	if got := echo.seen()[0].header.Get("Authorization"); got != "Basic "+basic {
		t.Errorf("Authorization %q", got)
	}
}
