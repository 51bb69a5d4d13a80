// Package erasure deletes and suppresses people in Customer.io, takes suppressions back, and keeps a record of it: who ordered it and who approved it, for how
// many people, when each was acted on and with which outcome. Nobody can change the record unnoticed, and it holds no identifier in clear.
//
// # The way of an erasure
//
// A [Plan] says what is to be done, and to whom by a hash. An operator signs it with SignPlan, and somebody else approves it with ApprovePlan. Run acts on the
// people of an approved plan and writes a receipt. Verify reads back what became of them. Check checks a receipt, without the network and without any key that
// is secret. A [Guard] keeps erased people from being sent again.
//
// # The receipt
//
// A receipt is a directory. Each person is named there by a [Subject], which is an HMAC of the identifier under a [ReceiptKey]. Who destroys that key unlinks all
// receipts from people. The entries are the leaves of a Merkle tree (RFC 6962), whose root is signed at least once a minute and at the end: a checkpoint
// (https://c2sp.org/tlog-checkpoint). Who keeps one checkpoint elsewhere can tell that nobody replaced the receipt as a whole. Without one, nobody can.
//
// What Customer.io does with a deletion after it answered is not documented. An accepted message is no proof that a person is gone: Verify asks for that.
package erasure
