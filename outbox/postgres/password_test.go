package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/outbox/postgres"
)

// TestNoPasswordInErrors gives passwords with awkward characters in all places of an address: no error shows a part of one.
func TestNoPasswordInErrors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, between := range strings.Split("@|/|#| #|?|:|: |%|%4|&|,|'|\"|*|[|]|;|=|+|\\|@@|/@|?@|", "|") {
		for _, address := range []string{"postgres://me:PW@127.0.0.1:1/shop", "postgresql://:PW@127.0.0.1:1/shop", "postgres://127.0.0.1:1/shop?user=me&password=PW", "postgres://127.0.0.1:1/shop?password=PW&sslmode=disable",
			"postgres://me:PW@127.0.0.1:1,127.0.0.2:1/shop", "postgres://me:PW@/shop?host=127.0.0.1&port=1", "host=127.0.0.1 port=1 user=me password=PW dbname=shop"} {
			err := postgres.Migrate(ctx, strings.ReplaceAll(address, "PW", "Wq7z"+between+"Xk9v"), "")
			if err == nil || strings.Contains(err.Error(), "Wq7z") || strings.Contains(err.Error(), "Xk9v") {
				t.Errorf("%s with %q between: %v", address, between, err)
			}
		}
	}
}
