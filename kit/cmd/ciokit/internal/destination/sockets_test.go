package destination

import (
	"errors"
	"net"
	"testing"
)

// The errors of the system's sockets are recognized.
func TestSocketErrors(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Listen("tcp", l.Addr().String()); !errors.Is(err, ErrAddrInUse) {
		t.Errorf("an address that is in use: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, ErrRefused) {
		t.Errorf("a port where nobody listens: %v, %v", c, err)
	}
}
