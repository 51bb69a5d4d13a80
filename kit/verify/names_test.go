package verify

import (
	"testing"

	"github.com/ciokit/cio/kit/mapping"
)

// Attributes that Customer.io keeps under another name than the one that was sent are found under that name.
func TestFindsAttributesUnderTheNamesTheyAreKeptBy(t *testing.T) {
	t.Parallel()
	m, err := mapping.Read(write(t, "m.yaml", "messages:\n  - identify:\n      userId: $id\n      traits: {createdAt: =date(at), plan: $plan, \"cio_subscription_preferences.topics.topic_1\": =bool(news), objectId: $company}\n"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "rows.csv", "id,at,plan,news,company\nann,2026-01-31,pro,true,acme\nbob,2026-02-01,basic,false,acme\n")
	send, read := workspace(t)
	loadAll(t, send, file, m)
	r, err := Run(t.Context(), expected(t, file, m, All, 0).People, Config{App: read, AtOnce: true})
	if err != nil || len(r.Wrong()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
