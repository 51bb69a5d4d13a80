package show

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// GoNB gives each cell's process two named pipes. Values of displayData, in encoding/gob, go into the first; commValue come out of the
// second. The types mirror those of GoNB's package gonbui/protocol at v0.11.3; gob matches structs by their fields, and types inside an
// interface by the registered name. Spoken here, because the package that speaks it would bring the kernel's own dependencies along.
const (
	pipeEnv     = "GONB_PIPE"
	pipeBackEnv = "GONB_PIPE_BACK"

	mimeComm       = "gonb/comm_value"
	syncAddress    = "#gonbui/sync"
	syncAckAddress = "#gonbui/sync_ack"
)

type displayData struct {
	Data      map[string]any
	Metadata  map[string]any
	DisplayID string
}

type commValue struct {
	Address string
	Request bool
	Value   any
}

func init() {
	gob.RegisterName("github.com/janpfeifer/gonb/gonbui/protocol.CommValue", commValue{})
	gob.Register(map[string]any{})
}

// gonb is the connection of this process to the kernel.
type gonb struct {
	mu   sync.Mutex
	out  *gob.Encoder
	back *gob.Decoder
	sent int
	err  error // once it failed it stays so
}

// notebook returns the connection to the kernel, nil where no kernel runs this process.
var notebook = sync.OnceValue(func() *gonb {
	to, from := os.Getenv(pipeEnv), os.Getenv(pipeBackEnv)
	if to == "" || from == "" {
		return nil
	}
	k, err := connect(to, from)
	if err != nil {
		fmt.Fprintln(os.Stderr, "show: the notebook's kernel cannot be reached, so here is plain text:", err)
		return nil
	}
	return k
})

func connect(to, from string) (*gonb, error) {
	w, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	r, err := os.Open(from)
	if err != nil {
		w.Close()
		return nil, err
	}
	return newGonb(w, r), nil
}

func newGonb(to io.Writer, from io.Reader) *gonb {
	return &gonb{out: gob.NewEncoder(to), back: gob.NewDecoder(from)}
}

// display shows b and returns when the kernel has passed it on: what a process leaves in the pipe at its end is lost.
func (k *gonb) display(b bundle) error {
	d := displayData{Data: b.data(), DisplayID: b.id}
	if b.width > 0 {
		d.Metadata = map[string]any{mimePNG: map[string]any{"width": b.width}}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.err = k.out.Encode(d)
	}
	if k.err == nil {
		k.err = k.sync()
	}
	return k.err
}

func (k *gonb) sync() error {
	k.sent++
	if err := k.out.Encode(displayData{Data: map[string]any{mimeComm: commValue{Address: syncAddress, Value: k.sent}}}); err != nil {
		return err
	}
	for {
		var v commValue
		if err := k.back.Decode(&v); err != nil {
			return err
		}
		if v.Address == syncAckAddress {
			if v.Value != k.sent {
				return errors.New("the kernel acknowledged something else")
			}
			return nil
		}
	}
}
