package appapi

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/ciokit/cio"
)

// Sentinels for errors.Is.
var (
	// ErrNotFound says that the workspace does not have the person, or the other thing that was asked for.
	ErrNotFound = errors.New("appapi: not found")
	// ErrUnauthorized says that the server does not accept the key (401), or does not allow it to do this (403).
	ErrUnauthorized = errors.New("appapi: key refused")
	// ErrRateLimited says that the server answered 429.
	ErrRateLimited = errors.New("appapi: rate limited")
	// ErrUnavailable says that the server could not be reached, or answered with a failure of its own.
	ErrUnavailable = errors.New("appapi: Customer.io unavailable")
)

// APIError says that a request failed. It contains neither the key nor the person whom the request was about.
type APIError struct {
	// Operation is the method that was called, such as Customers.Attributes, or the method and path that were given to Do.
	Operation string
	// Status is the HTTP status; 0 if no answer came.
	Status int
	// Message is what the server said, in one line of at most 300 bytes, or what is known of the cause, and what to do.
	Message string
	// Attempts counts how often the request was made.
	Attempts int
	// Err is the cause if no answer came.
	Err error
}

func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("appapi: " + e.Operation + ": ")
	if e.Status != 0 {
		b.WriteString(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
	} else {
		b.WriteString("no answer")
	}
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

func (e *APIError) Unwrap() error { return e.Err }

// Is makes the error match the sentinels that fit it.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests
	case ErrUnavailable:
		return e.Status == 0 && !isContextEnd(e.Err) || e.Status == http.StatusRequestTimeout || e.Status >= 500
	}
	return false
}

func isContextEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// retryable reports whether the request may succeed if it is made again. Package cio decides it, so that sending and reading retry the same
// failures.
func (e *APIError) retryable() bool {
	return (&cio.APIError{Status: e.Status, Err: e.Err}).Temporary()
}

// undone reports whether the API cannot have processed the request: it refused the request, or there was no connection.
func (e *APIError) undone() bool {
	var failed *net.OpError
	return e.Status == http.StatusTooManyRequests || errors.As(e.Err, &failed) && failed.Op == "dial"
}

// maxSaid limits how much of an answer becomes part of an error, in bytes.
const maxSaid = 300

// explain returns what the server said, in any of the shapes that are documented (docs/rules.md#the-app-api), and what to do.
func explain(status int, body []byte) string {
	var shape struct {
		Meta struct {
			Error  string   `json:"error"`
			Errors []string `json:"errors"`
		} `json:"meta"`
		Errors []struct {
			Detail string `json:"detail"`
		} `json:"errors"`
	}
	var said []string
	if json.Unmarshal(body, &shape) == nil {
		said = append(said, shape.Meta.Error)
		said = append(said, shape.Meta.Errors...)
		for _, e := range shape.Errors {
			said = append(said, e.Detail)
		}
	}
	var parts []string
	for _, s := range said {
		if s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " "); s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(parts, "; ")
	if len(text) > maxSaid {
		text = strings.TrimSpace(strings.ToValidUTF8(text[:maxSaid], "")) + " ..."
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		text = strings.TrimPrefix(text+"; the key is not accepted: Config.APIKey (CUSTOMERIO_APP_API_KEY) must be an App API key, not a write key, of an account in this region", "; ")
	}
	return text
}
