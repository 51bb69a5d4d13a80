package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// recordingT is a test that is allowed to fail.
type recordingT struct {
	testing.TB
	failure string
}

func (t *recordingT) Fatalf(format string, args ...any) { t.failure = fmt.Sprintf(format, args...) }

func track(t *testing.T, client *http.Client, url, key, userID, event string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/v1/track", strings.NewReader(fmt.Sprintf(`{"userId":%q,"event":%q}`, userID, event)))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	req.Header.Set("X-Strict-Mode", "1")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func TestStart(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("inner", func(t *testing.T) {
		cio := emulator.Start(t)
		url = cio.URL
		if status := track(t, http.DefaultClient, cio.URL, cio.Key, "u1", "Signed Up"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		if status := track(t, cio.Client(), "http://anything.example", cio.Key, "u1", "Signed In"); status != http.StatusOK {
			t.Errorf("status %d in process", status)
		}
		if status := track(t, http.DefaultClient, cio.URL, "another", "u1", "Lost"); status != http.StatusUnauthorized {
			t.Errorf("status %d for another key", status)
		}
		if p := cio.Person("u1"); p.ID != "u1" || len(p.Events) != 2 {
			t.Errorf("%+v", p)
		}
		if e := cio.Events("u1"); len(e) != 2 || e[0].Name != "Signed Up" || e[1].Name != "Signed In" {
			t.Errorf("%+v", e)
		}
		if e := cio.Events("nobody"); len(e) != 0 {
			t.Errorf("%+v", e)
		}
		cio.Fault(emulator.Fault{Count: 1, Status: 500})
		track(t, cio.Client(), cio.URL, cio.Key, "u1", "Lost")
		if m := cio.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictAccepted}).Messages; len(m) != 2 || cio.Stats().Events != 2 {
			t.Errorf("%d messages, %+v", len(m), cio.Stats())
		}
	})
	if resp, err := http.Get(url + "/_emulator/health"); err == nil {
		resp.Body.Close()
		t.Error("the server outlived its test")
	}
}

func TestInstanceFailsTheTest(t *testing.T) {
	t.Parallel()
	rt := &recordingT{TB: t}
	cio := emulator.Config{}.InProcess(rt)
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("time is up"))
	for want, call := range map[string]func(){
		`no person "u1"`: func() { cio.Person("u1") },
		"time is up":     func() { cio.Wait(ended, func() bool { return false }) },
		"does nothing":   func() { cio.Fault(emulator.Fault{}) },
	} {
		rt.failure = ""
		if call(); !strings.Contains(rt.failure, want) {
			t.Errorf("failure %q, want %q", rt.failure, want)
		}
	}
}

// TestWait waits for later calls, with the clock of a bubble.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cio := emulator.Config{}.InProcess(t)
		go func() {
			for i := range 3 {
				<-time.After(time.Minute) // of the bubble
				track(t, cio.Client(), cio.URL, cio.Key, "u1", fmt.Sprint("e", i))
			}
		}()
		start := time.Now()
		cio.Wait(t.Context(), func() bool { return len(cio.Events("u1")) == 3 })
		if d := time.Since(start); d != 3*time.Minute {
			t.Errorf("waited %v", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := cio.Server.Wait(ctx, "", func() bool { return false }); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "events 3") {
			t.Errorf("error %v", err)
		}
	})
}

// TestWaitForAWorkspace waits before a call has created the workspace.
func TestWaitForAWorkspace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		done := make(chan error)
		go func() {
			done <- srv.Wait(t.Context(), "late", func() bool {
				stats, err := srv.Stats("late")
				return err == nil && stats.Events == 1
			})
		}()
		synctest.Wait()
		track(t, &http.Client{Transport: srv.Transport()}, "http://emulator", "early", "u", "e")
		track(t, &http.Client{Transport: srv.Transport()}, "http://emulator", "late", "u", "e")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestImports checks that a program which imports the emulator gets neither
// package testing nor anything outside the standard library.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}{{if eq .ImportPath \"testing\"}}testing{{end}}", ".").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	const own = "github.com/ciokit/cio/emulator"
	for dep := range strings.FieldsSeq(string(out)) {
		if dep != own && !strings.HasPrefix(dep, own+"/internal/") {
			t.Errorf("the package depends on %s", dep)
		}
	}
}
