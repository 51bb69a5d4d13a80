package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
)

const outboxName = "ours-outbox"

// outboxed is the client that keeps messages on disk.
type outboxed struct {
	api *cio.Client
	box *outbox.Outbox
}

// outboxDir is where the application with this ledger keeps its outbox.
func outboxDir(ledger string) string { return ledger + ".outbox" }

func newOutbox(url string, l *ledger, reported func()) (client, error) {
	api, err := cio.NewClient(cio.Config{APIKey: oldKey, BaseURL: url})
	if err != nil {
		return nil, err
	}
	box, err := outbox.Open(api, outbox.Config{Dir: outboxDir(l.path), Batcher: cio.BatcherConfig{OnReport: func(r cio.Report) {
		if i, err := numberOf(r.MessageID); err == nil && r.Err == nil {
			l.set(i, markOK)
		} else if err == nil {
			l.set(i, markFailed)
		}
		reported()
	}}})
	return &outboxed{api, box}, err
}

func numberOf(id string) (int, error) { return strconv.Atoi(strings.TrimPrefix(id, "m")) }

func messageOf(i int, properties map[string]any) cio.Track {
	return cio.Track{UserID: userOf(i), MessageID: idOf(i), Event: cio.Named(eventName, properties)}
}

func (o *outboxed) put(i int, properties map[string]any) error {
	return o.box.Enqueue(context.Background(), messageOf(i, properties))
}

// enqueueAll enqueues all messages of a row, a hundred at a time, and returns how many were accepted.
func (o *outboxed) enqueueAll(ctx context.Context, a application, l *ledger) (taken int64) {
	for lo := 0; lo < a.Row.Messages && ctx.Err() == nil; lo += 100 {
		var some []cio.Message
		for i := lo; i < min(lo+100, a.Row.Messages); i++ {
			some = append(some, messageOf(i, map[string]any{"seq": i, "plan": "premium", "amount": 12.5, "source": "web"}))
		}
		mark := markTaken
		if o.box.EnqueueAll(ctx, some) != nil {
			mark = markRefused
		} else {
			taken += int64(len(some))
		}
		for i := range some {
			l.set(lo+i, mark)
		}
	}
	return taken
}

func (o *outboxed) renewKey(key string) error { return o.api.SetAPIKey(key) }

func (o *outboxed) close(ctx context.Context) (surplus int, err error) { return 0, o.box.Close(ctx) }

// markStored marks messages as returned that are on disk after the process has ended and were not reported.
func markStored(path string, l *ledger) (err error) {
	d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: outboxDir(path)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for after := uint64(0); ; {
		records, err := d.Read(context.Background(), after, 1_000)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			after = r.Seq
			var m cio.Encoded
			if err := m.UnmarshalJSON(r.Bytes); err != nil {
				return err
			}
			i, err := numberOf(m.MessageID())
			if err != nil {
				return err
			}
			if !l.has(i, markOK) && !l.has(i, markFailed) {
				l.set(i, markBack)
			}
		}
	}
}
