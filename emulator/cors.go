package emulator

import "net/http"

// allowPages lets scripts of pages of any origin call the API, as the browser
// SDK does, and answers their preflights. It reports whether the request was
// one. The inspection and the page are never opened like this.
func allowPages(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Origin") == "" {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	// A wildcard would not cover Authorization.
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Strict-Mode, X-Retry-Count")
	h.Set("Access-Control-Max-Age", "600")
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}
