package cio

import "time"

// DeletePerson deletes a person with everything known of them. It cannot be undone. A later call for the same UserID makes a new person;
// SuppressPerson prevents that.
type DeletePerson struct {
	// UserID is the person's id, or their email address.
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m DeletePerson) fill(e *envelope) {
	command{name: eventUserDeleted}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// SuppressPerson deletes a person and keeps Customer.io from taking data for the same UserID again, until UnsuppressPerson. What was
// deleted is gone for good. That later calls for a suppressed person are answered with success and dropped is an assumption.
type SuppressPerson struct {
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m SuppressPerson) fill(e *envelope) {
	command{name: eventUserSuppressed}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// UnsuppressPerson lets data for the UserID in again. It brings nothing back that was deleted.
type UnsuppressPerson struct {
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m UnsuppressPerson) fill(e *envelope) {
	command{name: eventUserUnsuppressed}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}
