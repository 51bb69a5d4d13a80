package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// If spec/appapi.txt names something that is not in the document, or leaves something out, the error names it.
func TestAppSpecIsHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	_, spec := readSpecFile(t, "appapi.txt")
	_, facts := readSpecFile(t, "facts/"+appDocument)
	for name, tc := range map[string]struct{ old, new, want string }{
		"an operation is left out":          {"\tCount GET /v1/segments/{segment_id}/customer_count count:int64 | returns how many people are in a segment.\n", "", "GET /v1/segments/{segment_id}/customer_count 0 times"},
		"an operation is there twice":       {"untyped GET /v1/snippets |", "untyped GET /v1/segments |", "GET /v1/segments 2 times"},
		"an operation is invented":          {"untyped GET /v1/snippets |", "untyped GET /v1/sniplets |", "has GET /v1/sniplets, and the document has not"},
		"a member is misspelt":              {"segment:Segment | returns a segment.", "segmet:Segment | returns a segment.", "the answer has no segmet"},
		"a list is given as a single value": {"segments:[]Segment | returns all segments.", "segments:Segment | returns all segments.", "segments is array"},
		"a name for a missing member":       {"name Segment.state", "name Segment.status", "name Segment.status"},
		"an object has no name":             {"name Message.metrics MessageCounts\n", "", "Message.metrics is an object"},
		"a type has no text":                {"doc Segment | a group of people\n", "", "no doc Segment"},
		"a query of two kinds":              {"query=MemberQuery", "query=MessageQuery", "MessageQuery is of a method with"},
		"a line has another form":           {"name Segment.state SegmentState", "name Segment.state", "another form"},
		"an unknown keyword":                {"name Segment.state SegmentState", "nmae Segment.state SegmentState", `no "nmae"`},
		"an unknown option":                 {"page identifiers:[]Identifiers", "pages identifiers:[]Identifiers", `"pages" is not an option`},
		"the same line twice":               {"name Segment.state SegmentState", "name Segment.state SegmentState\nname Segment.state SegmentState", "a second name"},
		"a method without a resource":       {"resource Activities | the log of a workspace\n", "", "without a resource"},
		"a method has no text":              {" | returns a segment.", "", "has a name, a verb, a path and a text"},
		"a type is an answer and sent":      {"body=segment:NewSegment", "body=segment:Segment", "Segment is of a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(spec, tc.old) {
				t.Fatalf("spec/appapi.txt has no %q", tc.old)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "spec", "appapi.txt"), strings.Replace(spec, tc.old, tc.new, 1))
			write(t, filepath.Join(dir, "spec", "facts", appDocument), facts)
			if _, err := generateApp(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
	if _, err := generateApp(t.TempDir()); !os.IsNotExist(err) {
		t.Errorf("without a spec: %v", err)
	}
}
