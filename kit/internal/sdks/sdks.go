// Package sdks holds how each of Customer.io's own SDKs is pointed at the emulator. What a banner, a page or a document shows is this, and
// this is what the tests of package emulatortest run, with the SDKs as they are published.
package sdks

import "strings"

// Snippet is an expression of JavaScript that makes a client.
type Snippet struct {
	// Package is the SDK's name in the npm registry.
	Package string
	// Code has <key> where the write key belongs, and <url> where the base URL does.
	Code string
}

// Snippets are those that are tested.
var Snippets = []Snippet{
	{"customerio-node", `new PipelinesClient(<key>, { url: "<url>/v1" })`},
	{"@customerio/cdp-analytics-node", `new Analytics({ writeKey: <key>, host: "<url>" })`},
	{"@customerio/cdp-analytics-browser", `AnalyticsBrowser.load({ writeKey: <key>, cdnURL: "<url>" })`},
}

// For returns the code with the URL, which has no slash at its end, and with the write key as an expression.
func (s Snippet) For(url, key string) string {
	return strings.NewReplacer("<key>", key, "<url>", url).Replace(s.Code)
}
