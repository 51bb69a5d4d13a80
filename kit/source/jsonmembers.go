package source

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math/bits"
)

// member is one member of an object: its key as it is written, without quotes; the position of its opening quote; and its value.
type member struct {
	at         int
	key, value []byte
	escaped    bool // the key has escapes
}

// Members iterates over the members of a row of JSON Lines, in their order: keys as they are written, with their quotes, and values. Raw is the Raw
// of a Row whose Err is nil.
func Members(raw []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		object := bytes.Trim(raw, " \t\r")
		for m := range members(object) {
			if !yield(object[m.at:m.at+len(m.key)+2], m.value) {
				return
			}
		}
	}
}

// members iterates over the members of an object that is known to be valid JSON.
func members(object []byte) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		r := memberReader{object: object}
		var m member
		for r.next(&m) {
			if !yield(m) {
				return
			}
		}
	}
}

// name returns the decoded key.
func (m *member) name(object []byte) string {
	if !m.escaped {
		return string(m.key)
	}
	var name string
	_ = json.Unmarshal(object[m.at:m.at+len(m.key)+2], &name) // it is known to be a string of JSON
	return name
}

// memberReader reads the members of an object once, and checks at the same time whether it is JSON. The object begins with its bracket.
type memberReader struct {
	object []byte
	// scan checks lists and objects within the object. Without it they are known to be valid.
	scan  *jsonScanner
	at    int  // after the previous member; 0 at first
	whole bool // the object was read to its end, and is JSON
}

// next returns the next member. It returns false at the end, and if the object is not JSON.
func (r *memberReader) next(m *member) bool {
	data := r.object
	i := blanksEnd(data, max(r.at, 1))
	if i == len(data) {
		return false
	}
	switch c := data[i]; {
	case c == '}':
		r.whole = spaceEnd(data, i+1) == len(data)
		return false
	case r.at == 0:
	case c == ',':
		i = blanksEnd(data, i+1)
	default:
		return false
	}
	if i == len(data) || data[i] != '"' {
		return false
	}
	m.at = i
	end, escaped := stringEnd(data, i)
	if end == 0 {
		return false
	}
	m.key, m.escaped = data[i+1:end-1], escaped
	if i = blanksEnd(data, end); i == len(data) || data[i] != ':' {
		return false
	}
	if i = blanksEnd(data, i+1); i == len(data) {
		return false
	}
	if data[i] == '"' {
		end, _ = stringEnd(data, i)
	} else {
		end = r.valueEnd(i)
	}
	if end == 0 {
		return false
	}
	m.value = data[i:end:end]
	r.at = end
	return true
}

// valueEnd returns where a value that is not a string ends, 0 if it is not JSON.
func (r *memberReader) valueEnd(i int) int {
	c := r.object[i]
	if r.scan == nil && (c == '{' || c == '[') {
		return bracketsEnd(r.object, i)
	}
	scan := r.scan
	if scan == nil {
		scan = new(jsonScanner)
	}
	scan.reset()
	scan.within = 1
	n, done := scan.feed(r.object[i:])
	if !done {
		return 0
	}
	return i + n
}

// blanksEnd is spaceEnd, but faster if nothing is blank.
func blanksEnd(data []byte, i int) int {
	if i < len(data) && data[i] <= ' ' {
		return spaceEnd(data, i)
	}
	return i
}

// bracketsEnd returns where a valid list or object that begins at i ends, 0 if it does not.
func bracketsEnd(data []byte, i int) int {
	for depth := 0; i < len(data); {
		switch data[i] {
		case '"':
			if i, _ = stringEnd(data, i); i == 0 {
				return 0
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return 0
}

// stringEnd returns where the string that begins at i ends, past its closing quote, and whether it has escapes. It returns 0 if that is not JSON.
func stringEnd(data []byte, i int) (end int, escaped bool) {
	i++
	for {
		// Skip eight bytes at once, up to one with a meaning.
		for i+8 <= len(data) {
			found := meaning(binary.LittleEndian.Uint64(data[i:]))
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= 0x20 {
			i++
		}
		switch {
		case i == len(data) || data[i] < 0x20:
			return 0, false
		case data[i] == '"':
			return i + 1, escaped
		}
		n := escapeBytes(data[i:])
		if n == 0 {
			return 0, false
		}
		i += n
		escaped = true
	}
}

// meaning sets the highest bit of each byte that is a quote, a backslash or a control character. No bit is set before the first of these bytes.
func meaning(eight uint64) uint64 {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	quote, backslash := eight^ones*'"', eight^ones*'\\'
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (eight-ones*0x20)&^eight) & highest
}

// escapeBytes returns the length of the escape at the beginning of text, 0 if there is none.
func escapeBytes(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(text) < 6 {
			return 0
		}
		for _, c := range text[2:6] {
			if !isHex(c) {
				return 0
			}
		}
		return 6
	}
	return 0
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 5 }

// objectCells makes cells of the selected members of objects. The zero value selects none.
type objectCells struct {
	names []string
	slots map[string]int
	// after is which slot followed which in an earlier object; index 0 is the beginning of the object. Usually all objects have one order.
	after   []int
	met     []int64 // for each slot the last object that had it
	objects int64
	scan    jsonScanner
}

func (o *objectCells) choose(names []string) error {
	o.names, o.slots = names, make(map[string]int, len(names))
	o.after, o.met = make([]int, len(names)+1), make([]int64, len(names))
	for i, name := range names {
		if _, ok := o.slots[name]; ok {
			return fmt.Errorf("source: column %q is selected twice", name)
		}
		o.slots[name], o.after[i] = i, i
	}
	return nil
}

// fill sets the cells of the members that the object has. It returns false if the object is not JSON. Two members with the same name and different
// values are an error.
func (o *objectCells) fill(cells []Cell, object []byte) (*RowError, bool) {
	o.objects++
	r := memberReader{object: object, scan: &o.scan}
	twice := false
	before := 0 // the index in after of what comes next
	for m := (member{}); r.next(&m); {
		slot, ok := o.slot(&m, object, before)
		if !ok {
			continue
		}
		before = slot + 1
		cell := Cell{KindJSON, m.value}
		if string(m.value) == "null" {
			cell = Cell{}
		}
		if o.met[slot] == o.objects && (cell.Kind != cells[slot].Kind || !bytes.Equal(cell.Bytes, cells[slot].Bytes)) {
			twice = true
		}
		o.met[slot], cells[slot] = o.objects, cell
	}
	if twice {
		return &RowError{RuleTwice, "the object has two members with the same name and different values, and the mapping reads that name; rename one of them in the program that writes the file"}, r.whole
	}
	return nil, r.whole
}

// slot returns the slot of a member. It returns false if the member is not selected.
func (o *objectCells) slot(m *member, object []byte, before int) (int, bool) {
	if len(o.names) == 0 {
		return 0, false
	}
	if guess := o.after[before]; !m.escaped && o.names[guess] == string(m.key) {
		return guess, true
	}
	var slot int
	var ok bool
	if m.escaped {
		slot, ok = o.slots[m.name(object)]
	} else {
		slot, ok = o.slots[string(m.key)]
	}
	if ok {
		o.after[before] = slot
	}
	return slot, ok
}
