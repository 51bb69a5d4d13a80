package main

import "testing"

// The shown part of an identifier names nobody.
func TestMasked(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"": "***", "4": "***", "42": "***", "4712": "4***2", "customer-99": "c***9", "äöüß": "ä***ß", "anna@example.com": "a***@e***.com", "a@b.de": "***@***.de", "ann@mail.example.co.uk": "***@m***.uk",
		"cio_0a0b0c": "cio_***", "a@b": "***",
	} {
		if got := masked(id); got != want {
			t.Errorf("%q is %q, want %q", id, got, want)
		}
	}
}
