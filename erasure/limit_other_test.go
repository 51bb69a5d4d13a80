//go:build !linux

package erasure_test

import "errors"

func limitsFiles() error { return errors.New("files have no limit here") }

func limitFiles(uint64) error { return limitsFiles() }
