package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio"
)

// The reserve is large enough for the content of the files, whoever has stored it: a service, or a command, while a service runs or not.
func TestTheReserveBesideACommand(t *testing.T) {
	t.Parallel()
	silent := slog.New(slog.DiscardHandler)
	openDisk := func(t *testing.T, dir string, shared bool) *Disk {
		d, err := OpenDisk(DiskConfig{Dir: dir, Shared: shared, Logger: silent})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	some := func(t *testing.T, r *rand.Rand) (all []cio.Encoded) {
		for range 1 + r.IntN(60) {
			e, err := cio.Encode(cio.Track{UserID: "u", Event: cio.Named("Thing Done", map[string]any{"fill": strings.Repeat("x", r.IntN(25_000))})})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		return all
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 0))
			dir := t.TempDir()
			service := openDisk(t, dir, false)
			if seed%2 == 1 {
				if err := service.Close(); err != nil {
					t.Fatal(err)
				}
				service = nil
			}
			command := openDisk(t, dir, true)
			for step := range 12 {
				by, d := "the command", command
				if service != nil && r.IntN(2) == 0 {
					by, d = "the service", service
				}
				if err := d.Append(t.Context(), some(t, r)); err != nil {
					t.Fatal(err)
				}
				if err := d.between(context.Background(), func() error {
					if d == service {
						d.everySecond(false)
					}
					missing, err := d.missingPages()
					info, other := os.Stat(d.reservePath())
					if err := errors.Join(err, other); err != nil {
						return err
					}
					if info.Size() < reserveSize+missing {
						t.Errorf("step %d: after %s has stored, the reserve has %d bytes, and %d are missing in the database", step, by, info.Size(), missing)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			err := command.Close()
			if service != nil {
				err = errors.Join(err, service.Close())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
