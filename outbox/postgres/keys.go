package postgres

// The second halves of advisory locks, besides the numbers of lanes. They are never changed: programs of several versions run at once.
const (
	keyWorker int32 = 1000 // shared by all workers, so that they can be counted
	keyRoom   int32 = 1001 // of an Append with a bound
)
