package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// Preset is a fault with a name: a situation that a client must survive.
type Preset struct {
	Name string
	// About says in a sentence what happens.
	About string
	Fault Fault
}

const (
	portalPage   = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n"
	firewallPage = "<!DOCTYPE html>\n<html><head><title>Request rejected</title></head><body><p>The requested URL was rejected.</p></body></html>\n"
	// firewallText is what the firewall of the preset looks for.
	firewallText = "UNION SELECT"
)

var (
	htmlHeaders = map[string]string{"Content-Type": "text/html; charset=utf-8", "Server": "gateway"}
	textHeaders = map[string]string{"Content-Type": "text/plain; charset=utf-8", "Server": "gateway"}
)

// shortly is how long the situations last that end by themselves.
const shortly = 5_000

var allPresets = []Preset{
	{"stray-401", "One call is answered 401, although the key is right.",
		Fault{Count: 1, Status: http.StatusUnauthorized}},
	{"node-401", "One of two nodes behind a load balancer answers 401; each new connection goes to the next node.",
		Fault{Nodes: 2, Status: http.StatusUnauthorized}},
	{"every-second-401", "One of two nodes answers 401; each call goes to the next node.",
		Fault{Every: 2, Status: http.StatusUnauthorized}},
	{"firewall-403", "A firewall answers 403 with a page to calls that contain " + firewallText + ".",
		Fault{Contains: firewallText, Status: http.StatusForbidden, Headers: htmlHeaders, Body: firewallPage}},
	{"html-200", "For 5 seconds a captive portal answers 200 with a page.",
		Fault{ForMS: shortly, Status: http.StatusOK, Headers: htmlHeaders, Body: portalPage}},
	{"gateway-400", "For 5 seconds a gateway answers 400 in plain text to everything.",
		Fault{ForMS: shortly, Status: http.StatusBadRequest, Headers: textHeaders, Body: "Bad Request\n"}},
	{"json-400", "Every call is answered 400 in the API's own form.",
		Fault{Status: http.StatusBadRequest}},
	{"failed-200", "For 5 seconds the answer is 200 with a body that says that it failed.",
		Fault{ForMS: shortly, Status: http.StatusOK, Body: `{"success":false,"errors":["not now"]}`}},
	{"multi-207", "For 5 seconds the answer is 207, which this API does not use.",
		Fault{ForMS: shortly, Status: http.StatusMultiStatus}},
	{"odd-203", "For 5 seconds the answer is 203, as from a proxy that rewrites answers.",
		Fault{ForMS: shortly, Status: http.StatusNonAuthoritativeInfo}},
	{"early-200", "For 5 seconds the answer is 200 before anything of the body was read.",
		Fault{ForMS: shortly, Status: http.StatusOK, Early: true}},
	{"broken-200", "For 5 seconds a 200 breaks off in the middle of its body.",
		Fault{ForMS: shortly, Status: http.StatusOK, Truncate: true}},
	{"long-200", "For 5 seconds a 200 has a body of over 64 KiB.",
		Fault{ForMS: shortly, Status: http.StatusOK, BodyBytes: 70_000}},
	{"endless-200", "For 5 seconds calls are answered by a 200 whose body never ends.",
		Fault{ForMS: shortly, Status: http.StatusOK, BodyBytes: -1}},
}

// Presets returns the named faults.
func Presets() []Preset {
	list := make([]Preset, len(allPresets))
	for i, p := range allPresets {
		p.Fault.Headers = maps.Clone(p.Fault.Headers)
		list[i] = p
	}
	return list
}

// ParseFault reads a fault: the name of one of [Presets], or a JSON object as
// for POST /_emulator/faults. The member preset of the object names one of the
// presets: {"preset": "html-200", "for_ms": 60000}. The other members replace
// fields of the preset; headers replaces only the headers that it names. It
// refuses unknown fields, and what AddFault would refuse.
func ParseFault(text string) (Fault, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") {
		return presetNamed(text)
	}
	return decodeFault([]byte(text))
}

func presetNamed(name string) (Fault, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p.Fault.check()
		}
		names = append(names, p.Name)
	}
	return Fault{}, fmt.Errorf("emulator: there is no fault named %q; the names are %s; or write the fault as JSON, such as {\"status\": 503, \"count\": 2}",
		name, strings.Join(names, ", "))
}

// decodeFault reads a fault in JSON.
func decodeFault(text []byte) (Fault, error) {
	// The preset comes first, in any position. The second reading reports what
	// is wrong with the object.
	var base struct {
		Preset any `json:"preset"`
	}
	_ = json.Unmarshal(text, &base)
	var given struct {
		Preset *string `json:"preset"`
		Fault
	}
	if name, named := base.Preset.(string); named {
		f, err := presetNamed(name)
		if err != nil {
			return f, err
		}
		given.Fault = f
	}
	if err := decodeStrictly(json.NewDecoder(bytes.NewReader(text)), &given); err != nil {
		return Fault{}, err
	}
	return given.Fault.check()
}

// Effect says in words what the fault does to a call.
func (f Fault) Effect() string {
	var does []string
	add := func(holds bool, format string, args ...any) {
		if holds {
			does = append(does, fmt.Sprintf(format, args...))
		}
	}
	add(f.DelayMS > 0, "waits %d ms", f.DelayMS)
	add(f.Status != 0, "answers %d", f.Status)
	add(f.BodyBytes > 0, "with a body of %d bytes", f.BodyBytes)
	add(f.BodyBytes < 0, "with a body that never ends")
	add(f.RetryAfter > 0, "asks to wait %d s", f.RetryAfter)
	add(f.Reset, "cuts the connection")
	add(f.Drop, "answers 200 and does nothing")
	add(f.SlowMS > 0, "takes %d ms for the answer", f.SlowMS)
	add(f.Truncate, "cuts the answer short")
	add(f.Early, "before the body is read")
	add(f.After, "after the call is processed")
	return strings.Join(does, ", ")
}

// Scope says in words which calls fail, and for how long.
func (f Fault) Scope() string {
	var b strings.Builder
	switch {
	case f.Count == 1:
		b.WriteString("1 call")
	case f.Count > 1:
		fmt.Fprintf(&b, "%d calls", f.Count)
	default:
		b.WriteString("all calls")
	}
	add := func(holds bool, format string, args ...any) {
		if holds {
			fmt.Fprintf(&b, format, args...)
		}
	}
	add(f.Path != "", " to %s", f.Path)
	add(f.Contains != "", " that contain %q", f.Contains)
	add(f.Nodes > 0, " on one connection of %d", f.Nodes)
	add(f.Every > 1, ", each %s", ordinal(f.Every))
	add(f.Share > 0, ", a share of %v (seed %d)", f.Share, f.Seed)
	add(f.ForMS > 0, ", for %d ms", f.ForMS)
	return b.String()
}

func ordinal(n int) string {
	if n == 2 || n == 3 {
		return [...]string{2: "second", 3: "third"}[n]
	}
	return fmt.Sprintf("%dth", n)
}
