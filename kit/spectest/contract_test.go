package spectest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/internal/gen/eventspec"
	"github.com/ciokit/cio/kit/livetest"
)

// contractExceptions are the calls that the client sends and the schemas reject. Each exception must be needed.
var contractExceptions = []struct {
	name, reason string
	applies      func(message map[string]any, inBatch bool) bool
}{
	{"an identify by email address alone", "The description of the call allows it; the schema demands an id (docs/rules.md#fields-and-identity).", func(m map[string]any, _ bool) bool {
		return m["type"] == "identify" && m["userId"] == nil && m["anonymousId"] == nil
	}},
	{"an alias in a batch", "The schema leaves aliases out; Customer.io's own SDKs send them in batches (docs/rules.md#batches).", func(m map[string]any, inBatch bool) bool {
		return m["type"] == "alias" && inBatch
	}},
	{"a group without a person in a batch", "The schema of the call takes it, that of a batch demands a person; Customer.io's SDKs send it (docs/rules.md#fields-and-identity).", func(m map[string]any, inBatch bool) bool {
		return m["type"] == "group" && m["userId"] == nil && m["anonymousId"] == nil && inBatch
	}},
}

// exchange is one call and its answer.
type exchange struct {
	method, path string // the path with its query
	header       http.Header
	body, answer []byte
	status       int
}

// tape is a transport that records the calls and their answers.
type tape struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []exchange
}

func (r *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchange{method: req.Method, path: req.URL.RequestURI(), header: req.Header.Clone()}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body.Close()
		if x.body = body; req.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			if x.body, err = io.ReadAll(z); err != nil {
				return nil, err
			}
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if x.answer, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(x.answer))
	x.status = resp.StatusCode
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, x)
	return resp, nil
}

// recorded sends everything that can be sent: all cases of the live suite, every golden message, and every event both with all its fields and with
// none. It sends each alone, all in batches, and all through a Batcher with gzip.
func recorded(t *testing.T, spec *eventspec.Spec) []exchange {
	t.Helper()
	srv := emulator.Config{}.InProcess(t)
	r := &tape{next: srv.Client().Transport}
	over := &http.Client{Transport: r}
	suite, err := livetest.Open(t.Context(), livetest.Config{APIKey: srv.Key, AppAPIKey: srv.Key, BaseURL: srv.URL, HTTPClient: over, RateLimit: -1, LedgerDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range livetest.Cases() {
		if result := suite.Run(t.Context(), c); result.Err != nil {
			t.Errorf("%s: %s: %v", c.Area, c.Name, result.Err)
		}
	}
	if err := suite.Close(t.Context()); err != nil {
		t.Error(err)
	}
	client, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: over, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]cio.Message{goldenCalls(t), eventCalls(t, spec)} {
		for _, m := range list {
			if err := client.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		}
		if err := client.Send(t.Context(), list...); err != nil {
			t.Error(err)
		}
		batcher, err := cio.NewBatcher(client, cio.BatcherConfig{Compress: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if err := batcher.Enqueue(t.Context(), m); err != nil {
				t.Error(err)
			}
		}
		if err := batcher.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	return r.all
}

// goldenCalls are the golden messages of package cio.
func goldenCalls(t *testing.T) (list []cio.Message) {
	t.Helper()
	for file, tree := range messages(t) {
		list = append(list, encoded(t, file, tree))
	}
	return list
}

// eventCalls are all events with all their fields, and also without fields if they require none.
func eventCalls(t *testing.T, spec *eventspec.Spec) (list []cio.Message) {
	t.Helper()
	for _, e := range spec.Events {
		for _, kind := range []string{"all", "none"} {
			tree := golden(t, e, kind, true)
			tree["messageId"] = "m1"
			if kind == "none" && (e.Acts || slices.ContainsFunc(slices.Concat(e.Properties, e.Context), func(f eventspec.Field) bool { return f.Required })) {
				continue
			}
			list = append(list, encoded(t, e.Name, tree))
		}
	}
	return list
}

// encoded returns a tree as a stored message.
func encoded(t *testing.T, name string, tree map[string]any) cio.Encoded {
	t.Helper()
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var e cio.Encoded
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}

// TestContract compares every call of the client with Customer.io's documents: the call with the schema of its endpoint, each message of a batch also
// with the schema of its own endpoint, semantic events with that of their event, and every member by its name.
func TestContract(t *testing.T) {
	t.Parallel()
	spec, exceptions := loadSpec(t)
	calls := recorded(t, spec)
	for name := range documentNames {
		original, d := openDocument(t, name), openDocument(t, name)
		for _, e := range spec.Events {
			d.repair(exceptions, e.Schema)
		}
		repairCalls(d.tree)
		k := &contract{t: t, v: newValidators(t, d), original: original, spec: spec, needed: map[string]bool{}, seen: map[string]int{}}
		for _, x := range calls {
			if x.method == http.MethodPost {
				k.check(x)
			}
		}
		for _, e := range contractExceptions {
			if !k.needed[e.name] {
				t.Errorf("%s: %s: the schemas accept it, so it needs no exception any more", name, e.name)
			}
		}
		for _, call := range append([]string{"batch", "gzip"}, callTypes...) {
			if k.seen[call] == 0 {
				t.Errorf("%s: no call of %s was recorded", name, call)
			}
		}
		for _, e := range spec.Events {
			if k.seen["event "+e.Name] == 0 {
				t.Errorf("%s: no event %s was recorded", name, e.Name)
			}
		}
	}
}

// contract compares calls with one document.
type contract struct {
	t        *testing.T
	v        *validators
	original *document
	spec     *eventspec.Spec
	needed   map[string]bool
	seen     map[string]int
}

func (k *contract) check(x exchange) {
	k.t.Helper()
	call := strings.TrimPrefix(x.path, "/v1/")
	k.seen[call]++
	if x.header.Get("Content-Encoding") == "gzip" {
		k.seen["gzip"]++
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(x.header.Get("Authorization"), "Basic "))
	if string(key) != emulator.TestKey+":" || x.header.Get("X-Strict-Mode") != "1" || x.header.Get("Content-Type") != "application/json" {
		k.t.Errorf("%s: the header is %v", call, x.header)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.body))
	if err != nil {
		k.t.Fatalf("%s: %v", call, err)
	}
	body := tree.(map[string]any)
	if call != "batch" {
		k.message(body, call, false)
		return
	}
	var taken []any
	schema := k.v.request(k.t, "batch")
	for _, item := range body["batch"].([]any) {
		message := item.(map[string]any)
		typ, _ := message["type"].(string)
		k.message(message, typ, false)
		if k.judge(schema.Validate(map[string]any{"batch": []any{message}}), message, true) {
			taken = append(taken, message)
		}
	}
	body["batch"] = taken
	if err := schema.Validate(body); err != nil {
		k.t.Errorf("%s: a batch: %v", k.v.doc.name, err)
	}
}

// message compares one message with the schemas of its call and of its event.
func (k *contract) message(m map[string]any, call string, inBatch bool) {
	k.t.Helper()
	if !slices.Contains(callTypes, call) || m["type"] != call {
		k.t.Errorf("%s: a call of %s of type %v", k.v.doc.name, call, m["type"])
		return
	}
	k.judge(k.v.request(k.t, call).Validate(m), m, inBatch)
	schemas := []any{k.original.requestSchema(call)}
	if call == "alias" {
		all, _ := k.original.schema("alias_all")
		schemas = append(schemas, all)
	}
	name, _ := m["event"].(string)
	if e, ok := k.spec.Event(name); ok {
		k.seen["event "+name]++
		s, described := k.v.doc.schema(e.Schema)
		if !described {
			return
		}
		value := any(m)
		if !isEnvelope(s) {
			if value = m["properties"]; value == nil {
				value = map[string]any{}
			}
		} else {
			schemas = append(schemas, s)
		}
		if err := k.v.schema(k.t, e.Schema).Validate(value); err != nil {
			k.t.Errorf("%s: %s: %v", k.v.doc.name, name, err)
		}
	}
	for _, path := range unknown(k.original, schemas, m, "") {
		if unknownMembers[path] == "" {
			k.t.Errorf("%s: %s %s: no schema has %s", k.v.doc.name, call, name, path)
		}
	}
}

// judge reports whether the schema accepts the message. If it does not, an exception must apply.
func (k *contract) judge(err error, m map[string]any, inBatch bool) bool {
	k.t.Helper()
	if err == nil {
		return true
	}
	for _, e := range contractExceptions {
		if e.applies(m, inBatch) {
			k.needed[e.name] = true
			return false
		}
	}
	k.t.Errorf("%s: %v %v: %v", k.v.doc.name, m["type"], m["event"], err)
	return false
}

// appOperations are the operations of the App API that package appapi uses, by the form of their paths.
var appOperations = map[string]string{
	"/v1/customers": "", "/v1/activities": "",
	"/v1/customers/{customer_id}/attributes": "", "/v1/customers/{customer_id}/relationships": "", "/v1/customers/{customer_id}/activities": "",
}

// TestAppContract compares the requests of package appapi, and the answers of the emulator, with Customer.io's document of the App API.
func TestAppContract(t *testing.T) {
	t.Parallel()
	const name = "app-api-2025-07.json"
	d := openDocument(t, name)
	repairCalls(d.tree)
	v := newValidators(t, d)
	seen := map[string]int{}
	for _, x := range appCalls(t) {
		path, query, _ := strings.Cut(x.path, "?")
		form := path
		if parts := strings.Split(path, "/"); len(parts) == 5 {
			parts[3] = "{customer_id}"
			form = strings.Join(parts, "/")
		}
		if _, ok := appOperations[form]; !ok {
			t.Errorf("GET %s is not one of the operations", form)
			continue
		}
		seen[form]++
		item := d.tree["paths"].(map[string]any)[form].(map[string]any)
		operation, ok := item["get"].(map[string]any)
		if !ok {
			t.Errorf("%s: no GET %s", name, form)
			continue
		}
		for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
			parameter, _, _ := strings.Cut(pair, "=")
			if !hasParameter(item, parameter) && !hasParameter(operation, parameter) {
				seen[form+" "+parameter]++
				if appExceptions[form+" "+parameter] == "" {
					t.Errorf("%s: GET %s has no parameter %s", name, form, parameter)
				}
			}
		}
		if x.status != http.StatusOK || !strings.HasPrefix(x.header.Get("Authorization"), "Bearer ") {
			continue
		}
		schema, err := v.compiler.Compile(fmt.Sprintf("https://customer.io/%s#/paths/%s/get/responses/200/content/application~1json/schema", name, pointer(form)))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.answer))
		if err == nil {
			err = schema.Validate(answer)
		}
		if err != nil {
			t.Errorf("%s: the answer to GET %s: %v\n%s", name, form, err, x.answer)
		}
	}
	for exception := range appExceptions {
		if seen[exception] == 0 {
			t.Errorf("%s needs no exception any more", exception)
		}
	}
	for form := range appOperations {
		if seen[form] == 0 {
			t.Errorf("no GET %s was recorded", form)
		}
	}
}

// pointer escapes a path as a part of a JSON pointer in a URL.
func pointer(path string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
}

func hasParameter(of map[string]any, name string) bool {
	list, _ := of["parameters"].([]any)
	return slices.ContainsFunc(list, func(p any) bool {
		m, _ := p.(map[string]any)
		return m["name"] == name && m["in"] == "query"
	})
}

// TestTapeIsTransparent checks that the recording transport changes nothing.
func TestTapeIsTransparent(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	r := &tape{next: srv.Client().Transport}
	client, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: &http.Client{Transport: r}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cio.Encode(cio.Page{UserID: "u1", Properties: map[string]any{"url": "https://shop.example/"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	sent, _ := m.AppendJSON(nil)
	if len(r.all) != 1 || !bytes.Equal(r.all[0].body, sent) || string(r.all[0].answer) != "{}" || len(srv.Events("u1")) != 1 {
		t.Errorf("%+v", r.all)
	}
}
