package main

import (
	"strings"

	"github.com/ciokit/cio/erasure"
)

// masked shows so little of an identifier that only people who know the person can recognize it: a***@e***.com, 4***2.
func masked(id string) string {
	switch erasure.KindOf(id) {
	case erasure.KindEmail:
		local, domain, _ := strings.Cut(id, "@")
		end := ""
		if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
			domain, end = domain[:dot], domain[dot:]
		}
		return maskedBegin(local) + "@" + maskedBegin(domain) + end
	case erasure.KindCIOID:
		return "cio_***"
	}
	letters := []rune(id)
	if len(letters) < 4 {
		return "***"
	}
	return string(letters[0]) + "***" + string(letters[len(letters)-1])
}

// maskedBegin shows the first letter of a text that is not short.
func maskedBegin(text string) string {
	if letters := []rune(text); len(letters) >= 4 {
		return string(letters[0]) + "***"
	}
	return "***"
}

// eraseCounts say how many people a plan is for, without naming anybody.
type eraseCounts struct {
	People     int      `json:"people"`
	Duplicates int      `json:"duplicates"`
	IDs        int      `json:"ids"`
	Addresses  int      `json:"addresses"`
	CIOIDs     int      `json:"cio_ids"`
	Others     int      `json:"other_identifiers"`
	Trimmed    int      `json:"trimmed"`
	CaseTwins  int      `json:"differ_only_in_case"`
	Sample     []string `json:"sample"`
}

// countTargets counts each person once.
func countTargets(l *eraseList, key erasure.ReceiptKey) eraseCounts {
	const most = 3
	c := eraseCounts{Trimmed: l.trimmed}
	seen := make(map[erasure.Subject]bool, len(l.targets))
	folded := make(map[string]int)
	for _, t := range l.targets {
		c.Others += len(t.Also)
		if s := key.Subject(t.ID); seen[s] {
			c.Duplicates++
			continue
		} else {
			seen[s] = true
		}
		c.People++
		switch erasure.KindOf(t.ID) {
		case erasure.KindEmail:
			c.Addresses++
			folded[strings.ToLower(t.ID)]++ // letters outside ASCII are not folded
		case erasure.KindCIOID:
			c.CIOIDs++
		default:
			c.IDs++
			folded[strings.ToLower(t.ID)]++
		}
		if len(c.Sample) < most {
			c.Sample = append(c.Sample, masked(t.ID))
		}
	}
	for _, n := range folded {
		if n > 1 {
			c.CaseTwins += n
		}
	}
	return c
}
