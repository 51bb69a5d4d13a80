package subject

import (
	"context"
	"io"
	"log"
	"strconv"

	"github.com/posthog/posthog-go"
	analytics "github.com/segmentio/analytics-go/v3"

	"github.com/ciokit/cio/bench/internal/workload"
)

// segmentio is github.com/segmentio/analytics-go. Customer.io's own Go client for this API is a fork of it.
type segmentio struct {
	client  analytics.Client
	message func(n int) analytics.Message
}

func newSegmentioClient(c Config, message func(n int) analytics.Message) (Subject, error) {
	client, err := analytics.NewWithConfig("bench", analytics.Config{Endpoint: c.URL, Logger: analytics.StdLogger(log.New(io.Discard, "", 0))})
	if err != nil {
		return nil, err
	}
	return &segmentio{client, message}, nil
}

func newSegmentio(c Config) (Subject, error) {
	var messages []analytics.Message
	for _, o := range workload.Make(c.Shape) {
		messages = append(messages, analytics.Track{UserId: o.UserID, Event: workload.EventName, Properties: o.Map})
	}
	return newSegmentioClient(c, func(n int) analytics.Message { return messages[n%len(messages)] })
}

func newSegmentioBuilt(c Config) (Subject, error) {
	users := userIDs(c.Shape)
	return newSegmentioClient(c, func(n int) analytics.Message {
		i := n % len(users)
		return analytics.Track{UserId: users[i], Event: workload.EventName, Properties: workload.BuildMap(c.Shape, users[i], i)}
	})
}

func (s *segmentio) Put(n int) error { return s.client.Enqueue(s.message(n)) }

func (s *segmentio) Close(context.Context) error { return s.client.Close() }

// hog is github.com/posthog/posthog-go. Its server is different, but the wire format is similar: a POST of {"batch":[...]} to a path under
// any Endpoint. It lets its server make message ids, so the sink could not distinguish messages; therefore they get ids here.
type hog struct {
	client   posthog.Client
	messages []posthog.Capture
}

func newPosthog(c Config) (Subject, error) {
	client, err := posthog.NewWithConfig("bench", posthog.Config{Endpoint: c.URL, Logger: posthog.StdLogger(log.New(io.Discard, "", 0))})
	if err != nil {
		return nil, err
	}
	h := &hog{client: client}
	for _, o := range workload.Make(c.Shape) {
		h.messages = append(h.messages, posthog.Capture{DistinctId: o.UserID, Event: workload.EventName, Properties: o.Map})
	}
	return h, nil
}

func (h *hog) Put(n int) error {
	m := h.messages[n%len(h.messages)]
	m.Uuid = strconv.Itoa(n)
	return h.client.Enqueue(m)
}

func (h *hog) Close(context.Context) error { return h.client.Close() }
