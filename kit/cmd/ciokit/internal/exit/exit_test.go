package exit

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

// A wrapped error keeps its code and its cause.
func TestCodeOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code int
		said string
		is   error
	}{
		{nil, OK, "", nil},
		{With(Key, nil), Key, "exit code 3", nil},
		{With(Local, fs.ErrNotExist), Local, fs.ErrNotExist.Error(), fs.ErrNotExist},
		{Fail(Guard, "nothing was sent: %w", fs.ErrExist), Guard, "nothing was sent: " + fs.ErrExist.Error(), fs.ErrExist},
		{fmt.Errorf("load: %w", Fail(Changed, "the input changed")), Changed, "load: the input changed", nil},
		{With(Usage, Fail(Local, "no such file")), Usage, "no such file", nil},
		{errors.New("unknown flag: --lmit"), Usage, "unknown flag: --lmit", nil},
	} {
		said := ""
		if test.err != nil {
			said = test.err.Error()
		}
		if code := CodeOf(test.err); code != test.code || said != test.said || test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%v: code %d, %q; want %d, %q", test.err, code, said, test.code, test.said)
		}
	}
}
