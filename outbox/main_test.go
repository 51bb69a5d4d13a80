package outbox_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// The test binary is also the program that the tests kill: with CIOKIT_OUTBOX_CHILD set, it enqueues until it is killed.
func TestMain(m *testing.M) {
	if os.Getenv("CIOKIT_OUTBOX_CHILD") != "" {
		if err := child(); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// deep says whether the long cases run, full whether they run completely.
var deep, full = os.Getenv("CIOKIT_DEEP") != "", os.Getenv("CIOKIT_FULL") != ""

func counted(short, long, all int) int {
	switch {
	case full:
		return all
	case deep:
		return long
	}
	return short
}

// childConfig is the configuration of a child.
type childConfig struct {
	dir, url, run string
	callers       int
	most          int // messages of each caller; 0: until it is killed
}

func command(t testing.TB, c childConfig, wrapper ...string) *exec.Cmd {
	t.Helper()
	args := append(wrapper, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "CIOKIT_OUTBOX_CHILD="+c.run, "CIOKIT_OUTBOX_DIR="+c.dir, "CIOKIT_OUTBOX_URL="+c.url,
		fmt.Sprintf("CIOKIT_OUTBOX_CALLERS=%d", c.callers), fmt.Sprintf("CIOKIT_OUTBOX_MOST=%d", c.most))
	return cmd
}

// child enqueues with several goroutines, one for each person, and prints each id after its Enqueue has returned nil.
func child() error {
	run, dir := os.Getenv("CIOKIT_OUTBOX_CHILD"), os.Getenv("CIOKIT_OUTBOX_DIR")
	callers, _ := strconv.Atoi(os.Getenv("CIOKIT_OUTBOX_CALLERS"))
	most, _ := strconv.Atoi(os.Getenv("CIOKIT_OUTBOX_MOST"))
	if os.Getenv("CIOKIT_OUTBOX_LOCK") != "" {
		outbox.LockCommits()
	}
	if n, err := strconv.ParseUint(os.Getenv("CIOKIT_OUTBOX_FSIZE"), 10, 64); err == nil {
		if err := limitFiles(n); err != nil {
			return err
		}
	}
	client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: os.Getenv("CIOKIT_OUTBOX_URL")})
	if err != nil {
		return err
	}
	o, err := outbox.Open(client, outbox.Config{Dir: dir, Batcher: cio.BatcherConfig{MaxDelay: -1}})
	if err != nil {
		return err
	}
	fmt.Println("open")
	var all sync.WaitGroup
	var printing sync.Mutex
	for person := range callers {
		all.Go(func() {
			for n := 0; most == 0 || n < most; {
				some := make([]cio.Message, 1)
				if n%7 == 3 {
					some = make([]cio.Message, 3)
				}
				ids := ""
				for i := range some {
					id := fmt.Sprintf("%s-%d-%d", run, person, n+i)
					some[i] = cio.Track{UserID: fmt.Sprint("person", person), Event: cio.Named("Thing Done", map[string]any{"n": n + i, "fill": strings.Repeat("x", n*37%600)}), MessageID: id}
					ids += "id " + id + "\n"
				}
				var err error
				if len(some) == 1 {
					err = o.Enqueue(context.Background(), some[0])
				} else {
					err = o.EnqueueAll(context.Background(), some)
				}
				printing.Lock()
				if err != nil {
					for _, m := range some {
						fmt.Println("failed", m.(cio.Track).MessageID, err)
					}
				} else {
					_, _ = os.Stdout.WriteString(ids)
				}
				printing.Unlock()
				n += len(some)
			}
		})
	}
	all.Wait()
	fmt.Println("done")
	if err := o.Close(context.Background()); err != nil {
		return err
	}
	fmt.Println("closed")
	return nil
}

// printed is the output of a child.
type printed struct {
	ids    []string
	failed map[string]string // id to error
	closed bool
	errs   []string
}

func parsePrinted(text string) (p printed) {
	p.failed = map[string]string{}
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break // it was killed while it wrote
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "id":
			p.ids = append(p.ids, rest)
		case "failed":
			id, err, _ := strings.Cut(rest, " ")
			p.failed[id] = err
		case "closed":
			p.closed = true
		case "error":
			p.errs = append(p.errs, rest)
		}
	}
	return p
}
