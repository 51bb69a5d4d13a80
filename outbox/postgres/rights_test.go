package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
)

// TestWhoMayNotIsTold starts workers as users who lack a right, or can only read.
func TestWhoMayNotIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	role := fmt.Sprintf("outbox_role_%d", os.Getpid())
	for _, do := range []string{"CREATE ROLE " + role, "GRANT USAGE ON SCHEMA " + pgx.Identifier{p.schema}.Sanitize() + " TO " + role} {
		if _, err := p.pool.Exec(ctx, do); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_, _ = p.pool.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role) // nothing else uses it
	})
	with := func(name, value string) string {
		u, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
		return u.String()
	}
	may, reads := with("options", "-c role="+role), with("default_transaction_read_only", "on")
	start := func(address string) error {
		w, err := postgres.Start(ctx, config(address, p.schema, p.web.URL))
		if err == nil {
			_ = w.Close(ctx)
		}
		return err
	}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"migrate without CREATE":  {postgres.Migrate(ctx, may, p.schema+"_other"), "GRANT"},
		"work without any right":  {start(may), "GRANT"},
		"migrate where one reads": {postgres.Migrate(ctx, reads, p.schema), "default_transaction_read_only"},
		"work where one reads":    {start(reads), "default_transaction_read_only"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}
