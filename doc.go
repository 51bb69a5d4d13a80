// Package cio is a client of Customer.io's Data Pipelines API. It sends people, events, objects and devices to a workspace.
//
// Its promise: for every message you learn whether it was accepted and, if not, why.
//
// # Where to start
//
// Make a [Client] with [NewClient] and give messages to [Client.Send]. A message is a struct literal, such as [Identify] or [Track]. Send
// returns nil when Customer.io has accepted all of them:
//
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU})
//	...
//	err = client.Send(ctx,
//		cio.Identify{UserID: "42", Traits: map[string]any{"email": "ann@example.com"}},
//		cio.Track{UserID: "42", Event: cio.Named("Signed Up", nil)},
//	)
//
// A program that must not wait uses a [Batcher]. Package emulator is Customer.io for your tests, without an account. The document
// docs/sending.md compares the ways to send, and docs/errors.md lists every error and what to do.
//
// # Verbs and guarantees
//
//	verb              nil means                          an error holds                  if the process dies
//	Client.Send       Customer.io accepted all messages  every message that is not       sent messages may
//	                                                     accepted, with its Outcome      have arrived
//	Batcher.Enqueue   the message is queued in memory    why it is not queued            queued messages are lost
//	Batcher.Flush     every queued message was accepted  why it stopped; nothing is      queued messages are lost
//	                  or rejected                        lost, so call it again
//	Batcher.Close     every message was accepted, or     every message that is not       queued messages are lost
//	                  rejected and reported to OnReport  accepted, to store or resend
//	Encode            the message is checked, with its   the rule that the message       nothing was sent
//	                  id and its time                    breaks
//
// A queue that survives the end of the process is the Outbox of module github.com/ciokit/cio/outbox.
//
// # What accepted means
//
// Accepted means that the API answered 2xx, and that the answer has a form that the API uses: it is not, for example, the page of a captive
// portal. It does not mean that the data is stored: Customer.io processes it afterwards and promises no more. Without strict mode the API
// even answers 200 to calls that it then drops, because they are too large or lack an id. So this client asks for strict mode, in which the
// API rejects such calls with an error. It also checks the rules that it knows before it sends anything.
//
// A message gets its id and its time when it is encoded. Both stay the same, however often the message is sent again.
//
// # Sources
//
// Comments cite sections of docs/rules.md, such as docs/rules.md#fields-and-identity. That document says what is publicly known of the API,
// from which source, and how sure it is.
package cio
