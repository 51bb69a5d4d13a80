// Package sandbox gives a Go notebook a workspace to work in: an emulator of Customer.io on this machine, or a real workspace if the
// environment names one.
//
// The cells of a Go notebook are processes that end, so what lasts from one to the next is in a server beside them, which the notebook's
// kernel starts and ends (see ciokit notebook). [Open] finds it:
//
//	var (
//		ws     = sandbox.Open()
//		client = show.Must(cio.NewClient(ws.Config()))
//		ctx    = ws.Context()
//	)
//
// Where the environment allows a real workspace when the kernel starts, which takes more than a key and a region (CIOKIT_LIVE=1 and the name
// of the workspace, see package livetest), that server is a recorder: it passes each call on to the real workspace, answers what that answers,
// and keeps its own account of what was sent. People and objects then have ids with a prefix of their own ([Workspace.ID]), which are in a ledger
// on disk before anything is sent for them, and [Workspace.CleanUp] deletes them again. What a kernel that was killed leaves behind is deleted
// by ciokit live clean. With an App API key [Workspace.Person], Find and Objects read from Customer.io, and wait
// until what was sent has appeared there; all else is the recorder's account. A line in the cell says which source it shows.
package sandbox
