package livetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// The two readings of the documented limits, and one byte more (docs/rules.md#sizes).
var (
	callEdges  = []int{32_000, 32_001, 32_768, 32_769}
	batchEdges = []int{500_000, 500_001, 512_000, 512_001}
)

const (
	callBehaviour     = "A call, or a message of a batch, can have up to 32,768 bytes of uncompressed JSON."
	batchBehaviour    = "A batch request can have up to 512,000 bytes of uncompressed JSON."
	oversizeBehaviour = "If a call or a message is too large, its whole request is dropped in permissive mode and answered with 400 in strict mode."
)

var sizeExperiments = []Experiment{
	{ID: "oversize-permissive", Question: "What does permissive mode answer to a call that is too large?", Assumed: "permissive 200", Behaviour: oversizeBehaviour, needs: Case{people: 1},
		run: answered(func(s *scope) []call {
			return []call{{path: "track", body: sizedCall(s.people[0], 100_000), permissive: true}}
		})},
	{ID: "oversize-strict", Question: "What does strict mode answer to a call that is too large?", Assumed: "strict 400", Behaviour: oversizeBehaviour, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			seen, err := answered(func(s *scope) []call {
				return []call{{path: "track", body: sizedCall(s.people[0], 100_000)}}
			})(ctx, s, nil)
			if seen == "strict 200" {
				switches["drop-oversize"] = "true"
			}
			return seen, err
		}},
	{ID: "call-limit", Question: "What is the largest call that strict mode accepts?", Assumed: "32768 bytes are accepted, 32769 are a 400", Behaviour: callBehaviour, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			return s.edge(ctx, "track", callEdges, sizedCall, func(limit int) { switches["max-call-bytes"] = strconv.Itoa(limit) })
		}},
	{ID: "call-limit-gzip", Question: "Is the size of a call measured before or after gzip?", Assumed: "before gzip", Behaviour: callBehaviour, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			body := sizedCall(s.people[0], 100_000)
			plain, _, err := s.post(ctx, call{path: "track", body: body})
			if err != nil {
				return "", err
			}
			packed, _, err := s.post(ctx, call{path: "track", body: body, gzip: true})
			switch {
			case err != nil:
				return "", err
			case plain < 300:
				return "", notObservable("the answer does not show it: 100,000 bytes are answered with success")
			case packed < 300:
				return "after gzip", nil
			case packed == plain:
				return "before gzip", nil
			}
			return fmt.Sprintf("100,000 bytes are a %d, compressed a %d", plain, packed), nil
		}},
	{ID: "batch-limit", Question: "What is the largest batch that strict mode accepts?", Assumed: "512000 bytes are accepted, 512001 are a 400", Behaviour: batchBehaviour, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			return s.edge(ctx, "batch", batchEdges, sizedBatch, func(limit int) { switches["max-batch-bytes"] = strconv.Itoa(limit) })
		}},
}

// edge finds the first of the sizes that is rejected. limit is called with the largest size that is not.
func (s *scope) edge(ctx context.Context, path string, sizes []int, body func(id string, size int) string, limit func(int)) (string, error) {
	last := 0
	for _, size := range append(sizes, 2*sizes[len(sizes)-1]) {
		status, _, err := s.post(ctx, call{path: path, body: body(s.people[0], size)})
		if err != nil {
			return "", err
		}
		if status >= 300 {
			if last == 0 {
				return fmt.Sprintf("%d bytes are already a %d", size, status), nil
			}
			limit(last)
			return fmt.Sprintf("%d bytes are accepted, %d are a %d", last, size, status), nil
		}
		last = size
	}
	return "", notObservable(fmt.Sprintf("the answer does not show it: %d bytes are answered with success", last))
}

// sizedCall returns a track call of exactly so many bytes.
func sizedCall(id string, size int) string {
	head := `{"type":"track","userId":` + quoted(id) + `,"event":"Ciokit Test Filler","properties":{"filler":"`
	const tail = `"}}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}

// sizedBatch returns a batch of exactly so many bytes, of calls that are small enough.
func sizedBatch(id string, size int) string {
	parts := size/25_000 + 1
	rest := size - batchEnvelope - (parts - 1)
	var calls []string
	for i := range parts {
		n := rest / (parts - i)
		rest -= n
		calls = append(calls, sizedCall(id, n))
	}
	return `{"batch":[` + strings.Join(calls, ",") + `]}`
}
