package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// appSpec is what spec/appapi.txt says.
type appSpec struct {
	resources []appResource
	untyped   []appUntyped
	names     map[string]string // of the types of members, by TYPE.MEMBER
	fields    map[string]string
	types     map[string]string
	more      map[string]string
	dropped   map[string]bool
	docs      map[string]string
	used      map[string]bool // keyword and key of each line above
}

type appResource struct {
	name, doc string
	methods   []appMethod
}

type appMethod struct {
	name, verb, path, doc   string
	query, bodyMember, body string
	fixed                   map[string]string
	once                    bool
	style                   string // page, offset, hand or empty
	answer, answerType      string // the member, and its Go type
	handQuery               bool
}

type appUntyped struct{ verb, path, reason string }

// parseAppSpec reads spec/appapi.txt.
func parseAppSpec(root string) (*appSpec, error) {
	file := filepath.Join(root, "spec", "appapi.txt")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &appSpec{names: map[string]string{}, fields: map[string]string{}, types: map[string]string{}, more: map[string]string{}, dropped: map[string]bool{}, docs: map[string]string{}, used: map[string]bool{}}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimRight(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		if err := s.line(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
	}
	return s, nil
}

func (s *appSpec) line(line string) error {
	left, doc, _ := strings.Cut(line, " | ")
	words := strings.Fields(left)
	if line[0] == '\t' {
		if len(s.resources) == 0 {
			return fmt.Errorf("a method without a resource")
		}
		m, err := parseAppMethod(words, doc)
		r := &s.resources[len(s.resources)-1]
		r.methods = append(r.methods, m)
		return err
	}
	bad := fmt.Errorf("%q has another form than the head of the file says", words[0])
	if len(words) < 2 {
		return bad
	}
	var into map[string]string
	switch words[0] {
	case "resource":
		s.resources = append(s.resources, appResource{name: words[1], doc: doc})
		return nil
	case "untyped":
		if len(words) != 3 || doc == "" {
			return bad
		}
		s.untyped = append(s.untyped, appUntyped{words[1], words[2], doc})
		return nil
	case "drop":
		s.dropped[words[1]] = true
		return nil
	case "doc":
		into, words = s.docs, append(words, doc)
	case "name":
		into = s.names
	case "field":
		into = s.fields
	case "type":
		into = s.types
	case "more":
		into = s.more
	default:
		return fmt.Errorf("there is no %q", words[0])
	}
	if len(words) != 3 || words[2] == "" {
		return bad
	}
	if _, twice := into[words[1]]; twice {
		return fmt.Errorf("a second %s of %s", words[0], words[1])
	}
	into[words[1]] = words[2]
	return nil
}

func parseAppMethod(words []string, doc string) (appMethod, error) {
	if len(words) < 3 || doc == "" {
		return appMethod{}, fmt.Errorf("a method has a name, a verb, a path and a text")
	}
	m := appMethod{name: words[0], verb: words[1], path: words[2], doc: doc, fixed: map[string]string{}}
	for _, word := range words[3:] {
		switch key, value, isOption := strings.Cut(word, "="); {
		case isOption && key == "query":
			m.query, m.handQuery = strings.TrimPrefix(value, "!"), strings.HasPrefix(value, "!")
		case isOption && key == "body":
			if member, typ, wrapped := strings.Cut(value, ":"); wrapped {
				m.bodyMember, m.body = member, typ
			} else {
				m.body = value
			}
		case isOption && key == "fix":
			name, fixed, _ := strings.Cut(value, ":")
			m.fixed[name] = fixed
		case word == "once":
			m.once = true
		case word == "page", word == "offset", word == "hand":
			m.style = word
		default:
			member, typ, ok := strings.Cut(word, ":")
			if !ok || m.answerType != "" {
				return m, fmt.Errorf("%q is not an option of a method", word)
			}
			m.answer, m.answerType = strings.TrimPrefix(member, "."), typ
		}
	}
	return m, nil
}

// use marks a line as needed, so that those that are not can be named.
func (s *appSpec) use(keyword, key string, from map[string]string) (string, bool) {
	value, ok := from[key]
	if ok {
		s.used[keyword+" "+key] = true
	}
	return value, ok
}

// unused returns the lines that nothing needed: they name what the facts do not have.
func (s *appSpec) unused() []string {
	var list []string
	for keyword, from := range map[string]map[string]string{"name": s.names, "field": s.fields, "type": s.types, "more": s.more, "doc": s.docs} {
		for key := range from {
			if !s.used[keyword+" "+key] {
				list = append(list, keyword+" "+key)
			}
		}
	}
	for key := range s.dropped {
		if !s.used["drop "+key] {
			list = append(list, "drop "+key)
		}
	}
	return list
}
