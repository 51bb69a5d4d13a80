// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// EmailBounced reports that an email came back undeliverable. On the wire it is "Email Bounced".
type EmailBounced struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Bounced".
func (EmailBounced) EventName() string { return "Email Bounced" }

var emailBouncedKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailBounced) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.Extra(e.Extra, emailBouncedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailBounced) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailBounced) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailBounced) EventContext() any {
	if e.Email == "" {
		return nil
	}
	return emailBouncedContext(e)
}

type emailBouncedContext EmailBounced

func (c emailBouncedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.Close()
	return o.End()
}

func (c emailBouncedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// EmailDelivered reports that the recipient's mail server accepted an email. On the wire it is "Email Delivered".
type EmailDelivered struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Delivered".
func (EmailDelivered) EventName() string { return "Email Delivered" }

var emailDeliveredKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailDelivered) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.Extra(e.Extra, emailDeliveredKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailDelivered) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailDelivered) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailDelivered) EventContext() any {
	if e.Email == "" {
		return nil
	}
	return emailDeliveredContext(e)
}

type emailDeliveredContext EmailDelivered

func (c emailDeliveredContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.Close()
	return o.End()
}

func (c emailDeliveredContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// EmailOpened reports that a person opened an email. On the wire it is "Email Opened".
type EmailOpened struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// The IP address from which the email was read. It is sent as context.traits.ip.
	IP string `json:"-"`
	// The program with which the email was read. It is sent as context.traits.user_agent.
	UserAgent string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Opened".
func (EmailOpened) EventName() string { return "Email Opened" }

var emailOpenedKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailOpened) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.Extra(e.Extra, emailOpenedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailOpened) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailOpened) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailOpened) EventContext() any {
	if e.Email == "" && e.IP == "" && e.UserAgent == "" {
		return nil
	}
	return emailOpenedContext(e)
}

type emailOpenedContext EmailOpened

func (c emailOpenedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.String("ip", c.IP)
	o.String("user_agent", c.UserAgent)
	o.Close()
	return o.End()
}

func (c emailOpenedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// EmailLinkClicked reports that a person followed a link in an email. On the wire it is "Email Link Clicked".
type EmailLinkClicked struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The identifier of the link.
	LinkID string `json:"link_id,omitempty"`
	// The address that the link leads to.
	LinkURL string `json:"link_url,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// The IP address from which the email was read. It is sent as context.traits.ip.
	IP string `json:"-"`
	// The program with which the email was read. It is sent as context.traits.user_agent.
	UserAgent string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Link Clicked".
func (EmailLinkClicked) EventName() string { return "Email Link Clicked" }

var emailLinkClickedKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name", "link_id", "link_url"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailLinkClicked) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.String("link_id", e.LinkID)
	o.String("link_url", e.LinkURL)
	o.Extra(e.Extra, emailLinkClickedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailLinkClicked) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailLinkClicked) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailLinkClicked) EventContext() any {
	if e.Email == "" && e.IP == "" && e.UserAgent == "" {
		return nil
	}
	return emailLinkClickedContext(e)
}

type emailLinkClickedContext EmailLinkClicked

func (c emailLinkClickedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.String("ip", c.IP)
	o.String("user_agent", c.UserAgent)
	o.Close()
	return o.End()
}

func (c emailLinkClickedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// EmailMarkedAsSpam reports that a person marked an email as spam. On the wire it is "Email Marked as Spam".
type EmailMarkedAsSpam struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// The IP address from which the email was read. It is sent as context.traits.ip.
	IP string `json:"-"`
	// The program with which the email was read. It is sent as context.traits.user_agent.
	UserAgent string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Marked as Spam".
func (EmailMarkedAsSpam) EventName() string { return "Email Marked as Spam" }

var emailMarkedAsSpamKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailMarkedAsSpam) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.Extra(e.Extra, emailMarkedAsSpamKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailMarkedAsSpam) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailMarkedAsSpam) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailMarkedAsSpam) EventContext() any {
	if e.Email == "" && e.IP == "" && e.UserAgent == "" {
		return nil
	}
	return emailMarkedAsSpamContext(e)
}

type emailMarkedAsSpamContext EmailMarkedAsSpam

func (c emailMarkedAsSpamContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.String("ip", c.IP)
	o.String("user_agent", c.UserAgent)
	o.Close()
	return o.End()
}

func (c emailMarkedAsSpamContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// EmailUnsubscribed reports that a person unsubscribed through an email. On the wire it is "Email Unsubscribed".
//
// It is a report, not a command: to unsubscribe a person in Customer.io, set the trait unsubscribed.
type EmailUnsubscribed struct {
	// The provider's identifier of this one email. Required.
	EmailID string `json:"email_id,omitempty"`
	// Its subject line.
	EmailSubject string `json:"email_subject,omitempty"`
	// The identifier of the campaign that sent it.
	CampaignID string `json:"campaign_id,omitempty"`
	// The name of the campaign that sent it.
	CampaignName string `json:"campaign_name,omitempty"`
	// The identifier of the mailing list.
	ListID string `json:"list_id,omitempty"`
	// The name of the mailing list.
	ListName string `json:"list_name,omitempty"`
	// The address of the recipient. It is sent as context.traits.email.
	Email string `json:"-"`
	// The IP address from which the email was read. It is sent as context.traits.ip.
	IP string `json:"-"`
	// The program with which the email was read. It is sent as context.traits.user_agent.
	UserAgent string `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Email Unsubscribed".
func (EmailUnsubscribed) EventName() string { return "Email Unsubscribed" }

var emailUnsubscribedKeys = []string{"email_id", "email_subject", "campaign_id", "campaign_name", "list_id", "list_name"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e EmailUnsubscribed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("email_id", e.EmailID)
	o.String("email_subject", e.EmailSubject)
	o.String("campaign_id", e.CampaignID)
	o.String("campaign_name", e.CampaignName)
	o.String("list_id", e.ListID)
	o.String("list_name", e.ListName)
	o.Extra(e.Extra, emailUnsubscribedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e EmailUnsubscribed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e EmailUnsubscribed) Missing() string {
	switch {
	case e.EmailID == "":
		return "properties.email_id"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e EmailUnsubscribed) EventContext() any {
	if e.Email == "" && e.IP == "" && e.UserAgent == "" {
		return nil
	}
	return emailUnsubscribedContext(e)
}

type emailUnsubscribedContext EmailUnsubscribed

func (c emailUnsubscribedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("traits")
	o.String("email", c.Email)
	o.String("ip", c.IP)
	o.String("user_agent", c.UserAgent)
	o.Close()
	return o.End()
}

func (c emailUnsubscribedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }
