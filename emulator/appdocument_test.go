package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/internal/gen/apifacts"
)

// appDocument is the part of the App API's document that the tests need.
type appDocument struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]map[string]any }
}

type appResponses struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema map[string]any }
	}
}

func readAppDocument(t *testing.T) *appDocument {
	t.Helper()
	text, err := apifacts.Read("..", "app-api-2025-07.json")
	if err != nil {
		t.Fatal(err)
	}
	d := new(appDocument)
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// misfit says where a value does not fit a schema; empty if it fits.
func (d *appDocument) misfit(s map[string]any, v any, at string) string {
	if ref, ok := s["$ref"].(string); ok {
		return d.misfit(d.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]], v, at)
	}
	if v == nil {
		if s["nullable"] == false || s["nullable"] == nil && s["type"] == "object" {
			return at + " is null"
		}
		return "" // in many places the document does not say nullable
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if list, ok := s[keyword].([]any); ok {
			var all []string
			for _, one := range list {
				why := d.misfit(one.(map[string]any), v, at)
				if why == "" {
					return ""
				}
				all = append(all, why)
			}
			return strings.Join(all, " or ")
		}
	}
	if list, ok := s["allOf"].([]any); ok {
		for _, one := range list {
			if why := d.misfit(one.(map[string]any), v, at); why != "" {
				return why
			}
		}
		return ""
	}
	kind := map[bool]string{}
	switch v := v.(type) {
	case map[string]any:
		kind[true] = "object"
		properties, _ := s["properties"].(map[string]any)
		extra, _ := s["additionalProperties"].(map[string]any)
		for name, value := range v {
			of, ok := properties[name].(map[string]any)
			if !ok {
				of = extra
			}
			if len(of) > 0 {
				if why := d.misfit(of, value, at+"."+name); why != "" {
					return why
				}
			}
		}
		for _, name := range required(s) {
			if _, ok := v[name]; !ok {
				return at + " lacks " + name
			}
		}
	case []any:
		kind[true] = "array"
		for i, item := range v {
			if why := d.misfit(s["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", at, i)); why != "" {
				return why
			}
		}
	case string:
		kind[true] = "string"
	case bool:
		kind[true] = "boolean"
	case float64:
		kind[true] = "integer"
		if s["type"] == "number" {
			kind[true] = "number"
		}
	}
	if s["type"] != nil && s["type"] != kind[true] {
		return fmt.Sprintf("%s is of the type %s, want %v", at, kind[true], s["type"])
	}
	if values, ok := s["enum"].([]any); ok && !strings.Contains(fmt.Sprint(values...), fmt.Sprint(v)) {
		return fmt.Sprintf("%s is %v, want one of %v", at, v, values)
	}
	return ""
}

func required(s map[string]any) (names []string) {
	list, _ := s["required"].([]any)
	for _, name := range list {
		names = append(names, name.(string))
	}
	return names
}

// TestAppAPIAnswersEveryOperation calls each operation of the App API's
// document. Each answer has the form that the document gives, and values that
// are invented are marked as such.
func TestAppAPIAnswersEveryOperation(t *testing.T) {
	t.Parallel()
	d := readAppDocument(t)
	bodies := map[string]string{
		"POST /v1/customers":            `{"filter":{"attribute":{"field":"plan","operator":"exists"}}}`,
		"POST /v1/customers/attributes": `{"ids":["u1"]}`,
		"POST /v1/exports/customers":    `{"filters":{"attribute":{"field":"plan","operator":"eq","value":"pro"}}}`,
		"POST /v1/exports/deliveries":   `{"campaign_id":1}`,
		"POST /v1/imports":              `{"import":{"data_file_url":"https://example.com/a.csv","name":"n","type":"people","identifier":"id"}}`,
		"POST /v1/objects":              `{"object_type_id":"1","filter":{"object_attribute":{"field":"name","operator":"exists","type_id":"1"}}}`,
		"POST /v1/segments":             `{"segment":{"name":"Second"}}`,
	}
	canned, total := 0, 0
	for path, verbs := range d.Paths {
		for verb, raw := range verbs {
			if verb == "parameters" {
				continue
			}
			total++
			name := strings.ToUpper(verb) + " " + path
			var documented appResponses
			if err := json.Unmarshal(raw, &documented); err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			c := newClient(t, emulator.Config{Now: func() time.Time { return now }})
			c.send(
				`{"type":"identify","userId":"u1","traits":{"email":"ann@example.com","plan":"pro","n":1,"cio_subscription_preferences":{"topics":{"topic_2":true}}}}`,
				`{"type":"group","userId":"u1","groupId":"acme","traits":{"name":"Acme"}}`,
				`{"type":"track","userId":"u1","event":"Report Delivery Event","properties":{"deliveryId":"m1","metric":"opened"}}`,
			)
			c.app("POST", "/v1/segments", `{"segment":{"name":"First","description":"of all"}}`, 200)
			c.track("/api/v1/segments/1/add_customers", `{"ids":["u1"]}`, 200)
			c.app("POST", "/v1/esp/suppression/bounces/ann%40example.com", "", 200)
			export := "2"
			if !strings.Contains(path, "import") {
				export = "1"
				c.app("POST", "/v1/exports/customers", bodies["POST /v1/exports/customers"], 200)
			}
			now = now.Add(time.Minute)
			if strings.Contains(path, "{import_id}") {
				c.app("POST", "/v1/imports", bodies["POST /v1/imports"], 200)
				export = "1"
			}
			url := strings.NewReplacer("{customer_id}", "u1", "{email_address}", "ann%40example.com", "{suppression_type}", "bounces", "{message_id}", "m1", "{object_id}", "acme", "{export_id}", export,
				"{import_id}", "1", "{language}", "de", "{snippet_name}", "s").Replace(path)
			for strings.Contains(url, "{") {
				before, rest, _ := strings.Cut(url, "{")
				_, after, _ := strings.Cut(rest, "}")
				url = before + "1" + after
			}
			status, schema := 0, map[string]any(nil)
			for code, r := range documented.Responses {
				if code[0] == '2' {
					fmt.Sscan(code, &status)
					schema = r.Content["application/json"].Schema
				}
			}
			if name == "GET /v1/customers" {
				url += "?email=ann%40example.com"
			}
			a := c.app(strings.ToUpper(verb), url, bodies[name], status)
			if a.header.Get(emulator.CannedHeader) == "1" {
				canned++
			}
			if schema == nil {
				if strings.TrimSpace(a.body) != "" && name[0] != 'P' {
					t.Errorf("%s: it answers %s", name, a.body)
				}
				continue
			}
			var v any
			if err := json.Unmarshal([]byte(a.body), &v); err != nil {
				t.Errorf("%s: %v in %s", name, err, a.body)
			} else if why := d.misfit(schema, v, ""); why != "" {
				t.Errorf("%s: %s in %s", name, why, a.body)
			}
		}
	}
	if total != 113 || total-canned != 35 {
		t.Errorf("%d operations, %d of them from the state", total, total-canned)
	}
}
