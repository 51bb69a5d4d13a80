package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// appDelivery is a message that reports speak of: all that is known here of
// what Customer.io would have sent.
type appDelivery struct {
	id       string
	sequence uint64 // of the first report
	created  time.Time
	customer *personState // nil where no report names anybody who is there
	metrics  map[string]int64
}

// deliveries joins the reports of each delivery, in the order of the first
// report of each.
func (ws *workspaceState) deliveries() []*appDelivery {
	var list []*appDelivery
	byID := map[string]*appDelivery{}
	for _, r := range ws.reports {
		properties := string(r.Properties)
		if r.Event != eventReportDelivery || properties == "" {
			continue
		}
		id, metric := appText(rawjson.Member(properties, "deliveryId")), appText(rawjson.Member(properties, "metric"))
		if id == "" || metric == "" {
			continue
		}
		d := byID[id]
		if d == nil {
			d = &appDelivery{id: id, sequence: r.Sequence, created: r.Timestamp, metrics: map[string]int64{}}
			byID[id] = d
			list = append(list, d)
		}
		d.metrics[metric] = r.Timestamp.Unix()
		if d.customer == nil {
			d.customer = ws.reportedOf(r.Sequence)
		}
	}
	return list
}

// reportedOf is the person whom a report names, as far as the journal still has
// it.
func (ws *workspaceState) reportedOf(sequence uint64) *personState {
	e, held := ws.journal.at(sequence)
	if !held || e.raw == "" {
		return nil
	}
	m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
	who, known := resolve(m.userID, m.email)
	if !known {
		return nil
	}
	return ws.find(who)
}

// appShownMessage is a delivery as the App API shows it. Where its content and
// its campaign are not known they are null, or empty.
type appShownMessage struct {
	ID            string           `json:"id"`
	DeduplicateID string           `json:"deduplicate_id"`
	CustomerID    *string          `json:"customer_id"`
	Customer      *appIdentifiers  `json:"customer_identifiers,omitempty"`
	Recipient     string           `json:"recipient"`
	Subject       string           `json:"subject"`
	Type          string           `json:"type"`
	Created       int64            `json:"created"`
	Metrics       map[string]int64 `json:"metrics"`
	Campaign      *int             `json:"campaign_id"`
	Newsletter    *int             `json:"newsletter_id"`
	Action        *int             `json:"action_id"`
	Broadcast     *int             `json:"broadcast_id"`
	Failure       *string          `json:"failure_message"`
	Forgotten     bool             `json:"forgotten"`
}

func (d *appDelivery) shown() appShownMessage {
	out := appShownMessage{ID: d.id, DeduplicateID: d.id + ":" + strconv.FormatInt(d.created.Unix(), 10), Type: "email", Created: d.created.Unix(), Metrics: d.metrics}
	if d.customer != nil {
		of := d.customer.appIdentifiers()
		out.Customer, out.CustomerID, out.Recipient = &of, of.ID, d.customer.shownEmail()
	}
	return out
}

// appMessages lists messages, newest first. That they are of the type email
// is an assumption: no report says it.
func (ws *workspaceState) appMessages(c *appCall) reply { return ws.listMessages(c.query, nil) }

func (ws *workspaceState) appPersonMessages(c *appCall, p *personState) reply {
	return ws.listMessages(c.query, p)
}

func (ws *workspaceState) listMessages(query url.Values, of *personState) reply {
	before, limit, problem := appPage(query, defaultFound, maxFound)
	from, to := int64(0), int64(0)
	for name, into := range map[string]*int64{"start_ts": &from, "end_ts": &to} {
		if text := query.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				problem = name + " is a time in unix seconds"
			}
			*into = n
		}
	}
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	wanted := func(d *appDelivery) bool {
		_, hasMetric := d.metrics[query.Get("metric")]
		switch at := d.created.Unix(); {
		case of != nil && d.customer != of, before > 0 && d.sequence > before, at < from, to > 0 && at > to:
			return false
		case query.Get("metric") != "" && !hasMetric, query.Get("type") != "" && query.Get("type") != "email":
			return false
		}
		return query.Get("campaign_id") == "" && query.Get("newsletter_id") == "" && query.Get("action_id") == "" && query.Get("drafts") != "true"
	}
	all := ws.deliveries()
	slices.Reverse(all)
	list, next := []appShownMessage{}, uint64(0)
	for _, d := range all {
		if !wanted(d) {
			continue
		}
		if len(list) == limit {
			next = d.sequence
			break
		}
		list = append(list, d.shown())
	}
	return appReply(map[string]any{"messages": list, "next": nextPage(next)})
}

func (ws *workspaceState) delivery(id string) *appDelivery {
	for _, d := range ws.deliveries() {
		if d.id == id {
			return d
		}
	}
	return nil
}

var noMessage = errorReply(http.StatusNotFound, "no such message; the emulator has those whose deliveries were reported to it")

func (ws *workspaceState) appMessage(c *appCall) reply {
	d := ws.delivery(c.args[0])
	if d == nil {
		return noMessage
	}
	return appReply(map[string]any{"message": d.shown()})
}

// appArchived has the content of a message, which is not known here and so
// canned.
func (ws *workspaceState) appArchived(c *appCall) reply {
	if ws.delivery(c.args[0]) == nil {
		return noMessage
	}
	op, _, _ := findOperation(http.MethodGet, "/v1/messages/1/archived_message")
	a := reply{status: op.status, header: map[string]string{CannedHeader: "1"}}
	a.body = []byte(strings.Replace(op.answer, `"id":"1"`, `"id":`+rawjson.Quote(c.args[0]), 1) + "\n")
	return a
}
