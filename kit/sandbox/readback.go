package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/ciokit/cio/kit/show"
)

// recorded names the source that is not Customer.io.
const recorded = "from the recorder of this kernel"

// readBack is what a recorder answers to a question what Customer.io has, in the form of livetest.Read.
func readBack[T any](w *Workspace, path string, query url.Values) (T, bool) {
	var answer struct {
		Value        T
		Found        bool
		Source, Note string
	}
	// It may wait for minutes. An interrupt ends the cell, and the question with it.
	must(w.send(context.Background(), http.MethodGet, path, query, nil, &answer))
	line := "People and objects are " + answer.Source
	if answer.Note != "" {
		line += "; " + answer.Note
	}
	say(line)
	return answer.Value, answer.Found
}

// said are the lines that this cell, which is a process, has said.
var said sync.Map

// say shows a line in the cell, once.
func say(line string) {
	if _, before := said.LoadOrStore(line, true); !before {
		show.Text("%s.", line)
	}
}
