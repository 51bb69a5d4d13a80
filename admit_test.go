package cio_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/ciokit/cio"
)

// TestAdmit has a Config.Admit that refuses the first two times it is asked, allows the third, and then blocks until its context ends.
func TestAdmit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		srv := &server{}
		client := newClient(t, srv, func(cfg *cio.Config) {
			cfg.Admit = func(ctx context.Context) error {
				if asked++; asked > 3 {
					<-ctx.Done()
					return ctx.Err()
				}
				if asked < 3 {
					return errors.New("not yet")
				}
				return nil
			}
		})
		m := cio.Track{UserID: "42", Event: cio.Named("Thing Done", nil)}
		if err := client.Send(t.Context(), m); err != nil || asked != 3 {
			t.Errorf("asked %d times, %v", asked, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if err := client.Send(ctx, m); !errors.Is(err, context.Canceled) || asked != 4 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	})
}
