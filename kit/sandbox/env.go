package sandbox

// The environment variables by which the notebook's kernel tells the cells about the server beside them.
const (
	// EmulatorEnv is the base URL of the emulator.
	EmulatorEnv = "CIOKIT_NOTEBOOK_EMULATOR"
	// RecorderEnv is the base URL of the recorder in front of a real workspace; empty where there is none.
	RecorderEnv = "CIOKIT_NOTEBOOK_RECORDER"
	// KeyEnv is the write key of the real workspace.
	KeyEnv = "CUSTOMERIO_API_KEY"
	// TargetEnv is the address that the recorder passes calls on to.
	TargetEnv = "CIOKIT_NOTEBOOK_TARGET"
	// WorkspaceEnv says which workspace it is, and how sure that is.
	WorkspaceEnv = "CIOKIT_NOTEBOOK_WORKSPACE"
	// PrefixEnv is what ids in the real workspace begin with.
	PrefixEnv = "CIOKIT_NOTEBOOK_PREFIX"
	// FilesEnv is a directory for the files of the notebook, which goes when the kernel ends.
	FilesEnv = "CIOKIT_NOTEBOOK_FILES"
)

// CleanUpPath is where a recorder takes the request to delete what the notebook made. It answers with a CleanedUp.
const CleanUpPath = "/_notebook/cleanup"

// Where a recorder takes the questions what Customer.io has: of the person with the id or address in the query's name, and of the objects that
// passed it. It answers when what was sent has appeared there, or has had its time.
const (
	PersonPath  = "/_notebook/person"
	ObjectsPath = "/_notebook/objects"
)

// CleanedUp is what a recorder answers.
type CleanedUp struct {
	Deleted Deleted `json:"deleted"`
	Error   string  `json:"error,omitempty"`
}

// The write keys of the emulator's workspaces: that of Open, and that of OpenEmulator.
const (
	Key         = "notebook-key"
	EmulatorKey = "emulator-key"
)
