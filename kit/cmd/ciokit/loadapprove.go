package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
)

// approve shows what a load to a real workspace would send, and asks for approval. A report gets the plan of any load.
func (l *loading) approve(ctx context.Context, con console.Console) error {
	approved := l.local || l.f.dryRun || l.f.yes
	strict := l.f.Strict && !l.f.dryRun
	compared := l.compared && l.readsTwice()
	reported := l.reports != nil && l.fingerprint != "" && !input.IsDatabase(l.f.Files[0]) && l.job.Changes.Mirror == ""
	if approved && !strict && !compared && !reported {
		return nil
	}
	if l.silent != nil && !approved {
		return exit.Fail(exit.Unavailable, "no server answers on %s (%w), so it is not known whether an emulator or a real workspace is there: check --to, or start an emulator there with: %s; with --yes, the load begins anyway and retries until --give-up-after", l.client.Target(), l.silent, destination.Emulate(l.client.Target()))
	}
	if l.f.stdin() {
		return exit.Fail(exit.Guard, "standard input cannot be read twice, so the load cannot show a plan; check the input with --dry-run, then add --yes")
	}
	src, err := l.input.Open(ctx, con)
	if err != nil {
		return input.Error(err)
	}
	defer src.Close() // closed before the question, because the answer can take time
	job := l.job
	job.Source = src
	var rows int64
	if strict || compared {
		rows = load.AllRows
	}
	plan, err := load.MakePlan(ctx, job, rows)
	if closed := src.Close(); err == nil && closed != nil {
		err = closed
	}
	if err != nil {
		return loadExit(load.Summary{}, err)
	}
	if err := l.compare(con, plan.Comparison); err != nil {
		return err
	}
	if !approved || strict || reported { // otherwise nobody has seen the plan, and a table may keep changing
		l.job.Approved = &plan
		if l.reports != nil {
			l.reports.plan = &plan
		}
	}
	if strict {
		if err := refuseShared(con.Err, plan.Identity); err != nil {
			return err
		}
	}
	if approved {
		return nil
	}
	l.tell(con)
	if err := printPlan(con.Err, plan, l.client.Target(), console.Terminal(con.Err)); err != nil {
		return exit.With(exit.Local, err)
	}
	if n := l.job.Source.Info().ReadAhead; n > 0 {
		fmt.Fprintf(con.Err, "The rows of the query are read ahead, even if sending takes long: up to %s of them wait in a temporary file in %s, which has no name and is gone when the load ends.\n", console.ByteSize(n), os.TempDir())
	}
	if l.f.Deny != "" {
		fmt.Fprintf(con.Err, "Nothing is sent about people on the deny list, which contains %s.\n", plural.Count(plan.DenyList, "id", "ids"))
	}
	if l.f.Guard != "" {
		fmt.Fprintln(con.Err, "Nothing is sent about the erased people in the guard.")
	}
	in, ok := con.In.(*os.File)
	if !ok || !console.Terminal(in) || !console.Terminal(con.Err) {
		return exit.Fail(exit.Guard, "nothing was sent: add --yes to send this to %s", l.client.Target())
	}
	fmt.Fprintf(con.Err, "\nSend it? Type yes: ")
	answer, err := readLine(ctx, in)
	if err != nil {
		return exit.With(exit.Interrupted, err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return exit.Fail(exit.Guard, "nothing was sent")
	}
	return nil
}

// readLine reads a line, or returns when ctx ends. The read then continues until the process ends.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n') // text before an error is an answer too
		lines <- line
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
