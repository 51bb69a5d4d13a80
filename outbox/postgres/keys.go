package postgres

// The second halves of advisory locks. The numbers of lanes are second halves too. They must never change, because programs of several versions run
// at once.
const (
	keyWorker int32 = 1000 // all workers share this lock, so that they can be counted
	keyRoom   int32 = 1001 // an Append with a MaxBytes takes this lock
)
