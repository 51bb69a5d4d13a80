package outbox

import (
	"errors"
	"log/slog"
	"time"

	"github.com/ciokit/cio"
)

// Config says where an Outbox keeps its messages and how it sends them. Dir is required; the zero value of everything else is a good start.
type Config struct {
	// Dir is the directory of the messages. Open creates it if it does not exist. It must be on a local disk. Only one Outbox can use it at a time.
	Dir string
	// MaxBytes limits the size of the messages in the directory, dead letters included; default 1 GiB. The files take up to 1.3 times that, and about
	// 24 MiB more.
	MaxBytes int64
	// FailWhenFull makes Enqueue and EnqueueAll return cio.ErrQueueFull instead of waiting for room.
	FailWhenFull bool
	// KeepDead is how long dead letters are kept after their rejection; default 30 days; negative: until somebody drops them. Open deletes old dead
	// letters, and the Outbox deletes them every hour. Because the clock may be wrong, Open deletes only dead letters that were already too old when
	// the store was last open.
	KeepDead time.Duration
	// Batcher says how messages are sent. Its MaxBytes limits the memory of messages that are being sent. OnReport, if set, is called with the
	// outcome of each message. It is called again if the message is sent again after the process was killed. A Report has no Tag, because tags are
	// not stored. Delivery waits until OnReport returns. OnReport can call TryEnqueue. It must not call Enqueue or EnqueueAll: in a full outbox they
	// wait for room, and there is no room until OnReport has returned. Recheck can call a service and wait for it, and can return ErrUndecided.
	Batcher cio.BatcherConfig
	// Logger logs damage, disk errors and rejected messages; default slog.Default. It never gets personal data.
	Logger *slog.Logger
	// OnDamage, if set, is called if the content of the files is not what was written. Damage is always logged too.
	OnDamage func(Damage)
	// Store, if set, keeps the messages instead of Dir. MaxBytes and OnDamage have no effect then: the store has settings of its own. Close closes
	// the store.
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
		c.MaxBytes = 0 // the Store has its own limit
	}
	if c.KeepDead == 0 {
		c.KeepDead = defaultKeepDead
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
