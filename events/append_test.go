package events_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/internal/wire"
)

func TestExtra(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event appender
		want  string
	}{
		{events.ProductsSearched{Query: "shoes", Extra: map[string]any{"b": 1, "a": nil, "c": []string{"x"}}}, `{"query":"shoes","a":null,"b":1,"c":["x"]}`},
		{events.ProductsSearched{Extra: map[string]any{"Query": true}}, `{"Query":true}`},
		{events.ProductsSearched{Extra: map[string]any{`a"b`: "<&>"}}, `{"a\"b":"<&>"}`},
		{events.ApplicationCrashed{Extra: map[string]any{"thread": map[string]any{"n": 1}}}, `{"thread":{"n":1}}`},
		{events.DeviceCreatedOrUpdated{Token: "t", Attributes: map[string]any{"push_enabled": true, "token": "another"}}, `{"push_enabled":true,"token":"another"}`},
		{events.CartViewed{Products: []events.Product{{ProductID: "p", Extra: map[string]any{"size": 43}}}}, `{"products":[{"product_id":"p","size":43}]}`},
		{events.CartViewed{Extra: map[string]any{"best": events.Product{Name: "n"}}}, `{"best":{"name":"n"}}`},
	} {
		if got := appendJSON(t, tt.event); string(got) != tt.want {
			t.Errorf("%T appends %s, want %s", tt.event, got, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event      appender
		path, rule string
	}{
		{events.ProductsSearched{Query: "shoes", Extra: map[string]any{"query": "boots"}}, "query", wire.NameTaken},
		{events.OrderCompleted{Extra: map[string]any{"total": 3}}, "total", wire.NameTaken},
		{events.CartViewed{Products: []events.Product{{}, {Extra: map[string]any{"sku": "s"}}}}, "products[1].sku", wire.NameTaken},
		{events.CartViewed{Products: []events.Product{{}, {}, {Price: new(math.NaN())}}}, "products[2].price", wire.NotANumber},
		{events.ProductListFiltered{Filters: []events.Filter{{Extra: map[string]any{"n": math.Inf(-1)}}}}, "filters[0].n", wire.NotANumber},
		{events.ProductAdded{Price: new(math.Inf(1)), Position: new(math.NaN())}, "price", wire.NotANumber},
		{events.ProductAdded{Price: new(math.Inf(1)), Extra: map[string]any{"price": 1}}, "price", wire.NotANumber},
		{events.ProductAdded{Extra: map[string]any{"deep": map[string]any{"list": []any{1, math.NaN()}}}}, "deep.list[1]", wire.NotANumber},
		{events.ProductAdded{Extra: map[string]any{"f": func() {}}}, "f", wire.NotEncodable},
		{events.VideoAdStarted{Content: map[string]any{"x": make(chan int)}}, "content.x", wire.NotEncodable},
		{events.VideoContentStarted{Airdate: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "airdate", wire.YearOutOfRange},
	} {
		const before = `{"kept":true}`
		got, err := tt.event.AppendJSON([]byte(before))
		var w *wire.Error
		if !errors.As(err, &w) || w.Path != tt.path || w.Rule != tt.rule {
			t.Errorf("%+v: error %v, want %s: %s", tt.event, err, tt.path, tt.rule)
		}
		if string(got) != before {
			t.Errorf("%+v: buffer is %q after the error, want it as it was", tt.event, got)
		}
	}
}

// TestNumbersThatAreNone sets each number of each event in turn to NaN.
func TestNumbersThatAreNone(t *testing.T) {
	t.Parallel()
	numbers := 0
	for i, d := range events.All() {
		for _, f := range d.Fields {
			if f.Kind != events.KindNumber {
				continue
			}
			numbers++
			v := reflect.New(reflect.TypeOf(all[i])).Elem()
			v.FieldByName(f.GoName).Set(reflect.ValueOf(new(math.NaN())))
			_, err := v.Interface().(event).AppendJSON(nil)
			var w *wire.Error
			if !errors.As(err, &w) || w.Path != f.Name || w.Rule != wire.NotANumber {
				t.Errorf("%s.%s is NaN: %v", d.Type, f.GoName, err)
			}
		}
	}
	if numbers == 0 {
		t.Error("no event has a number")
	}
}

// TestTakenNames uses the name of each property of each event in turn as the name of a further property.
func TestTakenNames(t *testing.T) {
	t.Parallel()
	for i, d := range events.All() {
		for _, f := range d.Fields {
			v := reflect.New(reflect.TypeOf(all[i])).Elem()
			v.FieldByName(d.Extra).Set(reflect.ValueOf(map[string]any{f.Name: 1}))
			_, err := v.Interface().(event).AppendJSON(nil)
			if f.Context != "" {
				if err != nil {
					t.Errorf("%s: a property may be called %s as the field of the context is, got %v", d.Type, f.Name, err)
				}
				continue
			}
			if err == nil || !strings.HasPrefix(err.Error(), f.Name+": "+wire.NameTaken) {
				t.Errorf("%s: further property %s: error %v", d.Type, f.Name, err)
			}
		}
	}
}

// lossy is the mark that package wire writes for text that was not UTF-8.
const lossy = `\ufffd`

func TestInvalidUTF8IsMarked(t *testing.T) {
	t.Parallel()
	for _, e := range []appender{
		events.ProductsSearched{Query: "a\xffb"},
		events.ProductsSearched{Extra: map[string]any{"\xff": 1}},
		events.VideoPlaybackStarted{ContentAssetIDs: []string{"\xc3"}},
		events.EmailOpened{Email: "\xff"}.EventContext().(appender),
	} {
		if got := appendJSON(t, e); !strings.Contains(string(got), lossy) {
			t.Errorf("%T appends %q without the mark %s", e, got, lossy)
		}
	}
}

func TestAppendJSONAllocations(t *testing.T) {
	buf := make([]byte, 0, 1<<16)
	for _, e := range all {
		v := filled(e)
		limit := 0.0
		rv := reflect.ValueOf(v)
		if content := rv.FieldByName("Content"); content.IsValid() {
			limit = 1 // a free-form object is a map of scalars
		}
		full := v.(event)
		if n := testing.AllocsPerRun(100, func() { _, _ = full.AppendJSON(buf) }); n > limit {
			t.Errorf("%T: %v allocations, want at most %v", e, n, limit)
		}
		extra := reflect.New(rv.Type()).Elem()
		extra.Field(rv.NumField() - 1).Set(reflect.ValueOf(map[string]any{"a": "x", "b": 1, "c": true, "d": 2.5}))
		further := extra.Interface().(event)
		if n := testing.AllocsPerRun(100, func() { _, _ = further.AppendJSON(buf) }); n > 1 {
			t.Errorf("%T with further properties: %v allocations, want at most 1", e, n)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	order := events.OrderCompleted{
		OrderID: "o-17", CheckoutID: "c-3", Total: new(119.99), Subtotal: new(100.0), Revenue: new(100.0), Shipping: new(5.0), Tax: new(14.99), Currency: "EUR",
		Products: []events.Product{
			{ProductID: "p1", Name: "Shoes", Price: new(60.0), Quantity: new(1), URL: "https://shop.example.com/p1"},
			{ProductID: "p2", Name: "Socks", Price: new(20.0), Quantity: new(2), URL: "https://shop.example.com/p2"},
		},
	}
	for _, bb := range []struct {
		name  string
		event appender
	}{
		{"OrderCompleted", order},
		{"ProductsSearched", events.ProductsSearched{Query: "shoes"}},
		{"Extra", events.ProductsSearched{Query: "shoes", Extra: map[string]any{"page": 2, "results": 17, "sorted": true}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				out, err := bb.event.AppendJSON(buf)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(out)))
			}
		})
	}
}
