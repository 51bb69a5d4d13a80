package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// The test binary is also the service, so that it can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ORDERS_TEST_OUTBOX"); dir != "" {
		if err := serve(context.Background(), "127.0.0.1:0", dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// started is a service that runs.
type started struct {
	cmd *exec.Cmd
	url string
}

var addressPattern = regexp.MustCompile(`address=(\S+)`)

// start runs the service, and returns when it accepts orders.
func start(t *testing.T, dir, customerio string) *started {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ORDERS_TEST_OUTBOX="+dir, "CUSTOMERIO_API_KEY="+emulator.TestKey, "CUSTOMERIO_REGION=", "CUSTOMERIO_BASE_URL="+customerio)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it may have been killed before
	var text bytes.Buffer
	for b := make([]byte, 1000); ; {
		n, err := out.Read(b)
		text.Write(b[:n])
		if m := addressPattern.FindStringSubmatch(text.String()); m != nil && strings.Contains(text.String()[strings.Index(text.String(), m[0]):], "\n") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &started{cmd, "http://" + m[1]}
		}
		if err != nil {
			t.Fatalf("the service does not start: %v: %s", err, text.String())
		}
	}
}

func (s *started) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // it was killed
}

// post posts an order and reports whether the service accepted it.
func (s *started) post(n int) bool {
	r, err := http.Post(s.url+"/orders", "application/json", strings.NewReader(fmt.Sprintf(`{"order_id": "%d", "customer_id": "c%d", "total": %d}`, n, n%7, n)))
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusAccepted
}

// TestKilledDuringAnOutage posts orders while Customer.io is down, and kills the service twice.
func TestKilledDuringAnOutage(t *testing.T) {
	t.Parallel()
	outage := 1500 * time.Millisecond
	if os.Getenv("CIOKIT_FULL") != "" {
		outage = time.Minute
	}
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Reset: true}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	dir := t.TempDir()
	var taken []int
	n := 0
	for i := range 3 {
		s := start(t, dir, web.URL)
		var mu sync.Mutex
		var callers sync.WaitGroup
		end := time.Now().Add(outage / 3)
		for range 4 {
			callers.Go(func() {
				enough := false
				for time.Now().Before(end) || i == 2 && !enough && time.Now().Before(end.Add(time.Minute)) { // the last one continues if the machine is slow
					mu.Lock()
					enough = len(taken) >= 10
					n++
					order := n
					mu.Unlock()
					if s.post(order) {
						mu.Lock()
						taken = append(taken, order)
						mu.Unlock()
					}
				}
			})
		}
		if i < 2 { // in the middle of it
			time.Sleep(outage / 4)
			s.kill(t)
		}
		callers.Wait()
		if i == 2 {
			srv.ClearFaults() // it is up again
		}
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		missing := absent(t, srv, taken)
		if len(missing) == 0 {
			break
		}
		if time.Since(begun) > 90*time.Second {
			t.Fatalf("%d of %d orders have not arrived, such as %v", len(missing), len(taken), missing[0])
		}
	}
	if len(taken) < 10 {
		t.Errorf("only %d orders were accepted", len(taken))
	}
	t.Logf("%d orders were accepted and have arrived", len(taken))
}

// absent returns the orders without an event.
func absent(t *testing.T, srv *emulator.Server, orders []int) (missing []int) {
	t.Helper()
	page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey, Verdict: emulator.VerdictAccepted})
	if err != nil {
		return orders // nothing has come yet
	}
	there := map[string]bool{}
	for _, m := range page.Messages {
		there[m.MessageID] = true
	}
	for _, n := range orders {
		if !there[fmt.Sprintf("order-%d", n)] {
			missing = append(missing, n)
		}
	}
	return missing
}

func TestWhatTheServiceAnswers(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	web := httptest.NewServer(srv)
	defer web.Close()
	s := start(t, t.TempDir(), web.URL)
	for body, want := range map[string]int{
		`{"order_id": "1", "customer_id": "42", "total": 9.5}`: 202,
		`{"order_id": "2", "customer_id": "", "total": 9.5}`:   422,
		`no JSON`: 400,
	} {
		r, err := http.Post(s.url+"/orders", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if _ = r.Body.Close(); r.StatusCode != want {
			t.Errorf("%s: %s", body, r.Status)
		}
	}
	r, err := http.Get(s.url + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || !strings.Contains(string(text), "dead letters: 0") {
		t.Errorf("%s: %s, %v", r.Status, text, err)
	}
}
