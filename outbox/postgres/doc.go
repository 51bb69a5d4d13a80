// Package postgres keeps messages in the PostgreSQL database of a service until Customer.io has accepted them. The service enqueues them in its own
// transaction, so only committed messages are sent. Any number of workers on any number of machines deliver them.
//
//	err := postgres.Migrate(ctx, url, "") // once, and after an update
//
//	queue, err := postgres.NewQueue(client, postgres.QueueConfig{})
//	err = queue.Enqueue(ctx, tx, cio.Track{UserID: "42", Event: events.OrderCompleted{OrderID: "50314"}})
//	err = tx.Commit(ctx)
//
//	worker, err := postgres.Start(ctx, postgres.WorkerConfig{URL: url, Client: cio.ConfigFromEnv()})
//	defer worker.Close(ctx)
//
// # What is promised
//
// If the transaction of a message was committed, the API accepts the message, or it becomes a dead letter with the reason. If the transaction was
// rolled back, the message is never sent. No transaction is open while a request is made: a worker reads, sends, and deletes what was accepted.
//
// An identity belongs to one of 64 lanes. A lane belongs to one worker at a time, which holds it with a session advisory lock. If a worker dies, its
// lanes are free as soon as the server has noticed that. Messages that it was sending are sent again, with the same message id and the same bytes.
//
// # Order
//
// If the transaction of one message was committed before another message of the same identity was enqueued, the first is sent first. Two transactions
// that are open at the same time have no order. If both are committed before a worker reads, their messages are sent in the order of their sequence
// numbers. If one is committed after the other was read, its messages are sent later. Within a transaction the order is that of Enqueue.
//
// # Personal data
//
// The stored messages are data of people. Everybody who can read the tables can read them. Deleted messages stay in the table's pages until VACUUM
// has removed them, and in the server's log and backups for as long as those are kept.
package postgres
