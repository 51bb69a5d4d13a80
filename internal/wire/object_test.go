package wire_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// pair is a small struct that encodes itself, or fails.
type pair struct {
	A string
	B *float64
}

func (p pair) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("a", p.A)
	o.Float("b", p.B)
	return o.End()
}

func TestObject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		write func(o *wire.Object)
		want  string
	}{
		{"nothing", func(*wire.Object) {}, `{}`},
		{"absent values", func(o *wire.Object) {
			o.String("a", "")
			o.Int("b", nil)
			o.Float("c", nil)
			o.Bool("d", nil)
			o.Time("e", time.Time{})
			o.Strings("f", []string{})
			o.Map("g", nil)
			wire.Objects(o, "h", []pair{})
			o.Extra(map[string]any{}, nil)
			o.Open("i")
			o.String("j", "")
			o.Close()
		}, `{}`},
		{"zero values that are not absent", func(o *wire.Object) {
			o.Int("b", new(0))
			o.Float("c", new(0.0))
			o.Bool("d", new(false))
			o.Strings("f", []string{""})
			o.Map("g", map[string]any{})
			wire.Objects(o, "h", []pair{{}})
		}, `{"b":0,"c":0,"d":false,"f":[""],"g":{},"h":[{}]}`},
		{"values", func(o *wire.Object) {
			o.String("a", "{")
			o.Int("b", new(math.MinInt32))
			o.Float("c", new(1e21))
			o.Bool("d", new(true))
			o.Time("e", time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", -3600)))
			o.Strings("f", []string{"x", "{"})
			o.Map("g", map[string]any{"z": 1, "y": nil})
			wire.Objects(o, "h", []pair{{A: "1"}, {B: new(2.0)}})
		}, `{"a":"{","b":-2147483648,"c":1e+21,"d":true,"e":"2026-01-02T04:04:05.000000006Z","f":["x","{"],"g":{"y":null,"z":1},"h":[{"a":"1"},{"b":2}]}`},
		{"open after, empty and full", func(o *wire.Object) {
			o.String("a", "x")
			o.Open("empty")
			o.Close()
			o.Open("full")
			o.String("b", "y")
			o.String("c", "z")
			o.Close()
			o.String("d", "w")
		}, `{"a":"x","full":{"b":"y","c":"z"},"d":"w"}`},
		{"extra is sorted and follows", func(o *wire.Object) {
			o.String("m", "x")
			o.Extra(map[string]any{"z": 1, "a": nil, "k\n": []any{true}}, []string{"m", "n"})
		}, `{"m":"x","a":null,"k\n":[true],"z":1}`},
		{"many extra", func(o *wire.Object) {
			m := map[string]any{}
			for i := range 40 {
				m[fmt.Sprintf("k%02d", i)] = i
			}
			o.Extra(m, nil)
		}, `{"k00":0,"k01":1,"k02":2,"k03":3,"k04":4,"k05":5,"k06":6,"k07":7,"k08":8,"k09":9,"k10":10,"k11":11,"k12":12,"k13":13,"k14":14,"k15":15,` +
			`"k16":16,"k17":17,"k18":18,"k19":19,"k20":20,"k21":21,"k22":22,"k23":23,"k24":24,"k25":25,"k26":26,"k27":27,"k28":28,"k29":29,"k30":30,` +
			`"k31":31,"k32":32,"k33":33,"k34":34,"k35":35,"k36":36,"k37":37,"k38":38,"k39":39}`},
	} {
		o := wire.NewObject([]byte("before "))
		tt.write(&o)
		if got, err := o.End(); err != nil || string(got) != "before "+tt.want {
			t.Errorf("%s: %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
}

func TestObjectErrors(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, tt := range []struct {
		name       string
		write      func(o *wire.Object)
		path, rule string
	}{
		{"float", func(o *wire.Object) { o.Float("a", &nan) }, "a", wire.NotANumber},
		{"time", func(o *wire.Object) { o.Time("a", time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)) }, "a", wire.YearOutOfRange},
		{"map", func(o *wire.Object) { o.Map("a", map[string]any{"b": nan}) }, "a.b", wire.NotANumber},
		{"object", func(o *wire.Object) { wire.Objects(o, "a", []pair{{}, {B: &nan}}) }, "a[1].b", wire.NotANumber},
		{"object that gives no buffer back", func(o *wire.Object) { wire.Objects(o, "a", []failing{{}}) }, "a[0]", wire.NotEncodable},
		{"extra", func(o *wire.Object) { o.Extra(map[string]any{"a": failing{}}, nil) }, "a", wire.NotEncodable},
		{"taken", func(o *wire.Object) { o.Extra(map[string]any{"a": 1, "b": nan}, []string{"z", "a"}) }, "a", wire.NameTaken},
		{"the first one counts", func(o *wire.Object) {
			o.Float("a", &nan)
			o.String("b", "x")
			o.Float("c", &nan)
			o.Extra(map[string]any{"d": nan}, nil)
		}, "a", wire.NotANumber},
	} {
		o := wire.NewObject([]byte("before"))
		tt.write(&o)
		got, err := o.End()
		var w *wire.Error
		if !errors.As(err, &w) || w.Path != tt.path || w.Rule != tt.rule {
			t.Errorf("%s: error %v, want %s at %s", tt.name, err, tt.rule, tt.path)
		}
		if string(got) != "before" {
			t.Errorf("%s: buffer %q, want it as it was", tt.name, got)
		}
	}
}

func TestObjectThatHoldsItself(t *testing.T) {
	t.Parallel()
	m := map[string]any{}
	m["m"] = m
	o := wire.NewObject(nil)
	o.Extra(m, nil)
	_, err := o.End()
	var w *wire.Error
	if !errors.As(err, &w) || w.Rule != wire.TooDeep {
		t.Errorf("error %v, want %s", err, wire.TooDeep)
	}
}
