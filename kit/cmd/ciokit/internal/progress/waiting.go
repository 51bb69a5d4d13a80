package progress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/ciokit/cio"
)

// waiting is the error for which requests are retried.
type waiting struct {
	err   error // nil while they succeed
	since time.Time
	said  time.Time // time of the last line about it
	words func(string) string
}

const (
	// noticeAfter is how long requests must fail before a line says so; waitEvery is the time between two such lines.
	noticeAfter = 500 * time.Millisecond
	waitEvery   = time.Minute
)

func (w *waiting) see(err error) {
	if err != nil && w.err == nil {
		w.since = time.Now()
	}
	w.err = err
}

// due reports whether it is time for a line.
func (w *waiting) due() bool {
	if w.err == nil || time.Since(w.since) < noticeAfter || !w.said.IsZero() && time.Since(w.said) < waitEvery {
		return false
	}
	w.said = time.Now()
	return true
}

func (w *waiting) String() string {
	if w.err == nil {
		return ""
	}
	return fmt.Sprintf("waiting: %s (retrying for %d s)", inShort(w.err, w.words), int(math.Round(time.Since(w.since).Seconds())))
}

// inShort describes the error of a request in a few words.
func inShort(err error, words func(string) string) string {
	var errno syscall.Errno
	var api *cio.APIError
	s := strings.TrimPrefix(err.Error(), "cio: ")
	switch {
	case errors.As(err, &errno):
		s = errno.Error()
	case errors.As(err, &api) && api.Status == 0:
		s = api.Message
	case errors.As(err, &api):
		s = strings.TrimSuffix(fmt.Sprintf("%d %s: %s", api.Status, http.StatusText(api.Status), api.Message), ": ")
	}
	s = words(s)
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + " ..."
	}
	return s
}

// withoutWaiting removes from a log the messages that the progress shows.
type withoutWaiting struct{ slog.Handler }

func (h withoutWaiting) Handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case "a request failed and will be retried", "requests succeed again":
		return nil
	}
	return h.Handler.Handle(ctx, r)
}
