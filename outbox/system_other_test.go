//go:build !linux

package outbox_test

import (
	"errors"
	"time"
)

func limitFiles(uint64) error { return errors.ErrUnsupported }

func processorTime() time.Duration { return 0 }
