//go:build !linux

package outbox_test

import "errors"

func limitFiles(uint64) error { return errors.ErrUnsupported }
