package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

var emptyObject = json.RawMessage("{}")

// reply is a whole answer, before anything of it is sent.
type reply struct {
	status int
	header map[string]string // besides the usual
	body   []byte
}

// errorReply is an answer in the only form that the API's specification
// declares for errors. It also has the code and the message that the Python SDK
// reads (docs/rules.md#answers).
func errorReply(status int, messages ...string) reply {
	var answer struct {
		Meta struct {
			Errors []string `json:"errors"`
		} `json:"meta"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	answer.Code = errorCode(status)
	answer.Message = strings.Join(messages, "; ")
	answer.Meta.Errors = messages
	return reply{status: status, body: encodeJSON(answer)}
}

// errorCode is the name of an HTTP status as a code: bad_request.
func errorCode(status int) string {
	name := http.StatusText(status)
	if name == "" {
		return "status_" + strconv.Itoa(status)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ' || r == '-':
			return '_'
		}
		return -1
	}, name)
}

func notAllowed(allow, message string) reply {
	a := errorReply(http.StatusMethodNotAllowed, message)
	a.header = map[string]string{"Allow": allow}
	return a
}

// writeHeader sends the header. An error of the connection is the client's to
// notice, here and below.
func (a reply) writeHeader(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
}

func (a reply) write(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body)
}

func writeErrors(w http.ResponseWriter, status int, messages ...string) {
	errorReply(status, messages...).write(w)
}

// writeJSON answers with value, which must encode.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body, raw := value.(json.RawMessage)
	if !raw {
		body = encodeJSON(value)
	}
	reply{status: status, body: body}.write(w)
}

// encodeJSON encodes value, with < and > as they are and a final newline.
func encodeJSON(value any) []byte {
	var b jsonBuffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(value)
	return b
}

type jsonBuffer []byte

func (b *jsonBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
