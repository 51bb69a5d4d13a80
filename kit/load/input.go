package load

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
)

// checkInput looks whether the input still is what was read, and has the rows that it should have.
func (r *run) checkInput() {
	if r.ctx.Err() != nil {
		return
	}
	r.lookAgain()
	r.mu.Lock()
	rows, complete := r.tally.Rows, r.tally.Complete
	r.mu.Unlock()
	if a := r.job.Approved; complete && a != nil && a.Complete && a.content != "" && a.content != r.job.Source.Info().Content {
		r.stop(&StopError{ErrInputChanged, errors.New("it is not what was looked at before it was approved")})
	}
	if want := r.job.ExpectRows; complete && want != (RowRange{}) && (rows < want.Min || rows > want.Max) {
		r.stop(&StopError{ErrNotWhole, fmt.Errorf("it has %s, and %s expected; mend the input, or say how many rows are right: ExpectRows (--expect-rows)", plural.Count(rows, "row", "rows"), want.was())})
	}
}

// lookAgain stops the run if the input is not what was read any more.
func (r *run) lookAgain() {
	switch why, err := r.job.Source.Changed(r.ctx); {
	case r.ctx.Err() != nil:
	case err != nil:
		r.stop(&StopError{ErrSource, err})
	case why != "":
		r.stop(&StopError{ErrInputChanged, errors.New(why)})
	}
}

// inFile names the file in an error of reading it. Where there are several, their source has named it.
func inFile(files []string, err error) error {
	if err == nil || len(files) != 1 || strings.Contains(err.Error(), printed.Line(files[0])) {
		return err
	}
	return fmt.Errorf("%s: %w", printed.Line(files[0]), err)
}
