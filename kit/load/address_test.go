package load

import (
	"strings"
	"testing"

	"github.com/ciokit/cio"
)

var addressSeeds = []string{"ann@x.org", "Ann@X.Org", "a@b", "a@b.c", "@b.c", "a@.b.c", "a@b..c", "a@b.c.", "a@@b.c", "a@b@c.d", "a b@c.d", "Acme1@EU", "", "@", ".", "a@.", "ÄNN@ÖX.org", "ann@x.örg",
	"ann@x\\.org", "a..b@c.d", ".a@b.c", strings.Repeat("a", 245) + "@bcd.efgh", strings.Repeat("a", 246) + "@bcd.efgh", strings.Repeat("ä", 130) + "@b.c", "a\x00b@c.d", "a@b\xff.c", "a@\u2126.c"}

// wantAddress is the rule in other words.
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
		folded, ok := appendAddress([]byte("before"), s)
		want := "before"
		if wantAddress(s) {
			want += strings.ToLower(s)
		}
		if ok != wantAddress(s) || string(folded) != want {
			t.Errorf("%q gives %q, %v; want %q", s, folded, ok, want)
		}
		if again, okAgain := appendAddress(nil, []byte(s)); okAgain != ok || string(again) != strings.TrimPrefix(want, "before") {
			t.Errorf("%q gives %q as bytes", s, again)
		}
	})
}

// The emulator keeps a person under an address, in whatever case, exactly if it is one by the rule here.
func TestAddressIsTheEmulators(t *testing.T) {
	t.Parallel()
	for _, s := range addressSeeds {
		client, server := emulated(t, cio.Config{})
		if s == "" || client.Send(t.Context(), cio.Identify{UserID: s}) != nil { // no id at all
			continue
		}
		other := strings.ToUpper(s)
		if other == s {
			other = strings.ToLower(s)
		}
		folded := strings.ToLower(s) // as the emulator does, which is not what EqualFold does
		if other == s || strings.ToLower(other) != folded {
			continue
		}
		_, err := server.Person("", other)
		if found := err == nil; found != isAddress(s) {
			t.Errorf("%q is found by %q: %v, and is an address: %v", s, other, found, isAddress(s))
		}
	}
}
