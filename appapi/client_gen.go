// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
)

// Workspaces returns the workspaces of the key's account. The document of the API does not say to which of them the key
// belongs.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	return one[[]Workspace](ctx, c, opClientWorkspaces, nil, nil, nil)
}

// Topics returns the topics that people can subscribe to.
func (c *Client) Topics(ctx context.Context) ([]Topic, error) {
	return one[[]Topic](ctx, c, opClientTopics, nil, nil, nil)
}

// IPAddresses returns the addresses that Customer.io sends from, for firewalls.
func (c *Client) IPAddresses(ctx context.Context) ([]string, error) {
	return one[[]string](ctx, c, opClientIPAddresses, nil, nil, nil)
}

// Workspace is one of an account.
type Workspace struct {
	ID                   ID     `json:"id" api:"number"`
	Name                 string `json:"name"`
	BillableMessagesSent int64  `json:"billable_messages_sent"`
	MessagesSent         int64  `json:"messages_sent"`
	ObjectTypes          int64  `json:"object_types"`
	Objects              int64  `json:"objects"`
	People               int64  `json:"people"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Workspace) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Workspace) MarshalJSON() ([]byte, error) { return marshal(v) }

// Topic is a topic that people can subscribe to.
type Topic struct {
	ID                  ID     `json:"id" api:"number"`
	Name                string `json:"name"`
	Description         string `json:"description"`
	Identifier          string `json:"identifier"`
	SubscribedByDefault bool   `json:"subscribed_by_default"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Topic) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Topic) MarshalJSON() ([]byte, error) { return marshal(v) }
