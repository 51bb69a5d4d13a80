package erasure_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

var deep, full = os.Getenv("CIOKIT_DEEP") != "", os.Getenv("CIOKIT_FULL") != ""

// counted returns how often a random test is repeated.
func counted(short, long, all int) int {
	switch {
	case full:
		return all
	case deep:
		return long
	}
	return short
}

// childFile is the environment variable that gives a child, which is this test binary, the file with its childJob.
const childFile = "CIOKIT_ERASURE_CHILD"

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		if err := child(file); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childJob is the job of a child: it verifies, or it runs the plan.
type childJob struct {
	Verify               bool
	URL, Dir, Targets    string
	Plan                 []byte
	Keys, Operator       string
	ReceiptKey, GuardKey string
	BatchSize            int
	FileLimit            uint64 // bytes of each file, 0 for no limit
}

// command returns the command that starts the test binary as a child.
func command(t testing.TB, job childJob) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "job")
	write(t, file, text)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+file)
	return cmd
}

// child does its job, and prints a line after each batch.
func child(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c childJob
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	if c.FileLimit > 0 {
		if err := limitFiles(c.FileLimit); err != nil {
			return err
		}
	}
	keys, err1 := erasure.ParseKeyring(c.Keys)
	operator, err2 := erasure.ParseSigner(c.Operator)
	receipt, err3 := erasure.ParseReceiptKey(c.ReceiptKey)
	guard, err4 := erasure.ParseGuardKey(c.GuardKey)
	targets, hash, err5 := erasure.ReadTargets(c.Targets)
	client, err6 := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: c.URL, RateLimit: -1})
	app, err7 := appapi.NewClient(appapi.Config{APIKey: emulator.TestKey, BaseURL: c.URL, RateLimit: -1})
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
		if err != nil {
			return err
		}
	}
	if c.Verify {
		_, err = erasure.Verify(context.Background(), erasure.VerifyJob{
			Dir: c.Dir, Keys: keys, Operator: operator, ReceiptKey: receipt, GuardKey: guard, Targets: targets, TargetsHash: hash, App: app,
			OnProgress: func(sum erasure.Verified) { fmt.Println("read", sum.Read) },
		})
		return err
	}
	sum, err := erasure.Run(context.Background(), erasure.Job{
		Plan: c.Plan, Dir: c.Dir, Keys: keys, Operator: operator, ReceiptKey: receipt, GuardKey: guard, Targets: targets, TargetsHash: hash, Client: client,
		Max: len(targets), BatchSize: c.BatchSize, OnProgress: func(sum erasure.Totals) { fmt.Println("accepted", sum.Accepted) },
	})
	fmt.Println("again", sum.Open)
	return err
}
