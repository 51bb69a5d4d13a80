module github.com/ciokit/cio

go 1.26
