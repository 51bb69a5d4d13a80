// Package subject puts the measured clients behind one interface. Each is used as its own documentation says, with its own defaults.
package subject

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ciokit/cio/bench/internal/workload"
)

// Subject is a measured client. Put is called from one goroutine.
type Subject interface {
	// Put enqueues the event with that number and returns when the client has accepted it.
	Put(n int) error
	// Close delivers the events that the client still has, and returns when that is done or given up.
	Close(context.Context) error
}

// Config configures a Subject.
type Config struct {
	// URL is the destination: scheme and host.
	URL string
	// HTTPClient replaces the client's own, for TLS. Only ours and the ceilings accept one; nil means the client's own.
	HTTPClient *http.Client
	Shape      workload.Shape
	Compress   bool // ours only
}

var makers = map[string]func(Config) (Subject, error){
	"ours-typed":       newOursTyped,
	"ours-map":         newOursMap,
	"ours-typed-built": newOursTypedBuilt,
	"ours-map-built":   newOursMapBuilt,
	"ceiling-typed":    newCeiling(true, plainForm),
	"ceiling-map":      newCeiling(false, plainForm),
	"tuned-typed":      newCeiling(true, tunedForm),
	"tuned-map":        newCeiling(false, tunedForm),
	"segmentio":        newSegmentio,
	"segmentio-built":  newSegmentioBuilt,
	"posthog":          newPosthog,
}

// Names returns the names that New knows, sorted. Those that end in -built build each event when it is sent, as an application does. The
// others use events that were built before.
func Names() []string {
	names := make([]string, 0, len(makers))
	for name := range makers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New returns the client with that name.
func New(name string, c Config) (Subject, error) {
	newSubject, ok := makers[name]
	if !ok {
		return nil, fmt.Errorf("no client is named %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return newSubject(c)
}
