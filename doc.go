// Package cio is a client of Customer.io's Data Pipelines API.
//
// It keeps one promise: every message ends as accepted, or as not accepted with a reason. A message is a struct literal; Client.Send
// returns nil when Customer.io has accepted it:
//
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU})
//	...
//	err = client.Send(ctx,
//		cio.Identify{UserID: "42", Traits: map[string]any{"email": "ann@example.com"}},
//		cio.Track{UserID: "42", Event: cio.Named("Signed Up", nil)},
//	)
//
// Accepted means that the API answered 2xx. It does not mean that the data is stored: Customer.io works on it afterwards and promises
// no more. By itself the API even answers 200 to calls that it then drops, because they are too large or lack an id. So this client asks
// for strict mode, in which such calls are rejected with an error, and checks the rules it knows before it sends anything.
//
// What is sent has a message id and a time from the start; both stay the same however often it is sent again.
//
// The rules carry references such as "docs/rules.md#fields-and-identity" to the sections of docs/rules.md, which says what is publicly
// known of the API, from where, and how sure it is.
package cio
