package outbox

import (
	"errors"
	"log/slog"
	"time"

	"github.com/ciokit/cio"
)

// Config says where an Outbox keeps its messages and how it sends them. Dir is required; the zero value of everything else is a good start.
type Config struct {
	// Dir is the directory of the messages, which is made if it is not there. It must be on a local disk. One Outbox at a time has it.
	Dir string
	// MaxBytes bounds the messages in it, dead letters included; default 1 GiB. Its files take up to 1.3 times that, and some 8 MiB.
	MaxBytes int64
	// FailWhenFull makes Enqueue and EnqueueAll return cio.ErrQueueFull where they would wait for room.
	FailWhenFull bool
	// KeepDead is how long dead letters are kept after their rejection; default 30 days; negative: until somebody drops them. It is looked after by Open
	// and every hour. The clock of one run is not believed at once: what Open drops was too old when
	// the store was last open, too.
	KeepDead time.Duration
	// Batcher says how messages are sent. MaxBytes is the memory of those on their way. OnReport, if set, is told what became of a message, and
	// again if it is sent again after the process was killed; a Report has no Tag, which is not stored. It holds up delivery: it may call TryEnqueue, and
	// must not call Enqueue or EnqueueAll, which wait in a full outbox for room that is made only when it has returned. Recheck may wait for what it
	// asks, and return ErrUndecided.
	Batcher cio.BatcherConfig
	// Logger is told of damage, of a disk that fails, and of messages that were rejected; default slog.Default. Personal data is never logged.
	Logger *slog.Logger
	// OnDamage, if set, is called when files are found not to be what was written. Damage is logged in any case.
	OnDamage func(Damage)
	// Store, if set, keeps the messages instead of Dir; MaxBytes and OnDamage are its own affair then. Close closes it.
	Store Store
}

const defaultKeepDead = 30 * 24 * time.Hour

func (c Config) complete() (Config, error) {
	switch {
	case c.Store == nil && c.Dir == "":
		return c, errors.New("outbox: Config.Dir is empty: set it to a directory on a local disk")
	case c.Store != nil && c.Dir != "":
		return c, errors.New("outbox: Config has both Dir and Store: set one of them")
	case c.MaxBytes < 0:
		return c, errors.New("outbox: Config.MaxBytes is negative")
	}
	if c.Store == nil && c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Store != nil {
		c.MaxBytes = 0 // it is the Store's own affair
	}
	if c.KeepDead == 0 {
		c.KeepDead = defaultKeepDead
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
