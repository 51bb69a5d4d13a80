package show

import (
	"errors"
	"fmt"

	"github.com/ciokit/cio"
)

// Accepted prints that all messages of a Send were accepted. If err is not nil, it shows the reasons and ends the cell.
func Accepted(err error) {
	if err != nil {
		Failures(err).Show()
		fatal("not accepted: %v", err)
		return
	}
	Text("Accepted.")
}

// Rejected shows why messages were rejected: messages that a Send could not get accepted, or the message that could not be encoded. If err is
// nil, nothing was rejected, and it ends the cell.
func Rejected(err error) {
	if err == nil {
		fatal("nothing was rejected")
		return
	}
	Failures(err).Show()
}

// Failures is a Table of what an error of package cio says, one row for each message.
func Failures(err error) Table {
	t := Table{Columns: []string{"message", "outcome", "field", "rule", "what to do"}}
	var send *cio.SendError
	if !errors.As(err, &send) {
		t.Rows = [][]any{append([]any{nil, nil}, reason(err)...)}
		return t
	}
	for _, f := range send.Failures {
		t.Rows = append(t.Rows, append([]any{f.Index, f.Outcome}, reason(f.Err)...))
	}
	return t
}

// reason is the field, the rule and the hint of a failure.
func reason(err error) []any {
	var message *cio.MessageError
	if errors.As(err, &message) {
		return []any{message.Field, message.Rule, message.Hint}
	}
	var api *cio.APIError
	if errors.As(err, &api) && api.Status > 0 {
		return []any{nil, fmt.Sprintf("answer %d", api.Status), api.Message}
	}
	return []any{nil, nil, err}
}
