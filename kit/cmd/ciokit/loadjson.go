package main

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/load"
)

// loadResult is the result of a run, for --json.
type loadResult struct {
	load.Summary
	// Run is its id, empty if it keeps no journal.
	Run string `json:"run"`
	// Stopped is why not everything was read and sent, empty if everything was.
	Stopped string `json:"stopped"`
}

// printJSONOf prints the object of --json for a load that ends the command with err, which it returns.
func (f *loadFlags) printJSONOf(w io.Writer, err error) error {
	result := loadResult{Stopped: stoppedBy(err)}
	if f.result != nil {
		result = *f.result
	}
	printed := json.NewEncoder(w).Encode(struct {
		loadResult
		ExitCode   int              `json:"exit_code"`
		Comparison *load.Comparison `json:"comparison,omitempty"`
		Continue   *continued       `json:"continue,omitempty"`
	}{result, exit.CodeOf(err), f.comparison, f.continued})
	if printed != nil {
		return exit.With(exit.Local, errors.Join(err, printed))
	}
	return err
}

// stoppedBy is why a load with this error did not send everything; empty for an error without a text.
func stoppedBy(err error) string {
	var ended *exit.Error
	switch why := whyStopped(err); {
	case why != "":
		return why
	case err == nil, errors.As(err, &ended) && ended.Err == nil:
		return ""
	}
	return words(err)
}
