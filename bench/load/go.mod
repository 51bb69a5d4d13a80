module github.com/ciokit/cio/bench/load

go 1.26.0

require (
	github.com/ciokit/cio v0.0.0
	github.com/ciokit/cio/kit v0.0.0
)

require (
	github.com/expr-lang/expr v1.17.8 // indirect
	github.com/klauspost/compress v1.20.1 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/ciokit/cio => ../..
	github.com/ciokit/cio/kit => ../../kit
)
