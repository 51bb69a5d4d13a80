// Package subject puts the clients that are measured behind one interface, each as its own documentation says to use it and with its own
// defaults.
package subject

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ciokit/cio/bench/internal/workload"
)

// Subject is a client under measurement. Put is called from one goroutine.
type Subject interface {
	// Put hands over the event of that number and returns when the client has taken it.
	Put(n int) error
	// Close delivers what the client holds, and returns when that is done or given up.
	Close(context.Context) error
}

// Config is what a Subject is made of.
type Config struct {
	// URL is where to send to: scheme and host.
	URL string
	// HTTPClient is used instead of the client's own, for TLS. Only ours and the ceilings take it; nil is the client's own.
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

// Names returns the names that New knows, sorted. Those that end in -built make each event anew, as an application does; the others
// hand over events that were made before.
func Names() []string {
	names := make([]string, 0, len(makers))
	for name := range makers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New returns the client of that name.
func New(name string, c Config) (Subject, error) {
	newSubject, ok := makers[name]
	if !ok {
		return nil, fmt.Errorf("no client is named %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return newSubject(c)
}
