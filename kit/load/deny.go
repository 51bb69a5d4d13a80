package load

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ciokit/cio"
)

// DenyList holds ids of people who must not be created again, such as those who asked to be forgotten. Its Guard belongs into
// cio.Config.Guard. It is safe for concurrent use.
type DenyList struct{ ids map[string]bool }

// ErrDenied is what a Guard returns for an id on its list.
var ErrDenied = errors.New("load: the id is on the deny list")

// ReadDenyList reads a file with one id a line. Empty lines are skipped, and spaces around an id are no part of it. Ids that are e-mail
// addresses count in upper and lower case alike.
func ReadDenyList(file string) (*DenyList, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := &DenyList{ids: make(map[string]bool)}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		if id := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")); id != "" {
			d.ids[denyKey(id)] = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("load: the deny list %s cannot be read: %w", file, err)
	}
	return d, nil
}

func denyKey(id string) string {
	if strings.Contains(id, "@") {
		return strings.ToLower(id)
	}
	return id
}

// Len returns how many ids there are.
func (d *DenyList) Len() int { return len(d.ids) }

// Guard returns ErrDenied if any of the person's or object's ids, or the e-mail address, is on the list.
func (d *DenyList) Guard(id cio.Identity) error {
	for _, s := range [...]string{id.UserID, id.AnonymousID, id.PreviousID, id.Email} {
		if s != "" && d.ids[denyKey(s)] {
			return ErrDenied
		}
	}
	return nil
}
