module github.com/ciokit/cio/outbox

go 1.26.0

require (
	github.com/gofrs/flock v0.13.2
	modernc.org/sqlite v1.61.1
)
