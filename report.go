package cio

import (
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// Metric is what became of a delivery.
type Metric string

// The metrics of ReportDelivery. The first four are documented; the others are known from Segment's destination for Customer.io alone
// (api-facts 2).
const (
	Delivered Metric = "delivered"
	Opened    Metric = "opened"
	Clicked   Metric = "clicked"
	Converted Metric = "converted"
	Bounced   Metric = "bounced"
	Dropped   Metric = "dropped"
	Spammed   Metric = "spammed"
	Deferred  Metric = "deferred"
)

// ReportDelivery reports to Customer.io what became of a message that it had sent, such as a push message that was opened. DeliveryID
// and Metric are required.
type ReportDelivery struct {
	// UserID and AnonymousID say who reports. Where both are empty the delivery's id stands in for the latter, as in Customer.io's own
	// SDKs for phones.
	UserID, AnonymousID string
	// DeliveryID comes with the message, as CIO-Delivery-ID in a push.
	DeliveryID string
	Metric     Metric
	// Recipient is the address or token it went to; Reason why it failed; Href the link clicked; ActionName and ActionValue the button.
	Recipient, Reason, Href, ActionName, ActionValue string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m ReportDelivery) fill(e *envelope) {
	anonymousID := m.AnonymousID
	var refusal *MessageError
	switch {
	case m.DeliveryID == "":
		refusal = refuse("properties.deliveryId", RuleRequired, eventReportDelivery+" needs the id of the delivery: set DeliveryID")
	case blank(m.DeliveryID):
		refusal = refuseBlank("properties.deliveryId")
	case m.UserID == "" && anonymousID == "":
		anonymousID = m.DeliveryID
	}
	command{name: eventReportDelivery, properties: deliveryReport{m}}.fill(e, m.UserID, anonymousID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.refusal = refusal
}

type deliveryReport struct{ m ReportDelivery }

func (r deliveryReport) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("deliveryId", r.m.DeliveryID)
	o.String("metric", string(r.m.Metric))
	o.String("recipient", r.m.Recipient)
	o.String("reason", r.m.Reason)
	o.String("href", r.m.Href)
	o.String("actionName", r.m.ActionName)
	o.String("actionValue", r.m.ActionValue)
	return o.End()
}

// ContentAction is what a person did with in-app content.
type ContentAction string

// The actions of ReportContent.
const (
	ViewedContent  ContentAction = "viewed_content"
	ClickedContent ContentAction = "clicked_content"
)

// InAppContent is the ContentType that Customer.io's SDK for browsers sends.
const InAppContent = "in_app_content"

// ReportContent reports to Customer.io what a person did with in-app content. UserID or AnonymousID, and Action, are required.
type ReportContent struct {
	UserID, AnonymousID string
	Action              ContentAction
	// ContentID and TemplateID are Customer.io's numbers of the content; 0 means absent.
	ContentID, TemplateID int
	// ContentType is InAppContent as far as is known; empty means absent.
	ContentType string
	// ActionName and ActionValue tell of the element that was clicked.
	ActionName, ActionValue string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m ReportContent) fill(e *envelope) {
	command{name: eventReportContent, properties: contentReport{m}}.fill(e, m.UserID, m.AnonymousID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

type contentReport struct{ m ReportContent }

func (r contentReport) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("actionType", string(r.m.Action))
	o.Int("contentId", nonZero(&r.m.ContentID))
	o.Int("templateId", nonZero(&r.m.TemplateID))
	o.String("contentType", r.m.ContentType)
	o.String("actionName", r.m.ActionName)
	o.String("actionValue", r.m.ActionValue)
	return o.End()
}

func nonZero(n *int) *int {
	if *n == 0 {
		return nil
	}
	return n
}
