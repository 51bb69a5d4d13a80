package cio

import (
	"strconv"

	"github.com/ciokit/cio/internal/wire"
)

// Traits that have a meaning for Customer.io (docs/rules.md#attributes). Any other name is an attribute of your own.
const (
	// TraitEmail is the address to send to. In most workspaces it also identifies the person; upper and lower case make no difference. A
	// new UserID with the address of a known person gives that person the new id.
	TraitEmail = "email"
	// TraitID sets or changes the person's id.
	TraitID = "id"
	// TraitCustomerIOID is the id that Customer.io itself gave the person. It cannot be changed.
	TraitCustomerIOID = "cio_id"
	// TraitAnonymousID gives the person the events of an anonymous visitor. It must be unique and cannot be used again.
	TraitAnonymousID = "anonymous_id"
	// TraitPhone is the telephone number, in the international form +15551234567.
	TraitPhone = "phone"
	// TraitCreatedAt is when the person signed up, in unix seconds. A time.Time is sent as ISO 8601, and Customer.io converts it.
	TraitCreatedAt = "created_at"
	// TraitUnsubscribed, if true, prevents all messages to the person except transactional ones.
	TraitUnsubscribed = "unsubscribed"
	// TraitTimezone is the name of the time zone, such as Europe/Berlin. Customer.io uses it to send at the person's local hour.
	TraitTimezone = "timezone"
	// TraitLanguage is the person's language, such as de or pt-BR. Customer.io uses it to choose a translation.
	TraitLanguage = "language"
	// TraitSubscriptionPreferences says which topics the person wants, and on which channels. A [SubscriptionPreferences] replaces all
	// preferences that the person had.
	TraitSubscriptionPreferences = "cio_subscription_preferences"
	// TraitObjectTypeID, of a [Group], is the number of the object's type, as a string. [SetObject] and [Relate] set it.
	TraitObjectTypeID = "objectTypeId"
	// TraitRelationshipAttributes, of a [Group] with a person, has the attributes of the relationship. [Relate] sets it.
	TraitRelationshipAttributes = "relationshipAttributes"
)

// Channel is how Customer.io reaches a person.
type Channel string

// The channels of SubscriptionPreferences.
const (
	ChannelEmail    Channel = "email"
	ChannelSMS      Channel = "sms"
	ChannelPush     Channel = "push"
	ChannelInApp    Channel = "in_app"
	ChannelWhatsApp Channel = "whatsapp"
	ChannelSlack    Channel = "slack"
	ChannelLINE     Channel = "line"
	ChannelInbox    Channel = "inbox"
)

// SubscriptionPreferences says which topics and channels a person is subscribed to.
//
// As the value of [TraitSubscriptionPreferences] it replaces all preferences of the person; topics that it does not name get their default.
// To change some topics and leave the others, use Update.
type SubscriptionPreferences struct {
	// Topics has the topics by their number in the workspace: true means subscribed.
	Topics map[int]bool
	// Channels has the channels: true means subscribed.
	Channels map[Channel]bool
}

// AppendJSON appends the preferences in Customer.io's form.
func (p SubscriptionPreferences) AppendJSON(dst []byte) ([]byte, error) {
	topics, channels := p.members()
	return wire.AppendValue(dst, nonEmpty(map[string]any{"topics": topics, "channels": channels}))
}

// MarshalJSON is AppendJSON for encoding/json.
func (p SubscriptionPreferences) MarshalJSON() ([]byte, error) { return p.AppendJSON(nil) }

// Update returns traits that change the topics and channels of p, each under a dotted name. All others stay as they are:
//
//	cio.Identify{UserID: "42", Traits: cio.SubscriptionPreferences{Topics: map[int]bool{3: false}}.Update()}
//
// You can add other traits to the map.
func (p SubscriptionPreferences) Update() map[string]any {
	topics, channels := p.members()
	traits := make(map[string]any, len(topics)+len(channels))
	for name, on := range topics {
		traits[TraitSubscriptionPreferences+".topics."+name] = on
	}
	for name, on := range channels {
		traits[TraitSubscriptionPreferences+".channels."+name] = on
	}
	return traits
}

func (p SubscriptionPreferences) members() (topics, channels map[string]any) {
	topics, channels = make(map[string]any, len(p.Topics)), make(map[string]any, len(p.Channels))
	for id, on := range p.Topics {
		topics["topic_"+strconv.Itoa(id)] = on
	}
	for c, on := range p.Channels {
		channels[string(c)] = on
	}
	return topics, channels
}

func nonEmpty(m map[string]any) map[string]any {
	for k, v := range m {
		if len(v.(map[string]any)) == 0 {
			delete(m, k)
		}
	}
	return m
}
