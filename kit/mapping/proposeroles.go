package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// findRoles finds the role of each column.
func (w *proposer) findRoles() error {
	columns := w.p.Columns
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		names = append(names, c.Name)
	}
	w.email = best(columns, w.emailPoints)
	w.amount = best(columns, amountPoints)
	w.time = best(columns, timePoints)
	w.event = best(columns, eventPoints)
	w.status = best(columns, statusPoints)
	w.currency = best(columns, func(c source.ColumnProfile) int {
		name := spelling.Fold(c.Name)
		return points(c.Looks == source.LooksText, name == "currency" || name == "currencycode" || name == "ordercurrency" || name == "währung" || name == "waehrung" || name == "devise")
	})
	w.order = best(columns, w.orderPoints)
	w.user = best(columns, w.userPoints)
	if w.user < 0 && (w.order < 0 || w.amount < 0 || w.time < 0) {
		w.order = -1
		w.user = best(columns, w.userPoints)
	}
	if w.order >= 0 && (w.amount < 0 || w.time < 0) {
		w.order = -1
		w.user = best(columns, w.userPoints)
	}
	if w.cfg.UserID != "" {
		if w.user = slices.Index(names, w.cfg.UserID); w.user < 0 {
			return fmt.Errorf("mapping: the input has no column %q; %s", w.cfg.UserID, spelling.SuggestColumn(w.cfg.UserID, names))
		}
		if countNames(w.p, w.cfg.UserID) > 1 {
			return fmt.Errorf("mapping: the input has %d columns named %q; rename one in the file", countNames(w.p, w.cfg.UserID), w.cfg.UserID)
		}
		if w.user == w.order {
			w.order = -1
		}
	}
	if w.cfg.Event != "" {
		w.event = slices.Index(names, w.cfg.Event)
	}
	return nil
}

// best returns the column with the most points, the first of several, -1 if none has any.
func best(columns []source.ColumnProfile, points func(source.ColumnProfile) int) int {
	found, most := -1, 0
	for i, c := range columns {
		if c.Looks == source.LooksTwice || c.Name == "" {
			continue
		}
		if p := points(c); p > most {
			found, most = i, p
		}
	}
	return found
}

// points is 1 if all of the conditions are true, otherwise 0.
func points(conditions ...bool) int {
	if slices.Contains(conditions, false) {
		return 0
	}
	return 1
}

// distinct reports whether nearly every row has its own value in the column.
func (w *proposer) distinct(c source.ColumnProfile) bool {
	filled := w.p.Sampled - c.Empty
	return filled > 0 && int64(c.Distinct)*10 >= min(filled, 1000)*9
}

// emailPoints says how likely a column is the address of the row's person.
func (w *proposer) emailPoints(c source.ColumnProfile) int {
	name := spelling.Fold(c.Name)
	named := strings.Contains(name, "mail")
	switch {
	case c.Looks != source.LooksEmail:
		return 0
	case hasAny(name, "owner", "agent", "assignee", "assigned", "createdby", "modifiedby", "sales", "seller", "requester", "toemail", "recipientemail", "second", "alternat", "2"):
		return 1
	case slices.Contains([]string{"email", "emailaddress", "mail", "mailadresse", "emailadresse", "correoelectronico", "adresseemail"}, name):
		return 6
	case hasAny(name, "customer", "user", "billing", "contact", "from", "subscriber", "member", "person", "kunde") && named:
		return 5
	case named:
		return 4
	case w.distinct(c):
		return 3
	}
	return 2
}

func hasAny(name string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
}

// cannotName reports whether a column does not look like an identifier.
func cannotName(c source.ColumnProfile) bool {
	switch c.Looks {
	case source.LooksEmpty, source.LooksObject, source.LooksDate, source.LooksNumber, source.LooksBoolean, source.LooksUnix, source.LooksUnixMilli, source.LooksUnixMicro, source.LooksSerial:
		return true
	}
	return c.Choices != nil
}

// orderPoints says how likely a column is the id of an order.
func (w *proposer) orderPoints(c source.ColumnProfile) int {
	if cannotName(c) || c.Looks == source.LooksEmail {
		return 0
	}
	switch name := spelling.Fold(c.Name); {
	case slices.Contains([]string{"orderid", "ordernumber", "orderno", "ordernr", "bestellnummer", "bestellid", "auftragsnummer", "auftragsnr", "numérodecommande", "numerodecommande", "pedido"}, name):
		return 6
	case slices.Contains([]string{"order", "orderref", "orderreference", "ordername", "incrementid", "bestellung", "commande", "vbeln", "belegnummer"}, name):
		return 5
	case slices.Contains([]string{"transactionid", "invoiceid", "invoicenumber", "invoice", "invoiceno", "rechnungsnummer", "rechnungsnr", "receiptid", "chargeid", "paymentid", "purchaseid", "saleid"}, name):
		return 4
	case strings.HasSuffix(name, "orderid") || strings.HasSuffix(name, "ordernumber"):
		return 4
	case name == "name" && strings.HasPrefix(c.Example, "#"):
		return 4
	case name == "id" && w.amount >= 0 && w.time >= 0 && slices.ContainsFunc(w.p.Columns, func(o source.ColumnProfile) bool {
		return personPoints(spelling.Fold(o.Name)) > 3 || o.Looks == source.LooksEmail
	}) && (w.currency >= 0 || w.status >= 0):
		return 3
	}
	return 0
}

// personPoints says how likely a column with this name, folded, is the id of a person.
func personPoints(name string) int {
	switch {
	case slices.Contains([]string{"userid", "customerid", "personid", "customernumber", "customerno", "kundennummer", "kundennr", "kundenid", "kunnr", "clientid", "numéroclient", "numeroclient", "numclient", "memberid", "subscriberid", "profileid", "recordid", "recordidcontact"}, name):
		return 7
	case slices.Contains([]string{"contactid", "externalid", "externaluserid", "uid", "user", "customer", "idclient", "usuarioid"}, name):
		return 6
	case name == "id" || name == "uuid" || name == "guid":
		return 5
	case name == "accountid" || name == "distinctid" || name == "leadid" || name == "patientid" || name == "studentid" || name == "employeeid":
		return 4
	case strings.HasSuffix(name, "userid") || strings.HasSuffix(name, "customerid"):
		return 4
	}
	return 0
}

// userPoints says how likely a column is the id of the row's person.
func (w *proposer) userPoints(c source.ColumnProfile) int {
	if cannotName(c) || w.order >= 0 && w.p.Columns[w.order].Name == c.Name {
		return 0
	}
	name := spelling.Fold(c.Name)
	p := personPoints(name) * 2
	switch {
	case p == 0 && !strings.HasSuffix(name, "id"), c.Looks == source.LooksPhone, c.Looks == source.LooksPostcode:
		return 0
	case (name == "user" || name == "customer") && !w.distinct(c) && w.order < 0 && w.event < 0:
		return 0
	case p == 0 && (w.email >= 0 || !w.distinct(c) || hasAny(name, "order", "product", "item", "parent", "company", "campaign", "session", "device", "event", "message", "ticket", "paid", "transaction", "invoice")):
		return 0
	case p == 0:
		p = 1
	case (name == "id" || name == "uuid" || name == "guid") && (w.event >= 0 && w.time >= 0 || w.order >= 0):
		return 0 // of the event, or of the order
	case !w.distinct(c) && w.order < 0 && w.event < 0:
		p -= 3
	case c.Empty > 0:
		p--
	}
	return p
}

func amountPoints(c source.ColumnProfile) int {
	if c.Looks != source.LooksNumber && c.Looks != source.LooksInteger || c.Choices != nil {
		return 0
	}
	switch name := spelling.Fold(c.Name); {
	case slices.Contains([]string{"total", "ordertotal", "grandtotal", "grandtotalbase", "totalprice", "amount", "orderamount", "totalamount", "betrag", "gesamtbetrag", "summe", "gesamtsumme", "montant", "montanttotal", "importe", "totalttc", "netwr"}, name):
		return 4
	case slices.Contains([]string{"revenue", "gross", "price", "value", "ordervalue", "itemprice", "umsatz", "brutto", "bruttobetrag", "amountpaid", "sum"}, name):
		return 3
	case hasAny(name, "amount", "grandtotal", "ordertotal", "gesamt") && !hasAny(name, "refund", "tax", "discount", "fee", "shipping", "count"):
		return 2
	case strings.HasPrefix(name, "total") && !hasAny(name, "orders", "spent", "spend", "count", "items", "refund", "tax", "discount", "shipping", "quantity", "visits"):
		return 1
	}
	return 0
}

func isTime(c source.ColumnProfile) bool {
	switch c.Looks {
	case source.LooksDate, source.LooksUnix, source.LooksUnixMilli, source.LooksUnixMicro, source.LooksSerial:
		return true
	}
	return len(c.Choices) > 0 && strings.Contains(c.Choices[0], "06")
}

func timePoints(c source.ColumnProfile) int {
	name := spelling.Fold(c.Name)
	switch {
	case !isTime(c), hasAny(name, "birth", "geburt", "updated", "modified", "expire", "expir", "refund", "cancel", "shipped", "fulfilled", "deliver", "lastseen", "due"):
		return 0
	case hasAny(name, "paid", "orderdate", "orderedat", "ordered", "purchas", "placed", "bestelldatum", "timestamp", "occurred", "eventtime", "eventdate", "bestellt"):
		return 4
	case hasAny(name, "created", "date", "datum", "time", "fecha", "erdat", "erstellt", "datecommande", "zeit"):
		return 3
	}
	return 2
}

func eventPoints(c source.ColumnProfile) int {
	if c.Looks != source.LooksText {
		return 0
	}
	switch spelling.Fold(c.Name) {
	case "event", "eventname", "eventtype", "ereignis":
		return 3
	case "action", "activity", "activitytype", "eventaction":
		return 2
	}
	return 0
}

func statusPoints(c source.ColumnProfile) int {
	if c.Looks != source.LooksText || c.Values == nil {
		return 0
	}
	switch spelling.Fold(c.Name) {
	case "orderstatus", "status", "bestellstatus":
		return 3
	case "financialstatus", "paymentstatus", "state", "statut", "estado":
		return 2
	}
	return 0
}
