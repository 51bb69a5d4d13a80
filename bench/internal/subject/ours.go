package subject

import (
	"context"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/bench/internal/workload"
)

// ours is the Batcher with its defaults.
type ours struct {
	batcher *cio.Batcher
	ctx     context.Context
	message func(n int) cio.Message
}

func newOurs(c Config, message func(n int) cio.Message) (Subject, error) {
	client, err := cio.NewClient(cio.Config{APIKey: "bench", BaseURL: c.URL, HTTPClient: c.HTTPClient})
	if err != nil {
		return nil, err
	}
	b, err := cio.NewBatcher(client, cio.BatcherConfig{Compress: c.Compress})
	if err != nil {
		return nil, err
	}
	return &ours{b, context.Background(), message}, nil
}

// prebuilt returns messages that are made only once.
func prebuilt(s workload.Shape, message func(workload.Order) cio.Message) func(int) cio.Message {
	var messages []cio.Message
	for _, o := range workload.Make(s) {
		messages = append(messages, message(o))
	}
	return func(n int) cio.Message { return messages[n%len(messages)] }
}

func newOursTyped(c Config) (Subject, error) {
	return newOurs(c, prebuilt(c.Shape, func(o workload.Order) cio.Message { return cio.Track{UserID: o.UserID, Event: o.Typed} }))
}

func newOursMap(c Config) (Subject, error) {
	return newOurs(c, prebuilt(c.Shape, func(o workload.Order) cio.Message {
		return cio.Track{UserID: o.UserID, Event: cio.Named(workload.EventName, o.Map)}
	}))
}

func newOursTypedBuilt(c Config) (Subject, error) {
	users := userIDs(c.Shape)
	return newOurs(c, func(n int) cio.Message {
		i := n % len(users)
		return cio.Track{UserID: users[i], Event: workload.BuildTyped(c.Shape, users[i], i)}
	})
}

func newOursMapBuilt(c Config) (Subject, error) {
	users := userIDs(c.Shape)
	return newOurs(c, func(n int) cio.Message {
		i := n % len(users)
		return cio.Track{UserID: users[i], Event: cio.Named(workload.EventName, workload.BuildMap(c.Shape, users[i], i))}
	})
}

func userIDs(s workload.Shape) []string {
	var ids []string
	for _, o := range workload.Make(s) {
		ids = append(ids, o.UserID)
	}
	return ids
}

func (o *ours) Put(n int) error { return o.batcher.Enqueue(o.ctx, o.message(n)) }

func (o *ours) Close(ctx context.Context) error { return o.batcher.Close(ctx) }
