package emulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// body is a request body, decompressed, and what is wrong with it.
type body struct {
	text   []byte // valid only while the buffer it lives in is not reused
	broken finding
}

// maxPooledBuffer limits pooled buffers, so that a few huge bodies do not keep
// their memory.
const maxPooledBuffer = 2 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func putBuffer(b *bytes.Buffer) {
	if b.Cap() <= maxPooledBuffer {
		b.Reset()
		buffers.Put(b)
	}
}

// errBodyTooLarge says that a body exceeds Config.MaxBodyBytes.
var errBodyTooLarge = errors.New("emulator: body too large")

// readBounded reads r into b, until b has more than limit bytes.
func readBounded(b *bytes.Buffer, r io.Reader, limit int) error {
	if _, err := b.ReadFrom(io.LimitReader(r, int64(limit-b.Len())+1)); err != nil {
		return err
	}
	if b.Len() > limit {
		return errBodyTooLarge
	}
	return nil
}

// readBody reads the whole body of r as it came, into b, which grows with what
// arrives and never by what Content-Length announces.
func (s *Server) readBody(b *bytes.Buffer, r *http.Request) error {
	if r.Body == nil { // a request that no server read
		return nil
	}
	if r.ContentLength > int64(s.config.MaxBodyBytes) {
		return errBodyTooLarge
	}
	return readBounded(b, r.Body, s.config.MaxBodyBytes)
}

// maxInflating is how many bodies that are longer than inflateFreely, once
// decompressed, are in memory at the same time: a few kilobytes can become
// MaxBodyBytes, and there may be many of them. The others wait.
const (
	maxInflating  = 4
	inflateFreely = 1 << 20
)

// decompress returns the body that received encodes, using b for it. The caller
// calls done once it needs nothing of it any more.
func (s *Server) decompress(ctx context.Context, b *bytes.Buffer, received []byte, encoding string) (text body, done func()) {
	done = func() {}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body{text: received}, done
	case "gzip":
	default:
		return body{broken: finding{rule: ruleUnknownEncoding}}, done
	}
	z, err := gzip.NewReader(bytes.NewReader(received))
	if err == nil {
		err = readBounded(b, z, min(inflateFreely, s.config.MaxBodyBytes))
	}
	if errors.Is(err, errBodyTooLarge) && b.Len() <= s.config.MaxBodyBytes {
		select {
		case s.inflating <- struct{}{}:
			done = func() { <-s.inflating }
			err = readBounded(b, z, s.config.MaxBodyBytes)
		case <-ctx.Done():
			return body{broken: finding{rule: ruleMalformedGzip, detail: "the caller went away before it was read"}}, done
		}
	}
	switch {
	case errors.Is(err, errBodyTooLarge):
		return body{broken: s.bodyTooLarge()}, done
	case err != nil:
		return body{broken: finding{rule: ruleMalformedGzip}}, done
	}
	return body{text: b.Bytes()}, done
}

func (s *Server) bodyTooLarge() finding {
	return finding{rule: ruleBodyTooLarge, detail: fmt.Sprintf("the limit is %d bytes", s.config.MaxBodyBytes)}
}

// call is one decoded request to an ingestion endpoint.
type call struct {
	messages []decodedMessage
	writeKey string // from the body
	bytes    int
	// broken concerns the request as a whole. messages may be empty then.
	broken finding
	// oversize holds the raw items of a batch that is too large to be
	// decoded: they are only recorded.
	oversize string
	envelope envelope
	text     string       // the body, if a store is to keep it
	durable  func() error // waits for the store; nil without one
	// replayed says that the call comes out of a store, and byConfig what
	// Config.Refuse said about its messages when it was new.
	replayed bool
	byConfig map[int]string
}

// decodeCall reads a body. k is the type that the path implies, kindUnknown
// for a batch. now is the
// time of receipt.
func (s *Server) decodeCall(b body, k kind, now time.Time) call {
	c := call{bytes: len(b.text), broken: b.broken}
	if c.broken.rule != noRule {
		return c
	}
	if c.broken = checkJSON(b.text); c.broken.rule != noRule {
		c.envelope.rest, c.text = shown(b.text), string(b.text)
		return c
	}
	text := string(b.text)
	c.text = text
	if k != kindUnknown {
		c.writeKey = keyOf(rawjson.Member(text, "writeKey"))
		m := decodeMessage(text, k, now, s.config.KeepPageNames)
		if len(text) > s.config.MaxCallBytes {
			m.broken = tooLarge(ruleCallTooLarge, len(text), s.config.MaxCallBytes)
		}
		c.messages = []decodedMessage{m}
		return c
	}
	var batch string
	var context, integrations string // raw objects, or ""
	for field, value := range rawjson.Members(text) {
		switch field {
		case "batch":
			batch = value
		case "context":
			if rawjson.IsObject(value) {
				context = value
			} else if !rawjson.IsNull(value) {
				c.broken = finding{ruleFieldType, "context", "an object is expected"}
			}
		case "integrations":
			if rawjson.IsObject(value) {
				integrations = value
			}
		case "writeKey":
			c.writeKey = keyOf(value)
		}
	}
	c.envelope.rest = restOf(text)
	switch {
	case !rawjson.IsArray(batch):
		c.broken = finding{rule: ruleMissingBatch, field: "batch"}
		return c
	case len(text) > s.config.MaxBatchBytes:
		c.broken = tooLarge(ruleBatchTooLarge, len(text), s.config.MaxBatchBytes)
		c.oversize = batch
		return c
	}
	c.messages = make([]decodedMessage, 0, strings.Count(batch, `"type"`))
	for item := range rawjson.Elements(batch) {
		// A copy, because the messages of a batch are not kept equally long.
		m := decodeMessage(strings.Clone(item), kindUnknown, now, s.config.KeepPageNames)
		m.batchContext, m.batchIntegrations = context, integrations
		if len(item) > s.config.MaxCallBytes {
			m.broken = tooLarge(ruleMessageTooLarge, len(item), s.config.MaxCallBytes)
		}
		c.messages = append(c.messages, m)
	}
	return c
}

func tooLarge(rule ruleID, n, limit int) finding {
	return finding{rule: rule, detail: fmt.Sprintf("%d bytes, the limit is %d", n, limit)}
}

// checkJSON says what is wrong with text, which must be one JSON object in
// UTF-8.
func checkJSON(text []byte) finding {
	why := finding{rule: ruleMalformedBody}
	switch {
	case !utf8.Valid(text):
		why.detail = "it is not UTF-8"
	case len(bytes.TrimSpace(text)) == 0:
		why.detail = "it is empty"
	case !json.Valid(text):
		why.detail = "it is not JSON"
		var v json.RawMessage
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal(text, &v), &syntax) {
			why.detail = fmt.Sprintf("the JSON ends or breaks at byte %d", syntax.Offset)
		}
	case bytes.TrimSpace(text)[0] != '{':
		why.detail = "it is not an object"
	default:
		return finding{}
	}
	return why
}

func keyOf(raw string) string {
	if rawjson.IsString(raw) {
		return rawjson.Unquote(raw)
	}
	return ""
}
