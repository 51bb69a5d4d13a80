package cio

import (
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// Platform is what a device runs on.
type Platform string

// The platforms that Customer.io knows (api-facts 1.10).
const (
	IOS     Platform = "ios"
	Android Platform = "android"
)

// SetDevice registers a device of a person for push messages, or updates its attributes. UserID, Token and Platform are required.
type SetDevice struct {
	UserID string
	// Token is what Apple or Google addresses the device by.
	Token    string
	Platform Platform
	// AppID is the app's bundle id or package name, such as com.example.shop. Customer.io shows it as app_identifier.
	AppID string
	// Attributes is any value that encodes to a JSON object: device_model, app_version, push_enabled and whatever else.
	Attributes any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m SetDevice) fill(e *envelope) {
	c := command{name: eventDeviceSet, properties: m.Attributes, context: device{m.Token, m.Platform, m.AppID}}
	c.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// DeleteDevice takes a device away from a person. UserID and Token are required. The app registers it again when it starts next.
type DeleteDevice struct {
	UserID   string
	Token    string
	Platform Platform
	AppID    string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m DeleteDevice) fill(e *envelope) {
	c := command{name: eventDeviceDeleted, context: device{m.Token, m.Platform, m.AppID}}
	c.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// device is the part of a device message that rides in its context (api-facts 1.10).
type device struct {
	token    string
	platform Platform
	appID    string
}

func (d device) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("device")
	o.String("token", d.token)
	o.String("type", string(d.platform))
	o.Close()
	o.Open("app")
	o.String("namespace", d.appID)
	o.Close()
	return o.End()
}
