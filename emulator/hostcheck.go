package emulator

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// inProcess marks the context of requests that came through
// [Server.Transport], behind which there is no browser to protect.
type inProcess struct{}

func isInProcess(ctx context.Context) bool { return ctx.Value(inProcess{}) != nil }

// hostAllowed reports whether the Host header names the server in a way that
// a web page elsewhere cannot make a browser use: localhost, an IP address, or
// a configured name. A page whose own name was pointed at 127.0.0.1 (DNS
// rebinding) sends that name.
func (s *Server) hostAllowed(r *http.Request) bool {
	if isInProcess(r.Context()) {
		return true
	}
	host := hostname(r.Host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, allowed := range s.config.AllowHosts {
		if strings.EqualFold(host, allowed) {
			return true
		}
	}
	return false
}

// originAllowed reports whether the request is not one that a page of another
// origin made a browser send.
func originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != "cross-site"
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// hostname is a Host header without its port and brackets, in lower case and
// without a final dot.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
