package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// shownKeyBytes is how much is shown of a key that may be a real one. Shorter
// keys, such as those of tests, are shown completely.
const (
	shownKeyBytes = 4
	realKeyBytes  = 13
)

// maskKey hides the part of a write key that must not be shown.
func maskKey(key string) string {
	if len(key) < realKeyBytes {
		return key
	}
	return strings.ToValidUTF8(key[:shownKeyBytes], "") + "..."
}

// handleOf names a workspace in URLs, where its key does not belong.
func handleOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:5])
}

// maskBody returns the JSON object text with the write key in it masked.
func maskBody(text string) string {
	if !strings.Contains(text, `"writeKey"`) || !rawjson.IsObject(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('{')
	for name, value := range rawjson.Members(text) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if name == "writeKey" && rawjson.IsString(value) {
			value = rawjson.Quote(maskKey(rawjson.Unquote(value)))
		}
		b.WriteString(rawjson.Quote(name) + ":" + value)
	}
	b.WriteByte('}')
	return b.String()
}
