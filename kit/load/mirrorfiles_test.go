package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// For a mirror of several files, the order of the files and of their columns, and the number of files with the same columns, make no difference. It
// deletes nobody if a file has lost a column. An additional column hides nobody, so it is only named.
func TestMirrorComparesTheColumnsOfAllFiles(t *testing.T) {
	t.Parallel()
	const plain, wide, mixed = "id,n", "more,id,n", "n,id"
	rows := map[string]string{plain: "%s,1\n", wide: "x,%s,1\n", mixed: "1,%s\n"}
	for _, tt := range []struct {
		name          string
		first, second []string
		refused       bool
	}{
		{"the same files", []string{plain, wide}, []string{plain, wide}, false},
		{"another order of files", []string{plain, wide}, []string{wide, plain}, false},
		{"another order of columns", []string{plain, wide}, []string{wide, mixed}, false},
		{"a file more", []string{plain, wide}, []string{wide, plain, mixed}, false},
		{"one file of several", []string{plain, mixed}, []string{plain}, false},
		{"a later file has lost one", []string{wide, wide}, []string{wide, plain}, true},
		{"a later file has got one", []string{plain, plain}, []string{plain, wide}, false},
		{"all have lost one", []string{wide, plain}, []string{plain, plain}, true},
		{"all have got one", []string{plain, wide}, []string{wide, wide}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			load := func(more string, headers ...string) (Summary, int, error) {
				var names []string
				for i, header := range headers {
					names = append(names, filepath.Join(dir, fmt.Sprintf("%d.csv", i)))
					text := header + "\n" + fmt.Sprintf(rows[header], "a")
					if i == 0 && more != "" {
						text += fmt.Sprintf(rows[header], more)
					}
					if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				src, err := source.OpenFiles(names, source.Config{})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				client := new(fakeClient)
				s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), Client: client, MaxDeletes: 10,
					Changes: ChangeOnly{Snapshot: filepath.Join(dir, "snapshot"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100}})
				return s, len(client.accepted), err
			}
			if _, _, err := load("b", tt.first...); err != nil {
				t.Fatal(err)
			}
			s, sent, err := load("", tt.second...)
			if bad := new(snapshot.Error); tt.refused && (!errors.As(err, &bad) || sent > 0) || !tt.refused && (err != nil || s.Removed != 1) {
				t.Errorf("%v: removed %d, sent %d", err, s.Removed, sent)
			}
			if fresh := fmt.Sprint(s.NewColumns); fresh == "[more]" != (tt.name == "a later file has got one") {
				t.Errorf("%s are new", fresh)
			}
		})
	}
}
