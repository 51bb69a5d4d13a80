// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// ExperimentViewed reports that a person saw a variation of an A/B test. On the wire it is "Experiment Viewed".
type ExperimentViewed struct {
	// The identifier of the test.
	ExperimentID string `json:"experiment_id,omitempty"`
	// The name of the test.
	ExperimentName string `json:"experiment_name,omitempty"`
	// The identifier of the variation.
	VariationID string `json:"variation_id,omitempty"`
	// The name of the variation.
	VariationName string `json:"variation_name,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Experiment Viewed".
func (ExperimentViewed) EventName() string { return "Experiment Viewed" }

var experimentViewedKeys = []string{"experiment_id", "experiment_name", "variation_id", "variation_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ExperimentViewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("experiment_id", e.ExperimentID)
	o.String("experiment_name", e.ExperimentName)
	o.String("variation_id", e.VariationID)
	o.String("variation_name", e.VariationName)
	o.Extra(e.Extra, experimentViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ExperimentViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
