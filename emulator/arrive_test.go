package emulator_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// pipes is a listener without sockets. Its deadlines follow the clock of a
// bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// servePipes calls fn with a client of the server, in a bubble.
func servePipes(t *testing.T, handler http.Handler, fn func(*pipes)) {
	t.Helper()
	l := newPipes()
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fn(l)
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	<-time.After(time.Minute) // net/http waits before it closes a connection, in the bubble's time
}

// TestBodyMustKeepArriving has clients of different speeds, and a fault whose
// delay is longer than any of them needs.
func TestBodyMustKeepArriving(t *testing.T) {
	t.Parallel()
	const never = 1 << 30
	for _, test := range []struct {
		name   string
		host   string
		length int // the length that is announced
		piece  int // bytes that are sent every second
		delay  time.Duration
		want   string
	}{
		{"nothing of it", "localhost", 100, 0, 0, "408 after 30s"},
		{"nothing of 16 MB", "localhost", 16 << 20, 0, 0, "408 after 30s"},
		{"a byte a second", "localhost", never / 1024, 1, 0, "408 after 30s"},
		{"half of what is asked for", "localhost", 16 << 20, 512, 0, "408 after 30s"},
		{"twice what is asked for", "localhost", 400_000, 2048, 0, "400 after 3m15s"},
		{"a delay of an hour", "localhost", 20, 20, time.Hour, "400 after 1h0m0s"},
		{"nothing, to a host that is refused", "evil.example", 100, 0, 0, "403 after 30s"},
		{"nothing of more than is ever read", "localhost", never, 0, 0, "200 after 0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := emulator.New(emulator.Config{})
				if test.delay > 0 {
					if err := srv.AddFault(emulator.Fault{DelayMS: int(test.delay / time.Millisecond)}); err != nil {
						t.Fatal(err)
					}
				}
				servePipes(t, srv, func(l *pipes) {
					conn, err := l.dial(t.Context(), "", "")
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					start := time.Now()
					stop := make(chan struct{})
					var sender sync.WaitGroup
					sender.Go(func() {
						fmt.Fprintf(conn, "POST /v1/identify HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic azo=\r\nContent-Length: %d\r\n\r\n", test.host, test.length)
						for sent := 0; test.piece > 0 && sent < test.length; sent += test.piece {
							piece := strings.Repeat("x", min(test.piece, test.length-sent))
							if _, err := io.WriteString(conn, piece); err != nil {
								return
							}
							if sent+test.piece >= test.length {
								return
							}
							select {
							case <-time.After(time.Second):
							case <-stop:
								return
							}
						}
					})
					resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
					close(stop)
					if err != nil {
						t.Fatal(err)
					}
					if got := fmt.Sprintf("%d after %v", resp.StatusCode, time.Since(start)); got != test.want {
						t.Errorf("%s, want %s", got, test.want)
					}
					conn.Close()
					sender.Wait()
				})
			})
		})
	}
}

// announced reports that the server has begun to read a body.
type announced struct {
	io.ReadCloser
	reading func()
	once    sync.Once
}

func (a *announced) Read(p []byte) (int, error) {
	a.once.Do(a.reading)
	return a.ReadCloser.Read(p)
}

// TestAnnouncedBodiesCostNothing opens many connections that announce large
// bodies and send one byte.
func TestAnnouncedBodiesCostNothing(t *testing.T) {
	const callers, most = 400, 100 << 20
	forward := func(*http.Request) (*http.Response, error) { return nil, errors.New("nothing came as far as this") }
	for name, config := range map[string]emulator.Config{
		"as it is":               {},
		"with a larger limit":    {MaxBodyBytes: 2 * most},
		"in front of a real API": {MaxBodyBytes: 2 * most, Forward: forward},
	} {
		t.Run(name, func(t *testing.T) {
			srv := emulator.New(config)
			reading := make(chan struct{}, callers)
			server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Body = &announced{ReadCloser: r.Body, reading: func() { reading <- struct{}{} }}
				srv.ServeHTTP(w, r)
			}), "http")
			length := most
			if config.MaxBodyBytes == 0 {
				length = emulator.DefaultMaxBodyBytes
			}
			before := heapInUse()
			for i := range callers {
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				path := []string{"/v1/batch", "/v1/identify", "/_emulator/faults", "/_emulator/restore"}[i%4]
				if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n{", path, length); err != nil {
					t.Fatal(err)
				}
			}
			for range callers {
				<-reading
			}
			if grown := heapInUse() - before; grown > callers*32<<10 {
				t.Errorf("%d callers that sent a byte each made the heap grow by %d bytes", callers, grown)
			}
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestBombsTakeTurns sends bodies of a few kilobytes that expand to megabytes,
// and checks how many are in memory at the same time.
func TestBombsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		release := make(chan struct{})
		srv := emulator.New(emulator.Config{OnRequest: func(emulator.Request) { inside.Add(1); <-release }})
		bomb := gzipped(t, `{"userId":"u","traits":{"a":"`+strings.Repeat("x", 8<<20)+`"}}`)
		small := gzipped(t, `{"userId":"u"}`)
		var callers sync.WaitGroup
		call := func(ctx context.Context, body string) {
			req := request(t, ctx, http.MethodPost, "/v1/identify", io.NopCloser(strings.NewReader(body)))
			req.Header.Set("Content-Encoding", "gzip")
			resp, err := srv.Transport().RoundTrip(req)
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			_ = resp.Body.Close()
		}
		impatient, leave := context.WithCancel(t.Context())
		for range 4 {
			callers.Go(func() { call(t.Context(), bomb) })
		}
		synctest.Wait()
		for range 8 {
			callers.Go(func() { call(impatient, bomb) })
		}
		for range 4 {
			callers.Go(func() { call(t.Context(), bomb) })
		}
		synctest.Wait()
		if n := inside.Load(); n != 4 {
			t.Errorf("%d bodies of 8 MB are in memory at the same time, want 4", n)
		}
		callers.Go(func() { call(t.Context(), small) })
		synctest.Wait()
		if n := inside.Load(); n != 5 {
			t.Error("a small body waits for the large ones")
		}
		leave() // a client that gives up while it waits frees no slot, because it had none
		synctest.Wait()
		close(release)
		callers.Wait()
		if s, err := srv.Stats("key"); err != nil || s.People != 1 || s.Messages.Dropped != 8 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
