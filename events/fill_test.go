package events_test

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/ciokit/cio/events"
)

// filled returns a copy of an event or object with every named field set. Numbers start at zero and booleans are false, because both values must be
// sent.
func filled(v any) any {
	rv := reflect.New(reflect.TypeOf(v)).Elem()
	n := 0
	for i := range rv.NumField() - 1 { // the last field contains the further properties
		fill(rv.Field(i), rv.Type().Field(i), &n)
	}
	return rv.Interface()
}

func fill(v reflect.Value, sf reflect.StructField, n *int) {
	switch p := v.Addr().Interface().(type) {
	case *string:
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" {
			name = sf.Name
		}
		*p = "the " + strings.ReplaceAll(name, "_", " ")
	case **int:
		*p = new(*n)
		*n++
	case **float64:
		*p = new(float64(*n) + 0.25)
		*n++
	case **bool:
		*p = new(false)
	case *time.Time:
		*p = time.Date(2026, 3, 1, 13, 30, 0, 500_000_000, time.FixedZone("", 3600))
	case *[]string:
		*p = []string{"one", "two"}
	case *map[string]any:
		*p = map[string]any{"title": "A title", "season": nil}
	case *events.Platform:
		*p = events.PlatformAndroid
	case *events.DeliveryMetric:
		*p = events.DeliveryMetricClicked
	case *events.ContentAction:
		*p = events.ContentActionClicked
	case *events.AdType:
		*p = events.AdTypeMidRoll
	case *events.LoadType:
		*p = events.LoadTypeLinear
	default: // a list of objects: a filled one and an empty one
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		v.Index(0).Set(reflect.ValueOf(filled(v.Index(0).Interface())))
	}
	if v.IsZero() {
		panic(fmt.Sprintf("field %s of type %s was not filled", sf.Name, sf.Type))
	}
}
