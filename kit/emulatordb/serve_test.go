package emulatordb_test

import (
	"net"
	"net/http"
)

// emulatorServer serves on a free port until the process ends, and returns the
// URL.
func emulatorServer(h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { panic(http.Serve(l, h)) }()
	return "http://" + l.Addr().String()
}
