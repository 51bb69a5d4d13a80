// Package outbox keeps messages on disk until Customer.io has accepted them. A program that was told that a message is in may be killed, and its
// machine may lose power: the message is sent when the program runs again.
//
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.EU})
//	box, err := outbox.Open(client, outbox.Config{Dir: "/var/lib/orders/outbox"})
//	defer box.Close(ctx)
//	err = box.Enqueue(ctx, cio.Track{UserID: "42", Event: events.OrderCompleted{OrderID: "50314"}})
//
// An Outbox has the verbs of a cio.Batcher, through which it sends, and a stronger promise: Enqueue returns nil only when the message is synced to
// disk. Callers who wait at the same time share one sync.
//
// # What is promised
//
// A message whose Enqueue returned nil ends as accepted by the API, or as a dead letter with the reason. What was under way when the process was
// killed is sent again, with the same message id and the same bytes. Messages of one identity are sent in the order in which they were enqueued,
// also across restarts.
//
// What the disk loses cannot be sent. Damage to the files is found when the directory is opened, and reported: see Damage. Only what was committed
// in the last second before the process ended can be cut off without a trace.
//
// # Personal data
//
// What is stored is the data of people. Files can be read by their owner alone, dead letters go after Config.KeepDead, and Outbox.Purge or
// ciokit outbox purge removes what is there of a person. Config.Guard of the client is asked when a message is enqueued, and again when it is sent.
package outbox
