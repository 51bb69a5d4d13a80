package events_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// FuzzAppendJSON fills any event or object from the fuzzer's bytes. It compares the result of appending with that of encoding/json for a map of the
// same values.
func FuzzAppendJSON(f *testing.F) {
	f.Add(uint(0), []byte{})
	for i := range all {
		f.Add(uint(i), bytes.Repeat([]byte{7, 1, 'a', '"', 0xff, 0xc3, 0xa9, '<', 3}, 40))
	}
	for i := range objects {
		f.Add(uint(len(all)+i), bytes.Repeat([]byte{255, 3, 0, 0xf0, 0x9f, 0x98, 0x80, 9}, 40))
	}
	f.Fuzz(func(t *testing.T, which uint, data []byte) {
		src := tape{data}
		var zero any
		if i := int(which % uint(len(all)+len(objects))); i < len(all) {
			zero = all[i]
		} else {
			zero = objects[i-len(all)]
		}
		v := reflect.New(reflect.TypeOf(zero)).Elem()
		src.fill(v)
		want, err := json.Marshal(equivalent(v))
		if err != nil { // a year outside 0 to 9999
			if b, err := v.Interface().(appender).AppendJSON(nil); err == nil {
				t.Errorf("%T appends %q, which encoding/json refuses", zero, b)
			}
			return
		}
		got := appendJSON(t, v.Interface().(appender))
		var g, w any
		if err := json.Unmarshal(got, &g); err != nil {
			t.Fatalf("%T appends %q: %v", zero, got, err)
		}
		if err := json.Unmarshal(want, &w); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%T appends\n%s\nencoding/json\n%s", zero, got, want)
		}
	})
}

// tape returns the fuzzer's bytes one after another, and zeros after the end.
type tape struct{ data []byte }

func (t *tape) byte() byte {
	if len(t.data) == 0 {
		return 0
	}
	b := t.data[0]
	t.data = t.data[1:]
	return b
}

func (t *tape) string() string {
	n := min(int(t.byte()%16), len(t.data))
	s := string(t.data[:n])
	t.data = t.data[n:]
	return s
}

func (t *tape) int64() int64 {
	var b [8]byte
	for i := range b {
		b[i] = t.byte()
	}
	return int64(binary.LittleEndian.Uint64(b[:]))
}

func (t *tape) float64() float64 {
	f := math.Float64frombits(uint64(t.int64()))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// fill sets the fields of v, a struct, or leaves them unset, as the tape says.
func (t *tape) fill(v reflect.Value) {
	for i := range v.NumField() {
		if t.byte()%4 == 0 {
			continue
		}
		field := v.Field(i)
		switch p := field.Addr().Interface().(type) {
		case **int:
			*p = new(int(t.int64()))
		case **float64:
			*p = new(t.float64())
		case **bool:
			*p = new(t.byte()%2 == 0)
		case *time.Time:
			*p = time.Unix(t.int64()%100_000_000_000, int64(t.byte())).UTC()
		case *[]string:
			for range t.byte() % 4 {
				*p = append(*p, t.string())
			}
		case *map[string]any:
			*p = map[string]any{}
			for range t.byte() % 6 {
				(*p)["+"+t.string()] = t.any(0) // no name of a field begins like this
			}
		default:
			if field.Kind() == reflect.String {
				field.SetString(t.string())
				continue
			}
			for range t.byte() % 4 {
				o := reflect.New(field.Type().Elem()).Elem()
				t.fill(o)
				field.Set(reflect.Append(field, o))
			}
		}
	}
}

func (t *tape) any(depth int) any {
	switch kind := t.byte() % 9; {
	case kind == 0:
		return nil
	case kind == 1:
		return t.byte()%2 == 0
	case kind == 2:
		return t.int64()
	case kind == 3:
		return t.float64()
	case kind == 4 && depth < 3:
		m := map[string]any{}
		for range t.byte() % 4 {
			m[t.string()] = t.any(depth + 1)
		}
		return m
	case kind == 5 && depth < 3:
		s := []any{}
		for range t.byte() % 4 {
			s = append(s, t.any(depth+1))
		}
		return s
	}
	return t.string()
}

// equivalent builds the map with the same meaning as v, a struct, by the rules of the package comment.
func equivalent(v reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		field := v.Field(i)
		if i == v.NumField()-1 {
			for name, value := range field.Interface().(map[string]any) {
				m[name] = value
			}
			continue
		}
		if name == "-" || field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0 {
			continue
		}
		if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct {
			var list []any
			for i := range field.Len() {
				list = append(list, equivalent(field.Index(i)))
			}
			m[name] = list
			continue
		}
		m[name] = field.Interface()
	}
	return m
}
