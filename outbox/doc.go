// Package outbox keeps messages on disk until Customer.io has accepted them. When Enqueue has returned nil, the program may be killed and its machine
// may lose power. The message is sent when the program runs again.
//
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU})
//	box, err := outbox.Open(client, outbox.Config{Dir: "/var/lib/orders/outbox"})
//	defer box.Close(ctx)
//	err = box.Enqueue(ctx, cio.Track{UserID: "42", Event: events.OrderCompleted{OrderID: "50314"}})
//
// An Outbox sends through a cio.Batcher and has the same verbs. Its promise is stronger: Enqueue returns nil only when the message is synced to disk.
// Callers who wait at the same time share one sync.
//
// # What is promised
//
// A message whose Enqueue returned nil ends as accepted by the API, or as a dead letter with the reason. If the process is killed while it sends a
// message, the message is sent again, with the same message id and the same bytes. Messages of one identity are sent in the order in which they were
// enqueued, also across restarts.
//
// The Outbox cannot send what the disk loses. It finds damage to the files when it opens the directory, and reports it: see Damage. Only one loss can
// stay unnoticed: a cut that removes what was committed in the last second before the process ended.
//
// # Personal data
//
// The stored messages are the data of people. Only their owner can read the files. Dead letters are deleted after Config.KeepDead. Outbox.Purge or
// ciokit outbox purge deletes the messages of a person. The client's Config.Guard is called when a message is enqueued, and again when it is sent.
package outbox
