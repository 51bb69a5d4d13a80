package mapping

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/internal/spelling"
	"go.yaml.in/yaml/v4"
)

const (
	maxMappingBytes = 1 << 20
	maxMappingNodes = 10_000 // counted after aliases are followed, so that a few of them cannot become billions
	maxMappingDepth = 100
)

// Parse reads a mapping. name, usually the name of the file, is used in errors. The error is a *Error that lists every problem.
func Parse(name string, data []byte) (*Mapping, error) {
	p := &mappingReader{}
	m := &Mapping{name: name}
	if root := p.document(data); root != nil {
		p.mapping(root, m)
	}
	if len(p.problems) > 0 {
		return nil, &Error{Name: name, Problems: p.problems}
	}
	m.hash = sha256.Sum256(data)
	return m, nil
}

// mappingReader turns YAML nodes into specs and collects problems.
type mappingReader struct {
	problems []Problem
	lines    []string // of the file
	nodes    int
	within   []*yaml.Node // the nodes that are being read, to find an alias to itself
}

func (p *mappingReader) problem(at position, hint, what string, args ...any) {
	const most = 50
	if len(p.problems) < most {
		p.problems = append(p.problems, Problem{Line: at.line, Column: at.column, Path: at.path, What: fmt.Sprintf(what, args...), Hint: hint})
	}
}

func at(n *yaml.Node, path string) position { return position{n.Line, n.Column, path} }

// tabbed reports whether a line, counted from 1, is indented with a tab.
func tabbed(text []byte, line int) bool {
	lines := bytes.Split(text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return false
	}
	indent := lines[line-1][:len(lines[line-1])-len(bytes.TrimLeft(lines[line-1], " \t"))]
	return bytes.IndexByte(indent, '\t') >= 0
}

const notMapping = `if it is the input, give the mapping instead: a YAML file that begins with the line "messages:"`

// notText returns the place of the first byte of data that is not UTF-8 text and so not YAML; its line is 0 if there is none. YAML in UTF-16 begins
// with a byte order mark.
func notText(data []byte) (where position) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return where
	}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		for column := 0; column < len(text); {
			r, n := utf8.DecodeRune(text[column:])
			if r == 0 || r == utf8.RuneError && n == 1 {
				return position{line: line, column: column + 1}
			}
			column += n
		}
	}
	return where
}

// document returns the root of the only document.
func (p *mappingReader) document(data []byte) *yaml.Node {
	if len(data) > maxMappingBytes {
		p.problem(position{}, "is it the right file?", "the mapping is longer than %d bytes", maxMappingBytes)
		return nil
	}
	p.lines = strings.Split(string(data), "\n")
	if where := notText(data); where.line > 0 {
		hint := "convert it to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE"
		if !bytes.Contains(data, []byte(keyMessages)) {
			hint = notMapping
		}
		p.problem(where, hint, "this is not a mapping: it is not UTF-8 text")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		p.problem(position{}, "", "%v", err)
		return nil
	}
	var doc, second yaml.Node
	if err = loader.Load(&doc); err == nil {
		if err = loader.Load(&second); err == nil {
			p.problem(at(&second, ""), "keep one, and remove the line ---", "there is more than one YAML document")
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		var syntax *yaml.LoadError
		if errors.As(err, &syntax) {
			what, hint := notYAML(strings.TrimPrefix(syntax.Message, "yaml: "))
			if !bytes.Contains(data, []byte(keyMessages)) {
				hint = notMapping
			}
			if tabbed(data, syntax.Mark.Line) {
				hint = "indent the line with spaces: YAML does not allow tabs"
			}
			p.problem(position{syntax.Mark.Line, syntax.Mark.Column, ""}, hint, "this is not YAML: %s", what)
		} else {
			p.problem(position{}, indentHint, "this is not YAML: %v", err)
		}
		return nil
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0]
	}
	p.problem(position{}, `begin with the line "messages:"`, "the mapping is empty")
	return nil
}

// enter follows an alias and counts the node. If there are too many or too deep ones, it reports the problem and returns nil. leave undoes it.
func (p *mappingReader) enter(n *yaml.Node, path string) *yaml.Node {
	where := at(n, path)
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	p.nodes++
	switch {
	case p.nodes == maxMappingNodes+1:
		p.problem(where, "use fewer anchors and aliases", "the mapping has more than %d values", maxMappingNodes)
		return nil
	case p.nodes > maxMappingNodes:
		return nil
	case len(p.within) >= maxMappingDepth:
		p.problem(where, "", "the mapping is nested more than %d levels deep", maxMappingDepth)
		return nil
	}
	for _, outer := range p.within {
		if outer == n {
			p.problem(where, "remove the alias", "the alias means a value that it is a part of")
			return nil
		}
	}
	p.within = append(p.within, n)
	return n
}

func (p *mappingReader) leave() { p.within = p.within[:len(p.within)-1] }

// entry is a key of a YAML mapping and its value.
type entry struct {
	name string
	key  *yaml.Node
	val  *yaml.Node
}

// entries returns the keys and values of a YAML mapping, with the merge key << resolved: merged entries come after the mapping's own keys and do not
// replace them. ok is false, and the problem is reported, if n is not a mapping.
func (p *mappingReader) entries(n *yaml.Node, path, want string) (list []entry, ok bool) {
	if n.Kind != yaml.MappingNode {
		p.problem(at(n, path), want, "this is %s, not a mapping of keys to values", describe(n))
		return nil, false
	}
	var merged []entry
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		k := key
		for k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "": // null is a possible name too
			p.problem(at(key, path), "write a name", "the key is %s", describe(k))
		case k.ShortTag() == "!!merge":
			merged = append(merged, p.merge(val, path)...)
		case seen[k.Value]:
			p.problem(at(key, path), "keep one of them", "the key %q is there twice", k.Value)
		default:
			seen[k.Value] = true
			list = append(list, entry{k.Value, key, val})
		}
	}
	for _, e := range merged {
		if !seen[e.name] {
			seen[e.name] = true
			list = append(list, e)
		}
	}
	return list, true
}

// merge returns the entries of a merge key: those of one mapping, or of several. The first one wins.
func (p *mappingReader) merge(n *yaml.Node, path string) (list []entry) {
	const want = "give << an alias to a mapping, such as <<: *common"
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	if n.Kind != yaml.SequenceNode {
		list, _ = p.entries(n, path, want)
		return list
	}
	for _, item := range n.Content {
		if item = p.enter(item, path); item == nil {
			return list
		}
		more, _ := p.entries(item, path, want)
		p.leave()
		list = append(list, more...)
	}
	return list
}

// describe says what a node is, for an error.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return "empty"
		case "!!int", "!!float":
			return "a number"
		case "!!bool":
			return "true or false"
		}
		return "text"
	}
	return "something else"
}

// The keys next to messages.
const (
	keyMessages    = "messages"
	keyNullWords   = "null_words"
	keyIDWords     = "id_words"
	keyVerbatimIDs = "verbatim_ids"
	keyTimeZone    = "time_zone"
)

// mapping reads the whole mapping.
func (p *mappingReader) mapping(root *yaml.Node, m *Mapping) {
	const want = `begin with the line "messages:", and write the list of messages below it`
	if root = p.enter(root, ""); root == nil {
		return
	}
	defer p.leave()
	entries, ok := p.entries(root, "", want)
	if !ok {
		return
	}
	found := false
	for _, e := range entries {
		switch e.name {
		case keyMessages:
			found = true
			m.messages = p.messages(e.val)
		case keyNullWords:
			m.nullWords, m.columnNulls = p.nullWords(e.val, e.name)
		case keyIDWords:
			m.idWords = p.words(e.val, e.name)
			for _, word := range slices.Sorted(maps.Keys(m.idWords)) {
				if !placeholders[word] {
					p.problem(at(e.val, e.name), "remove it", "%q is accepted as an id in any case: it is not a placeholder", word)
				}
			}
		case keyVerbatimIDs:
			m.verbatimIDs = p.flag(e.val, e.name, e.name)
		case keyTimeZone:
			m.zone = p.zone(e.val, e.name)
		default:
			p.problem(at(e.key, ""), spelling.Suggest(e.name, []string{keyMessages, keyNullWords, keyIDWords, keyVerbatimIDs, keyTimeZone}), "there is no key %q", e.name)
		}
	}
	for _, word := range slices.Sorted(maps.Keys(m.idWords)) {
		if m.nullWords[word] {
			p.problem(at(root, keyIDWords), "keep it in one of them", "%q is under null_words too", word)
		}
	}
	if !found {
		p.problem(at(root, ""), want, "the key messages is missing")
	}
}

// messages reads the list of messages.
func (p *mappingReader) messages(list *yaml.Node) (messages []*messageSpec) {
	if list = p.enter(list, keyMessages); list == nil {
		return nil
	}
	defer p.leave()
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		p.problem(at(list, "messages"), "write each message as an item that begins with a dash, such as - identify:", "messages is %s, not a list of messages", describe(list))
		return nil
	}
	for i, item := range list.Content {
		path := fmt.Sprintf("messages[%d]", i)
		if item = p.enter(item, path); item == nil {
			return nil
		}
		if m := p.message(item, path); m != nil {
			messages = append(messages, m)
		}
		p.leave()
	}
	p.checkIDs(messages)
	p.checkDates(messages)
	return messages
}

// nullWords reads a list of words for all columns, or lists for single ones.
func (p *mappingReader) nullWords(n *yaml.Node, path string) (nullWords, []columnNull) {
	resolved := n
	for resolved.Kind == yaml.AliasNode {
		resolved = resolved.Alias
	}
	if resolved.Kind != yaml.MappingNode {
		return p.words(n, path), nil
	}
	if n = p.enter(n, path); n == nil {
		return nil, nil
	}
	defer p.leave()
	entries, _ := p.entries(n, path, "")
	var list []columnNull
	for _, e := range entries {
		where := path + "." + e.name
		list = append(list, columnNull{at(e.key, where), e.name, p.words(e.val, where)})
	}
	return nil, list
}

// zone reads the time zone of all times without their own.
func (p *mappingReader) zone(n *yaml.Node, path string) *zone {
	where := at(n, path)
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	if n.Kind != yaml.ScalarNode {
		p.problem(where, zoneHint, "%s is %s, not the name of a zone", path, describe(n))
		return nil
	}
	location, problem, hint := parseZone(n.Value)
	if problem != "" {
		p.problem(where, hint, "%s", problem)
		return nil
	}
	return &zone{location: location}
}

// words reads a list of words, each as it is written.
func (p *mappingReader) words(n *yaml.Node, path string) map[string]bool {
	const hint = `write words in a list, such as [NULL, "N/A"]`
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	if n.Kind != yaml.SequenceNode {
		p.problem(at(n, path), hint, "%s is %s, not a list", path, describe(n))
		return nil
	}
	words := make(map[string]bool)
	for i, item := range n.Content {
		where := at(item, fmt.Sprintf("%s[%d]", path, i))
		if item = p.enter(item, where.path); item == nil {
			return words
		}
		switch {
		case item.Kind != yaml.ScalarNode:
			p.problem(where, hint, "this is %s, not a word", describe(item))
		case item.Value == "":
			p.problem(where, "remove it: an empty cell is always empty", "the word is empty")
		default:
			words[item.Value] = true
		}
		p.leave()
	}
	return words
}
