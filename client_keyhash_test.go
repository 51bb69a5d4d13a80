package cio_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log"
	"testing"

	"github.com/ciokit/cio"
)

// The hash distinguishes keys, differs with another salt, and changes when the key is replaced.
func TestKeyHash(t *testing.T) {
	client := func(key string) *cio.Client {
		c, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionUS})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := client("first-key"), client("second-key")
	salt := []byte("salt")
	hash := a.KeyHash(salt)
	if len(hash) != 8 || !bytes.Equal(hash, client("first-key").KeyHash(salt)) {
		t.Errorf("the same key has %x and %x", hash, client("first-key").KeyHash(salt))
	}
	if bytes.Equal(hash, b.KeyHash(salt)) || bytes.Equal(hash, a.KeyHash([]byte("pepper"))) {
		t.Error("another key or salt has the same hash")
	}
	if bytes.Contains([]byte(base64.StdEncoding.EncodeToString([]byte("first-key:"))), hash) {
		t.Error("the hash is a part of the key")
	}
	if err := b.SetAPIKey("first-key"); err != nil || !bytes.Equal(hash, b.KeyHash(salt)) {
		t.Error(err)
	}
}

func ExampleClient_KeyHash() {
	salt := []byte("kept with the hash")
	client, err := cio.NewClient(cio.Config{APIKey: "a-write-key", Region: cio.RegionUS})
	if err != nil {
		log.Fatal(err)
	}
	kept := client.KeyHash(salt)

	if err := client.SetAPIKey("another"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same key:", bytes.Equal(kept, client.KeyHash(salt)))
	// Output: the same key: false
}
