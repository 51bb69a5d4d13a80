package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strconv"
	"strings"

	"github.com/posthog/posthog-go"
	analytics "github.com/segmentio/analytics-go/v3"

	"github.com/ciokit/cio"
)

// client is a client as used by an application that wants to know the outcome of each message.
type client interface {
	// put enqueues the message with that number.
	put(i int, properties map[string]any) error
	// renewKey replaces the key, if the client can do that.
	renewKey(string) error
	// close also returns by how much the client's own counts of outcomes, plus the messages that it returns, exceed the messages that it
	// accepted; 0 if it does not count.
	close(context.Context) (surplus int, err error)
}

var clients = map[string]func(url string, l *ledger, reported func()) (client, error){
	"ours":      newOurs,
	outboxName:  newOutbox,
	"segmentio": newSegmentio,
	"posthog":   newPosthog,
}

var clientNames = []string{"ours", "segmentio", "posthog"}

var discardLog = log.New(io.Discard, "", 0)

func idOf(i int) string { return "m" + strconv.Itoa(i) }

// userOf assigns the messages to a hundred people.
func userOf(i int) string { return "user-" + strconv.Itoa(i%100) }

const eventName = "Bench Event"

type ours struct {
	api     *cio.Client
	batcher *cio.Batcher
	ledger  *ledger
}

func newOurs(url string, l *ledger, reported func()) (client, error) {
	api, err := cio.NewClient(cio.Config{APIKey: oldKey, BaseURL: url})
	if err != nil {
		return nil, err
	}
	b, err := cio.NewBatcher(api, cio.BatcherConfig{OnReport: func(r cio.Report) {
		switch {
		case r.Err == nil:
			l.set(int(r.Tag), markOK)
		case errors.Is(r.Err, cio.ErrClosed):
			// Close returns these; they are marked after that.
		default:
			l.set(int(r.Tag), markFailed)
		}
		reported()
	}})
	if err != nil {
		return nil, err
	}
	return &ours{api, b, l}, nil
}

func (o *ours) put(i int, properties map[string]any) error {
	return o.batcher.Enqueue(context.Background(), cio.Track{UserID: userOf(i), MessageID: idOf(i), Tag: uint64(i), Event: cio.Named(eventName, properties)})
}

func (o *ours) renewKey(key string) error { return o.api.SetAPIKey(key) }

func (o *ours) close(ctx context.Context) (surplus int, err error) {
	err = o.batcher.Close(ctx)
	back := 0
	var left *cio.UnacceptedError
	if errors.As(err, &left) {
		back = len(left.Messages)
		for _, m := range left.Messages {
			o.ledger.set(int(m.Tag()), markBack)
		}
	}
	s := o.batcher.Stats()
	return max(0, int(s.Accepted+s.Rejected-s.Enqueued)+back), err
}

var errNoRenewal = errors.New("the client cannot change its key")

// told marks what the callback of another client reports.
type told struct {
	ledger   *ledger
	reported func()
}

func (t told) mark(id string, mark int) {
	if i, err := strconv.Atoi(strings.TrimPrefix(id, "m")); err == nil {
		t.ledger.set(i, mark)
	}
	t.reported()
}

type segmentio struct{ client analytics.Client }

type segmentioCallback struct{ told }

func (c segmentioCallback) Success(m analytics.Message) {
	c.mark(m.(analytics.Track).MessageId, markOK)
}
func (c segmentioCallback) Failure(m analytics.Message, _ error) {
	c.mark(m.(analytics.Track).MessageId, markFailed)
}

func newSegmentio(url string, l *ledger, reported func()) (client, error) {
	c, err := analytics.NewWithConfig(oldKey, analytics.Config{Endpoint: url, Logger: analytics.StdLogger(discardLog), Callback: segmentioCallback{told{l, reported}}})
	return segmentio{c}, err
}

func (s segmentio) put(i int, properties map[string]any) error {
	return s.client.Enqueue(analytics.Track{UserId: userOf(i), MessageId: idOf(i), Event: eventName, Properties: properties})
}

func (s segmentio) renewKey(string) error { return errNoRenewal }

func (s segmentio) close(context.Context) (int, error) { return 0, s.client.Close() }

type hog struct{ client posthog.Client }

type hogCallback struct{ told }

func (c hogCallback) Success(m posthog.APIMessage) { c.mark(m.(posthog.CaptureInApi).Uuid, markOK) }
func (c hogCallback) Failure(m posthog.APIMessage, _ error) {
	c.mark(m.(posthog.CaptureInApi).Uuid, markFailed)
}

func newPosthog(url string, l *ledger, reported func()) (client, error) {
	c, err := posthog.NewWithConfig(oldKey, posthog.Config{Endpoint: url, Logger: posthog.StdLogger(discardLog), Callback: hogCallback{told{l, reported}}})
	return hog{c}, err
}

func (h hog) put(i int, properties map[string]any) error {
	return h.client.Enqueue(posthog.Capture{DistinctId: userOf(i), Uuid: idOf(i), Event: eventName, Properties: properties})
}

func (h hog) renewKey(string) error { return errNoRenewal }

func (h hog) close(context.Context) (int, error) { return 0, h.client.Close() }

// newClient returns the client with that name.
func newClient(name, url string, l *ledger, reported func()) (client, error) {
	make, ok := clients[name]
	if !ok {
		return nil, fmt.Errorf("no client is named %q; there are %s", name, strings.Join(clientNames, ", "))
	}
	return make(url, l, reported)
}
