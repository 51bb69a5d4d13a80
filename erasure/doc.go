// Package erasure deletes and suppresses people in Customer.io, and ends suppressions. It keeps a record: who ordered it and who approved it, for how
// many people, when each was acted on, and with which outcome. Without an operator's key nobody can change a signed entry of the record unnoticed.
// The record contains no identifier in clear.
//
// # The steps
//
// A [Plan] says what to do, and has a hash of the people. An operator signs it with [SignPlan], and another person approves it with [ApprovePlan].
// [Run] acts on the people of an approved plan and writes a receipt. [Verify] looks up afterwards what became of them. [Check] checks a receipt,
// without the network and without any secret key. A [Guard] keeps data of erased people from being sent again.
//
// # The receipt
//
// A receipt is a directory. It names each person by a [Subject], which is an HMAC of the identifier with a [ReceiptKey]. If you destroy that key, no
// receipt can be linked to a person any more. The entries are the leaves of a Merkle tree (RFC 6962). Its root is signed at least once a minute and
// at the end. A signed root is a checkpoint (https://c2sp.org/tlog-checkpoint). Somebody with an operator's key can write a whole new receipt.
// Somebody who can write to the directory can cut the receipt back to an earlier checkpoint, and needs no key for that. If you keep one checkpoint
// elsewhere, Check with [CheckConfig.Since] finds both, as far as that checkpoint reaches. Without one, nobody can.
//
// Customer.io does not document what it does with a deletion after its answer. An accepted message does not prove that a person is gone. Verify
// checks that.
package erasure
