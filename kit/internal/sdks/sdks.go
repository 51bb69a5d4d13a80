// Package sdks contains the code that points each of Customer.io's own SDKs at the emulator. Banners, pages and documents show this code, and the
// tests of package emulatortest run it with the published SDKs.
package sdks

import "strings"

// Snippet is a JavaScript expression that makes a client.
type Snippet struct {
	// Package is the SDK's name in the npm registry.
	Package string
	// Code has <key> in place of the write key, and <url> in place of the base URL.
	Code string
}

// Snippets are the tested snippets.
var Snippets = []Snippet{
	{"customerio-node", `new PipelinesClient(<key>, { url: "<url>/v1" })`},
	{"@customerio/cdp-analytics-node", `new Analytics({ writeKey: <key>, host: "<url>" })`},
	{"@customerio/cdp-analytics-browser", `AnalyticsBrowser.load({ writeKey: <key>, cdnURL: "<url>" })`},
}

// For returns the code with the URL, which must not end in a slash, and with the write key as an expression.
func (s Snippet) For(url, key string) string {
	return strings.NewReplacer("<key>", key, "<url>", url).Replace(s.Code)
}
