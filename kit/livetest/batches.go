package livetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/plural"
)

var batchCases = []Case{
	{Area: "batches", Name: "one, two and 250 messages", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		id, total := s.people[0], 0
		for _, n := range []int{1, 2, 250} {
			msgs := make([]cio.Message, n)
			for i := range msgs {
				msgs[i] = cio.Track{UserID: id, Event: cio.Named("Ciokit Test Batch", map[string]any{"of": n, "i": i})}
			}
			if err := s.send(ctx, msgs...); err != nil {
				return fmt.Errorf("%s: %w", plural.Count(n, "message", "messages"), err)
			}
			total += n
		}
		return s.happened(ctx, id, appapi.ActivityEvent, total)
	}},
	{Area: "batches", Name: "all types in one", people: 2, met: true, objects: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		err := s.send(ctx,
			cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}},
			cio.Track{UserID: id, Event: cio.Named("Ciokit Test Mixed", nil)},
			cio.Page{UserID: id, Properties: map[string]any{"url": "https://shop.example/"}},
			cio.Screen{UserID: id, Name: "Start"},
			cio.Group{UserID: id, GroupID: s.objects[0], Traits: map[string]any{"name": "Acme", "objectTypeId": s.cfg.ObjectType}},
			cio.SetDevice{UserID: id, Token: id + "_token", Platform: cio.PlatformAndroid},
			cio.Identify{UserID: s.people[1], Traits: map[string]any{"plan": "basic"}},
		)
		if err != nil {
			return err
		}
		return errors.Join(
			s.reads(ctx, appapi.ByID(id), has(map[string]string{"plan": "pro"})),
			s.reads(ctx, appapi.ByID(s.people[1]), has(map[string]string{"plan": "basic"})),
			s.logs(ctx, id, appapi.ActivityEvent, "Ciokit Test Mixed"),
			s.happened(ctx, id, appapi.ActivityPage, 1),
			s.happened(ctx, id, appapi.ActivityScreen, 1),
			s.object(ctx, s.objects[0], hasText("name", "Acme")),
			s.reads(ctx, appapi.ByID(id), hasDevice(id+"_token", "", "")),
		)
	}},
	{Area: "batches", Name: "the limit of a call, from both sides", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return errors.Join(s.atLimit(ctx, 31_999, false), s.atLimit(ctx, 32_001, true))
	}},
	{Area: "batches", Name: "the limit of a message in a batch, from both sides", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return errors.Join(s.inBatch(ctx, 31_999, false), s.inBatch(ctx, 32_001, true))
	}},
	{Area: "batches", Name: "the limit of a batch, from both sides", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return errors.Join(s.batchAtLimit(ctx, 474_999, false), s.batchAtLimit(ctx, 500_001, true))
	}},
}

// firstAnswers records the first answer to each size of request.
type firstAnswers struct {
	mu sync.Mutex
	by map[int]*cio.APIError
}

// ObserveRequest implements cio.Observer.
func (f *firstAnswers) ObserveRequest(r cio.RequestInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, seen := f.by[r.Bytes]; !seen {
		f.by[r.Bytes] = r.Err
	}
}

// unlimited returns a client whose own limits allow more than the API may, and the record of its answers.
func (w *workspace) unlimited() (*cio.Client, *firstAnswers, error) {
	answers := &firstAnswers{by: make(map[int]*cio.APIError)}
	cfg := w.clientConfig(w.cfg.Permissive)
	cfg.MaxMessageBytes, cfg.MaxBatchBytes, cfg.Observer = 1<<20, 4<<20, answers
	client, err := cio.NewClient(cfg)
	return client, answers, err
}

// filled returns an event of the person with exactly so many bytes.
func filled(c *cio.Client, id string, size int) (cio.Encoded, error) {
	event := func(filler string) cio.Track {
		return cio.Track{UserID: id, Event: cio.Named("Ciokit Test Filler", map[string]any{"filler": filler}), Timestamp: fillerTime}
	}
	least, err := c.Encode(event(""))
	if err != nil {
		return least, err
	}
	return c.Encode(event(strings.Repeat("x", size-least.Len())))
}

// sized sends messages in one request, and records the API's answer. beyond says that the request is over the documented limit: the real API may then
// answer anything.
func (s *scope) sized(ctx context.Context, what string, size int, beyond bool, make func(*cio.Client) ([]cio.Message, error)) error {
	client, answers, err := s.unlimited()
	if err != nil {
		return err
	}
	msgs, err := make(client)
	if err != nil {
		return err
	}
	err = client.Send(ctx, msgs...)
	first, made := answers.by[size]
	switch {
	case !made:
		return fmt.Errorf("%s of %d bytes was not sent", what, size)
	case first == nil:
		s.observe(fmt.Sprintf("%s of %d bytes", what, size), "accepted")
		return err
	}
	s.observe(fmt.Sprintf("%s of %d bytes", what, size), "answered with %d", first.Status)
	if first.Is(cio.ErrUnauthorized) || first.Is(cio.ErrUnavailable) || !beyond && !s.real() {
		return err
	}
	return nil
}

func (s *scope) atLimit(ctx context.Context, size int, beyond bool) error {
	return s.sized(ctx, "a call", size, beyond, func(c *cio.Client) ([]cio.Message, error) {
		m, err := filled(c, s.people[0], size)
		return []cio.Message{m}, err
	})
}

// batchEnvelope is how many bytes a batch has besides its messages and the commas between them.
const batchEnvelope = len(`{"batch":[]}`)

func (s *scope) inBatch(ctx context.Context, size int, beyond bool) error {
	const small = 400
	what := fmt.Sprintf("a batch of two with a message of %d bytes,", size)
	return s.sized(ctx, what, batchEnvelope+small+1+size, beyond, func(c *cio.Client) ([]cio.Message, error) {
		a, err := filled(c, s.people[0], small)
		b, err2 := filled(c, s.people[0], size)
		return []cio.Message{a, b}, errors.Join(err, err2)
	})
}

func (s *scope) batchAtLimit(ctx context.Context, size int, beyond bool) error {
	const parts = 20
	return s.sized(ctx, "a batch", size, beyond, func(c *cio.Client) (msgs []cio.Message, _ error) {
		rest := size - batchEnvelope - (parts - 1)
		for i := range parts {
			n := rest / (parts - i)
			rest -= n
			m, err := filled(c, s.people[0], n)
			if err != nil {
				return nil, err
			}
			msgs = append(msgs, m)
		}
		return msgs, nil
	})
}
