module github.com/ciokit/cio/erasure

go 1.26.0

require (
	github.com/gofrs/flock v0.13.2
	golang.org/x/mod v0.42.0
)

require golang.org/x/sys v0.50.0 // indirect
