package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	const receipt, proof, keys = "../../testdata/receipt-1", "../../testdata/proof-1", "../../testdata/receipt-1.keys"
	last := receipt + "/checkpoints/000000000013"
	empty := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(t.TempDir(), "receipt")
	if err := os.CopyFS(altered, os.DirFS(receipt)); err != nil {
		t.Fatal(err)
	}
	entries := filepath.Join(altered, "entries.jsonl")
	text, err := os.ReadFile(entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entries, bytes.Replace(text, []byte(`"accepted"`), []byte(`"rejected"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "receipt")
	if err := os.CopyFS(killed, os.DirFS(receipt)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(killed, "checkpoints", "000000000013")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"-key " + keys + " " + receipt, 0, "ok: 13 entries"},
		{receipt + " -key " + keys, 0, "ok: 13 entries"},
		{receipt + " -key " + keys + " -since " + last, 0, "ok: 13 entries"},
		{proof + " -key " + keys, 0, "ok: 2 entries"},
		{killed + " -key " + keys, 0, "ok: 8 entries, the plan and its approval are as they were signed\nnote: entries follow that nobody has signed"},
		{altered + " -key " + keys, 1, "WRONG: entry 4: "},
		{killed + " -key " + keys + " -since " + altered + "/plan.note", 1, "WRONG: since: "},
		{receipt + " -key " + empty, 1, "WRONG: plan: no trusted operator"},
		{proof + " -key " + keys + " -since " + last, 2, "-since is for a whole receipt"},
		{receipt, 2, "usage:"},
		{"-key " + keys, 2, "usage:"},
		{"-key " + keys + " a b", 2, "usage:"},
		{"-other", 2, "usage:"},
		{"-key nowhere " + receipt, 2, "nowhere"},
		{"-key " + keys + " nowhere", 2, "nowhere"},
		{"-key " + last + " " + receipt, 2, "not an Ed25519 verifier key"},
	} {
		var out, errs bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &errs); code != test.code || !strings.Contains(out.String()+errs.String(), test.want) {
			t.Errorf("%s: exit %d, %s%s; want %d and %q", test.args, code, &out, &errs, test.code, test.want)
		}
	}
}
