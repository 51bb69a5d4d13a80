package cio

import (
	"crypto/hmac"
	"crypto/sha256"
)

// KeyHash returns eight bytes by which the write key can be told from others later on, and which do not give it away: a hash of the key under
// salt. The same key has the same hash under the same salt.
func (c *Client) KeyHash(salt []byte) []byte {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(c.key.Load().authorization()))
	return h.Sum(nil)[:8]
}
