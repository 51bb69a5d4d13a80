// Package outbox keeps messages on disk until Customer.io has accepted them. After Enqueue has returned nil, the program can be killed and its
// machine can lose power: the message is sent when the program runs again.
//
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU})
//	box, err := outbox.Open(client, outbox.Config{Dir: "/var/lib/orders/outbox"})
//	defer box.Close(ctx)
//	err = box.Enqueue(ctx, cio.Track{UserID: "42", Event: events.OrderCompleted{OrderID: "50314"}})
//
// An Outbox sends through a cio.Batcher and has the same methods. Its promise is stronger: Enqueue returns nil only when the message is synced to
// disk. Callers who wait at the same time share one sync.
//
// # What is promised
//
// If Enqueue returned nil, the API accepts the message, or the message becomes a dead letter with the reason. If the process is killed while it sends
// a message, the message is sent again, with the same message id and the same bytes. Messages of one identity are sent in the order in which they
// were enqueued, also across restarts.
//
// The Outbox cannot send what the disk loses. It finds damage to the files when it opens the directory, and reports it: see [Damage]. Only one loss
// can go unnoticed: if the end of the log is cut off, messages that were committed in the last second before the process ended may be missing.
//
// # Personal data
//
// The stored messages are data of people. Only the owner of the files can read them. Dead letters are deleted after Config.KeepDead. Outbox.Purge or
// ciokit outbox purge deletes the messages of a person. The client's Config.Guard is called when a message is enqueued, and again before it is sent.
package outbox
