// Package emulator is Customer.io's Data Pipelines API on your machine, with a
// memory: people, their events, objects, relationships, devices and
// suppression, and for every message a verdict.
//
// A [Server] is an [http.Handler]. Serve it on loopback, or use it without any
// socket through [Server.Transport], also under testing/synctest. Every write
// key opens a workspace of its own, so tests that run side by side do not see
// each other.
//
// # Verdicts
//
// The real API answers 200 to calls that it then drops, because they are too
// large, have a wrong key or lack a field. This server gives the same answers,
// and remembers what the answer hid. Each message is [VerdictAccepted],
// [VerdictDropped] (answered with 200, without effect) or [VerdictRejected]
// (answered with an error, without effect). The verdict has the rule that
// decided it, the field, a sentence and a hint; [Rules] lists them all. With
// the header X-Strict-Mode: 1, most drops are rejections. If a limit of the
// store behind the API would later remove a part, the verdict has a warning.
// [Server.Messages] returns the newest messages first.
//
// In strict mode, if one message of a batch breaks a rule, the whole batch is
// rejected: nothing of it is applied, and each of its messages counts as
// rejected. The valid ones have the rule other-message-invalid.
//
// Calls without a key, or with an unknown one, are recorded in the workspace
// named [UnknownKey]. Calls to a path that the API does not have are recorded
// too, and rejected.
//
// [Server.Why] says where the present state of a person comes from: which
// message set each trait and when, and what was merged into the person.
// [Server.EventShapes] and [Server.Traits] count the types of the values that
// were sent. So you see it if three amounts were sent as text among hundreds of
// numbers.
//
// # In tests
//
// [Start] gives a test a server of its own, with a URL and a key, and methods
// that fail the test: [Instance.Person], [Instance.Events], [Instance.Wait].
// [Config.InProcess] is the same without sockets.
//
// # The App API
//
// The server also answers Customer.io's App API. Its answers about people,
// manual segments, objects, activities, reported messages, suppressed
// addresses, exports and imports come from the workspace. All other operations
// have canned answers, which [CannedHeader] marks. The App API key
// of a workspace is its write key, as a bearer token.
//
// # Inspection
//
// Programs in other languages get what the methods of [Server] return over
// HTTP, as JSON:
//
//	GET    /_emulator/stats
//	GET    /_emulator/people?search=&before=&limit=
//	GET    /_emulator/people/{id}
//	GET    /_emulator/why/{id}
//	GET    /_emulator/shapes
//	GET    /_emulator/messages?verdict=&before=&limit=
//	GET    /_emulator/requests?before=&limit=
//	GET    /_emulator/objects?search=&before=&limit=
//	GET    /_emulator/workspaces
//	GET    /_emulator/faults
//	POST   /_emulator/faults
//	DELETE /_emulator/faults
//	GET    /_emulator/clock
//	POST   /_emulator/clock    {"at", "advance_ms", "stopped"}
//	DELETE /_emulator/clock
//	GET    /_emulator/snapshot
//	POST   /_emulator/restore
//	POST   /_emulator/diff     {"from", "to"}
//	GET    /_emulator/health
//	POST   /_emulator/reset
//
// The parameter key names the workspace by its write key. You can leave it out
// while there is at most one workspace; with several that is an error. There
// are two exceptions: a reset without a key clears all workspaces, and a fault
// without a key affects all of them. A list has 100 entries unless limit says
// otherwise. Unknown parameters, unknown fields of a body, and requests of web
// pages of other origins are refused. The API itself is open to pages of any
// origin, as the real one is. A Host header with a name that is not localhost
// and not in [Config].AllowHosts is refused everywhere.
//
// # The page
//
// There is a page for people, at the root. It shows what arrives, live; the
// people, with their timeline and the message behind each trait; events and
// their shapes; objects; what was dropped or rejected, and why; faults, the
// clock, snapshots. It loads nothing from elsewhere.
//
// # Faults
//
// A [Fault] makes calls fail on purpose: an error status, a page instead of the
// API's answer, a delay, a slow, truncated, huge or endless answer, an answer
// before the body was read, a connection that is cut, a 200 that does nothing,
// an error although the call was processed. [Presets] lists faults with names,
// for situations that a client must survive. The clock can be set, stopped and
// moved.
//
// # What it is not
//
// It sends no messages, runs no campaigns, and has only manual segments. It
// answers from memory, and forgets everything at its end unless it has a
// [Store]. It does not prove what Customer.io does, because much of that is not
// documented. [Assumptions] lists what this package assumes instead, with the
// source, the confidence and the switch, if there is one.
//
// It shares no code with the client of this module, because a fake that shares
// code cannot catch the client's mistakes.
package emulator
