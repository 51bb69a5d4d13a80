// Package postgres keeps messages in the PostgreSQL database of a service until Customer.io has accepted them. They are enqueued in the service's own
// transaction, so that what is sent is what was committed, and delivered by any number of workers on any number of machines.
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
// A message whose transaction was committed ends as accepted by the API, or as a dead letter with the reason. One whose transaction was rolled back is
// never sent. No transaction is open while a request is made: a worker reads, sends, and deletes what was accepted.
//
// An identity belongs to one of 64 lanes, and a lane to one worker at a time, which holds a session advisory lock. When a worker dies, its lanes are
// free as soon as the server has noticed. What was on its way then is sent again, with the same message id and the same bytes.
//
// # Order
//
// If the transaction of one message was committed before another message of the same identity was enqueued, the first is sent first. Two transactions
// that are open at the same time have no order: their messages go in that of their sequence numbers as long as both are there, and one that is
// committed after the other was read goes later. Within a transaction the order is that of Enqueue.
//
// # Personal data
//
// What is stored is the data of people, and readable for who may read the tables. What is deleted is in the table's pages until VACUUM has been there,
// and in the server's log and backups for as long as those are kept.
package postgres
