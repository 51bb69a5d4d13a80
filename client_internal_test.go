package cio

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
)

func maskOf(key string) func(string) string {
	return masker(key, base64.StdEncoding.EncodeToString([]byte(key+":")))
}

// A key that is also an ordinary word remains where it means something else, and is removed where it is the key.
func TestMaskOfWords(t *testing.T) {
	for _, key := range []string{"emulator", "test-key", "k", "workspace", "localhost", "customer-io-emulator", "abc12345", "127"} {
		mask := maskOf(key)
		for _, text := range []string{
			"", "§", "no answer: dial tcp: lookup §: no such host", "http://§:8110", "http://§", "https://§.example.com/v1/batch", "redirected to http://§:8110, which is not followed", "from §:8110",
			"the § is not there", "is the § the key that you mean?", "an HTML page titled \"§\"", "key: §.example.com", "monkey §", "keys for §", "basically §", "http://user@§:8110", "§@example.com", "the key of § is not taken", "§x=1 x§=2",
		} {
			text = strings.ReplaceAll(text, "§", key)
			if got := mask(text); got != text {
				t.Errorf("%s: %q became %q", key, text, got)
			}
		}
		for _, text := range []string{
			`key=§`, `key: §`, `the key "§" is unknown`, `write key '§'`, `{"writeKey":"§"}`, `{"api_key": "§"}`, `?key=§&x=1`, `Authorization: Basic §`, `bearer §`, `token=§;`, `http://§@host:8110`, `http://§:@host`, `https://user:§@host/`, `https://§:secret@host/`,
			`key=§.`, `API-Key: §, Host: x`, "X-Api-Key: `§`", `password=§`, `key=§,key=§`, "basic " + base64.StdEncoding.EncodeToString([]byte(key+":")),
		} {
			text = strings.ReplaceAll(text, "§", key)
			if got := mask(text); !strings.Contains(got, masked) {
				t.Errorf("%s: %q became %q", key, text, got)
			}
		}
		if got := mask("key=" + key + ",key=" + key); got != "key=[key],key=[key]" {
			t.Errorf("%s: %s", key, got)
		}
	}
}

// A short key that is not a word is removed where it is separate, and remains as a part of anything else.
func TestMaskOfStrangeWords(t *testing.T) {
	mask := maskOf("k3y-s3cret")
	for text, want := range map[string]string{
		"bad key k3y-s3cret": "bad key [key]", "k3y-s3cret": "[key]", "(k3y-s3cret)": "([key])", "no k3y-s3cret.": "no [key].", "http://k3y-s3cret:8110": "http://k3y-s3cret:8110", "k3y-s3cret.example.com": "k3y-s3cret.example.com",
		"lookup k3y-s3cret: no such host": "lookup k3y-s3cret: no such host", "ak3y-s3cret": "ak3y-s3cret", "key=k3y-s3cret:": "key=[key]:", "http://k3y-s3cret@host": "http://[key]@host",
	} {
		if got := mask(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestIsSecret(t *testing.T) {
	for key, want := range map[string]bool{
		"emulator": false, "test-key": false, "customer-io-emulator": false, "emulatorkey": false, "developmentworkspace": true, "key": false, "abc12345": false, "CustomerEmulator": false,
		"d41d8cd98f00b204e980": true, "abcdefghijklmnopqrst": true, "AbCdEfGhIjKl": true, "123456789012": true, "f47ac10b-58cc-4372-a567-0e02b2c3d479": true,
	} {
		if got := isSecret(key); got != want {
			t.Errorf("%s: %t", key, got)
		}
	}
}

// Keys as Customer.io makes them, of 20 letters and digits, are removed everywhere.
func TestMaskOfRealKeys(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, alphabet := range []string{"0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "0123456789"} {
		for range 200 {
			key := make([]byte, 20)
			for i := range key {
				key[i] = alphabet[rng.IntN(len(alphabet))]
			}
			k := string(key)
			mask := maskOf(k)
			for _, text := range []string{"K", "http://K:8110", "a K b", "xKy", "key=K", "KK", "https://K.example.com", "K@K:K"} {
				if got := mask(strings.ReplaceAll(text, "K", k)); strings.Contains(got, k) || strings.ReplaceAll(got, masked, "K") != text {
					t.Fatalf("%s: %q became %q", k, text, got)
				}
			}
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("emulator", "http://", ":8110")
	f.Add("d41d8cd98f00b204e980", "the key ", " is not taken")
	f.Add("k", "key=", "")
	f.Add("a.b*c(", "token: ", ".")
	f.Fuzz(func(t *testing.T, key, before, after string) {
		if checkAPIKey(key) != nil || strings.ContainsAny(key, "[]") {
			t.Skip("no key that a Config takes, or one that the mask's own brackets are part of")
		}
		mask := maskOf(key)
		got := mask(before + key + after)
		if isSecret(key) && strings.Contains(got, key) {
			t.Errorf("%q shows in %q", key, got)
		}
		if isSecret(key) {
			return
		}
		for _, text := range []string{"http://" + key + ":8110/v1", "the " + key + " is not there"} {
			if got := mask(text); got != text && !(digitThenLetter.MatchString(key) && !strings.HasPrefix(text, "http")) {
				t.Errorf("%q became %q", text, got)
			}
		}
		if got := mask("key=" + key + " "); got != "key=[key] " {
			t.Errorf("%q became %q", "key="+key+" ", got)
		}
	})
}
