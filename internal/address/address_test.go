package address

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

var addressSeeds = []string{"ann@x.org", "Ann@X.Org", "a@b", "a@b.c", "@b.c", "a@.b.c", "a@b..c", "a@b.c.", "a@@b.c", "a@b@c.d", "a b@c.d", "Acme1@EU", "", "@", ".", "a@.", "ÄNN@ÖX.org", "ann@x.örg",
	"ann@x\\.org", "a..b@c.d", ".a@b.c", strings.Repeat("a", 245) + "@bcd.efgh", strings.Repeat("a", 246) + "@bcd.efgh", strings.Repeat("ä", 130) + "@b.c", "a\x00b@c.d", "a@b\xff.c", "a@\u2126.c"}

// wantAddress is another implementation of the rule.
func wantAddress(s string) bool {
	at := strings.IndexByte(s, '@')
	if at <= 0 || len(s) > 254 || strings.ContainsAny(s, " \t\r\n<>(),;:\"[]\\") {
		return false
	}
	domain := s[at+1:]
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && dot < len(domain)-1 && domain[0] != '.' && !strings.Contains(domain, "@") && !strings.Contains(domain, "..")
}

func FuzzAddress(f *testing.F) {
	for _, s := range addressSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded, ok := Append([]byte("before"), s)
		want := "before"
		if wantAddress(s) {
			want += strings.ToLower(s)
		}
		if ok != wantAddress(s) || string(folded) != want {
			t.Errorf("%q gives %q, %v; want %q", s, folded, ok, want)
		}
		if again, okAgain := Append(nil, []byte(s)); okAgain != ok || string(again) != strings.TrimPrefix(want, "before") {
			t.Errorf("%q gives %q as bytes", s, again)
		}
	})
}

// The emulator finds a person by an address, in upper or lower case, exactly if the rule here says that it is an address.
func TestAddressIsTheEmulators(t *testing.T) {
	t.Parallel()
	for _, s := range addressSeeds {
		client, server := emulated(t, cio.Config{})
		if s == "" || client.Send(t.Context(), cio.Identify{UserID: s}) != nil { // not an id
			continue
		}
		other := strings.ToUpper(s)
		if other == s {
			other = strings.ToLower(s)
		}
		folded := strings.ToLower(s) // the emulator does the same; EqualFold does something else
		if other == s || strings.ToLower(other) != folded {
			continue
		}
		_, err := server.Person("", other)
		if found := err == nil; found != Is(s) {
			t.Errorf("%q is found by %q: %v, and is an address: %v", s, other, found, Is(s))
		}
	}
}

// Two spellings are one person here exactly if they are one person to the emulator.
func TestIdentityAgreesWithTheEmulator(t *testing.T) {
	t.Parallel()
	client, server := emulated(t, cio.Config{})
	rnd := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "B", "c.d", "@", "@", ".", "org", "X", " ", ",", "\"", "cio_", "é", "É", "..", "-", "+", "\u212a", "(", "\\", strings.Repeat("x", 250)}
	ids := []string{"Acme1@EU", "Ann@X.org", "ann@@x.org", "@x.org", "A@.x.org", "A@x.org.", "A@x", "cio_A@x.org", "A@x..org", " A@x.org", "A@x.org ", "É@x.org", "cio_", "A@cio_x.org"}
	for range 400 {
		var id strings.Builder
		for range 1 + rnd.IntN(6) {
			id.WriteString(parts[rnd.IntN(len(parts))])
		}
		ids = append(ids, id.String())
	}
	folded := 0
	for i, id := range ids {
		other := strings.ToLower(id)
		if other == id {
			other = strings.ToUpper(id)
		}
		if other == id || !strings.EqualFold(other, id) {
			continue
		}
		// The second message is about the same person if the first trait is still there.
		if err := client.Send(t.Context(), cio.Identify{UserID: id, Traits: map[string]any{"n": i}}, cio.Identify{UserID: other, Traits: map[string]any{"m": i}}); err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		one := Fold(id) == Fold(other)
		p, err := server.Person("", other)
		if strings.HasPrefix(other, "cio_") && len(other) > 4 {
			continue // identifies nobody until Customer.io has returned it
		}
		if err != nil {
			t.Fatalf("%q: %v", other, err)
		}
		n, _ := json.Marshal(p.Traits["n"])
		if both := string(n) == fmt.Sprint(i); both != one {
			t.Errorf("%q and %q: one person to the emulator: %v; here: %v", id, other, both, one)
		}
		if one {
			folded++
		}
	}
	if folded < 5 {
		t.Errorf("%d pairs are one person: too few to tell", folded)
	}
}

func emulated(t testing.TB, cfg cio.Config) (*cio.Client, *emulator.Server) {
	t.Helper()
	server := emulator.New(emulator.Config{})
	cfg.APIKey, cfg.BaseURL, cfg.HTTPClient = "key", "http://emulator.test", &http.Client{Transport: server.Transport()}
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}
