package appapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Do calls an operation that has no method here. The path is that of the API's document, such as /v1/snippets, with its parameters filled
// in; escape a parameter with url.PathEscape. body is encoded as JSON; nil sends no body. The body of the answer is decoded into answer, a
// pointer, as encoding/json does it; nil ignores it.
//
// The rate limit and the errors are those of the methods. Temporary failures are retried. A POST or a PATCH is retried only if the API
// cannot have processed it, because two calls could have another effect than one.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	at, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/v1/") || at.RawQuery != "" || at.Fragment != "" || strings.Contains(path, "/../") || strings.Contains(path, "/./") {
		return errors.New("appapi: Do: the path must begin with /v1/ and have no query")
	}
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return errors.New("appapi: Do: the method must be GET, POST, PUT, PATCH or DELETE")
	}
	r := request{operation: "Do", method: method, path: at.EscapedPath(), query: query, once: method == http.MethodPost || method == http.MethodPatch}
	if body != nil {
		if r.body, err = json.Marshal(body); err != nil {
			return errors.New("appapi: Do: the body cannot be encoded as JSON")
		}
	}
	text, err := c.call(ctx, r)
	if err != nil || answer == nil || len(strings.TrimSpace(string(text))) == 0 {
		return err
	}
	if json.Unmarshal(text, answer) != nil {
		return operation{name: "Do"}.misread(&formError{want: "what was to be read"})
	}
	return nil
}
