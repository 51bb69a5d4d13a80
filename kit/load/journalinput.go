package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/source"
)

// readAs records how the files of the job are read. It opens the files to find that out.
func (h *JournalHeader) readAs(j *Job) error {
	if !j.Source.Info().Whole {
		return nil
	}
	if _, ok := j.Source.(source.Redialer); ok {
		if _, err := j.Source.Columns(context.Background()); err != nil { // reads the beginning of files, which does not block for long
			return beginError(context.Background(), err)
		}
	}
	info := j.Source.Info()
	if len(info.Layouts) > 0 {
		h.Files, h.Dialects, h.Layouts = info.Files, info.Dialects, info.Layouts
	}
	return nil
}

// readAgain makes the job read its files as the journal says. The error is a *MismatchError if that is not possible.
func (j *Journal) readAgain(job *Job) error {
	if src, ok := job.Source.(source.Redialer); ok {
		if err := src.ReadAs(j.header.Dialects); err != nil {
			return &StopError{ErrSource, err}
		}
	}
	if j.header.Layouts == nil { // an older program made it
		return nil
	}
	var now JournalHeader
	if err := now.readAs(job); err != nil {
		return err
	}
	return j.otherForm(now)
}

// otherForm returns a *MismatchError if the files are now read in another way than before.
func (j *Journal) otherForm(now JournalHeader) error {
	was := j.header
	if was.Layouts == nil || len(was.Layouts) != len(now.Layouts) || !slices.Equal(was.Files, now.Files) {
		return nil
	}
	for i, file := range was.Files {
		before, is := was.form(i), now.form(i)
		if before != is {
			return &MismatchError{was.ID, MismatchInput, file + " as " + before, file + " as " + is}
		}
	}
	return nil
}

// form returns how the i-th file is read.
func (h *JournalHeader) form(i int) string {
	form := h.Layouts[i].String()
	if i >= len(h.Dialects) || h.Dialects[i] == (source.Dialect{}) {
		return form
	}
	d := h.Dialects[i]
	d.Encoding = "" // the layout has it
	return strings.TrimSpace(fmt.Sprintf("%s %s", form, strings.Join(d.Flags(), " ")))
}

// explained adds to the error of another input that its files are read in another way, if that is the difference.
func (j *Journal) explained(err error, job *Job) error {
	var other *MismatchError
	if !errors.As(err, &other) || other.What != MismatchInput {
		return err
	}
	var now JournalHeader
	if now.readAs(job) != nil {
		return err
	}
	if form := j.otherForm(now); form != nil {
		return form
	}
	return err
}
