package postgres

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestNextIsPlannedForMany checks the server's plan of the read for any arguments. It must be right for many rows: it must use the primary key, and a
// hash for the records that are being sent. Otherwise a backlog is drained at a tenth of the speed.
func TestNextIsPlannedForMany(t *testing.T) {
	t.Parallel()
	url := os.Getenv("CIOKIT_POSTGRES_URL")
	if url == "" {
		t.Skip("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	schema := fmt.Sprintf("outbox_plan_%d", os.Getpid())
	if err := Migrate(t.Context(), url, schema); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		if _, err := conn.PgConn().Exec(t.Context(), statement).ReadAll(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	defer func() { _ = conn.Close(t.Context()) }() // it has nothing to lose
	defer run("DROP SCHEMA " + schema + " CASCADE")
	if err := plans(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	run("SET plan_cache_mode = force_generic_plan")
	run("PREPARE next (smallint[], bigint[], integer[], bigint[], bigint) AS " + tablesOf(schema).next())
	rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE next ('{1}', '{0}', '{64}', '{1}', 1)", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if !strings.Contains(plan, "Index Scan using queue_pkey") || !strings.Contains(plan, "hashed SubPlan") {
		t.Errorf("the read goes another way:\n%s", plan)
	}
}
