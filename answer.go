package cio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Limits on reading an answer: how much of it is used, and how much more is read, for how long, so that the connection can be used again.
const (
	maxAnswer  = 64 << 10
	maxRefusal = 1 << 20 // it may say something about each message of a batch
	maxDrain   = 256 << 10
	drainFor   = time.Second
)

// read judges an answer. After a redirect that may be followed, it returns the new address.
func (c *Client) read(ctx context.Context, r *request, resp *http.Response, target string, cancel func()) (next string, _ *APIError) {
	defer resp.Body.Close()
	status := resp.StatusCode
	if status >= 200 && status < 300 {
		return "", c.success(ctx, r, resp, cancel)
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // an answer that breaks off has its status all the same
	e := &APIError{Operation: r.operation, Status: status}
	r.reached = r.reached || status < 200
	if status >= 300 && status < 400 {
		next, e.Message = c.redirect(resp, target)
		return next, e
	}
	c.explain(e, resp, text)
	r.delay = retryAfter(resp.Header, time.Now())
	if status >= 500 || status == http.StatusRequestTimeout {
		r.reached = true // a server that fails may have worked on the request before
	}
	return "", e
}

// success judges a 2xx (docs/rules.md#hosts-keys-regions). It means acceptance only if it can be the API's answer to the complete request.
// A captive portal, a proxy or a maintenance page answers 200 too.
func (c *Client) success(ctx context.Context, r *request, resp *http.Response, cancel func()) *APIError {
	if c.cfg.AcceptAny2xx {
		// A body that does not end must not delay what is accepted.
		t := time.AfterFunc(drainFor, cancel)
		defer t.Stop()
		io.CopyN(io.Discard, resp.Body, maxDrain)
		return nil
	}
	whole := r.whole.Load() && !r.early.Load() // before the body is waited for, during which the rest may be sent
	text, err := r.readAnswer(resp.Body)
	if err == nil && whole && resp.StatusCode == http.StatusOK && len(text) <= maxAnswer {
		if _, ok := accepts(resp.Header.Get("Content-Type"), text); ok {
			return nil
		}
	}
	answer := fmt.Sprintf("%d %s ", resp.StatusCode, http.StatusText(resp.StatusCode))
	lost := ""
	switch {
	case err != nil && ctx.Err() != nil:
		r.reached = true
		return c.noAnswer(ctx, r, err)
	case err != nil:
		e := c.noAnswer(ctx, r, err)
		err, lost = e.Err, answer+came(resp)+" broke off: "+e.Message
	case !whole:
		err = errEarly
		lost = answer + came(resp) + " came before the whole request was sent; it may come from a proxy or from a test's stub"
	case len(text) > maxAnswer:
		err = errLong
		lost = answer + came(resp) + " is longer than any answer of the API"
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		if lost == "" {
			problem, ok := accepts(resp.Header.Get("Content-Type"), text)
			if ok {
				return nil
			}
			lost = problem + " instead of the API's answer " + came(resp) + "; is a proxy, a firewall or a sign-in page in between, or is the address wrong?"
		}
	default:
		if lost == "" {
			lost = describe(resp.Header.Get("Content-Type"), text) + " with a status that the API does not use " + came(resp)
		}
	}
	r.reached = true
	e := &APIError{Operation: r.operation, Message: c.mask(lost), Err: err, alien: true}
	if err == nil {
		e.Status = resp.StatusCode
	}
	r.delay = retryAfter(resp.Header, time.Now())
	return e
}

// isCustomerIO reports whether the address is one of Customer.io's, under TLS.
func isCustomerIO(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && (host == "customer.io" || strings.HasSuffix(host, ".customer.io"))
}

// redirect returns the new address if the answer keeps the method and leads from Customer.io to Customer.io. Otherwise it returns why not.
// The key is sent to the new address, so no other host may get it.
func (c *Client) redirect(resp *http.Response, target string) (next, refused string) {
	to, err := resp.Location()
	if err != nil {
		return "", "a redirect without a usable Location; is " + c.where() + " right?"
	}
	keeps := resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect
	from, err := url.Parse(target)
	if keeps && err == nil && isCustomerIO(from) && isCustomerIO(to) && to.User == nil && to.String() != target {
		return to.String(), ""
	}
	return "", "redirected to " + c.mask(to.Scheme+"://"+to.Host) + "; this redirect is not followed, and nothing was accepted; is " + c.where() + " right? Accounts in the United States use cio.RegionUS, in Europe cio.RegionEU"
}

// verdict is what an answer means for the messages of its request. Only APIError.verdict decides it; everything else asks that method.
type verdict int

const (
	// final: a retry fixes nothing, and the messages are not at fault: a redirect, a 404, a certificate that is refused, the end of the
	// context.
	final verdict = iota
	// passing: it may pass by itself: a 408, a 429, a 5xx other than 501 and 505, or no answer at all.
	passing
	// foreign: a 2xx that the API did not give, or whose end is not known. The messages may have arrived.
	foreign
	// keyRefused: a 401, or a 403 without a page.
	keyRefused
	// rejection: the API rejects the messages, in one of its own forms.
	rejection
	// odd: something refuses the messages, in a form that is not the API's. It may be a firewall that refuses one message, or a gateway
	// that refuses everything.
	odd
)

// accepts reports whether the API may give this body with a 200, 201, 202 or 204 (docs/rules.md#hosts-keys-regions): nothing, or one JSON
// value that does not say that the call failed. Otherwise it says what the body is.
func accepts(contentType string, body []byte) (problem string, ok bool) {
	body = trimmed(body)
	switch string(body) {
	case "", "{}", `{"success":true}`:
		return "", true
	}
	if !json.Valid(body) {
		return describe(contentType, body), false
	}
	var top struct {
		Success json.RawMessage
		Error   json.RawMessage
		Errors  json.RawMessage
		Meta    json.RawMessage
	}
	members(body, map[string]*json.RawMessage{"success": &top.Success, "error": &top.Error, "errors": &top.Errors, "meta": &top.Meta})
	var meta struct{ Error, Errors json.RawMessage }
	members(top.Meta, map[string]*json.RawMessage{"error": &meta.Error, "errors": &meta.Errors})
	if string(top.Success) == "false" || says(top.Error) || says(top.Errors) || says(meta.Error) || says(meta.Errors) {
		problem = "an answer that says that the call failed"
		if said := answerText(body); said != "" && !quotes(said) {
			problem += fmt.Sprintf(", %q,", said)
		}
		return problem, false
	}
	return "", true
}

// members finds members of a JSON object by their exact names.
func members(object []byte, want map[string]*json.RawMessage) {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil {
		return
	}
	for name, to := range want {
		*to = all[name]
	}
}

// says reports whether a member for errors contains an error.
func says(value json.RawMessage) bool {
	if len(value) == 0 {
		return false
	}
	var v any
	if json.Unmarshal(value, &v) != nil {
		return true
	}
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return strings.TrimSpace(v) != ""
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

var byteOrderMark = []byte("\ufeff")

// trimmed returns the body without white space around it and without a byte order mark.
func trimmed(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), byteOrderMark))
}

// isRefusal reports whether a body is in one of the forms in which Customer.io's APIs refuse a call (docs/rules.md#answers): meta with an
// error or errors, a list of errors with a reason, a field or a message each, or a code with a message.
func isRefusal(body []byte) bool {
	var top struct{ Meta, Errors, Code, Message json.RawMessage }
	members(trimmed(body), map[string]*json.RawMessage{"meta": &top.Meta, "errors": &top.Errors, "code": &top.Code, "message": &top.Message})
	var meta struct{ Error, Errors json.RawMessage }
	members(top.Meta, map[string]*json.RawMessage{"error": &meta.Error, "errors": &meta.Errors})
	if says(meta.Error) || says(meta.Errors) {
		return true
	}
	var message string
	if says(top.Code) && json.Unmarshal(top.Message, &message) == nil && message != "" {
		return true
	}
	var list []struct {
		Reason  string `json:"reason"`
		Field   string `json:"field"`
		Message string `json:"message"`
	}
	if json.Unmarshal(top.Errors, &list) != nil || len(list) == 0 {
		return false
	}
	for _, e := range list {
		if e.Reason == "" && e.Field == "" && e.Message == "" {
			return false
		}
	}
	return true
}

// longestNote is the longest text that counts as a server's message; a longer one is a page.
const longestNote = 500

// isPage reports whether a body is a page for people, not a server's text for programs.
func isPage(contentType string, body []byte) bool {
	body = trimmed(body)
	if len(body) == 0 || json.Valid(body) {
		return false
	}
	return body[0] == '<' || len(body) > longestNote || isHTML(contentType) && bytes.IndexByte(body, '<') >= 0
}

func isHTML(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return media == "text/html" || media == "application/xhtml+xml"
}

// title and the expressions below are compiled when an answer first needs them. Otherwise they would cost every program two milliseconds at
// its start.
var title = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)<title[^>]*>([^<]{1,200})</title>`) })

// describe says in a few words what a body is that the API did not send.
func describe(contentType string, body []byte) string {
	body = trimmed(body)
	switch {
	case len(body) == 0:
		return "an empty answer"
	case isPage(contentType, body) && (isHTML(contentType) || bytes.Contains(bytes.ToLower(body[:min(len(body), 1000)]), []byte("<html")) || bytes.HasPrefix(bytes.ToLower(body), []byte("<!doctype html"))):
		if m := title().FindSubmatch(body); m != nil {
			if text := oneLine(string(m[1])); text != "" && !quotes(text) {
				return fmt.Sprintf("an HTML page titled %q", shorten(text, 100))
			}
		}
		return "an HTML page"
	case isPage(contentType, body):
		return "a page"
	case json.Valid(body):
		if said := answerText(body); said != "" && !quotes(said) {
			return fmt.Sprintf("JSON in a form that the API does not use, %q,", shorten(said, 200))
		}
		return "JSON in a form that the API does not use"
	}
	text := oneLine(string(body))
	if quotes(text) {
		return "text that may repeat the request"
	}
	return fmt.Sprintf("the text %q", shorten(text, 200))
}

// explain fills in what the server said to a request that was not accepted, without the key and without what may be a copy of the request.
// It also notes whether the answer is not in one of the API's forms.
func (c *Client) explain(e *APIError, resp *http.Response, body []byte) {
	body = []byte(c.mask(string(body)))
	contentType := resp.Header.Get("Content-Type")
	page := isPage(contentType, body)
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		e.alien = !isRefusal(body)
	case http.StatusForbidden:
		e.alien = page
	}
	switch {
	case page, e.alien:
		e.Message = c.mask(describe(contentType, body) + " instead of the API's answer " + came(resp))
		if bytes.Contains(body, []byte("HTTPS")) && c.plain() {
			e.Message += "; the server wants https: " + c.where()
		} else {
			e.Message += "; is a proxy, a firewall or a sign-in page in between, or is the address wrong?"
		}
	default:
		if e.Message = answerText(body); quotes(e.Message) {
			e.Message = "the answer, which may repeat the request, is not shown"
		}
		e.Message = c.mask(e.Message)
	}
	if e.Status == http.StatusNotFound && !page && (c.region == "" || c.base != c.region.baseURL()) {
		e.Message = strings.TrimPrefix(e.Message+"; is "+c.where()+" the address of the API?", "; ")
	}
	if e.verdict() == keyRefused {
		e.Message = strings.TrimPrefix(e.Message+"; check Config.APIKey (CUSTOMERIO_API_KEY): it must be a write key for "+c.where(), "; ")
	}
}

// came says where an answer came from, and how the server calls itself.
func came(resp *http.Response) string {
	kind, server, host := resp.Header.Get("Content-Type"), resp.Header.Get("Server"), ""
	if kind == "" {
		kind = "no Content-Type"
	}
	if server != "" {
		server = ", Server: " + shorten(oneLine(server), 60)
	}
	if resp.Request != nil && resp.Request.URL != nil {
		host = ", from " + resp.Request.URL.Host
	}
	return "(" + shorten(oneLine(kind), 60) + server + host + ")"
}

var (
	quotation = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`"\s*:|\{\s*'|&quot;|&#34;|(?i:userId|anonymousId|groupId|email|name)=`)
	})
	address = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)[^\s"'<>]+(@|%40)[^\s"'<>]+`) })
)

// quotes reports whether a text seems to repeat a part of the request: JSON, in any kind of quotes, or a form.
func quotes(text string) bool { return quotation().MatchString(text) }

// maxMessage limits how much of an answer becomes part of an error.
const maxMessage = 500

// answerText returns in one line what the server said, in any of the known forms (docs/rules.md#answers).
func answerText(body []byte) string {
	var shape struct {
		Meta struct {
			Error  any `json:"error"`
			Errors any `json:"errors"`
		} `json:"meta"`
		Errors  any `json:"errors"`
		Code    any `json:"code"`
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(body, &shape) == nil {
		parts := appendSaid(appendSaid(appendSaid(nil, shape.Meta.Error), shape.Meta.Errors), shape.Errors)
		rest := []any{shape.Message, shape.Error}
		if len(parts) == 0 { // a code says less than the error that it is of
			rest = append([]any{shape.Code}, rest...)
		}
		for _, v := range rest {
			for _, said := range appendSaid(nil, v) {
				if !slices.Contains(parts, said) { // some say the same in two places
					parts = append(parts, said)
				}
			}
		}
		if len(parts) > 0 {
			return oneLine(strings.Join(parts, "; "))
		}
	}
	return oneLine(string(body))
}

// appendSaid flattens texts, lists and objects with a reason, a field and a message.
func appendSaid(parts []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			parts = append(parts, v)
		}
	case []any:
		for _, e := range v {
			parts = appendSaid(parts, e)
		}
	case map[string]any:
		var said []string
		for _, key := range []string{"reason", "field", "message", "detail", "error"} {
			said = appendSaid(said, v[key])
		}
		if len(said) > 0 {
			parts = append(parts, strings.Join(said, ": "))
		}
	}
	return parts
}

// oneLine makes one line of what a server said, without the email addresses in it.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	return shorten(address().ReplaceAllString(s, "[address]"), maxMessage)
}

func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
}
