package subject

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/ciokit/cio/events"
)

// form is how a ceiling writes JSON.
type form struct {
	float func(dst []byte, f float64) []byte
	id    func(dst []byte) []byte // 128 random bits
	now   func(dst []byte) []byte // to the millisecond
}

func plainForm() form { return form{plainFloat, plainID, plainNow} }

func tunedForm() form { return form{tunedFloat, tunedID, new(clock).appendNow} }

// order writes the fields that the workload uses.
func (f form) order(dst []byte, e *events.OrderCompleted) []byte {
	dst = append(dst, `{"order_id":`...)
	dst = appendQuoted(dst, e.OrderID)
	if e.CheckoutID != "" {
		dst = appendQuoted(append(dst, `,"checkout_id":`...), e.CheckoutID)
	}
	dst = f.amount(dst, `,"total":`, e.Total)
	dst = f.amount(dst, `,"subtotal":`, e.Subtotal)
	if e.Affiliation != "" {
		dst = appendQuoted(append(dst, `,"affiliation":`...), e.Affiliation)
	}
	dst = f.amount(dst, `,"revenue":`, e.Revenue)
	dst = f.amount(dst, `,"shipping":`, e.Shipping)
	dst = f.amount(dst, `,"tax":`, e.Tax)
	dst = f.amount(dst, `,"discount":`, e.Discount)
	if e.Coupon != "" {
		dst = appendQuoted(append(dst, `,"coupon":`...), e.Coupon)
	}
	dst = appendQuoted(append(dst, `,"currency":`...), e.Currency)
	if len(e.Products) == 0 {
		return append(dst, '}')
	}
	dst = append(dst, `,"products":`...)
	sep := byte('[')
	for i := range e.Products {
		p := &e.Products[i]
		dst = append(dst, sep)
		sep = ','
		dst = appendQuoted(append(dst, `{"product_id":`...), p.ProductID)
		dst = appendQuoted(append(dst, `,"sku":`...), p.SKU)
		dst = appendQuoted(append(dst, `,"category":`...), p.Category)
		dst = appendQuoted(append(dst, `,"name":`...), p.Name)
		dst = appendQuoted(append(dst, `,"brand":`...), p.Brand)
		dst = f.amount(dst, `,"price":`, p.Price)
		dst = strconv.AppendInt(append(dst, `,"quantity":`...), int64(*p.Quantity), 10)
		dst = append(dst, '}')
	}
	return append(dst, `]}`...)
}

func (f form) amount(dst []byte, name string, v *float64) []byte {
	if v == nil {
		return dst
	}
	return f.float(append(dst, name...), *v)
}

type member struct {
	key   string
	value any
}

// object writes a map of the types that the workload uses, with its keys sorted.
func (f form) object(dst []byte, m map[string]any) ([]byte, error) {
	var small [16]member
	members := small[:0]
	for k, v := range m {
		i := len(members)
		members = append(members, member{})
		for ; i > 0 && k < members[i-1].key; i-- {
			members[i] = members[i-1]
		}
		members[i] = member{k, v}
	}
	sep := byte('{')
	for i := range members {
		dst = append(dst, sep)
		sep = ','
		dst = append(appendQuoted(dst, members[i].key), ':')
		var err error
		if dst, err = f.value(dst, members[i].value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (f form) value(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendQuoted(dst, v), nil
	case float64:
		return f.float(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case map[string]any:
		return f.object(dst, v)
	case []any:
		sep := byte('[')
		for _, e := range v {
			dst = append(dst, sep)
			sep = ','
			var err error
			if dst, err = f.value(dst, e); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
	return dst, fmt.Errorf("the workload has no %T", v)
}

func appendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			quoted, _ := json.Marshal(s) // a string always encodes
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func plainFloat(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'f', -1, 64) }

func plainID(dst []byte) []byte {
	const digits = "0123456789abcdef"
	var id [32]byte
	for i := 0; i < 32; i += 16 {
		for n, j := rand.Uint64(), i; j < i+16; j++ {
			id[j] = digits[n&0xf]
			n >>= 4
		}
	}
	return append(dst, id[:]...)
}

func plainNow(dst []byte) []byte {
	return time.Now().UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}

// tunedFloat writes an amount of up to two decimals from its cents. That is faster than finding the shortest form of any number.
func tunedFloat(dst []byte, f float64) []byte {
	cents := int64(math.Round(f * 100))
	if cents < 0 || cents > 1e15 || float64(cents)/100 != f {
		return plainFloat(dst, f)
	}
	dst = strconv.AppendInt(dst, cents/100, 10)
	switch rest := byte(cents % 100); {
	case rest == 0:
	case rest%10 == 0:
		dst = append(dst, '.', '0'+rest/10)
	default:
		dst = append(dst, '.', '0'+rest/10, '0'+rest%10)
	}
	return dst
}

// hexPairs contains the two hexadecimal digits of every byte.
var hexPairs = func() (t [256][2]byte) {
	for i := range t {
		copy(t[i][:], fmt.Sprintf("%02x", i))
	}
	return t
}()

func tunedID(dst []byte) []byte {
	var id [32]byte
	for i := 0; i < 32; i += 16 {
		n := rand.Uint64()
		for j := i; j < i+16; j += 2 {
			pair := hexPairs[byte(n)]
			id[j], id[j+1] = pair[0], pair[1]
			n >>= 8
		}
	}
	return append(dst, id[:]...)
}

// clock formats the time and keeps the text of the second.
type clock struct {
	second int64
	text   []byte
}

func (c *clock) appendNow(dst []byte) []byte {
	now := time.Now()
	if s := now.Unix(); s != c.second {
		c.second, c.text = s, now.UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:05.")
	}
	millis := now.Nanosecond() / 1e6
	dst = append(dst, c.text...)
	return append(dst, byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10), 'Z')
}
