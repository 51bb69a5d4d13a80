package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// isOrders reports whether each row is an order: it has an order id, an amount, a time and a customer.
func (w *proposer) isOrders() bool {
	if w.cfg.Event != "" && !strings.HasPrefix(spelling.Fold(w.cfg.Event), "order") {
		return false
	}
	return w.order >= 0 && w.amount >= 0 && w.time >= 0 && w.person() >= 0
}

// isEvents reports whether each row is an action of a person.
func (w *proposer) isEvents() bool {
	return w.person() >= 0 && (w.cfg.Event != "" || w.event >= 0 && w.time >= 0)
}

// person is the column that identifies people.
func (w *proposer) person() int {
	if w.user >= 0 {
		return w.user
	}
	return w.email
}

// about writes whose event it is, and when it happened.
func (w *proposer) about() {
	person := w.person()
	note := w.distinctNotes(person)
	if w.user < 0 {
		note = append(note, "no column looks like an id: people are identified by their email address")
	}
	w.line("      userId: %s%s", w.idText(person), comment(note))
	if w.time < 0 {
		w.line("      # No column looks like the time of the event: Customer.io will use the time of the load.")
		return
	}
	w.timed = true
	c := w.p.Columns[w.time]
	if call := w.converted(c); call != "" && c.Choices == nil {
		_, notes := w.valueText(c)
		if clock := w.clock(c); clock != "" {
			call = clock
			notes = append(notes, "in UTC: name the time zone if it is another one")
		}
		w.read = append(w.read, w.time)
		w.line("      timestamp: %s%s", expressionText(call), comment(notes))
		return
	}
	var calls []string
	for _, l := range c.Choices {
		calls = append(calls, expressionText(w.chosen(c, l)))
	}
	if calls == nil {
		calls = []string{fmt.Sprintf("=date(%s, \"...\") with its layout", columnExpression(c.Name))}
	}
	w.choose(fmt.Sprintf("nothing shows which layout the time in the column %q has", c.Name))
	w.line("      timestamp: # CHOOSE %s: nothing in the column shows which", strings.Join(calls, " or "))
}

// clock returns the column of the time of day, if it is not in the column of the day; empty if there is none.
func (w *proposer) clock(day source.ColumnProfile) string {
	if len(day.Layouts) != 1 || strings.Contains(day.Layouts[0], ":04") || day.Looks != source.LooksDate || len(day.NullWords) > 0 || day.Odd != nil {
		return ""
	}
	for _, c := range w.p.Columns {
		if !slices.Contains([]string{"time", "uhrzeit", "heure", "hora"}, spelling.Fold(c.Name)) || c.Empty > 0 || c.Looks != source.LooksText {
			continue
		}
		for _, layout := range []string{"15:04:05", "15:04"} {
			if _, err := time.Parse(layout, c.Example); err == nil {
				return fmt.Sprintf("date(%s + \" \" + %s, %q)", columnExpression(day.Name), columnExpression(c.Name), day.Layouts[0]+" "+layout)
			}
		}
	}
	return ""
}

// distinctNotes is distinctNote for a column whose values may repeat.
func (w *proposer) distinctNotes(i int) (notes []string) {
	for _, n := range w.p.Columns[i].NullWords {
		notes = append(notes, fmt.Sprintf("%s %s and will be rejected", plural.Count(n.Count, "row has", "rows have"), strings.TrimSpace(n.Word)))
	}
	return notes
}

// orderStates are the possible states of an order, by words in its status.
var orderStates = []struct {
	kind  string
	words []string
}{
	{"order_completed", []string{"paid", "complete", "completed", "succeeded", "success", "fulfilled", "shipped", "delivered", "closed", "done", "processing",
		"partiallyfulfilled", "bezahlt", "abgeschlossen", "versendet", "geliefert", "payée", "livrée", "terminée", "wccompleted", "wcprocessing"}},
	{"order_cancelled", []string{"cancelled", "canceled", "voided", "void", "storniert", "annulée", "wccancelled"}},
	{"order_refunded", []string{"refunded", "partiallyrefunded", "chargedback", "erstattet", "remboursée", "wcrefunded"}},
}

// orders writes a message for each state of an order.
func (w *proposer) orders() {
	byKind := make(map[string][]string)
	var silent []string
	if w.status >= 0 {
		for _, v := range w.p.Columns[w.status].Values {
			kind := ""
			for _, s := range orderStates {
				if slices.Contains(s.words, spelling.Fold(v.Value)) {
					kind = s.kind
				}
			}
			if kind == "" {
				silent = append(silent, strconv.Quote(v.Value))
				continue
			}
			byKind[kind] = append(byKind[kind], strconv.Quote(v.Value))
		}
	}
	name := snakeCase(semanticName(w.cfg.Event))
	if kinds[name] == nil || !slices.ContainsFunc(orderStates, func(s struct {
		kind  string
		words []string
	}) bool {
		return s.kind == name
	}) {
		name = "order_completed"
	}
	if w.cfg.Event != "" || len(byKind) == 0 || len(byKind) == 1 && byKind[name] != nil && silent == nil {
		if len(silent) > 0 && w.cfg.Event == "" {
			w.notes = append(w.notes, fmt.Sprintf("The column %q has %s: is each row a completed order? If not, write when: %s", w.p.Columns[w.status].Name,
				strings.Join(silent, ", "), "=column == \"value\" next to the message."))
		}
		w.order1(name, w.whenLine())
		return
	}
	column := columnExpression(w.p.Columns[w.status].Name)
	for _, s := range orderStates {
		if values := byKind[s.kind]; values != nil {
			w.order1(s.kind, fmt.Sprintf("    when: %s", quotedYAML("="+column+" in ["+strings.Join(values, ", ")+"]")))
		}
	}
	if len(silent) > 0 {
		w.line("  # Rows with %s in the column %q become no message: add one for them if they should.", strings.Join(silent, ", "), w.p.Columns[w.status].Name)
	}
}

// whenLine is the condition that leaves out the further rows of an order: they name its other products and have no amount.
func (w *proposer) whenLine() string {
	order, amount := w.p.Columns[w.order], w.p.Columns[w.amount]
	filled := w.p.Sampled - order.Empty
	if int64(order.Distinct) >= min(filled, 1000) || amount.Empty == 0 {
		return ""
	}
	return fmt.Sprintf("    when: %s # the other rows of an order name its products and have no amount", quotedYAML("="+columnExpression(amount.Name)+` != ""`))
}

// amounts are the properties of orders that columns with these names become, in addition to order_id, total and currency.
var amounts = map[string]string{"subtotal": "subtotal", "revenue": "revenue", "shipping": "shipping", "shippingtotal": "shipping", "shippingamount": "shipping", "tax": "tax", "taxes": "tax",
	"taxamount": "tax", "totaltax": "tax", "discount": "discount", "discountamount": "discount", "discounttotal": "discount", "coupon": "coupon", "couponcode": "coupon", "discountcode": "coupon"}

// order1 writes one message about an order.
func (w *proposer) order1(kind, when string) {
	w.line("  - %s:", kind)
	w.about()
	order := w.p.Columns[w.order]
	if filled := w.p.Sampled - order.Empty; int64(order.Distinct) < min(filled, 1000) && when == "" {
		w.line("      # Several rows have the same order id, so the message id is made from the whole row: is each row an order, or a part of one?")
	} else {
		w.line("      messageId: [%s]", columnText(order.Name))
	}
	except := map[int]bool{w.user: true, w.order: true, w.time: true}
	if w.user < 0 {
		except[w.email] = true
	}
	taken := make(map[string]bool)
	for _, f := range kinds[kind].definition.Fields {
		taken[f.Name] = true
	}
	line := func(property string, i int) {
		c := w.p.Columns[i]
		value, notes := w.valueText(c)
		w.read = append(w.read, i)
		except[i] = true
		w.line("      %s: %s%s", property, value, comment(notes))
	}
	w.line("      order_id: %s", columnText(order.Name))
	line("total", w.amount)
	if w.currency >= 0 {
		line("currency", w.currency)
	}
	used := map[string]bool{"total": true}
	for i, c := range w.p.Columns {
		property := amounts[spelling.Fold(c.Name)]
		field, known := kinds[kind].property(property)
		number := c.Looks == source.LooksNumber || c.Looks == source.LooksInteger
		if property == "" || !known || except[i] || used[property] || number == (property == "coupon") || c.Choices != nil || c.Looks == source.LooksTwice {
			continue
		}
		used[field.Name] = true
		line(property, i)
	}
	var rest []int
	for i, c := range w.p.Columns {
		if !except[i] && c.Name != "" {
			rest = append(rest, i)
		}
	}
	if rest != nil {
		w.line("      properties:")
		w.properties(except, taken)
	}
	if when != "" {
		w.line("%s", when)
	}
}

// properties writes the remaining columns. If the event uses a name for something else, the column gets another name.
func (w *proposer) properties(except map[int]bool, taken map[string]bool) {
	names := make(map[string]bool)
	for name := range taken {
		names[name] = true
	}
	w.values("        ", except, names, -1)
}

// track writes a message for rows that name an event.
func (w *proposer) track() {
	w.line("  - track:")
	w.about()
	except := map[int]bool{w.user: true, w.time: true}
	if w.user < 0 {
		except[w.email] = true
	}
	verbatim := false
	if w.event >= 0 {
		c := w.p.Columns[w.event]
		except[w.event] = true
		w.read = append(w.read, w.event)
		var near []string
		for _, v := range c.Values {
			if name := semanticName(v.Value); name != v.Value {
				near = append(near, strconv.Quote(v.Value))
			}
		}
		note := ""
		if near != nil {
			verbatim = true
			note = fmt.Sprintf(" # %s would be semantic events under their correct names, see ciokit events list; verbatim sends them unchanged", strings.Join(near, ", "))
		}
		w.line("      event: %s%s", columnText(c.Name), note)
	} else {
		w.line("      event: %s", quotedYAML(escapedText(semanticName(w.cfg.Event))))
	}
	if id := w.eventID(except); id >= 0 {
		w.line("      messageId: [%s]", columnText(w.p.Columns[id].Name))
		except[id] = true
	}
	rest := false
	for i, c := range w.p.Columns {
		rest = rest || !except[i] && c.Name != ""
	}
	if rest {
		w.line("      properties:")
		w.properties(except, nil)
	}
	if verbatim {
		w.line("    verbatim: true")
	}
}

// escapedText returns text as a literal of a mapping.
func escapedText(s string) string {
	if strings.HasPrefix(s, "$") || strings.HasPrefix(s, "=") {
		return s[:1] + s
	}
	return s
}

// eventID is the column that identifies an event, -1 if there is none.
func (w *proposer) eventID(except map[int]bool) int {
	return slices.IndexFunc(w.p.Columns, func(c source.ColumnProfile) bool {
		name := spelling.Fold(c.Name)
		return (strings.HasSuffix(name, "eventid") || name == "messageid" || name == "insertid" || name == "id" || name == "uuid") && c.Looks != source.LooksTwice && c.Empty == 0 &&
			int64(c.Distinct) >= min(w.p.Sampled, 1000) && !except[slices.IndexFunc(w.p.Columns, func(o source.ColumnProfile) bool { return o.Name == c.Name })]
	})
}
